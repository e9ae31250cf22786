//! What reading costs in memory. Alone in its process, so that nothing else counts.

#[path = "against_localnet/full.rs"]
mod full;

use std::fs;

use assay_chain::Client;
use localnet::{Config, spawn};
use primitives::NetUid;

use full::full_subnet;

const SEATS: u16 = 16;
const READS: usize = 1_000;
/// Before the first measurement: until then the allocator grows to what one read needs.
const WARM: usize = 50;
/// To leave one storage key behind for each neuron would take more.
const BOUND_BYTES: usize = 1 << 20;

/// What is resident of this process.
fn resident_bytes() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    // In pages of 4 KiB.
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() << 12
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_thousand_metagraphs_leave_nothing_behind() {
    let node = spawn(Config { genesis: full_subnet(SEATS), ..Config::test() }).await.unwrap();
    let client = Client::connect(&node.url()).await.unwrap();
    let mut after_warming = 0;
    for read in 0..WARM + READS {
        if read == WARM {
            after_warming = resident_bytes();
        }
        let metagraph = client.metagraph(NetUid(1), None).await.unwrap();
        assert_eq!(metagraph.neurons.len(), usize::from(SEATS));
    }
    let grown = resident_bytes().saturating_sub(after_warming);
    assert!(grown <= BOUND_BYTES, "{grown} bytes more after {READS} reads");
}
