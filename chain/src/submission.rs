//! From bytes to a finalised block.
//!
//! A nonce is used once, so the same bytes can be submitted any number of times and take effect at most once. What the
//! node answers to a second copy does not matter: where the first one went is looked up in the blocks themselves.

use futures::{StreamExt, TryStreamExt, stream};
use primitives::{BlockHash, BlockNumber};
use subxt::{
    ext::codec::{Decode, Encode},
    rpcs::{self, methods::legacy::TransactionStatus},
    transactions::{TransactionInvalid, TransactionUnknown},
};

use crate::{
    ChainError, Client, Invalidity, Landed,
    connection::Connection,
    outcome::{index_in, outcome},
    transaction::Transaction,
};

/// Blocks looked through at once.
const PARALLEL_BLOCKS: usize = 8;

/// The node's codes for what it does with a transaction.
mod pool {
    pub const INVALID: i32 = 1010;
    pub const UNKNOWN: i32 = 1011;
    pub const BANNED: i32 = 1012;
    pub const ALREADY_IMPORTED: i32 = 1013;
    pub const TOO_LOW_PRIORITY: i32 = 1014;
    pub const IMMEDIATELY_DROPPED: i32 = 1016;
    pub const FUTURE: i32 = 1020;
}

/// What a node made of a submission.
enum Submitted {
    Finalized(BlockHash),
    /// In its queue already, or lately.
    Known,
    /// Not includable, by a runtime that may have included it before.
    Invalid(Invalidity),
    /// Forgotten.
    Dropped,
}

impl Client {
    /// Submit and wait for finality and success.
    pub(crate) async fn land(&self, transaction: &Transaction) -> Result<Landed, ChainError> {
        let after = self.deadlines().land;
        match tokio::time::timeout(after, self.submit_and_find(transaction)).await {
            Ok(landed) => landed,
            Err(_) => Err(ChainError::Deadline { url: self.url().to_owned(), what: "finality", after }),
        }
    }

    async fn submit_and_find(&self, transaction: &Transaction) -> Result<Landed, ChainError> {
        let hash = transaction.hash;
        let connection = self.connection().await?;
        let submitted = match submit(&connection, transaction).await {
            Ok(submitted) => submitted,
            Err(error) => {
                if error.breaks_connection() {
                    self.discard(&connection, &error).await;
                }
                return Err(error);
            }
        };
        match submitted {
            Submitted::Finalized(block) => {
                let outcome = self.read_at(Some(block), |at| async move { outcome(&at, transaction).await }).await?;
                outcome.ok_or(ChainError::Dropped)
            }
            Submitted::Known => {
                tracing::debug!(%hash, "transaction known to the node");
                let found = self.find(transaction, transaction.death()).await?;
                found.ok_or(ChainError::Expired { death: transaction.death() })
            }
            Submitted::Invalid(invalidity) => {
                tracing::debug!(%hash, %invalidity, "transaction not includable");
                // A copy that was included before makes this one invalid, and it may not be final yet.
                let best = self.read(|connection| async move { connection.best_number().await }).await?;
                match self.find(transaction, best.min(transaction.death())).await? {
                    Some(landed) => Ok(landed),
                    None if best >= transaction.death() => Err(ChainError::Expired { death: transaction.death() }),
                    None => Err(ChainError::Invalid(invalidity)),
                }
            }
            Submitted::Dropped => {
                let head = self.finalized().await?.number;
                let found = self.find(transaction, head.min(transaction.death())).await?;
                found.ok_or(ChainError::Dropped)
            }
        }
    }

    /// Look for a transaction in the finalised blocks up to `last`, waiting for those that are not final yet.
    async fn find(&self, transaction: &Transaction, last: BlockNumber) -> Result<Option<Landed>, ChainError> {
        let mut heads = self.finalized_stream();
        let mut next = transaction.birth.number + 1;
        loop {
            let head = match heads.next().await {
                Some(head) => head?.number,
                None => return Ok(None),
            };
            let end = head.min(last);
            let blocks = stream::iter(next..=end).map(|number| self.block_with(transaction, number));
            let found: Vec<_> =
                blocks.buffered(PARALLEL_BLOCKS).try_filter_map(async |hit| Ok(hit)).try_collect().await?;
            if let Some(hash) = found.first().copied() {
                return self.read_at(Some(hash), |at| async move { outcome(&at, transaction).await }).await;
            }
            if end >= last {
                return Ok(None);
            }
            next = next.max(end + 1);
        }
    }

    /// The hash of a finalised block, if it includes the transaction.
    async fn block_with(&self, wanted: &Transaction, number: BlockNumber) -> Result<Option<BlockHash>, ChainError> {
        self.read(|connection| async move {
            let Some(hash) = connection.block_hash(number).await? else { return Ok(None) };
            Ok(index_in(&connection, hash, wanted).await?.map(|_| hash))
        })
        .await
    }
}

