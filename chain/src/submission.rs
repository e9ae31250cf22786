//! From bytes to a finalised block.
//!
//! A nonce is used once, so the same bytes can be submitted any number of times and take effect at most once. What the
//! node answers to a second copy does not matter: where the first one went is looked up in the blocks themselves.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use primitives::{BlockHash, BlockNumber, BlockRef};
use subxt::{
    config::substrate::H256,
    ext::codec::{Decode, Encode},
    rpcs::{self, UserError, methods::legacy::TransactionStatus},
    transactions::{TransactionInvalid, TransactionUnknown},
};
use tokio::sync::watch;

use crate::{
    ChainError, Client, Invalidity, Landed,
    blocks::Subscribed,
    connection::Connection,
    outcome::{index_in, outcome},
    request::METHOD_NOT_FOUND,
    storage::At,
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

/// The block that includes a transaction, before it is final.
pub(crate) type InBlock = watch::Sender<Option<BlockRef>>;

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

/// What a look through the finalised blocks of one node found.
enum Search {
    Found(Landed),
    /// No finalised block up to this one includes it.
    Absent(BlockRef),
    /// The client left the node meanwhile.
    Left,
}

impl Client {
    /// Submit and wait for finality and success.
    pub(crate) async fn land(&self, transaction: &Transaction) -> Result<Landed, ChainError> {
        self.land_watched(transaction, &InBlock::default()).await
    }

    /// As [`Client::land`], and say which block includes it before that is final.
    pub(crate) async fn land_watched(
        &self,
        transaction: &Transaction,
        in_block: &InBlock,
    ) -> Result<Landed, ChainError> {
        let after = self.deadlines().land;
        match tokio::time::timeout(after, self.submit_and_find(transaction, in_block)).await {
            Ok(landed) => landed,
            Err(_) => Err(ChainError::Deadline { url: self.url().to_owned(), what: "finality", after }),
        }
    }

    async fn submit_and_find(&self, transaction: &Transaction, in_block: &InBlock) -> Result<Landed, ChainError> {
        let mut attempts = self.attempts();
        // Of an attempt after which a node may have the bytes, and pass them on.
        let mut sent: Option<ChainError> = None;
        loop {
            let connection = match self.connection().await {
                Ok(connection) => connection,
                Err(error) => return Err(sent.unwrap_or(error)),
            };
            let error = match self.land_at(&connection, transaction, in_block).await {
                Ok(Some(landed)) => return Ok(landed),
                // The bytes are where they were: at the node that was left.
                Ok(None) => continue,
                Err(error) if error.breaks_connection() => error,
                // A refusal by one node does not take back what another one was given.
                Err(error @ ChainError::Invalid(_)) if !error.is_conclusive() => return Err(sent.unwrap_or(error)),
                Err(error) => return Err(error),
            };
            self.discard(&connection, &error).await;
            attempts -= 1;
            if attempts == 0 {
                return Err(error);
            }
            sent = Some(error);
        }
    }

    /// One attempt at one node. None where the client left it for another one.
    async fn land_at(
        &self,
        connection: &Connection,
        transaction: &Transaction,
        in_block: &InBlock,
    ) -> Result<Option<Landed>, ChainError> {
        let (hash, death) = (transaction.hash, transaction.death());
        match submit(connection, transaction, self.deadlines().silence, in_block).await? {
            Submitted::Finalized(block) => {
                let at = At::new(connection.clone(), Some(block)).await?;
                connection.saw(at.block.number);
                outcome(&at, transaction).await?.ok_or(ChainError::Dropped).map(Some)
            }
            Submitted::Known => {
                tracing::debug!(%hash, "transaction known to the node");
                match self.find(connection, transaction, death).await? {
                    Search::Found(landed) => Ok(Some(landed)),
                    Search::Absent(_) => Err(ChainError::Expired { death }),
                    Search::Left => Ok(None),
                }
            }
            Submitted::Invalid(invalidity) => {
                tracing::debug!(%hash, %invalidity, "transaction not includable");
                // A copy that was included before makes this one invalid, and it may not be final yet.
                let best = connection.best().await?.number;
                match self.find(connection, transaction, best.min(death)).await? {
                    Search::Found(landed) => Ok(Some(landed)),
                    Search::Absent(head) if head.number >= death => Err(ChainError::Expired { death }),
                    Search::Absent(head) if invalidity == Invalidity::Stale => {
                        // The block that used the nonce up may have been undone, and the copy in it may come back: only
                        // a finalised state tells.
                        match validity(connection, transaction, H256(head.hash.0)).await? {
                            Some(Invalidity::Stale) => Err(ChainError::Invalid(invalidity)),
                            _ => Err(ChainError::Dropped),
                        }
                    }
                    Search::Absent(_) => Err(ChainError::Invalid(invalidity)),
                    Search::Left => Ok(None),
                }
            }
            Submitted::Dropped => {
                let head = connection.block(None).await?.number;
                match self.find(connection, transaction, head.min(death)).await? {
                    Search::Found(landed) => Ok(Some(landed)),
                    Search::Absent(_) => Err(ChainError::Dropped),
                    Search::Left => Ok(None),
                }
            }
        }
    }

    /// Look for a transaction in a node's finalised blocks up to `last`, waiting for those that are not final yet.
    async fn find(
        &self,
        connection: &Connection,
        transaction: &Transaction,
        last: BlockNumber,
    ) -> Result<Search, ChainError> {
        let mut heads = Subscribed::to(connection).await?;
        let mut head = connection.block(None).await?;
        let mut next = transaction.birth.number + 1;
        loop {
            let end = head.number.min(last);
            let blocks = stream::iter(next..=end).map(|number| block_with(connection, transaction, number));
            let found: Vec<_> =
                blocks.buffered(PARALLEL_BLOCKS).try_filter_map(async |hit| Ok(hit)).try_collect().await?;
            if let Some(hash) = found.first().copied() {
                let at = At::new(connection.clone(), Some(hash)).await?;
                return outcome(&at, transaction).await?.ok_or(ChainError::UnknownBlock(hash)).map(Search::Found);
            }
            if end >= last {
                return Ok(Search::Absent(head));
            }
            next = next.max(end + 1);
            head = loop {
                let news = heads.next(self.deadlines().silence).await?;
                let now = connection.block(None).await?;
                if now.number > head.number {
                    break now;
                }
                if news.is_none() && !self.connection().await?.is_same(connection) {
                    return Ok(Search::Left);
                }
            };
        }
    }
}

/// The hash of a finalised block, if it includes the transaction.
async fn block_with(
    connection: &Connection,
    wanted: &Transaction,
    number: BlockNumber,
) -> Result<Option<BlockHash>, ChainError> {
    // A block that is not found is not a block without the transaction.
    let absent = || ChainError::malformed("chain_getBlockHash", "no hash for a block that is final");
    let hash = connection.block_hash(number).await?.ok_or_else(absent)?;
    Ok(index_in(connection, hash, wanted).await?.map(|_| hash))
}

async fn submit(
    connection: &Connection,
    transaction: &Transaction,
    silence: Duration,
    in_block: &InBlock,
) -> Result<Submitted, ChainError> {
    let method = "author_submitAndWatchExtrinsic";
    let mut statuses = match connection.methods.author_submit_and_watch_extrinsic(&transaction.bytes).await {
        Ok(statuses) => statuses,
        Err(rpcs::Error::User(error)) if error.code == METHOD_NOT_FOUND => {
            // A node that tells nobody what becomes of a transaction: its blocks do.
            let method = "author_submitExtrinsic";
            return match connection.methods.author_submit_extrinsic(&transaction.bytes).await {
                Ok(_) => Ok(Submitted::Known),
                Err(rpcs::Error::User(error)) => turned_away(connection, transaction, method, error).await,
                Err(error) => Err(connection.error(method)(error)),
            };
        }
        Err(rpcs::Error::User(error)) => return turned_away(connection, transaction, method, error).await,
        Err(error) => return Err(connection.error(method)(error)),
    };
    loop {
        // Silence: no block was made, or the subscription is deaf. The blocks tell.
        let Ok(status) = tokio::time::timeout(silence, statuses.next()).await else { return Ok(Submitted::Known) };
        let Some(status) = status else { break };
        match status.map_err(connection.error(method))? {
            TransactionStatus::Finalized(hash) => return Ok(Submitted::Finalized(BlockHash(hash.0))),
            TransactionStatus::Usurped(_) => return Ok(Submitted::Invalid(Invalidity::Stale)),
            TransactionStatus::Invalid => {
                return validate(connection, transaction, pool::INVALID, None).await.map(Submitted::Invalid);
            }
            TransactionStatus::Dropped | TransactionStatus::FinalityTimeout(_) => return Ok(Submitted::Dropped),
            TransactionStatus::InBlock(hash) => {
                // A block that was replaced meanwhile is not there any more: the next one will be told.
                if let Ok(block) = connection.block(Some(BlockHash(hash.0))).await {
                    in_block.send_replace(Some(block));
                }
            }
            TransactionStatus::Future
            | TransactionStatus::Ready
            | TransactionStatus::Broadcast(_)
            | TransactionStatus::Retracted(_) => {}
        }
    }
    Err(ChainError::Lost {
        url: connection.url.to_string(),
        source: "the subscription to the transaction ended".into(),
    })
}

/// What the node's error about a submission means.
async fn turned_away(
    connection: &Connection,
    transaction: &Transaction,
    method: &'static str,
    error: UserError,
) -> Result<Submitted, ChainError> {
    match error.code {
        pool::ALREADY_IMPORTED | pool::BANNED => Ok(Submitted::Known),
        pool::INVALID | pool::UNKNOWN => {
            let data = error.data.as_ref().map(|data| data.get());
            validate(connection, transaction, error.code, data).await.map(Submitted::Invalid)
        }
        pool::TOO_LOW_PRIORITY => Ok(Submitted::Invalid(Invalidity::LowPriority)),
        pool::IMMEDIATELY_DROPPED => Ok(Submitted::Invalid(Invalidity::PoolFull)),
        pool::FUTURE => Ok(Submitted::Invalid(Invalidity::Future)),
        _ => Err(ChainError::Rpc { method, code: error.code, message: error.message }),
    }
}

/// Ask the runtime itself why it refuses a transaction: its answer is typed, where the node's own error holds only a
/// number for the family and a text.
async fn validate(
    connection: &Connection,
    transaction: &Transaction,
    code: i32,
    data: Option<&str>,
) -> Result<Invalidity, ChainError> {
    let best = connection.methods.chain_get_block_hash(None).await.map_err(connection.error("chain_getBlockHash"))?;
    let typed = match best {
        Some(best) => validity(connection, transaction, best).await?,
        None => None,
    };
    Ok(typed.or_else(|| data.and_then(custom_code)).unwrap_or(Invalidity::Other { code }))
}

/// What the runtime has against a transaction after a block. None where it has nothing, or can't be asked.
async fn validity(
    connection: &Connection,
    transaction: &Transaction,
    block: H256,
) -> Result<Option<Invalidity>, ChainError> {
    /// The transaction comes from outside, as opposed to from a block or from the node itself.
    const EXTERNAL: u8 = 2;
    let mut arguments = vec![EXTERNAL];
    arguments.extend_from_slice(&transaction.bytes);
    block.encode_to(&mut arguments);
    let method = "TaggedTransactionQueue_validate_transaction";
    let answer = match connection.methods.state_call(method, Some(&arguments), Some(block)).await {
        Ok(answer) => answer,
        Err(rpcs::Error::User(_)) => Vec::new(),
        Err(error) => return Err(connection.error(method)(error)),
    };
    // Result<ValidTransaction, TransactionValidityError>
    Ok(match answer.as_slice() {
        [1, 0, invalid @ ..] => TransactionInvalid::decode(&mut &*invalid).ok().map(Invalidity::from),
        [1, 1, unknown @ ..] => TransactionUnknown::decode(&mut &*unknown).ok().map(Invalidity::from),
        _ => None,
    })
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
