//! What strangers may send: nothing of it brings the chain down.

use codec::{Compact, Encode};
use jsonrpsee::{core::client::ClientT, rpc_params};
use localnet::{Config, Genesis, Limits, dev_account};
use node_subtensor_runtime::{Runtime, RuntimeCall};
use serde_json::{Value, json};

use crate::{account::alice, node::Node};

async fn refused(node: &Node, method: &str, params: Value) -> String {
    let mut array = jsonrpsee::core::params::ArrayParams::new();
    for param in params.as_array().unwrap() {
        array.insert(param).unwrap();
    }
    node.rpc.request::<Value, _>(method, array).await.expect_err(method).to_string()
}

#[tokio::test]
async fn nonsense_is_refused_and_the_chain_lives_on() {
    let node = Node::start(Genesis::default()).await;
    assert!(refused(&node, "archive_v1_body", json!([])).await.contains("Method not found"));
    for (method, params) in [
        ("author_submitExtrinsic", json!(["0xzz"])),
        ("author_submitExtrinsic", json!([7])),
        ("author_submitExtrinsic", json!([])),
        ("state_getStorage", json!(["0x123"])),
        ("state_call", json!(["Core_version"])),
        ("state_getKeysPaged", json!(["0x", -1])),
        ("chain_getBlockHash", json!(["latest"])),
        ("chain_getHeader", json!(["0x12"])),
        ("system_accountNextIndex", json!(["5Grw"])),
        ("system_accountNextIndex", json!(["1".repeat(10_000)])),
        ("dev_newBlock", json!([4_000_000_000u32])),
    ] {
        let error = refused(&node, method, params).await;
        assert!(error.contains("-32602") || error.contains("nvalid params"), "{method}: {error}");
    }
    for bytes in ["0x", "0x00", "0xffffffffffffffff", "0x0403000b", "0x84"] {
        assert!(
            refused(&node, "author_submitExtrinsic", json!([bytes])).await.contains("Extrinsic has invalid format")
        );
    }
    assert!(refused(&node, "state_call", json!(["No_such", "0x"])).await.contains("is not found"));
    let panicked = refused(&node, "state_call", json!(["NeuronInfoRuntimeApi_get_neurons_lite", "0x01"])).await;
    assert!(panicked.contains("Execution failed"), "{panicked}");
    let unknown = format!("0x{}", "12".repeat(32));
    assert!(refused(&node, "state_getStorage", json!(["0x00", unknown])).await.contains("UnknownBlock"));
    assert_eq!(node.blocks(1), 1);
}

#[tokio::test]
async fn calls_nested_in_calls_have_a_limit() {
    let node = Node::start(Genesis::default()).await;
    let nested = |depth| {
        let mut call = RuntimeCall::from(frame_system::Call::remark { remark: vec![] });
        for _ in 0..depth {
            call = pallet_utility::Call::<Runtime>::batch { calls: vec![call] }.into();
        }
        call
    };
    assert!(node.submit(&alice(), nested(8)).await.is_ok());
    assert!(node.submit(&alice(), nested(64)).await.unwrap_err().to_string().contains("invalid format"));
    // As bytes, so that nothing here has to hold it: a batch of one batch of one batch…
    let deep = [[11, 0, 4].repeat(20_000), vec![0, 0, 0]].concat();
    for (method, bytes) in [
        ("TransactionPaymentCallApi_query_call_info", [deep.clone(), 1u32.encode()].concat()),
        ("TransactionPaymentApi_query_info", [Compact(deep.len() as u32 + 1).encode(), vec![4], deep.clone()].concat()),
    ] {
        let bytes = format!("0x{}", hex::encode(bytes));
        assert!(refused(&node, "state_call", json!([method, bytes])).await.contains("Execution failed"), "{method}");
    }
    node.blocks(1);
}

#[tokio::test]
async fn requests_and_the_pool_have_a_size() {
    let limits = Limits { request_bytes: 4_096, pool_transactions: 2, ..Limits::default() };
    let node = Node::with(Config { limits, ..Config::test() }).await;
    for uri in ["//Alice", "//Bob"] {
        let remark = frame_system::Call::remark { remark: vec![] };
        node.submit(&dev_account(uri), remark).await.unwrap();
    }
    let remark = frame_system::Call::remark { remark: vec![] };
    let full = node.submit(&dev_account("//Charlie"), remark).await.unwrap_err().to_string();
    assert!(full.contains("Immediately Dropped"), "{full}");
    let same = node.signed(&alice(), 0, frame_system::Call::remark { remark: vec![] }.into()).encode();
    let again = refused(&node, "author_submitExtrinsic", json!([format!("0x{}", hex::encode(same))])).await;
    assert!(again.contains("Priority is too low") || again.contains("Already Imported"), "{again}");

    let oversized = node.rpc.request::<Value, _>("state_getStorage", rpc_params!["00".repeat(4_096)]).await;
    assert!(oversized.is_err());
    node.blocks(1);
    let client = jsonrpsee::ws_client::WsClientBuilder::default().build(node.handle.url()).await.unwrap();
    let health: Value = client.request("system_health", rpc_params![]).await.unwrap();
    assert_eq!(health["isSyncing"], false);
}
