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

pub fn sign(who: &Keypair, nonce: u32, genesis: Hash, call: RuntimeCall) -> UncheckedExtrinsic {
    let extension: TxExtension = (
        (
            frame_system::CheckNonZeroSender::new(),
            frame_system::CheckSpecVersion::new(),
            frame_system::CheckTxVersion::new(),
            frame_system::CheckGenesis::new(),
            frame_system::CheckMortality::from(Era::Immortal),
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
        (((), VERSION.spec_version, VERSION.transaction_version, genesis, genesis, (), ()), ((), (), (), (), ()), None);
    let payload = SignedPayload::from_raw(call, extension, implicit);
    let signature = payload.using_encoded(|bytes| who.sign(bytes).0);
    let signature = Signature::Sr25519(sp_core::sr25519::Signature::from_raw(signature));
    let (call, extension, _) = payload.deconstruct();
    UncheckedExtrinsic::new_signed(call, Address::Id(id(who)), signature, extension)
}
