//! Finalised heads as they come, over any number of connections.

use std::{collections::VecDeque, time::Duration};

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use primitives::{BlockHash, BlockNumber, BlockRef};
use subxt::{
    config::substrate::{H256, SubstrateHeader},
    rpcs::client::RpcSubscription,
};

use crate::{ChainError, Client, connection::Connection};

/// Between two attempts to subscribe: doubled each time, up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Client {
    /// The hash of the block at a height of the node's best chain, if it is that long.
    pub async fn block_hash(&self, number: BlockNumber) -> Result<Option<BlockHash>, ChainError> {
        self.read(|connection| async move { connection.block_hash(number).await }).await
    }

    /// Finalised heads, from the present one on. It never ends: where the connection breaks it yields the error, waits,
    /// and subscribes again. While one connection lasts, numbers only grow; some may be skipped.
    pub fn finalized_stream(&self) -> BoxStream<'static, Result<BlockRef, ChainError>> {
        let heads = Heads { client: self.clone(), subscribed: None, ready: VecDeque::new(), last: None, pause: None };
        stream::unfold(heads, |mut heads| async move {
            let item = heads.next().await;
            Some((item, heads))
        })
        .boxed()
    }
}

struct Heads {
    client: Client,
    subscribed: Option<(Connection, RpcSubscription<SubstrateHeader<H256>>)>,
    ready: VecDeque<BlockRef>,
    last: Option<BlockRef>,
    pause: Option<Duration>,
}

impl Heads {
    async fn next(&mut self) -> Result<BlockRef, ChainError> {
        loop {
            if let Some(block) = self.ready.pop_front() {
                self.pause = None;
                if self.last != Some(block) {
                    self.last = Some(block);
                    return Ok(block);
                }
                continue;
            }
            if let Err(error) = self.listen().await {
                self.subscribed = None;
                let pause = self.pause.map_or(FIRST_PAUSE, |pause| (pause * 2).min(LONGEST_PAUSE));
                self.pause = Some(pause);
                return Err(error);
            }
        }
    }

    /// Wait for heads, at least one of them new or nothing lost.
    async fn listen(&mut self) -> Result<(), ChainError> {
        let Some((connection, heads)) = &mut self.subscribed else {
            if let Some(pause) = self.pause {
                tokio::time::sleep(pause).await;
            }
            let connection = self.client.connection().await?;
            let method = "chain_subscribeFinalizedHeads";
            let heads = match connection.methods.chain_subscribe_finalized_heads().await {
                Ok(heads) => heads,
                Err(error) => {
                    let error = connection.error(method)(error);
                    self.client.discard(&connection, &error).await;
                    return Err(error);
                }
            };
            // Not every node repeats the present head to a new subscriber.
            self.ready.push_back(connection.block(None).await?);
            self.subscribed = Some((connection, heads));
            return Ok(());
        };
        match tokio::time::timeout(self.client.deadlines().silence, heads.next()).await {
            Ok(Some(Ok(header))) => {
                let hash = connection.block_hash(header.number).await?;
                let newer = self.last.is_none_or(|last| header.number > last.number);
                if let Some(hash) = hash.filter(|_| newer) {
                    self.ready.push_back(BlockRef { number: header.number, hash });
                }
                Ok(())
            }
            Ok(Some(Err(error))) => Err(connection.error("chain_finalizedHead")(error)),
            // The node or the socket closed the subscription.
            Ok(None) => Err(ChainError::Lost {
                url: connection.url.to_string(),
                source: "the subscription to finalised heads ended".into(),
            }),
            // Silence: either no block was made, or the subscription is deaf.
            Err(_) => {
                let head = connection.block(None).await?;
                if self.last.is_some_and(|last| last.number < head.number) {
                    self.subscribed = None;
                    self.ready.push_back(head);
                }
                Ok(())
            }
        }
    }
}
