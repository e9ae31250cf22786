//! How the node makes blocks, and waiting for them.

use std::{
    fmt,
    future::Future,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use chain::{ChainError, Client};
use primitives::{BlockNumber, BlockRef};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::report::{Checked, fail, skip};

/// Between two looks at the head, at least and at most.
const GLANCE: Duration = Duration::from_millis(50);
const LONGEST_GLANCE: Duration = Duration::from_secs(1);
/// Without a block for so long, the node is asked to make one.
const QUIET: Duration = Duration::from_secs(3);
/// Between two looks at the queue of a node whose blocks are made by hand.
const QUICK_GLANCE: Duration = Duration::from_millis(5);
/// So many looks at an empty queue make a block all the same: some wait for time to pass.
const IDLE_GLANCES: u32 = 40;

/// How a node that makes no blocks by itself is told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    /// `dev_newBlock`.
    NewBlock,
    /// `engine_createBlock`, of Substrate's manual seal.
    CreateBlock,
}

/// When blocks come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    Interval(Duration),
    ByHand(Maker),
}

/// A node's blocks.
pub struct Blocks {
    client: Client,
    pace: Pace,
    /// By the chain's own clock.
    block_ms: u64,
    patience: Duration,
    /// The block that includes what was last sent: where blocks are made by hand, some more make it final.
    sent_in: AtomicU64,
    /// One looks and makes a block at a time.
    making: Mutex<()>,
}

impl Blocks {
    /// Find out how blocks come.
    pub async fn watch(client: &Client, patience: Duration) -> Checked<Self> {
        let pace = pace(client, patience).await?;
        let block_ms = client.block_clock(Some(client.best().await?.hash)).await?.block_ms.max(1);
        let pace = match pace {
            Some(maker) => Pace::ByHand(maker),
            None => Pace::Interval(Duration::from_millis(block_ms)),
        };
        Ok(Self {
            client: client.clone(),
            pace,
            block_ms,
            patience,
            sent_in: AtomicU64::new(0),
            making: Mutex::default(),
        })
    }

    /// Milliseconds between two blocks, as the chain counts them.
    pub fn block_ms(&self) -> u64 {
        self.block_ms
    }

    /// Do something that needs blocks, where nobody else makes them.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> Checked<T> {
        // The client's futures are large, and these are deep in others.
        let mut work = Box::pin(work);
        let Pace::ByHand(maker) = self.pace else { return Ok(work.await) };
        let mut glances = tokio::time::interval(QUICK_GLANCE);
        let mut idle = 0;
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                _ = glances.tick() => idle += 1,
            }
            let _guard = self.making.lock().await;
            let waiting: Vec<Value> = self.client.request("author_pendingExtrinsics", NOTHING).await?;
            let sent_in = self.sent_in.load(Ordering::Relaxed);
            let landing = sent_in > 0 && self.client.finalized().await?.number < sent_in;
            if !waiting.is_empty() {
                let block = self.make(maker).await?;
                self.sent_in.store(block.number, Ordering::Relaxed);
                idle = 0;
            } else if landing || idle >= IDLE_GLANCES {
                self.make(maker).await?;
                idle = 0;
            }
        }
    }

    /// Wait until a block is final, and return the newest one that is.
    pub async fn until(&self, number: BlockNumber) -> Checked<BlockRef> {
        let mut head = self.client.finalized().await?;
        if let Pace::ByHand(maker) = self.pace {
            let began = Instant::now();
            while head.number < number {
                if began.elapsed() > self.patience {
                    return fail(format!("block {number} is not final, and the head is {}", head.number));
                }
                self.make(maker).await?;
                head = self.client.finalized().await?;
            }
            return Ok(head);
        }
        let missing = number.saturating_sub(head.number);
        let wanted = Duration::from_millis(missing.saturating_mul(self.block_ms));
        if wanted > self.patience {
            let (seconds, patience) = (wanted.as_secs(), self.patience.as_secs());
            return skip(format!("takes {missing} blocks, about {seconds} s, and --patience-s is {patience}"));
        }
        // Finality lags, and blocks are late at times.
        let deadline = Instant::now() + wanted * 3 + self.patience.min(Duration::from_secs(120));
        while head.number < number {
            if Instant::now() > deadline {
                return fail(format!("block {number} is not final in time: the node's finality is at {}", head.number));
            }
            self.glance().await;
            head = self.client.finalized().await?;
        }
        Ok(head)
    }

    /// Wait for one more block to be final.
    pub async fn next(&self) -> Checked<BlockRef> {
        let head = self.client.finalized().await?;
        self.until(head.number + 1).await
    }

    async fn glance(&self) {
        let glance = Duration::from_millis(self.block_ms / 4).clamp(GLANCE, LONGEST_GLANCE);
        tokio::time::sleep(glance).await;
    }

    async fn make(&self, maker: Maker) -> Result<BlockRef, ChainError> {
        make(&self.client, maker).await?;
        self.client.best().await
    }
}

const NOTHING: &[Value] = &[];

async fn make(client: &Client, maker: Maker) -> Result<(), ChainError> {
    match maker {
        Maker::NewBlock => client.request::<Value>("dev_newBlock", NOTHING).await.map(drop),
        Maker::CreateBlock => {
            // Also without transactions, and final at once.
            let parameters = [json!(true), json!(true), Value::Null];
            client.request::<Value>("engine_createBlock", &parameters).await.map(drop)
        }
    }
}

/// Who has to make blocks; none where they come by themselves.
async fn pace(client: &Client, patience: Duration) -> Checked<Option<Maker>> {
    let began = Instant::now();
    let first = client.best().await?.number;
    let mut asked = false;
    loop {
        if client.best().await?.number > first {
            return Ok(None);
        }
        if began.elapsed() > QUIET && !asked {
            asked = true;
            for maker in [Maker::NewBlock, Maker::CreateBlock] {
                match make(client, maker).await {
                    Ok(()) => return Ok(Some(maker)),
                    Err(error) if error.is_unknown_method() => {}
                    Err(error) => return Err(anyhow::Error::new(error).context("making a block by hand").into()),
                }
            }
        }
        if began.elapsed() > patience {
            return fail(format!("the node made no block in {} s, and none can be made by hand", patience.as_secs()));
        }
        tokio::time::sleep(GLANCE).await;
    }
}

impl fmt::Display for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pace {
            Pace::Interval(period) => write!(f, "a block every {} ms", period.as_millis()),
            Pace::ByHand(Maker::NewBlock) => f.write_str("blocks made by dev_newBlock"),
            Pace::ByHand(Maker::CreateBlock) => f.write_str("blocks made by engine_createBlock"),
        }
    }
}
