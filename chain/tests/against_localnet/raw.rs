//! Calls that go to the chain as they are, with none of the client's checks, and writes into its state.

use std::collections::BTreeMap;

use codec::Encode;
use frame_metadata_hash_extension::CheckMetadataHash;
use localnet::{Handle, Rejected};
use node_subtensor_runtime::{
    AccountId, Address, CheckNonce, Hash, Runtime, RuntimeCall, Signature, TxExtension, UncheckedExtrinsic, VERSION,
    extensions::{
        ChargeTransactionPaymentWrapper, CheckShieldedTxValidity, DrandPriority, SubtensorTransactionExtension,
        SudoTransactionExtension,
    },
    pallet_sudo,
};
use primitives::Keypair;
use sp_runtime::{
    generic::{Era, SignedPayload},
    transaction_validity::{InvalidTransaction, TransactionValidityError},
};
use subxt::{
    config::{RpcConfigFor, substrate::SubstrateConfig},
    rpcs::{LegacyRpcMethods, RpcClient},
};

use crate::node::alice;

/// What the chain made of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Done,
    /// The error's name.
    Failed(String),
    /// The number of the check before inclusion.
    Refused(u8),
}

pub fn id(keypair: &Keypair) -> AccountId {
    AccountId::new(keypair.public())
}

/// Sends calls by number: the chain's nonces are counted here.
pub struct Sender {
    root: Keypair,
    nonces: BTreeMap<[u8; 32], u32>,
}

impl Default for Sender {
    fn default() -> Self {
        Self { root: alice(), nonces: BTreeMap::new() }
    }
}

impl Sender {
    /// Send a call and make the block after the present one.
    pub fn send(&mut self, node: &Handle, who: &Keypair, call: impl Into<RuntimeCall>) -> Fate {
        let hash = match node.submit(self.sign(node, who, call)) {
            Ok(hash) => hash,
            Err(Rejected::Invalid(TransactionValidityError::Invalid(InvalidTransaction::Custom(code)))) => {
                node.author_block().unwrap();
                return Fate::Refused(code);
            }
            Err(other) => panic!("{other}"),
        };
        *self.nonces.entry(who.public()).or_default() += 1;
        let block = node.author_block().unwrap();
        let log = node.block_log(u32::try_from(block.number).unwrap()).unwrap();
        let entry = log.extrinsics.into_iter().find(|entry| entry.hash.0 == hash);
        match entry.expect("included").result.as_str() {
            "ok" => Fate::Done,
            failed => Fate::Failed(failed.to_owned()),
        }
    }

    /// The next transaction of an account.
    pub fn sign(&self, node: &Handle, who: &Keypair, call: impl Into<RuntimeCall>) -> Vec<u8> {
        let nonce = self.nonces.get(&who.public()).copied().unwrap_or_default();
        signed(who, nonce, Hash::from(node.genesis().0), call.into()).encode()
    }

    /// Write keys and values into the state, as root. Takes one block.
    pub fn put(&mut self, node: &Handle, items: Vec<(Vec<u8>, Vec<u8>)>) {
        let write = RuntimeCall::from(frame_system::Call::<Runtime>::set_storage { items });
        let root = self.root.clone();
        assert_eq!(self.send(node, &root, pallet_sudo::Call::sudo { call: Box::new(write) }), Fate::Done);
    }
}

/// A value to write.
pub fn item(key: impl Into<Vec<u8>>, value: impl Encode) -> (Vec<u8>, Vec<u8>) {
    (key.into(), value.encode())
}

/// A value of the best block's state by its key.
pub async fn stored(node: &Handle, key: &[u8]) -> Option<Vec<u8>> {
    let client = RpcClient::from_insecure_url(node.url()).await.unwrap();
    let methods = LegacyRpcMethods::<RpcConfigFor<SubstrateConfig>>::new(client);
    methods.state_get_storage(key, None).await.unwrap()
}

fn signed(who: &Keypair, nonce: u32, genesis: Hash, call: RuntimeCall) -> UncheckedExtrinsic {
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
    let (spec, format) = (VERSION.spec_version, VERSION.transaction_version);
    let implicit = (((), spec, format, genesis, genesis, (), ()), ((), (), (), (), ()), None);
    let payload = SignedPayload::from_raw(call, extension, implicit);
    let signature = payload.using_encoded(|bytes| who.sign(bytes).0);
    let signature = Signature::Sr25519(sp_core::sr25519::Signature::from_raw(signature));
    let (call, extension, _) = payload.deconstruct();
    UncheckedExtrinsic::new_signed(call, Address::Id(id(who)), signature, extension)
}
