//! One signed transaction: bytes that take effect once at most, however often they are submitted.

use std::fmt;

use primitives::{BlockHash, BlockNumber, BlockRef, Keypair};
use serde::{Deserialize, Serialize};
use subxt::{
    config::{
        DefaultExtrinsicParamsBuilder,
        substrate::{AccountId32, H256, MultiSignature, SubstrateConfig},
    },
    dynamic::Value,
    ext::scale_value::Composite,
    rpcs::client::RpcParams,
    transactions::{Signer, dynamic},
};

use crate::{ChainError, connection::Offline, storage::At};

/// Blocks during which a transaction can be included. Blocks may come four times a second or every twelve seconds:
/// half a minute, or 25 minutes.
const PERIOD: u64 = 128;
/// The hash of a transaction's bytes: how block explorers name it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionHash(pub [u8; 32]);

/// A finalised block that includes a transaction, which succeeded there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Landed {
    /// Which block.
    pub block: BlockRef,
}

/// A transaction's bytes, and what is needed to find them again.
#[derive(Clone)]
pub(crate) struct Transaction {
    pub(crate) bytes: Vec<u8>,
    pub(crate) hash: TransactionHash,
    pub(crate) nonce: u64,
    pub(crate) birth: BlockRef,
    pub(crate) period: u64,
}

impl Transaction {
    /// The first block that can't include it.
    pub(crate) fn death(&self) -> BlockNumber {
        self.birth.number.saturating_add(self.period)
    }
}

/// A key pair as subxt wants it.
struct Account<'a>(&'a Keypair);

impl Signer<SubstrateConfig> for Account<'_> {
    fn account_id(&self) -> AccountId32 {
        AccountId32(self.0.public())
    }

    fn sign(&self, payload: &[u8]) -> MultiSignature {
        MultiSignature::Sr25519(self.0.sign(payload).0)
    }
}

/// Sign a call of `pallet` at a block, with the account's next nonce: it counts what is queued, so that two calls in a
/// row don't take the same one.
pub(crate) async fn sign(
    at: &At,
    keypair: &Keypair,
    pallet: &str,
    call: &str,
    arguments: Vec<(&str, Value)>,
) -> Result<Transaction, ChainError> {
    let nonce = next_nonce(at, keypair).await?;
    sign_offline(&at.runtime, at.block, nonce, keypair, pallet, call, arguments)
}

/// By either name of the method.
async fn next_nonce(at: &At, keypair: &Keypair) -> Result<u64, ChainError> {
    let (connection, account) = (&at.connection, AccountId32(keypair.public()));
    let nonce = connection.methods.system_account_next_index(&account).await;
    match nonce.map_err(connection.error("system_accountNextIndex")) {
        Err(error) if error.is_unknown_method() => {
            let mut parameters = RpcParams::new();
            parameters.push(account).map_err(|error| ChainError::malformed("account_nextIndex", error))?;
            connection.ask("account_nextIndex", parameters).await
        }
        nonce => nonce,
    }
}

/// Arguments go by name: a runtime that renames one or adds one refuses the call here rather than reading it wrongly
/// there.
pub(crate) fn sign_offline(
    runtime: &Offline,
    birth: BlockRef,
    nonce: u64,
    keypair: &Keypair,
    pallet: &str,
    call: &str,
    arguments: Vec<(&str, Value)>,
) -> Result<Transaction, ChainError> {
    let params = DefaultExtrinsicParamsBuilder::new()
        .nonce(nonce)
        .mortal_from_unchecked(PERIOD, birth.number, H256(birth.hash.0))
        .build();
    let payload = dynamic(pallet, call, Composite::named(arguments));
    let unsupported = |error| ChainError::unsupported(format!("call {pallet}.{call}"), error);
    let transactions = runtime.transactions();
    let mut signable = transactions.create_signable_offline(&payload, params).map_err(unsupported)?;
    let signed = signable.sign(&Account(keypair)).map_err(unsupported)?;
    let hash = TransactionHash(signed.hash().0);
    Ok(Transaction { bytes: signed.into_encoded(), hash, nonce, birth, period: PERIOD })
}

impl fmt::Display for TransactionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("0x{}", hex::encode(self.0)))
    }
}

impl fmt::Debug for TransactionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TransactionHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TransactionHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A block hash has the same form.
        BlockHash::deserialize(deserializer).map(|hash| Self(hash.0))
    }
}