async fn submit(connection: &Connection, transaction: &Transaction) -> Result<Submitted, ChainError> {
    let method = "author_submitAndWatchExtrinsic";
    let mut statuses = match connection.methods.author_submit_and_watch_extrinsic(&transaction.bytes).await {
        Ok(statuses) => statuses,
        Err(rpcs::Error::User(error)) => {
            return match error.code {
                pool::ALREADY_IMPORTED | pool::BANNED => Ok(Submitted::Known),
                pool::INVALID | pool::UNKNOWN => {
                    let data = error.data.as_ref().map(|data| data.get());
                    validate(connection, transaction, error.code, data).await.map(Submitted::Invalid)
                }
                pool::TOO_LOW_PRIORITY => Ok(Submitted::Invalid(Invalidity::LowPriority)),
                pool::IMMEDIATELY_DROPPED => Ok(Submitted::Invalid(Invalidity::PoolFull)),
                pool::FUTURE => Ok(Submitted::Invalid(Invalidity::Future)),
                _ => Err(ChainError::Rpc { method, code: error.code, message: error.message }),
            };
        }
        Err(error) => return Err(connection.error(method)(error)),
    };
    while let Some(status) = statuses.next().await {
        match status.map_err(connection.error(method))? {
            TransactionStatus::Finalized(hash) => return Ok(Submitted::Finalized(BlockHash(hash.0))),
            TransactionStatus::Usurped(_) => return Ok(Submitted::Invalid(Invalidity::Stale)),
            TransactionStatus::Invalid => {
                return validate(connection, transaction, pool::INVALID, None).await.map(Submitted::Invalid);
            }
            TransactionStatus::Dropped | TransactionStatus::FinalityTimeout(_) => return Ok(Submitted::Dropped),
            TransactionStatus::Future
            | TransactionStatus::Ready
            | TransactionStatus::Broadcast(_)
            | TransactionStatus::InBlock(_)
            | TransactionStatus::Retracted(_) => {}
        }
    }
    Err(ChainError::Lost {
        url: connection.url.to_string(),
        source: "the subscription to the transaction ended".into(),
    })
}

/// Ask the runtime itself why it refuses a transaction: its answer is typed, where the node's own error holds only a
/// number for the family and a text.
async fn validate(
    connection: &Connection,
    transaction: &Transaction,
    code: i32,
    data: Option<&str>,
) -> Result<Invalidity, ChainError> {
    /// The transaction comes from outside, as opposed to from a block or from the node itself.
    const EXTERNAL: u8 = 2;
    let best = connection.methods.chain_get_block_hash(None).await.map_err(connection.error("chain_getBlockHash"))?;
    let Some(best) = best else { return Ok(Invalidity::Other { code }) };
    let mut arguments = vec![EXTERNAL];
    arguments.extend_from_slice(&transaction.bytes);
    best.encode_to(&mut arguments);
    let method = "TaggedTransactionQueue_validate_transaction";
    let answer = match connection.methods.state_call(method, Some(&arguments), Some(best)).await {
        Ok(answer) => answer,
        Err(rpcs::Error::User(_)) => Vec::new(),
        Err(error) => return Err(connection.error(method)(error)),
    };
    // Result<ValidTransaction, TransactionValidityError>
    let typed = match answer.as_slice() {
        [1, 0, invalid @ ..] => TransactionInvalid::decode(&mut &*invalid).ok().map(Invalidity::from),
        [1, 1, unknown @ ..] => TransactionUnknown::decode(&mut &*unknown).ok().map(Invalidity::from),
        // Valid by now, or no such runtime call.
        _ => None,
    };
    Ok(typed.or_else(|| data.and_then(custom_code)).unwrap_or(Invalidity::Other { code }))
}

/// The number in `"Custom error: 6"`: where the runtime can't be asked, this text is the only form in which a node gives
/// the code away.
fn custom_code(data: &str) -> Option<Invalidity> {
    let code = data.trim_matches('"').strip_prefix("Custom error: ")?;
    code.parse::<u8>().ok().map(|code| Invalidity::Custom(code.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Precheck;

    #[test]
    fn the_nodes_text_is_the_last_resort() {
        assert_eq!(custom_code("\"Custom error: 6\""), Some(Invalidity::Custom(Precheck::RateLimitExceeded)));
        assert_eq!(custom_code("\"Custom error: 255\""), Some(Invalidity::Custom(Precheck::BadRequest)));
        for text in ["\"Custom error: 256\"", "\"Transaction is outdated\"", "", "\"Custom error: -1\""] {
            assert_eq!(custom_code(text), None);
        }
    }
}
