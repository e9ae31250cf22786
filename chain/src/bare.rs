//! Calls that nobody signs: the runtime judges them by what they hold.

use subxt::{dynamic::Value, ext::scale_value::Composite, transactions::dynamic};

use crate::{ChainError, Client, Landed, TransactionHash, storage::At, transaction::Transaction};

/// Blocks in which it is looked for. The pool drops it long before.
const PERIOD: u64 = 64;

impl Client {
    /// Submit a call of any pallet without a signature, and wait for finality and success.
    pub async fn call_bare(
        &self,
        pallet: &str,
        call: &str,
        arguments: Vec<(&str, Value)>,
    ) -> Result<Landed, ChainError> {
        let arguments = &arguments;
        let compose = |at: At| async move {
            let payload = dynamic(pallet, call, Composite::named(arguments.clone()));
            let unsupported = |error| ChainError::unsupported(format!("call {pallet}.{call}"), error);
            let composed = at.runtime.transactions().create_unsigned(&payload).map_err(unsupported)?;
            let hash = TransactionHash(composed.hash().0);
            Ok(Transaction { bytes: composed.into_encoded(), hash, nonce: 0, birth: at.block, period: PERIOD })
        };
        let transaction = self.read_at(None, compose).await?;
        self.land(&transaction).await
    }
}
