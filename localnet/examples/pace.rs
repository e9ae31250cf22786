//! How fast the embedded chain is: `cargo run --release -p assay-localnet --example pace`.

extern crate assay_localnet as localnet;

#[path = "../tests/embedded/account.rs"]
mod account;
mod full;

use std::time::{Duration, Instant};

use localnet::{Config, Handle, spawn};

const EMPTY: u32 = 5_000;
const DURABLE: u32 = 500;
const FULL: u32 = 10;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let begin = Instant::now();
    let net = spawn(Config::test()).await?;
    net.author_block()?;
    println!("from spawn to the first block: {:?}", begin.elapsed());
    println!("empty blocks: {:.0} per second", pace(&net, EMPTY).await?);
    net.shutdown().await;

    let folder = tempfile::tempdir()?;
    let net = spawn(Config { persist: Some(folder.path().to_owned()), ..Config::test() }).await?;
    println!("empty blocks that are on the disk: {:.0} per second", pace(&net, DURABLE).await?);
    net.shutdown().await;

    let subnet = full::subnet(Config::test()).await?;
    let (mut slowest, mut all) = (Duration::ZERO, Duration::ZERO);
    for nonce in 0..FULL {
        subnet.submit(nonce).await?;
        let begin = Instant::now();
        subnet.net.author_block()?;
        let took = begin.elapsed();
        assert_eq!(subnet.net.pending(), 0, "one block took them all");
        (slowest, all) = (slowest.max(took), all + took);
    }
    println!("a block of {} set_weights of 256: {:?} on average, {slowest:?} at most", full::VALIDATORS, all / FULL);
    let (begin, path) = (Instant::now(), folder.path().join("dump"));
    subnet.net.dump(&path)?;
    println!("its dump: {} kB in {:?}", std::fs::metadata(&path)?.len() / 1_000, begin.elapsed());
    let begin = Instant::now();
    let snapshot = subnet.net.snapshot();
    subnet.net.author_block()?;
    subnet.net.revert(snapshot)?;
    println!("snapshot, block, revert: {:?}", begin.elapsed());
    Ok(())
}

async fn pace(net: &Handle, blocks: u32) -> Result<f64, Box<dyn std::error::Error>> {
    let begin = Instant::now();
    net.mine(blocks).await?;
    Ok(f64::from(blocks) / begin.elapsed().as_secs_f64())
}
