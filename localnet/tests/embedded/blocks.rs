//! Blocks: how they come, how they go, and who hears of them.

use std::{
    net::{SocketAddr, TcpListener},
    time::{Duration, Instant},
};

use codec::Encode;
use jsonrpsee::{core::client::ClientT, rpc_params};
use localnet::{Beacon, BlockTime, Config, Genesis, Limits, SpawnError, spawn};
use node_subtensor_runtime::RuntimeCall;
use serde_json::Value;

use crate::{
    account::alice,
    node::{Node, next},
};

#[tokio::test]
async fn the_first_block_stands_within_a_second_and_is_final() {
    let begin = Instant::now();
    let node = Node::start(Genesis::default()).await;
    let mut heads = node.subscribe("chain_subscribeFinalizedHeads", "chain_unsubscribeFinalizedHeads").await;
    assert_eq!(next(&mut heads).await["number"], "0x0");
    let block = node.handle.author_block().unwrap();
    assert_eq!(next(&mut heads).await["number"], "0x1");
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());

    let finalised: String = node.rpc.request("chain_getFinalizedHead", rpc_params![]).await.unwrap();
    assert_eq!(finalised, block.hash.to_string());
    let by_number: String = node.rpc.request("chain_getBlockHash", rpc_params![1]).await.unwrap();
    assert_eq!(by_number, finalised);
    let header: Value = node.rpc.request("chain_getHeader", rpc_params![finalised]).await.unwrap();
    assert_eq!(header["parentHash"], node.handle.genesis().to_string());
    assert_eq!(node.handle.best(), block);
}

#[tokio::test]
async fn blocks_come_by_themselves_when_timed() {
    let node = Node::with(Config { block_time: BlockTime::Every(Duration::from_millis(5)), ..Config::test() }).await;
    let mut heads = node.subscribe("chain_subscribeNewHeads", "chain_unsubscribeNewHeads").await;
    let mut number = 0;
    while number < 3 {
        let head = next(&mut heads).await;
        number = u64::from_str_radix(&head["number"].as_str().unwrap()[2..], 16).unwrap();
    }
    node.handle.shutdown().await;
}

#[tokio::test]
async fn the_clock_says_twelve_seconds_a_block() {
    let node = Node::start(Genesis::default()).await;
    let key = [sp_core::twox_128(b"Timestamp"), sp_core::twox_128(b"Now")].concat();
    node.blocks(1);
    let first: u64 = node.storage(&key).await.unwrap();
    node.blocks(10);
    let later: u64 = node.storage(&key).await.unwrap();
    assert_eq!(later - first, 120_000);
}

#[tokio::test]
async fn a_watched_transaction_is_followed_to_its_end() {
    let node = Node::start(Genesis::default()).await;
    let remark = || RuntimeCall::from(frame_system::Call::remark { remark: vec![7; 8] });
    let submit = async |nonce| {
        let extrinsic = format!("0x{}", hex::encode(node.signed(&alice(), nonce, remark()).encode()));
        let (name, stop) = ("author_submitAndWatchExtrinsic", "author_unwatchExtrinsic");
        use jsonrpsee::core::client::SubscriptionClientT;
        node.rpc.subscribe::<Value, _>(name, rpc_params![extrinsic], stop).await
    };
    // The second waits for the first, though it comes earlier.
    let mut second = submit(1).await.unwrap();
    assert_eq!(next(&mut second).await, "future");
    let mut first = submit(0).await.unwrap();
    assert_eq!(next(&mut first).await, "ready");
    let hash = node.handle.author_block().unwrap().hash.to_string();
    for watched in [&mut first, &mut second] {
        assert_eq!(next(watched).await["inBlock"], hash);
        assert_eq!(next(watched).await["finalized"], hash);
    }
    // Used up.
    assert!(submit(0).await.is_err_and(|error| error.to_string().contains("Transaction is outdated")));
    let waiting: Vec<String> = node.rpc.request("author_pendingExtrinsics", rpc_params![]).await.unwrap();
    assert!(waiting.is_empty());
}

#[tokio::test]
async fn old_states_and_bodies_go_and_memory_stays() {
    let limits = Limits { kept_blocks: 16, ..Limits::default() };
    // Without pulses, which the chain keeps for a week.
    let node = Node::with(Config { limits, beacon: Beacon::Quicknet, ..Config::test() }).await;
    node.blocks(100);
    let early = node.handle.kept_nodes();
    node.blocks(900);
    let late = node.handle.kept_nodes();
    // A block adds its parent's hash to the state, which keeps 2,400 of them: a leaf and, at times, a branch. What it
    // rewrites (some forty nodes) goes with the states that leave the window.
    assert!(late < early + 900 * 2, "{early} nodes after 100 blocks, {late} after 1000");

    let at =
        async |number: u32| -> String { node.rpc.request("chain_getBlockHash", rpc_params![number]).await.unwrap() };
    let now = format!("0x{}", hex::encode([sp_core::twox_128(b"Timestamp"), sp_core::twox_128(b"Now")].concat()));
    let read = async |number| {
        node.rpc.request::<Option<String>, _>("state_getStorage", rpc_params![now.clone(), at(number).await]).await
    };
    // The kept ones are whole: each can still be read.
    for number in 985..=1000 {
        assert!(read(number).await.unwrap().is_some(), "block {number}");
    }
    let whole = rpc_params!["0x", 1_000, Value::Null, at(985).await];
    let keys: Vec<String> = node.rpc.request("state_getKeysPaged", whole).await.unwrap();
    assert_eq!(keys.len(), 1_000);
    assert!(read(984).await.unwrap_err().to_string().contains("State already discarded"));
    let body: Value = node.rpc.request("chain_getBlock", rpc_params![at(984).await]).await.unwrap();
    assert!(body.is_null());
    let header: Value = node.rpc.request("chain_getHeader", rpc_params![at(1).await]).await.unwrap();
    assert_eq!(header["number"], "0x1");
}

#[tokio::test]
async fn a_port_in_use_is_named_and_a_stopped_chain_frees_its_own() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen: SocketAddr = taken.local_addr().unwrap();
    let refused = spawn(Config { listen, ..Config::test() }).await;
    assert!(matches!(&refused, Err(SpawnError::Bind { addr, .. }) if *addr == listen));
    drop(taken);

    let first = spawn(Config::test()).await.unwrap();
    let listen = first.addr();
    first.shutdown().await;
    let second = spawn(Config { listen, ..Config::test() }).await.unwrap();
    second.shutdown().await;
}
