//! Keys, and transactions signed with them.

use codec::Encode;
use frame_metadata_hash_extension::CheckMetadataHash;
use localnet::dev_account;
use node_subtensor_runtime::{
    AccountId, Address, CheckNonce, Hash, Runtime, RuntimeCall, Signature, TxExtension, UncheckedExtrinsic, VERSION,
    extensions::{
        ChargeTransactionPaymentWrapper, CheckShieldedTxValidity, DrandPriority, SubtensorTransactionExtension,
        SudoTransactionExtension,
    },
};
use primitives::Keypair;
use sp_runtime::generic::{Era, SignedPayload};

pub fn alice() -> Keypair {
    dev_account("//Alice")
}

pub fn id(keypair: &Keypair) -> AccountId {
    AccountId::new(keypair.public())
}

/// What a signature is for, besides the call.
#[derive(Clone, Copy)]
pub struct Terms {
    pub genesis: Hash,
    pub spec_version: u32,
    /// How long it holds, from which block on.
    pub era: Era,
    pub birth: Hash,
}

impl Terms {
    pub fn of(genesis: Hash) -> Self {
        Self { genesis, spec_version: VERSION.spec_version, era: Era::Immortal, birth: genesis }
    }
}

pub fn sign(who: &Keypair, nonce: u32, genesis: Hash, call: RuntimeCall) -> UncheckedExtrinsic {
    sign_for(who, nonce, Terms::of(genesis), call)
}

pub fn sign_for(who: &Keypair, nonce: u32, terms: Terms, call: RuntimeCall) -> UncheckedExtrinsic {
    let Terms { genesis, spec_version, era, birth } = terms;
    let extension: TxExtension = (
        (
            frame_system::CheckNonZeroSender::new(),
            frame_system::CheckSpecVersion::new(),
            frame_system::CheckTxVersion::new(),
            frame_system::CheckGenesis::new(),
            frame_system::CheckMortality::from(era),
            CheckNonce::<Runtime>::from(nonce),
            frame_system::CheckWeight::new(),
        ),
        (
            ChargeTransactionPaymentWrapper::new(0),
            SudoTransactionExtension::default(),
            CheckShieldedTxValidity::default(),
            SubtensorTransactionExtension::default(),
            DrandPriority::default(),
        ),
        CheckMetadataHash::new(false),
    );
    let implicit =
        (((), spec_version, VERSION.transaction_version, genesis, birth, (), ()), ((), (), (), (), ()), None);
    let payload = SignedPayload::from_raw(call, extension, implicit);
    let signature = payload.using_encoded(|bytes| who.sign(bytes).0);
    let signature = Signature::Sr25519(sp_core::sr25519::Signature::from_raw(signature));
    let (call, extension, _) = payload.deconstruct();
    UncheckedExtrinsic::new_signed(call, Address::Id(id(who)), signature, extension)
}
