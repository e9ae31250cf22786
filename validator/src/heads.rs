//! The newest finalised block, each time there is a newer one.

use chain::{ChainError, Client};
use futures::{StreamExt, stream::BoxStream};
use primitives::BlockRef;

use crate::view::View;

/// Work takes blocks, and what waits in the stream meanwhile is old: every look goes to the newest block.
pub(crate) struct Heads {
    chain: Client,
    view: View,
    stream: BoxStream<'static, Result<BlockRef, ChainError>>,
    last: Option<BlockRef>,
}

impl Heads {
    pub fn new(chain: Client, view: View) -> Self {
        let stream = chain.finalized_stream();
        Self { chain, view, stream, last: None }
    }

    /// The newest finalised block, newer than the one before. Where the chain can't be asked it says so, and waits; the
    /// stream itself connects again, slower each time.
    pub async fn next(&mut self) -> Option<BlockRef> {
        while let Some(head) = self.stream.next().await {
            let head = match head {
                // Seen already, by looking ahead.
                Ok(head) if self.last.is_some_and(|last| head.number <= last.number) => continue,
                Ok(_) => self.chain.finalized().await,
                Err(error) => Err(error),
            };
            match head {
                Ok(head) => {
                    self.last = Some(head);
                    self.view.head(head);
                    return Some(head);
                }
                Err(error) => {
                    self.view.chain_failed();
                    tracing::warn!(error = &error as &dyn std::error::Error, "waiting for the chain");
                }
            }
        }
        None
    }
}
