//! When blocks come.

use codec::Encode;
use jsonrpsee::{
    core::client::{ClientT, Subscription, SubscriptionClientT},
    rpc_params,
};
use localnet::{BlockTime, Config, Genesis, dev_account};
use node_subtensor_runtime::RuntimeCall;
use primitives::Keypair;
use serde_json::Value;

use crate::{
    account::alice,
    node::{Node, next},
};

/// Submit a transaction and watch it.
pub async fn watch(node: &Node, who: &Keypair, nonce: u32) -> Subscription<Value> {
    let remark = RuntimeCall::from(frame_system::Call::remark { remark: vec![7; 8] });
    let extrinsic = format!("0x{}", hex::encode(node.signed(who, nonce, remark).encode()));
    let (name, stop) = ("author_submitAndWatchExtrinsic", "author_unwatchExtrinsic");
    node.rpc.subscribe(name, rpc_params![extrinsic], stop).await.unwrap()
}

#[tokio::test]
async fn a_transaction_brings_its_block_and_nothing_else_does() {
    let node = Node::with(Config { block_time: BlockTime::Instant, ..Config::test() }).await;
    let mut heads = node.subscribe("chain_subscribeNewHeads", "chain_unsubscribeNewHeads").await;
    assert_eq!(next(&mut heads).await["number"], "0x0");
    let mut early = watch(&node, &alice(), 1).await;
    assert_eq!(next(&mut early).await, "future");
    // Had the one that waits brought a block, this one would be in the second.
    let mut bobs = watch(&node, &dev_account("//Bob"), 0).await;
    assert_eq!(next(&mut bobs).await, "ready");
    let first = next(&mut bobs).await["inBlock"].clone();
    assert_eq!(next(&mut heads).await["number"], "0x1");
    assert_eq!((node.handle.best().number, node.handle.pending()), (1, 1));

    let mut missing = watch(&node, &alice(), 0).await;
    assert_eq!(next(&mut missing).await, "ready");
    let second = next(&mut missing).await["inBlock"].clone();
    assert_ne!(first, second);
    assert_eq!(next(&mut early).await["inBlock"], second);
    assert_eq!((node.handle.best().number, node.handle.pending()), (2, 0));
    // By hand as well.
    assert_eq!(node.handle.mine(3).await.unwrap().number, 5);
    assert_eq!(node.handle.shutdown().await, ());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_transactions_all_get_their_block() {
    let node = Node::with(Config { block_time: BlockTime::Instant, ..Config::test() }).await;
    let mut watched = Vec::new();
    for nonce in 0..40 {
        for uri in ["//Alice", "//Bob", "//Charlie"] {
            watched.push(watch(&node, &dev_account(uri), nonce).await);
        }
    }
    for watched in &mut watched {
        while next(watched).await.get("finalized").is_none() {}
    }
    assert_eq!(node.handle.pending(), 0);
}

#[tokio::test]
async fn time_is_skipped_by_mining() {
    let node = Node::start(Genesis::default()).await;
    assert_eq!(node.handle.mine(0).await.unwrap().number, 0);
    let mined = node.handle.mine(100).await.unwrap();
    assert_eq!((mined.number, mined), (100, node.handle.best()));
    // The beacon is up to date, though it did not speak in every block.
    let (now, last) = (mined.number, crate::beacon::last_round(&node).await);
    assert_eq!(node.handle.author_block().unwrap().number, now + 1);
    assert_eq!(crate::beacon::last_round(&node).await, last + 4);
    let hash: String = node.rpc.request("dev_mine", rpc_params![30]).await.unwrap();
    assert_eq!((node.handle.best().number, hash), (131, node.handle.best().hash.to_string()));
}
