use std::time::Duration;

use assay_chain::Client;
use localnet::{Beacon, Config, Limits, spawn};

async fn start(config: Config) -> (localnet::Handle, Client) {
    let node = spawn(config).await.unwrap();
    let client = Client::connect(&node.url()).await.unwrap();
    (node, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_beacon_is_the_chains() {
    for beacon in [Beacon::Local, Beacon::Quicknet] {
        let (_node, client) = start(Config { beacon, ..Config::test() }).await;
        let read = client.beacon(None).await.unwrap();
        assert_eq!(read.public_key, beacon.public_key());
        assert_eq!((read.genesis_s, read.period_s), (1_692_803_367, 3));
        assert_eq!((read.last_stored_round, read.oldest_stored_round), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rounds_are_counted_as_the_chain_does() {
    let (node, client) = start(Config::test()).await;
    for _ in 0..5 {
        let block = node.author_block().unwrap();
        let (beacon, clock) = (client.beacon(None).await.unwrap(), client.block_clock(None).await.unwrap());
        assert_eq!((beacon.block, clock.block), (block, block));
        // The author of a block writes the newest round of its time.
        assert_eq!(beacon.round_at(clock.now_ms), beacon.last_stored_round);
    }
    let beacon = client.beacon(None).await.unwrap();
    assert_eq!(beacon.last_stored_round - beacon.oldest_stored_round, 16);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_between_blocks_is_measured() {
    let slot = Some(Duration::from_millis(1_500));
    let (node, client) = start(Config { slot, ..Config::test() }).await;
    // No block before this one has a time: what the chain means it to be.
    let genesis = client.block_clock(None).await.unwrap();
    assert_eq!((genesis.now_ms, genesis.block_ms), (0, 1_500));
    let first = node.author_block().unwrap();
    let clock = client.block_clock(None).await.unwrap();
    assert_eq!((clock.block, clock.block_ms), (first, 1_500));
    node.author_blocks(9).unwrap();
    let clock = client.block_clock(None).await.unwrap();
    assert_eq!(clock.block_ms, 1_500);
    let old = client.block_clock(Some(first.hash)).await.unwrap();
    assert_eq!(clock.now_ms, old.time_of(10));

    // One block late by 32 s, in the 32 that count and then not.
    node.increase_time(32).unwrap();
    node.author_blocks(30).unwrap();
    assert_eq!(client.block_clock(None).await.unwrap().block_ms, 2_500);
    node.author_blocks(10).unwrap();
    assert_eq!(client.block_clock(None).await.unwrap().block_ms, 1_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn pruned_blocks_are_done_without() {
    let limits = Limits { kept_blocks: 3, ..Limits::default() };
    let (node, client) = start(Config { limits, ..Config::test() }).await;
    node.author_blocks(40).unwrap();
    assert_eq!(client.block_clock(None).await.unwrap().block_ms, 12_000);
    node.increase_time(12).unwrap();
    node.author_blocks(2).unwrap();
    // The last two blocks are all there is to measure by.
    assert_eq!(client.block_clock(None).await.unwrap().block_ms, 18_000);
}
