//! What memory the embedded chain takes: `cargo run --release -p assay-localnet --example memory`.

extern crate assay_localnet as localnet;

#[path = "../tests/embedded/account.rs"]
mod account;
mod full;

use localnet::{Config, spawn};

const EMPTY: [u32; 5] = [1_000, 10_000, 65_536, 100_000, 150_000];
const FULL: [u32; 5] = [100, 500, 1_000, 2_000, 3_000];

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let net = spawn(Config::test()).await?;
    println!("at the start: {} MB", resident_mb()?);
    for blocks in EMPTY {
        net.mine(blocks - net.best().number as u32).await?;
        println!("after {blocks} empty blocks: {} MB, {} trie nodes", resident_mb()?, net.kept_nodes());
    }
    net.shutdown().await;

    let subnet = full::subnet(Config::test()).await?;
    println!("a full subnet at the start: {} MB", resident_mb()?);
    let mut nonce = 0;
    for blocks in FULL {
        while nonce < blocks {
            subnet.submit(nonce).await?;
            subnet.net.author_block()?;
            nonce += 1;
        }
        println!("after {blocks} full blocks: {} MB, {} trie nodes", resident_mb()?, subnet.net.kept_nodes());
    }
    Ok(())
}

fn resident_mb() -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1_000)
}
