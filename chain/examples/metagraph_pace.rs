//! How long a metagraph of 256 seats takes from a node on this machine, beside the runtime's own call that hands out the
//! same in one piece, not decoded: `cargo run --release -p assay-chain --example metagraph_pace`.
//!
//! With a node's address and a netuid, that subnet is read instead.

extern crate assay_chain as chain;

#[path = "../tests/against_localnet/full.rs"]
mod full;
#[path = "../tests/against_localnet/tap.rs"]
mod tap;

use std::{
    env, fs,
    time::{Duration, Instant},
};

use chain::Client;
use localnet::{Config, spawn};
use primitives::{MechId, NetUid};
use subxt::{
    config::{
        RpcConfigFor,
        substrate::{H256, SubstrateConfig},
    },
    rpcs::{LegacyRpcMethods, RpcClient},
};

use full::full_subnet;
use tap::Tap;

const READS: usize = 1_000;
/// Of what is slower, and only there to compare with.
const FEWER: usize = 200;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = env::args().skip(1);
    let (node, url, netuid) = match words.next() {
        Some(url) => (None, url, NetUid(words.next().ok_or("which netuid?")?.parse()?)),
        None => {
            let node = spawn(Config { genesis: full_subnet(256), ..Config::test() }).await?;
            let url = node.url();
            (Some(node), url, NetUid(1))
        }
    };
    let connecting = Instant::now();
    let client = Client::connect(&url).await?;
    let seats = client.metagraph(netuid, None).await?.neurons.len();
    println!(
        "subnet {netuid}: {seats} seats; the first read, with connecting and metadata: {:?}",
        connecting.elapsed()
    );
    if let Some(node) = &node {
        let tap = Tap::on(node.addr()).await;
        let client = Client::connect(&tap.url()).await?;
        client.metagraph(netuid, None).await?;
        tap.asked();
        client.metagraph(netuid, None).await?;
        let asked = tap.asked();
        println!("each read after it takes {} requests: {}", asked.len(), asked.join(", "));
    }

    let mut times = Vec::with_capacity(READS);
    for _ in 0..FEWER {
        client.metagraph(netuid, None).await?;
    }
    let before = resident_kib();
    for _ in 0..READS {
        times.push(timed(client.metagraph(netuid, None)).await?);
    }
    let after = resident_kib();
    report("metagraph", &mut times);
    println!("resident, with the node if it is this process's: {before} KiB before these reads, {after} KiB after");
    times.clear();
    for _ in 0..FEWER {
        times.push(timed(client.subnet(netuid, MechId(0), None)).await?);
    }
    report("metagraph and hyperparameters", &mut times);
    times.clear();
    let metagraph = client.metagraph(netuid, None).await?;
    for _ in 0..FEWER {
        times.push(timed(client.metagraph_rows(&metagraph)).await?);
    }
    report("weights, bonds and commits", &mut times);

    times.clear();
    let methods = LegacyRpcMethods::<RpcConfigFor<SubstrateConfig>>::new(RpcClient::from_insecure_url(&url).await?);
    let arguments = netuid.0.to_le_bytes();
    let mut bytes = 0;
    for _ in 0..FEWER {
        let begin = Instant::now();
        let head = methods.chain_get_finalized_head().await?;
        let answer =
            methods.state_call("SubnetInfoRuntimeApi_get_metagraph", Some(&arguments), Some(H256(head.0))).await?;
        times.push(begin.elapsed());
        bytes = answer.len();
    }
    report(&format!("state_call get_metagraph, {bytes} bytes not decoded"), &mut times);
    Ok(())
}

async fn timed<T, E>(read: impl Future<Output = Result<T, E>>) -> Result<Duration, E> {
    let begin = Instant::now();
    read.await?;
    Ok(begin.elapsed())
}

fn report(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let (min, median, max) = (times[0], times[times.len() / 2], times[times.len() - 1]);
    println!("{what}: min {min:.1?}, median {median:.1?}, max {max:.1?} over {} reads", times.len());
}

/// What is resident of this process; 0 where the system does not say.
fn resident_kib() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    // In pages of 4 KiB.
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4
}
