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
use tokio::time::Instant;

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
    /// and subscribes again, at another node where there are several. Numbers only grow; some may be skipped. A node that is
    /// behind yields an error until it has caught up.
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
    subscribed: Option<Subscribed>,
    ready: VecDeque<BlockRef>,
    last: Option<BlockRef>,
    pause: Option<Duration>,
}

/// The finalised heads of one connection.
pub(crate) struct Subscribed {
    connection: Connection,
    heads: Source,
}

/// Where they come from.
enum Source {
    Subscription(RpcSubscription<SubstrateHeader<H256>>),
    /// A node without subscriptions is asked again and again. This one was told last.
    Asked(Option<BlockNumber>),
}

impl Subscribed {
    pub(crate) async fn to(connection: &Connection) -> Result<Self, ChainError> {
        let heads = connection.methods.chain_subscribe_finalized_heads().await;
        let heads = match heads.map_err(connection.error("chain_subscribeFinalizedHeads")) {
            Err(error) if error.is_unknown_method() => Source::Asked(None),
            heads => Source::Subscription(heads?),
        };
        Ok(Self { connection: connection.clone(), heads })
    }

    /// The number of the next head; none where there is none for so long.
    pub(crate) async fn next(&mut self, silence: Duration) -> Result<Option<BlockNumber>, ChainError> {
        let heads = match &mut self.heads {
            Source::Subscription(heads) => heads,
            Source::Asked(last) => return ask_again(&self.connection, last, silence).await,
        };
        match tokio::time::timeout(silence, heads.next()).await {
            Ok(Some(Ok(header))) => {
                self.connection.saw(header.number);
                Ok(Some(header.number))
            }
            Ok(Some(Err(error))) => Err(self.connection.error("chain_finalizedHead")(error)),
            // The node or the socket closed the subscription.
            Ok(None) => Err(ChainError::Lost {
                url: self.connection.url.to_string(),
                source: "the subscription to finalised heads ended".into(),
            }),
            Err(_) => Ok(None),
        }
    }
}

async fn ask_again(
    connection: &Connection,
    last: &mut Option<BlockNumber>,
    silence: Duration,
) -> Result<Option<BlockNumber>, ChainError> {
    let until = Instant::now() + silence;
    loop {
        let number = connection.block(None).await?.number;
        if last.is_none_or(|last| number > last) {
            *last = Some(number);
            return Ok(Some(number));
        }
        if Instant::now() > until {
            return Ok(None);
        }
        tokio::time::sleep(FIRST_PAUSE).await;
    }
}

impl Connection {
    /// Wait until a block of this number is final here, for so long.
    pub(crate) async fn reach(&self, number: BlockNumber, patience: Duration) -> Result<(), ChainError> {
        let caught_up = async {
            let mut heads = Subscribed::to(self).await?;
            let mut head = self.block(None).await?.number;
            while head < number {
                head = heads.next(patience).await?.unwrap_or(head);
            }
            Ok(())
        };
        tokio::time::timeout(patience, caught_up).await.unwrap_or_else(|_| {
            let head = self.head().unwrap_or_default();
            Err(ChainError::Behind { url: self.url.to_string(), head, known: number })
        })
    }
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
            let listened = match &self.subscribed {
                Some(_) => self.listen().await,
                None => self.subscribe().await,
            };
            if let Err(error) = listened {
                self.subscribed = None;
                let pause = self.pause.map_or(FIRST_PAUSE, |pause| (pause * 2).min(LONGEST_PAUSE));
                self.pause = Some(pause);
                return Err(error);
            }
        }
    }

    async fn subscribe(&mut self) -> Result<(), ChainError> {
        if let Some(pause) = self.pause {
            tokio::time::sleep(pause).await;
        }
        let connection = self.client.connection().await?;
        let subscribe = async {
            let subscribed = Subscribed::to(&connection).await?;
            // Not every node repeats the present head to a new subscriber.
            Ok((subscribed, connection.block(None).await?))
        };
        let (subscribed, head) = self.client.or_discard(&connection, subscribe.await).await?;
        if let Some(last) = self.last.filter(|last| last.number > head.number) {
            let url = connection.url.to_string();
            return Err(ChainError::Behind { url, head: head.number, known: last.number });
        }
        self.subscribed = Some(subscribed);
        self.ready.push_back(head);
        Ok(())
    }

    /// Wait for heads, at least one of them new or nothing lost.
    async fn listen(&mut self) -> Result<(), ChainError> {
        let Some(subscribed) = &mut self.subscribed else { return Ok(()) };
        let connection = subscribed.connection.clone();
        let Some(number) = subscribed.next(self.client.deadlines().silence).await? else {
            // Silence: no block was made, the subscription is deaf, or the node stands still.
            let head = self.client.or_discard(&connection, connection.block(None).await).await?;
            if self.last.is_some_and(|last| last.number < head.number) {
                self.subscribed = None;
                self.ready.push_back(head);
            } else if !self.client.connection().await?.is_same(&connection) {
                self.subscribed = None;
            }
            return Ok(());
        };
        if !self.client.is_current(&connection).await {
            // Other calls left this node: what it says can't be asked of the next one.
            self.subscribed = None;
        } else if self.last.is_none_or(|last| number > last.number)
            && let Some(hash) = self.client.or_discard(&connection, connection.block_hash(number).await).await?
        {
            self.ready.push_back(BlockRef { number, hash });
        }
        Ok(())
    }
}
