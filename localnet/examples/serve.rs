//! A chain with a block every quarter of a second, until its standard input ends: `cargo run --example serve`. It knows
//! quicknet, so that it opens what an SDK locks, once someone brings the pulse.

use std::{io::Read, time::Duration};

use assay_localnet::{Beacon, BlockTime, Config, spawn};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let block_time = BlockTime::Every(Duration::from_millis(250));
    let chain = spawn(Config { block_time, beacon: Beacon::Quicknet, ..Config::test() }).await?;
    println!("{}", chain.url());
    // Whoever started it holds the other end: no chain is left behind by a driver that died.
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    chain.shutdown().await;
    Ok(())
}
