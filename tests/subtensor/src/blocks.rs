//! How the node makes blocks, and waiting for them.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chain::{ChainError, Client};
use primitives::{BlockNumber, BlockRef};
use serde_json::{Value, json};

use crate::report::{Checked, fail, skip};

/// Between two looks at the head, at least and at most.
const GLANCE: Duration = Duration::from_millis(50);
const LONGEST_GLANCE: Duration = Duration::from_secs(1);
/// Without a block for so long, the node is asked to make one.
const QUIET: Duration = Duration::from_secs(3);
/// Blocks that are made by hand for one to be final, beyond those that are missing.
const MOST_BLOCKS: u64 = 1_000;
/// Between two words about what is waited for.
const NEWS: Duration = Duration::from_secs(20);
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
    Interval,
    ByHand(Maker),
}

/// A node's blocks.
pub struct Blocks {
    client: Client,
    pace: Pace,
    /// By the chain's own clock.
    slot_ms: u64,
    /// By ours.
    rate: Mutex<Rate>,
    /// When something was last said about waiting.
    told: Mutex<Instant>,
    patience: Duration,
    /// Once the node stood still for as long as that, it is not waited for like that again.
    gave_up: AtomicBool,
    /// The block that includes what was last sent: where blocks are made by hand, some more make it final.
    sent_in: AtomicU64,
    /// One looks and makes a block at a time.
    making: tokio::sync::Mutex<()>,
}

impl Blocks {
    /// Find out how blocks come.
    pub async fn watch(client: &Client, patience: Duration) -> Checked<Self> {
        let (maker, rate) = pace(client, patience).await?;
        let slot_ms = client.block_clock(Some(client.best().await?.hash)).await?.block_ms.max(1);
        Ok(Self {
            client: client.clone(),
            pace: maker.map_or(Pace::Interval, Pace::ByHand),
            slot_ms,
            rate: Mutex::new(rate),
            told: Mutex::new(Instant::now()),
            patience,
            gave_up: AtomicBool::new(false),
            sent_in: AtomicU64::new(0),
            making: tokio::sync::Mutex::default(),
        })
    }

    /// Milliseconds between two blocks: as they came so far, or as the chain means them to where they are made by hand.
    pub fn block_ms(&self) -> u64 {
        match self.pace {
            Pace::Interval => self.rate().block_ms().unwrap_or(self.slot_ms),
            Pace::ByHand(_) => self.slot_ms,
        }
    }

    /// How many blocks came at once at most.
    pub fn leap(&self) -> u64 {
        self.rate().leap
    }

