//! What a chain for tests can do: go back, and replace its last blocks.

use std::sync::{Arc, Mutex};

use jsonrpsee::{core::client::ClientT, rpc_params};
use localnet::{Beacon, Config, Genesis, Limits, ReorgError, dev_account};
use node_subtensor_runtime::{Address, Runtime};
use primitives::Keypair;
use serde_json::{Value, json};

use crate::{
    account::{alice, id},
    node::{Fate, Node, next},
    pace::watch,
};

fn gift(rao: u64) -> pallet_balances::Call<Runtime> {
    pallet_balances::Call::transfer_keep_alive { dest: Address::Id(id(&dev_account("//Pauper"))), value: rao }
}

async fn owned(node: &Node) -> u64 {
    free(node, &dev_account("//Pauper")).await
}

async fn free(node: &Node, who: &Keypair) -> u64 {
    let who = who.public();
    let map = [sp_core::twox_128(b"System"), sp_core::twox_128(b"Account")].concat();
    let key = [&map, &sp_core::blake2_128(&who)[..], &who].concat();
    let account: Option<frame_system::AccountInfo<u32, pallet_balances::AccountData<u64>>> = node.storage(&key).await;
    account.map_or(0, |account| account.data.free)
}

async fn nonce(node: &Node) -> u32 {
    node.rpc.request("account_nextIndex", rpc_params![alice().hotkey().to_string()]).await.unwrap()
}

#[tokio::test]
async fn a_snapshot_brings_everything_back() {
    let node = Node::start(Genesis::default()).await;
    assert_eq!(node.send(&alice(), gift(1_000)).await, Fate::Done);
    let then = node.handle.best();
    let snapshot: u64 = node.rpc.request("dev_snapshot", rpc_params![]).await.unwrap();
    assert_eq!(node.send(&alice(), gift(500)).await, Fate::Done);
    let later = node.handle.snapshot();
    assert_eq!(node.send(&alice(), gift(500)).await, Fate::Done);
    node.handle.increase_time(1_000_000).unwrap();
    let mut waiting = watch(&node, &alice(), 3).await;
    assert_eq!(next(&mut waiting).await, "ready");
    let mut heads = node.subscribe("chain_subscribeNewHeads", "chain_unsubscribeNewHeads").await;
    let mut finals = node.subscribe("chain_subscribeFinalizedHeads", "chain_unsubscribeFinalizedHeads").await;
    for heads in [&mut heads, &mut finals] {
        assert_eq!(next(heads).await["number"], "0x3");
    }

    assert!(node.rpc.request::<bool, _>("dev_revert", rpc_params![snapshot]).await.unwrap());
    assert_eq!((node.handle.best(), node.handle.finalised()), (then, then));
    assert_eq!((owned(&node).await, nonce(&node).await, node.handle.pending()), (1_000, 1, 0));
    assert_eq!(next(&mut waiting).await, "dropped");
    let gone: Value = node.rpc.request("chain_getBlockHash", rpc_params![2]).await.unwrap();
    assert!(gone.is_null());

    // Subscribers hear where the chain is now, and go on from there.
    assert_eq!(node.send(&alice(), gift(7)).await, Fate::Done);
    for heads in [&mut heads, &mut finals] {
        assert_eq!(next(heads).await["number"], "0x1");
        assert_eq!(next(heads).await["number"], "0x2");
    }
    assert_eq!(owned(&node).await, 1_007);
    // A later one is gone, this one can be gone back to again.
    assert!(!node.handle.revert(later).unwrap());
    assert!(node.handle.revert(snapshot).unwrap() && !node.handle.revert(snapshot + 100).unwrap());
    assert_eq!((owned(&node).await, node.handle.best()), (1_000, then));
}

#[tokio::test]
async fn a_subscriber_to_a_value_hears_that_it_is_the_old_one_again() {
    let node = Node::start(Genesis::default()).await;
    let key = format!("0x{}", hex::encode([sp_core::twox_128(b"System"), sp_core::twox_128(b"Number")].concat()));
    use jsonrpsee::core::client::SubscriptionClientT;
    let (name, stop) = ("state_subscribeStorage", "state_unsubscribeStorage");
    let mut values = node.rpc.subscribe::<Value, _>(name, rpc_params![[key]], stop).await.unwrap();
    assert_eq!(next(&mut values).await["changes"][0][1], Value::Null);
    node.blocks(1);
    assert_eq!(next(&mut values).await["changes"][0][1], "0x01000000");
    let snapshot = node.handle.snapshot();
    node.blocks(1);
    assert_eq!(next(&mut values).await["changes"][0][1], "0x02000000");
    assert!(node.handle.revert(snapshot).unwrap());
    assert_eq!(next(&mut values).await["changes"][0][1], "0x01000000");
}

