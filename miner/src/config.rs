//! What an operator decides.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use primitives::{Endpoint, NetUid};
use serde::{Deserialize, Serialize};

use crate::Access;

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
    /// The folder that holds the certificate and what must not be served twice. One miner each; made where there is none.
    pub state_path: PathBuf,
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
    /// Where the miner's own page is served; nowhere by default.
    pub dashboard_listen: Option<SocketAddr>,
    /// A loop that doesn't go on for so long is stale, for the page's `/healthz`. Longer than any request may live.
    pub stale_after_seconds: u64,
    /// How much of the miner one stranger, or one signer, can take.
    pub limits: Limits,
    /// Whom the operator serves.
    pub access: Access,
}

/// How often somebody may connect and ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one address; of IPv6, of one /64.
    pub connections_per_address: usize,
    /// Requests per second of one address, whoever signs them. A connection counts as four, one that proves nothing as
    /// ten.
    pub address_requests_per_second: u32,
    /// Requests per second of a hotkey that has a seat.
    pub hotkey_requests_per_second: u32,
    /// Requests per second of a validator with a permit.
    pub permitted_requests_per_second: u32,
    /// More requests per second, which validators with a permit have by their share of the subnet's stake.
    pub stake_requests_per_second: u32,
    /// Whoever was quiet for so long may send at once what its rate allows in that time.
    pub burst_seconds: u32,
    /// Places of the queue, in percent, that are for validators with a permit and named hotkeys only.
    pub reserved_percent: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_address: 64,
            address_requests_per_second: 500,
            hotkey_requests_per_second: 50,
            permitted_requests_per_second: 200,
            stake_requests_per_second: 1000,
            burst_seconds: 4,
            reserved_percent: 25,
        }
    }
}

impl Config {
    /// The defaults, for a subnet.
    pub fn new(netuid: NetUid) -> Self {
        Self {
            netuid,
            listen: SocketAddr::from(([0, 0, 0, 0], 8091)),
            announce: None,
            state_path: PathBuf::from(".assay/miner"),
            queue: 64,
            streams_per_connection: 64,
            kept_rows_mib: 256,
            keep_rows_seconds: 30,
            drain_seconds: 60,
            metrics_listen: None,
            dashboard_listen: None,
            stale_after_seconds: 300,
            limits: Limits::default(),
            access: Access::default(),
        }
    }

    /// For tests: subnet 1, a free loopback port, state in `folder`, nothing announced. The chain announces no 127.0.0.1,
    /// but 127.0.0.2.
    pub fn test(folder: &Path) -> Self {
        let state_path = folder.join("miner");
        Self { state_path, listen: SocketAddr::from(([127, 0, 0, 2], 0)), drain_seconds: 5, ..Self::new(NetUid(1)) }
    }
}