    fn rate(&self) -> MutexGuard<'_, Rate> {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Do something that needs blocks, where nobody else makes them.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> Checked<T> {
        // The client's futures are large, and these are deep in others.
        let mut work = Box::pin(work);
        let Pace::ByHand(maker) = self.pace else { return Box::pin(self.watching(work)).await };
        let mut glances = tokio::time::interval(QUICK_GLANCE);
        let mut idle = 0;
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                _ = glances.tick() => idle += 1,
            }
            let _guard = self.making.lock().await;
            let waiting = self.client.request::<Vec<Value>>("author_pendingExtrinsics", NOTHING).await;
            let waiting = match waiting {
                // Then blocks come at a steady pace.
                Err(error) if error.is_unknown_method() => Vec::new(),
                waiting => waiting?,
            };
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

    /// Wait for work as long as blocks become final.
    async fn watching<T>(&self, mut work: Pin<Box<impl Future<Output = T>>>) -> Checked<T> {
        let mut vigil = Vigil::new(self, "a transaction".to_owned());
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = tokio::time::sleep(LONGEST_GLANCE) => {}
            }
            // A connection that breaks is the work's to notice.
            if let Ok(head) = Box::pin(self.client.finalized()).await {
                vigil.saw(head.number)?;
            }
        }
    }

    /// Wait until a block is final, and return the newest one that is.
    pub async fn until(&self, number: BlockNumber) -> Checked<BlockRef> {
        let mut head = Box::pin(self.client.finalized()).await?;
        if let Pace::ByHand(maker) = self.pace {
            let (began, last) = (Instant::now(), number.max(head.number).saturating_add(MOST_BLOCKS));
            while head.number < number {
                let best = self.make(maker).await?.number;
                head = self.client.finalized().await?;
                if began.elapsed() > self.patience || best > last {
                    return fail(format!(
                        "block {number} is not final: the best one is {best}, and {} is",
                        head.number
                    ));
                }
            }
            return Ok(head);
        }
        let missing = number.saturating_sub(head.number);
        let wanted = Duration::from_millis(missing.saturating_mul(self.block_ms()));
        if wanted > self.patience {
            let (seconds, patience) = (wanted.as_secs(), self.patience.as_secs());
            return skip(format!("takes {missing} blocks, about {seconds} s, and --patience-s is {patience}"));
        }
        let mut vigil = Vigil::new(self, format!("block {number}"));
        // Blocks are late at times, and come in bursts: what counts is that they come.
        let longest = wanted * 3 + self.patience;
        while head.number < number {
            if vigil.began.elapsed() > longest {
                let (seconds, head) = (longest.as_secs(), head.number);
                return skip(format!("blocks come too slowly: in {seconds} s only {head} of {number} became final"));
            }
            self.glance().await;
            head = self.client.finalized().await?;
            vigil.saw(head.number)?;
        }
        Ok(head)
    }

    /// Wait for one more block to be final.
    pub async fn next(&self) -> Checked<BlockRef> {
        let head = self.client.finalized().await?;
        self.until(head.number + 1).await
    }

    /// By how many blocks finality lags, once it was seen to move.
    pub async fn lag(&self) -> Checked<u64> {
        let behind = async || Ok::<_, ChainError>(self.client.best().await?.number);
        let before = behind().await?.saturating_sub(self.client.finalized().await?.number);
        let head = self.next().await?;
        Ok(before.max(behind().await?.saturating_sub(head.number)))
    }

    async fn glance(&self) {
        let glance = Duration::from_millis(self.block_ms() / 4).clamp(GLANCE, LONGEST_GLANCE);
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

/// Who has to make blocks, none where they come by themselves; and how they came.
async fn pace(client: &Client, patience: Duration) -> Checked<(Option<Maker>, Rate)> {
    let began = Instant::now();
    let first = client.best().await?.number;
    let (mut asked, mut told) = (false, began);
    let mut rate: Option<Rate> = None;
    loop {
        let number = client.best().await?.number;
        match &mut rate {
            // When the first one was made nobody knows.
            None if number > first => rate = Some(Rate::since(number)),
            Some(rate) => {
                rate.saw(number);
                let watched = rate.since.elapsed();
                if rate.blocks() >= 2 && watched >= LONGEST_GLANCE || watched > patience {
                    return Ok((None, rate.clone()));
                }
            }
            None => {}
        }
        if began.elapsed() > QUIET && !asked && rate.is_none() {
            asked = true;
            for maker in [Maker::NewBlock, Maker::CreateBlock] {
                match make(client, maker).await {
                    Ok(()) => return Ok((Some(maker), Rate::since(first))),
                    // It has no such method, or not for everybody.
                    Err(ChainError::Rpc { .. }) => {}
                    Err(error) => return Err(anyhow::Error::new(error).context("making a block by hand").into()),
                }
            }
        }
        if began.elapsed() > patience && rate.is_none() {
            return fail(format!("the node made no block in {} s, and none can be made by hand", patience.as_secs()));
        }
        if told.elapsed() > NEWS {
            told = Instant::now();
            say(format_args!("waiting for the node to make a block after block {number}"));
        }
        tokio::time::sleep(GLANCE).await;
    }
}

/// How quickly blocks come, by our own clock: that of a chain may go otherwise.
#[derive(Clone, Debug)]
struct Rate {
    since: Instant,
    first: BlockNumber,
    last: (Instant, BlockNumber),
    /// The most blocks that came between two looks.
    leap: u64,
}

impl Rate {
    fn since(number: BlockNumber) -> Self {
        let now = Instant::now();
        Self { since: now, first: number, last: (now, number), leap: 1 }
    }

    fn saw(&mut self, number: BlockNumber) {
        if number > self.last.1 {
            self.leap = self.leap.max(number - self.last.1);
            self.last = (Instant::now(), number);
        }
    }

    fn blocks(&self) -> u64 {
        self.last.1 - self.first
    }

    /// None before there was a second block.
    fn block_ms(&self) -> Option<u64> {
        let passed = u64::try_from(self.last.0.duration_since(self.since).as_millis()).unwrap_or(u64::MAX);
        passed.checked_div(self.blocks()).map(|block_ms| block_ms.max(1))
    }
}

/// Waiting for blocks to be final: it says so now and then, and ends where none is for long.
struct Vigil<'a> {
    blocks: &'a Blocks,
    what: String,
    began: Instant,
    moved: Instant,
    head: Option<BlockNumber>,
}

impl<'a> Vigil<'a> {
    fn new(blocks: &'a Blocks, what: String) -> Self {
        let now = Instant::now();
        Self { blocks, what, began: now, moved: now, head: None }
    }

    fn saw(&mut self, head: BlockNumber) -> Checked<()> {
        let blocks = self.blocks;
        if self.head != Some(head) {
            blocks.rate().saw(head);
            self.moved = Instant::now();
            if self.head.is_some() {
                blocks.gave_up.store(false, Ordering::Relaxed);
            }
            self.head = Some(head);
        }
        let usual = Duration::from_millis(blocks.block_ms());
        let patience = if blocks.gave_up.load(Ordering::Relaxed) { QUIET } else { blocks.patience };
        let patience = patience.max(usual * 4);
        if self.moved.elapsed() > patience {
            blocks.gave_up.store(true, Ordering::Relaxed);
            let seconds = self.moved.elapsed().as_secs();
            return fail(format!("no block became final in {seconds} s: finality stands at block {head}"));
        }
        let mut told = blocks.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed().min(self.began.elapsed()) > NEWS {
            *told = Instant::now();
            let seconds = self.began.elapsed().as_secs();
            say(format_args!("waiting for {} to be final, for {seconds} s: block {head} is", self.what));
        }
        Ok(())
    }
}

/// What is no result goes to stderr.
fn say(what: fmt::Arguments<'_>) {
    eprintln!("         … {what}");
}

impl fmt::Display for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pace {
            Pace::Interval => write!(f, "a block every {} ms", self.block_ms()),
            Pace::ByHand(Maker::NewBlock) => f.write_str("blocks made by dev_newBlock"),
            Pace::ByHand(Maker::CreateBlock) => f.write_str("blocks made by engine_createBlock"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_what_was_seen() {
        let mut rate = Rate::since(7);
        assert_eq!(rate.block_ms(), None);
        rate.saw(7);
        assert_eq!((rate.blocks(), rate.block_ms()), (0, None));
        // A burst takes no time, and counts as some.
        rate.saw(107);
        assert_eq!((rate.blocks(), rate.leap, rate.block_ms()), (100, 100, Some(1)));
        rate.last.0 = rate.since + Duration::from_secs(30);
        assert_eq!(rate.block_ms(), Some(300));
        // What was undone is no news.
        rate.saw(50);
        assert_eq!(rate.blocks(), 100);
    }
}