#[tokio::test]
async fn a_snapshot_outlives_the_window_but_not_its_successors() {
    let limits = Limits { kept_blocks: 4, snapshots: 3, ..Limits::default() };
    let node = Node::with(Config { limits, ..Config::test() }).await;
    assert_eq!(node.send(&alice(), gift(1_000)).await, Fate::Done);
    let (first, then) = (node.handle.snapshot(), node.handle.best());
    assert_eq!(node.send(&alice(), gift(500)).await, Fate::Done);
    node.blocks(50);
    assert!(node.handle.revert(first).unwrap());
    assert_eq!((node.handle.best(), owned(&node).await), (then, 1_000));
    node.blocks(5);
    let others: Vec<u64> = (0..3).map(|_| node.handle.snapshot()).collect();
    assert!(!node.handle.revert(first).unwrap());
    assert!(others.into_iter().rev().all(|other| node.handle.revert(other).unwrap()));
}

#[tokio::test]
async fn memory_comes_back_with_the_snapshot() {
    let limits = Limits { kept_blocks: 4, ..Limits::default() };
    let node = Node::with(Config { limits, ..Config::test() }).await;
    node.blocks(10);
    let snapshot = node.handle.snapshot();
    let mut counts = Vec::new();
    for _ in 0..5 {
        node.blocks(40);
        assert!(node.handle.revert(snapshot).unwrap());
        node.blocks(6);
        counts.push(node.handle.kept_nodes());
        assert!(node.handle.revert(snapshot).unwrap());
    }
    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
}

#[tokio::test]
async fn blocks_that_are_not_final_can_be_replaced() {
    // Pulses have signatures that differ each time, which would hide that blocks are alike.
    let node = Node::with(Config { finality_depth: 3, beacon: Beacon::Quicknet, ..Config::test() }).await;
    let mut finals = node.subscribe("chain_subscribeFinalizedHeads", "chain_unsubscribeFinalizedHeads").await;
    let mut heads = node.subscribe("chain_subscribeNewHeads", "chain_unsubscribeNewHeads").await;
    assert_eq!(next(&mut finals).await["number"], "0x0");
    node.blocks(4);
    assert_eq!(next(&mut finals).await["number"], "0x1");
    let mut watched = watch(&node, &alice(), 0).await;
    assert_eq!(next(&mut watched).await, "ready");
    node.blocks(1);
    let first = next(&mut watched).await["inBlock"].clone();
    assert_eq!((node.handle.best().number, node.handle.finalised().number), (5, 2));
    let final_hash: Value = node.rpc.request("chain_getFinalizedHead", rpc_params![]).await.unwrap();
    assert_eq!(final_hash, json!(node.handle.finalised().hash.to_string()));

    let replaced: Value = node.rpc.request("dev_reorg", rpc_params![2]).await.unwrap();
    assert_eq!(next(&mut watched).await["retracted"], first);
    let second = next(&mut watched).await["inBlock"].clone();
    assert_ne!(first, second);
    let best = node.handle.best();
    assert_eq!((best.number, json!(best.hash.to_string())), (5, replaced));
    let forth: Value = node.rpc.request("chain_getBlockHash", rpc_params![4]).await.unwrap();
    assert_eq!(forth, second, "the first of the new blocks took what waited");
    let gone: Value = node.rpc.request("chain_getHeader", rpc_params![first]).await.unwrap();
    assert!(gone.is_null());
    let mut numbers = Vec::new();
    while numbers.len() < 8 {
        numbers.push(next(&mut heads).await["number"].as_str().unwrap().to_owned());
    }
    assert_eq!(numbers, ["0x0", "0x1", "0x2", "0x3", "0x4", "0x5", "0x4", "0x5"]);

    // No block comes back that was replaced once.
    let mut bests = vec![best, node.handle.reorg(1).unwrap(), node.handle.reorg(1).unwrap()];
    bests.dedup();
    assert!(bests.len() == 3 && bests[0] != bests[2]);

    assert!(matches!(node.handle.reorg(4), Err(ReorgError::Depth { depth: 4, possible: 3 })));
    assert!(matches!(node.handle.reorg(0), Err(ReorgError::Depth { .. })));
    node.blocks(2);
    assert_eq!(next(&mut watched).await["finalized"], second);
    for number in ["0x2", "0x3", "0x4"] {
        assert_eq!(next(&mut finals).await["number"], number);
    }
    assert!(matches!(
        Node::start(Genesis::default()).await.handle.reorg(1),
        Err(ReorgError::Depth { possible: 0, .. })
    ));
}

