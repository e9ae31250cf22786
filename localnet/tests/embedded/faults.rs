//! What goes wrong on purpose.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use codec::Encode;
use jsonrpsee::{
    core::client::{ClientT, Error, SubscriptionClientT},
    rpc_params,
    ws_client::WsClientBuilder,
};
use localnet::{Config, Faults, Genesis, dev_account};
use node_subtensor_runtime::{Hash, RuntimeCall, VERSION};
use serde_json::{Value, json};

use crate::{
    account::{Terms, alice, sign_for},
    node::{Node, next},
    pace::watch,
};

fn remark() -> RuntimeCall {
    frame_system::Call::remark { remark: vec![7; 8] }.into()
}

fn delays(delays: &[(&str, u64)]) -> BTreeMap<String, u64> {
    delays.iter().map(|(method, ms)| ((*method).to_owned(), *ms)).collect()
}

#[tokio::test]
async fn answers_come_late() {
    let faults = Faults { delays_ms: delays(&[("*", 40), ("system_name", 3_600_000)]), ..Faults::default() };
    let node = Node::with(Config { faults: faults.clone(), ..Config::test() }).await;
    assert_eq!(node.rpc.request::<Faults, _>("dev_faults", rpc_params![]).await.unwrap(), faults);
    let begin = Instant::now();
    node.rpc.request::<Value, _>("system_chain", rpc_params![]).await.unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(40));
    let mut batch = jsonrpsee::core::params::BatchRequestBuilder::new();
    batch.insert("system_chain", rpc_params![]).unwrap();
    let begin = Instant::now();
    node.rpc.batch_request::<String>(batch).await.unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(40));

    // The very late one comes when that is taken back, over the same connection.
    let late = node.rpc.request::<String, _>("system_name", rpc_params![]);
    let rest = async {
        node.rpc.request::<Value, _>("system_chain", rpc_params![]).await.unwrap();
        node.rpc.request::<Value, _>("dev_setFault", rpc_params![json!({})]).await.unwrap();
    };
    let (late, ()) = tokio::join!(late, rest);
    assert_eq!(late.unwrap(), "assay-localnet");
    assert_eq!(node.handle.faults(), Faults::default());
    for nonsense in [json!({ "delay": {} }), json!(7), json!({ "staleHead": "no" })] {
        let refused = node.rpc.request::<Value, _>("dev_setFault", rpc_params![nonsense]).await.unwrap_err();
        assert!(matches!(&refused, Error::Call(error) if error.code() == -32602), "{refused}");
    }
}

#[tokio::test]
async fn a_connection_is_cut_after_the_work_is_done() {
    let node = Node::start(Genesis::default()).await;
    let unanswered = BTreeSet::from(["author_submitExtrinsic".to_owned()]);
    node.handle.set_faults(Faults { unanswered, ..Faults::default() });
    let lost = node.submit(&alice(), remark()).await.unwrap_err();
    assert!(!matches!(lost, Error::Call(_)), "{lost}");
    assert!(!node.rpc.is_connected());
    assert_eq!(node.handle.pending(), 1);
    let rpc = WsClientBuilder::default().build(node.handle.url()).await.unwrap();
    let waiting: Vec<String> = rpc.request("author_pendingExtrinsics", rpc_params![]).await.unwrap();
    assert_eq!(waiting.len(), 1);
}

#[tokio::test]
async fn connections_are_cut_and_refused() {
    let node = Node::start(Genesis::default()).await;
    let mut heads = node.subscribe("chain_subscribeNewHeads", "chain_unsubscribeNewHeads").await;
    next(&mut heads).await;
    let idle = WsClientBuilder::default().build(node.handle.url()).await.unwrap();
    node.handle.set_faults(Faults { refused_connections: 2, ..Faults::default() });
    // Those that are open are not concerned.
    node.rpc.request::<Value, _>("system_chain", rpc_params![]).await.unwrap();
    node.handle.disconnect();
    node.rpc.on_disconnect().await;
    idle.on_disconnect().await;
    assert!(heads.next().await.is_none());
    for _ in 0..2 {
        assert!(WsClientBuilder::default().build(node.handle.url()).await.is_err());
    }
    let back = WsClientBuilder::default().build(node.handle.url()).await.unwrap();
    back.request::<Value, _>("system_chain", rpc_params![]).await.unwrap();
    assert_eq!(node.handle.faults(), Faults::default());
    // Its own connection goes with the others.
    assert!(back.request::<Value, _>("dev_disconnect", rpc_params![]).await.is_err());
    back.on_disconnect().await;
}

