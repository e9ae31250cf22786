//! How a chain is run.

use std::{net::SocketAddr, time::Duration};

use crate::{Beacon, Genesis};

/// What to run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where JSON-RPC listens. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// When blocks are made.
    pub block_time: BlockTime,
    /// Who signs the rounds that timelocked messages open at.
    pub beacon: Beacon,
    /// What stands in block 0.
    pub genesis: Genesis,
    /// What it costs at most.
    pub limits: Limits,
}

/// When blocks are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockTime {
    /// When asked: by the handle or by `dev_newBlock`.
    Manual,
    /// At an interval of real time.
    Every(Duration),
}

/// Bounds on memory and on what a client may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// States and bodies that are kept, counted back from the best block.
    pub kept_blocks: u32,
    /// Transactions that wait.
    pub pool_transactions: usize,
    /// Bytes of transactions that wait.
    pub pool_bytes: usize,
    /// Bytes of a request.
    pub request_bytes: u32,
    /// Bytes of an answer.
    pub response_bytes: u32,
    /// Clients at a time.
    pub connections: u32,
    /// Subscriptions of one client.
    pub subscriptions: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            kept_blocks: 256,
            pool_transactions: 8_192,
            pool_bytes: 16 << 20,
            request_bytes: 2 << 20,
            response_bytes: 32 << 20,
            connections: 512,
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
            genesis: Genesis::default(),
            limits: Limits::default(),
        }
    }
}
