//! Any call of any pallet, by name: signed, submitted, final and successful before it counts.

use primitives::Keypair;
use subxt::dynamic::Value;

use crate::{
    ChainError, Client, Landed,
    outcome::inner_outcome,
    storage::At,
    transaction::{Transaction, sign},
};

const SUDO: &str = "Sudo";

impl Client {
    /// Sign a call of any pallet, submit it, and wait for finality and success. Arguments go by name, and are encoded
    /// as the node's metadata says: what it doesn't have is refused here.
    pub async fn call_with(
        &self,
        signer: &Keypair,
        pallet: &str,
        call: &str,
        arguments: Vec<(&str, Value)>,
    ) -> Result<Landed, ChainError> {
        self.send(signer, pallet, call, arguments).await.map(|(landed, _)| landed)
    }

    /// As [`Client::call_with`], with the chain's root as the caller. `signer` has to be the sudo key. The chain
    /// reports what came of the call in an event, and a refusal there is one here.
    pub async fn sudo(
        &self,
        signer: &Keypair,
        pallet: &str,
        call: &str,
        arguments: Vec<(&str, Value)>,
    ) -> Result<Landed, ChainError> {
        let inner = Value::named_variant(call, arguments);
        let inner = Value::unnamed_variant(pallet, [inner]);
        // Whatever is missing in the metadata is named: the carried call rather than the carrier.
        self.read_at(None, |at| async move { exists(&at, pallet, call) }).await?;
        let (landed, transaction) = self.send(signer, SUDO, "sudo", vec![("call", inner)]).await?;
        let transaction = &transaction;
        let inner = |at: At| async move { inner_outcome(&at, transaction, SUDO, "Sudid").await };
        self.read_at(Some(landed.block.hash), inner).await
    }

    pub(crate) async fn send(
        &self,
        signer: &Keypair,
        pallet: &str,
        call: &str,
        arguments: Vec<(&str, Value)>,
    ) -> Result<(Landed, Transaction), ChainError> {
        let arguments = &arguments;
        let sign = |at: At| async move { sign(&at, signer, pallet, call, arguments.clone()).await };
        let transaction = self.read_at(None, sign).await?;
        let (hash, nonce) = (transaction.hash, transaction.nonce);
        tracing::debug!(pallet, call, %hash, nonce, "transaction signed");
        let landed = self.land(&transaction).await?;
        tracing::debug!(pallet, call, %hash, block = landed.block.number, "transaction landed");
        Ok((landed, transaction))
    }

    /// Whether the runtime has a call.
    pub(crate) async fn has_call(&self, pallet: &str, call: &str) -> Result<bool, ChainError> {
        self.read_at(None, |at| async move { Ok(exists(&at, pallet, call).is_ok()) }).await
    }
}

fn exists(at: &At, pallet: &str, call: &str) -> Result<(), ChainError> {
    let found = at.runtime.metadata_ref().pallet_by_name(pallet).and_then(|pallet| pallet.call_variant_by_name(call));
    let missing = || ChainError::Unsupported { item: format!("call {pallet}.{call}"), source: None };
    found.map(|_| ()).ok_or_else(missing)
}

pub(crate) fn number(value: impl Into<u128>) -> Value {
    Value::u128(value.into())
}

pub(crate) fn account(key: [u8; 32]) -> Value {
    Value::from_bytes(key)
}