#[tokio::test]
async fn a_stale_node_sees_nothing_of_the_chain_that_goes_on() {
    let limits = localnet::Limits { kept_blocks: 4, ..Default::default() };
    let node = Node::with(Config { limits, ..Config::test() }).await;
    node.blocks(5);
    let then = node.handle.best();
    let mut heads = node.subscribe("chain_subscribeNewHeads", "chain_unsubscribeNewHeads").await;
    let mut finals = node.subscribe("chain_subscribeFinalizedHeads", "chain_unsubscribeFinalizedHeads").await;
    for heads in [&mut heads, &mut finals] {
        assert_eq!(next(heads).await["number"], "0x5");
    }
    let set: Value = node.rpc.request("dev_setFault", rpc_params![json!({ "staleHead": true })]).await.unwrap();
    assert_eq!(set["staleHead"], true);
    node.submit(&alice(), remark()).await.unwrap();
    node.blocks(20);
    assert_eq!(node.handle.best().number, 25);
    for (method, params) in [
        ("chain_getBlockHash", rpc_params![]),
        ("chain_getFinalizedHead", rpc_params![]),
        ("chain_getBlockHash", rpc_params![5]),
    ] {
        let hash: String = node.rpc.request(method, params).await.unwrap();
        assert_eq!(hash, then.hash.to_string(), "{method}");
    }
    let header: Value = node.rpc.request("chain_getHeader", rpc_params![]).await.unwrap();
    assert_eq!(header["number"], "0x5");
    let later: Value = node.rpc.request("chain_getBlockHash", rpc_params![6]).await.unwrap();
    assert!(later.is_null());
    let unknown = rpc_params!["0x00", node.handle.best().hash.to_string()];
    let unknown = node.rpc.request::<Value, _>("state_getStorage", unknown).await.unwrap_err().to_string();
    assert!(unknown.contains("UnknownBlock"), "{unknown}");
    // Its state is read as it was, though the window has passed.
    let number = [sp_core::twox_128(b"System"), sp_core::twox_128(b"Number")].concat();
    assert_eq!(node.storage::<u32>(&number).await, Some(5));
    let nonce: u32 = node.rpc.request("account_nextIndex", rpc_params![alice().hotkey().to_string()]).await.unwrap();
    assert_eq!(nonce, 0, "a used one");

    node.handle.set_faults(Faults::default());
    for heads in [&mut heads, &mut finals] {
        assert_eq!(next(heads).await["number"], "0x19");
    }
    assert_eq!(node.storage::<u32>(&number).await, Some(25));
}

#[tokio::test]
async fn an_upgrade_makes_old_signatures_bad() {
    let node = Node::start(Genesis::default()).await;
    let (name, stop) = ("state_subscribeRuntimeVersion", "state_unsubscribeRuntimeVersion");
    let mut versions = node.rpc.subscribe::<Value, _>(name, rpc_params![], stop).await.unwrap();
    assert_eq!(next(&mut versions).await["specVersion"], VERSION.spec_version);
    node.blocks(2);
    let before = node.handle.best().hash.to_string();
    let mut waiting = watch(&node, &alice(), 0).await;
    assert_eq!(next(&mut waiting).await, "ready");
    let raised: u32 = node.rpc.request("dev_bumpSpecVersion", rpc_params![]).await.unwrap();
    assert_eq!(raised, VERSION.spec_version + 1);
    assert_eq!(next(&mut versions).await["specVersion"], raised);
    assert_eq!(next(&mut waiting).await, "invalid");
    let now: Value = node.rpc.request("state_getRuntimeVersion", rpc_params![]).await.unwrap();
    let then: Value = node.rpc.request("state_getRuntimeVersion", rpc_params![before]).await.unwrap();
    assert_eq!((&now["specVersion"], &then["specVersion"]), (&json!(raised), &json!(VERSION.spec_version)));
    let version: sp_version::RuntimeVersion = node.call("Core_version", ()).await;
    assert_eq!(version.spec_version, raised);

    let refused = node.submit(&alice(), remark()).await.unwrap_err();
    let Error::Call(refused) = refused else { panic!("{refused}") };
    assert_eq!((refused.code(), refused.message()), (1010, "Invalid Transaction"));
    assert_eq!(refused.data().unwrap().get(), "\"Transaction has a bad signature\"");
    let terms = Terms { spec_version: raised, ..Terms::of(Hash::from(node.handle.genesis().0)) };
    let signed = format!("0x{}", hex::encode(sign_for(&dev_account("//Bob"), 0, terms, remark()).encode()));
    node.rpc.request::<String, _>("author_submitExtrinsic", rpc_params![signed]).await.unwrap();
    node.blocks(1);
    assert_eq!(node.handle.pending(), 0);
    // A chain without it is not concerned.
    assert!(Node::start(Genesis::default()).await.submit(&alice(), remark()).await.is_ok());
    assert_eq!(node.handle.bump_spec_version().unwrap(), raised + 1);
}
