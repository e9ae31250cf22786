//! What an operator decides.

use std::net::SocketAddr;

use primitives::{Endpoint, NetUid};
use serde::{Deserialize, Serialize};

/// A miner's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The subnet to serve.
    pub netuid: NetUid,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What to announce on chain. Port 0 stands for the port that is listened on. None announces nothing: then only who
    /// knows the address comes.
    pub announce: Option<Endpoint>,
    /// How many requests may be in the house at once, waiting or running; more are refused.
    pub queue: usize,
    /// Streams of one connection.
    pub streams_per_connection: u32,
    /// Memory for the hidden rows of answers, in MiB: validators ask to see some of them.
    pub kept_rows_mib: usize,
    /// How long they are kept, in seconds.
    pub keep_rows_seconds: u64,
    /// How long answers may go on after `shutdown`, in seconds.
    pub drain_seconds: u64,
    /// Where Prometheus reads the metrics; none without it.
    pub metrics_listen: Option<SocketAddr>,
}

impl Config {
    /// The defaults, for a subnet.
    pub fn new(netuid: NetUid) -> Self {
        Self {
            netuid,
            listen: SocketAddr::from(([0, 0, 0, 0], 8091)),
            announce: None,
            queue: 64,
            streams_per_connection: 64,
            kept_rows_mib: 256,
            keep_rows_seconds: 30,
            drain_seconds: 60,
            metrics_listen: None,
        }
    }

    /// For tests: subnet 1, a free loopback port, nothing announced. The chain announces no 127.0.0.1, but 127.0.0.2.
    pub fn test() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 2], 0)), drain_seconds: 5, ..Self::new(NetUid(1)) }
    }
}
