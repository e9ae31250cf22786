//! The chain's own transaction extensions, under its identifiers: their order and what they add to a transaction are
//! what every client encodes.

use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::{
    dispatch::{DispatchInfo, PostDispatchInfo},
    traits::{IsSubType, OriginTrait},
};
use pallet_shield::{Call as ShieldCall, Config as ShieldConfig, ShieldedTransaction};
use pallet_subtensor::{Call, Config as SubtensorConfig, Pallet as Subtensor};
use pallet_transaction_payment::{ChargeTransactionPayment, Config as PaymentConfig, OnChargeTransaction, Pre, Val};
use scale_info::TypeInfo;
use sp_runtime::{
    DispatchResult, Weight, impl_tx_ext_default,
    traits::{
        DispatchInfoOf, DispatchOriginOf, Dispatchable, Implication, PostDispatchInfoOf, TransactionExtension,
        TransactionExtensionMetadata, ValidateResult,
    },
    transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError},
};

type BalanceOf<T> = <<T as PaymentConfig>::OnChargeTransaction as OnChargeTransaction<T>>::Balance;

/// The fee. On the chain a wrapper that may take it in alpha; it hides behind the metadata of what it wraps, or no
/// stock client could encode the tip.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, Eq, PartialEq, TypeInfo)]
#[scale_info(skip_type_params(T))]
pub struct ChargeTransactionPaymentWrapper<T: PaymentConfig>(ChargeTransactionPayment<T>);

impl<T: PaymentConfig> ChargeTransactionPaymentWrapper<T>
where
    T::RuntimeCall: Dispatchable<Info = DispatchInfo, PostInfo = PostDispatchInfo>,
    BalanceOf<T>: Send + Sync,
{
    /// With a tip.
    pub fn new(tip: BalanceOf<T>) -> Self {
        Self(ChargeTransactionPayment::from(tip))
    }
}

impl<T: PaymentConfig> core::fmt::Debug for ChargeTransactionPaymentWrapper<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ChargeTransactionPaymentWrapper")
    }
}

impl<T: PaymentConfig> TransactionExtension<T::RuntimeCall> for ChargeTransactionPaymentWrapper<T>
where
    T::RuntimeCall: Dispatchable<Info = DispatchInfo, PostInfo = PostDispatchInfo>,
    BalanceOf<T>: Send + Sync,
{
    const IDENTIFIER: &'static str = "ChargeTransactionPaymentWrapper";
    type Implicit = ();
    type Val = Val<T>;
    type Pre = Pre<T>;

    fn metadata() -> Vec<TransactionExtensionMetadata> {
        ChargeTransactionPayment::<T>::metadata()
    }

    fn weight(&self, call: &T::RuntimeCall) -> Weight {
        self.0.weight(call)
    }

    fn validate(
        &self,
        origin: DispatchOriginOf<T::RuntimeCall>,
        call: &T::RuntimeCall,
        info: &DispatchInfoOf<T::RuntimeCall>,
        len: usize,
        implicit: (),
        implication: &impl Implication,
        source: TransactionSource,
    ) -> ValidateResult<Self::Val, T::RuntimeCall> {
        self.0.validate(origin, call, info, len, implicit, implication, source)
    }

    fn prepare(
        self,
        val: Self::Val,
        origin: &DispatchOriginOf<T::RuntimeCall>,
        call: &T::RuntimeCall,
        info: &DispatchInfoOf<T::RuntimeCall>,
        len: usize,
    ) -> Result<Self::Pre, TransactionValidityError> {
        self.0.prepare(val, origin, call, info, len)
    }

    fn post_dispatch_details(
        pre: Self::Pre,
        info: &DispatchInfoOf<T::RuntimeCall>,
        post: &PostDispatchInfoOf<T::RuntimeCall>,
        len: usize,
        result: &DispatchResult,
    ) -> Result<Weight, TransactionValidityError> {
        ChargeTransactionPayment::<T>::post_dispatch_details(pre, info, post, len, result)
    }
}

macro_rules! zero_sized {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Encode, Decode, DecodeWithMemTracking, Clone, Eq, PartialEq, TypeInfo)]
        #[scale_info(skip_type_params(T))]
        pub struct $name<T>(core::marker::PhantomData<T>);

        impl<T> Default for $name<T> {
            fn default() -> Self {
                Self(core::marker::PhantomData)
            }
        }

        impl<T> core::fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}

macro_rules! no_check {
    ($($name:ident),*) => {$(
        impl<T: frame_system::Config + Send + Sync> TransactionExtension<T::RuntimeCall> for $name<T> {
            const IDENTIFIER: &'static str = stringify!($name);
            type Implicit = ();
            type Val = ();
            type Pre = ();
            impl_tx_ext_default!(T::RuntimeCall; weight validate prepare);
        }
    )*};
}

