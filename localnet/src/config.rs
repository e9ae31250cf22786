//! How a chain is run.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use node_subtensor_runtime::SLOT_DURATION_MS;

use crate::{Beacon, BlockTime, Faults, Genesis};

/// What to run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where JSON-RPC listens. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// When blocks are made.
    pub block_time: BlockTime,
    /// Who signs the rounds that timelocked messages open at.
    pub beacon: Beacon,
    /// How far the chain's clock goes from one block to the next, whatever the pace: the constant `Aura.SlotDuration`.
    /// Where none is given, the time between blocks that come at an interval, else twelve seconds. It belongs to
    /// block 0, so a chain that is loaded keeps its own.
    pub slot: Option<Duration>,
    /// So many blocks follow a block before it is final. Where it is 0, each is final at once and none is replaced.
    pub finality_depth: u32,
    /// What stands in block 0 of a chain that is neither loaded nor found.
    pub genesis: Genesis,
    /// A file that [`Handle::dump`](crate::Handle::dump) wrote, to go on from.
    pub load: Option<PathBuf>,
    /// A folder in which the chain outlives its process. What is found there goes before `load` and `genesis`.
    pub persist: Option<PathBuf>,
    /// What it costs at most.
    pub limits: Limits,
    /// What goes wrong from the start.
    pub faults: Faults,
}

/// Bounds on memory and on what a client may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// States and bodies that are kept, counted back from the best block.
    pub kept_blocks: u32,
    /// Bytes of them: beyond that fewer blocks are kept, though always those that are not final.
    pub kept_bytes: usize,
    /// Headers that are kept besides block 0's, counted back from the best block: a hundred bytes each.
    pub kept_headers: u32,
    /// Snapshots: one more takes the place of the oldest.
    pub snapshots: usize,
    /// Transactions that wait.
    pub pool_transactions: usize,
    /// Bytes of transactions that wait.
    pub pool_bytes: usize,
    /// Bytes of a request.
    pub request_bytes: u32,
    /// Bytes of an answer.
    pub response_bytes: u32,
    /// Clients at a time, each of which takes two file descriptors.
    pub connections: u32,
    /// Subscriptions of one client.
    pub subscriptions: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            kept_blocks: 1_024,
            kept_bytes: 256 << 20,
            kept_headers: 65_536,
            snapshots: 64,
            pool_transactions: 8_192,
            pool_bytes: 16 << 20,
            request_bytes: 2 << 20,
            response_bytes: 32 << 20,
            connections: 256,
            subscriptions: 128,
        }
    }
}

impl Config {
    /// For tests: a free port, blocks by hand, the default genesis.
    pub fn test() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            block_time: BlockTime::Manual,
            beacon: Beacon::Local,
            slot: None,
            finality_depth: 0,
            genesis: Genesis::default(),
            load: None,
            persist: None,
            limits: Limits::default(),
            faults: Faults::default(),
        }
    }

    /// At least one millisecond.
    pub(crate) fn slot_ms(&self) -> u64 {
        let slot = match (self.slot, self.block_time) {
            (Some(slot), _) | (None, BlockTime::Every(slot)) => slot,
            (None, BlockTime::Manual | BlockTime::Instant) => return SLOT_DURATION_MS,
        };
        u64::try_from(slot.as_millis()).unwrap_or(u64::MAX).max(1)
    }
}