#[tokio::test]
async fn a_block_says_what_happened_in_it() {
    let node = Node::start(Genesis::default()).await;
    assert_eq!(node.send(&alice(), gift(1_000)).await, Fate::Done);
    let stranger = dev_account("//Bob");
    let weights =
        pallet_subtensor::Call::<Runtime>::set_weights { netuid: 1, dests: vec![0], weights: vec![7], version_key: 0 };
    let batch = pallet_utility::Call::<Runtime>::batch_all { calls: vec![gift(5).into(), weights.into()] };
    assert!(matches!(node.send(&stranger, batch).await, Fate::Failed(_)));

    let first: Value = node.rpc.request("dev_blockLog", rpc_params![1]).await.unwrap();
    let hash: Value = node.rpc.request("chain_getBlockHash", rpc_params![1]).await.unwrap();
    assert_eq!((&first["number"], &first["hash"]), (&json!(1), &hash));
    let of = |log: &Value, call: &str| {
        let extrinsics = log["extrinsics"].as_array().unwrap().iter();
        let (index, found) = extrinsics.enumerate().find(|(_, other)| other["call"] == call).unwrap();
        (index, found.clone())
    };
    let (_, clock) = of(&first, "Timestamp.set");
    let (index, transfer) = of(&first, "Balances.transfer_keep_alive");
    assert_eq!((&clock["signer"], &clock["fee"]), (&Value::Null, &json!(0)));
    let key = [sp_core::twox_128(b"Timestamp"), sp_core::twox_128(b"Now")].concat();
    let now: u64 = node.storage(&key).await.unwrap();
    assert_eq!(clock["args"], json!({ "now": now - 12_000 }));
    let body = node.body(hash.as_str().unwrap()).await;
    assert_eq!(transfer["hash"], format!("0x{}", hex::encode(sp_core::blake2_256(&body[index]))));
    assert_eq!((&transfer["result"], &transfer["nonce"]), (&json!("ok"), &json!(0)));
    assert_eq!(transfer["signer"], alice().hotkey().to_string());
    let pauper = dev_account("//Pauper").hotkey().to_string();
    assert_eq!(transfer["args"], json!({ "dest": { "Id": pauper }, "value": 1_000 }));
    let fee = transfer["fee"].as_u64().unwrap();
    assert_eq!(free(&node, &alice()).await, 1_000_000 * 1_000_000_000 - 1_000 - fee);
    assert!(fee > 0);

    // The last block where none is named.
    let last: Value = node.rpc.request("dev_blockLog", rpc_params![]).await.unwrap();
    let (_, failed) = of(&last, "Utility.batch_all");
    assert_eq!(failed["nonce"], 0);
    assert!(failed["result"].as_str().unwrap().starts_with("SubtensorModule."), "{failed}");
    let inner = &failed["args"]["calls"][1]["SubtensorModule"]["set_weights"];
    assert_eq!(inner, &json!({ "netuid": 1, "dests": [0], "weights": [7], "version_key": 0 }));
    let log = node.handle.block_log(2).unwrap();
    assert_eq!(serde_json::to_value(&log).unwrap(), last);
    assert_eq!(node.handle.block_log(3), None);
}

/// Keeps what is said about blocks.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Said {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "localnet::block"
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Fields(String);
        impl tracing::field::Visit for Fields {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0 += &format!("{field}={value:?} ");
            }
        }
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn a_block_is_said_to_who_listens() {
    let node = Node::start(Genesis::default()).await;
    node.submit(&alice(), gift(1_000)).await.unwrap();
    let said = Said::default();
    tracing::subscriber::with_default(said.clone(), || node.blocks(1));
    let said = said.0.lock().unwrap();
    assert!(said[0].contains("number=1 ") && said[0].contains(&node.handle.best().hash.to_string()), "{said:?}");
    let transfer = said.iter().find(|line| line.contains("Balances.transfer_keep_alive")).unwrap();
    for part in [alice().hotkey().to_string().as_str(), "\"value\":1000", "result=\"ok\"", "fee="] {
        assert!(transfer.contains(part), "{part}: {transfer}");
    }
}