zero_sized! {
    /// Refuses calls of sudo from anybody but its key's owner.
    SudoTransactionExtension,
    /// Refuses sealed transactions that are no envelope.
    CheckShieldedTxValidity,
    /// Refuses weights and axons that dispatch would refuse: those calls are free, so they are checked first.
    SubtensorTransactionExtension,
    /// On the chain: priority for randomness. Here a name in the list.
    DrandPriority,
}
no_check!(DrandPriority);

/// The chain's number for a sealed transaction that is no envelope.
const FAILED_SHIELDED_TX_PARSING: u8 = 23;

impl<T> TransactionExtension<T::RuntimeCall> for CheckShieldedTxValidity<T>
where
    T: ShieldConfig + Send + Sync,
    T::RuntimeCall: IsSubType<ShieldCall<T>> + Dispatchable,
{
    const IDENTIFIER: &'static str = "CheckShieldedTxValidity";
    type Implicit = ();
    type Val = ();
    type Pre = ();

    fn validate(
        &self,
        origin: DispatchOriginOf<T::RuntimeCall>,
        call: &T::RuntimeCall,
        _: &DispatchInfoOf<T::RuntimeCall>,
        _: usize,
        (): (),
        _: &impl Implication,
        _: TransactionSource,
    ) -> ValidateResult<(), T::RuntimeCall> {
        match call.is_sub_type() {
            Some(ShieldCall::submit_encrypted { ciphertext }) if ShieldedTransaction::parse(ciphertext).is_none() => {
                Err(InvalidTransaction::Custom(FAILED_SHIELDED_TX_PARSING).into())
            }
            _ => Ok((Default::default(), (), origin)),
        }
    }

    impl_tx_ext_default!(T::RuntimeCall; weight prepare);
}

impl<T> TransactionExtension<<T as frame_system::Config>::RuntimeCall> for SudoTransactionExtension<T>
where
    T: pallet_sudo::Config + Send + Sync,
    <T as frame_system::Config>::RuntimeCall:
        IsSubType<pallet_sudo::Call<T>> + Dispatchable<RuntimeOrigin = T::RuntimeOrigin>,
    T::RuntimeOrigin: OriginTrait<AccountId = T::AccountId>,
{
    const IDENTIFIER: &'static str = "SudoTransactionExtension";
    type Implicit = ();
    type Val = ();
    type Pre = ();

    fn validate(
        &self,
        origin: T::RuntimeOrigin,
        call: &<T as frame_system::Config>::RuntimeCall,
        _: &DispatchInfoOf<<T as frame_system::Config>::RuntimeCall>,
        _: usize,
        (): (),
        _: &impl Implication,
        _: TransactionSource,
    ) -> ValidateResult<(), <T as frame_system::Config>::RuntimeCall> {
        if let (Some(who), Some(_)) = (origin.as_signer(), IsSubType::<pallet_sudo::Call<T>>::is_sub_type(call))
            && pallet_sudo::Key::<T>::get().as_ref() != Some(who)
        {
            return Err(InvalidTransaction::BadSigner.into());
        }
        Ok((Default::default(), (), origin))
    }

    impl_tx_ext_default!(<T as frame_system::Config>::RuntimeCall; weight prepare);
}

impl<T> TransactionExtension<T::RuntimeCall> for SubtensorTransactionExtension<T>
where
    T: SubtensorConfig + Send + Sync,
    T::RuntimeCall: IsSubType<Call<T>> + Dispatchable<RuntimeOrigin = T::RuntimeOrigin>,
    T::RuntimeOrigin: OriginTrait<AccountId = T::AccountId>,
{
    const IDENTIFIER: &'static str = "SubtensorTransactionExtension";
    type Implicit = ();
    type Val = ();
    type Pre = ();

    fn validate(
        &self,
        origin: DispatchOriginOf<T::RuntimeCall>,
        call: &T::RuntimeCall,
        _: &DispatchInfoOf<T::RuntimeCall>,
        _: usize,
        (): (),
        _: &impl Implication,
        _: TransactionSource,
    ) -> ValidateResult<(), T::RuntimeCall> {
        if let (Some(who), Some(call)) = (origin.as_signer(), call.is_sub_type()) {
            Subtensor::<T>::check_before_dispatch(who, call).map_err(TransactionValidityError::from)?;
        }
        Ok((Default::default(), (), origin))
    }

    impl_tx_ext_default!(T::RuntimeCall; weight prepare);
}
