//! What clients send, through both doors, and what a Substrate node answers to it, word for word.

use std::net::SocketAddr;

use codec::Encode;
use jsonrpsee::{
    client_transport::ws::{Url, WsTransportClientBuilder},
    core::client::{ClientT, ReceivedMessage, SubscriptionClientT, TransportReceiverT, TransportSenderT},
    rpc_params,
};
use localnet::{Config, Genesis, Limits, dev_account};
use node_subtensor_runtime::{Hash, RuntimeCall, UncheckedExtrinsic};
use primitives::Keypair;
use serde_json::{Value, json};
use sp_runtime::generic::Era;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    account::{Terms, alice, id, sign_for},
    node::{Node, next},
};

fn remark() -> RuntimeCall {
    frame_system::Call::remark { remark: vec![7; 8] }.into()
}

fn gift(value: u64) -> RuntimeCall {
    let dest = node_subtensor_runtime::Address::Id(id(&dev_account("//Bob")));
    pallet_balances::Call::transfer_keep_alive { dest, value }.into()
}

fn hex(extrinsic: &UncheckedExtrinsic) -> String {
    format!("0x{}", hex::encode(extrinsic.encode()))
}

fn call(method: &str, params: Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}

/// The answer to a text sent over a fresh socket, and then to a proper request over the same one.
async fn by_socket(node: &Node, text: &str) -> Value {
    let url = Url::parse(&node.handle.url()).unwrap();
    let (mut sender, mut receiver) = WsTransportClientBuilder::default().build(url).await.unwrap();
    let mut answers = Vec::new();
    for text in [text, &call("system_chain", json!([]))] {
        sender.send(text.to_owned()).await.unwrap();
        match receiver.receive().await.unwrap() {
            ReceivedMessage::Text(text) => answers.push(serde_json::from_str::<Value>(&text).unwrap()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(answers[1]["result"], "Bittensor");
    answers.swap_remove(0)
}

/// The answer to a text that is posted, with the status.
async fn by_post(addr: SocketAddr, text: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n";
    let request = format!("{head}Content-Length: {}\r\n\r\n{text}", text.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    (status, serde_json::from_str(body).unwrap_or_else(|_| json!(body)))
}

/// The error that both doors give.
async fn error(node: &Node, text: &str) -> (i64, String, Value) {
    let (socket, (_, post)) = (by_socket(node, text).await, by_post(node.handle.addr(), text).await);
    assert_eq!(socket["error"], post["error"], "{text}");
    let error = &socket["error"];
    let message = error["message"].as_str().unwrap_or_else(|| panic!("{text}: {socket}"));
    (error["code"].as_i64().unwrap(), message.to_owned(), error["data"].clone())
}

fn said(code: i64, message: &str, data: Value) -> (i64, String, Value) {
    (code, message.to_owned(), data)
}

async fn submitted(node: &Node, extrinsic: &UncheckedExtrinsic) -> (i64, String, Value) {
    error(node, &call("author_submitExtrinsic", json!([hex(extrinsic)]))).await
}

fn terms(node: &Node) -> Terms {
    Terms::of(Hash::from(node.handle.genesis().0))
}

async fn hash(node: &Node, number: u32) -> Hash {
    node.rpc.request("chain_getBlockHash", rpc_params![number]).await.unwrap()
}

#[tokio::test]
async fn what_is_no_request() {
    let node = Node::start(Genesis::default()).await;
    for text in ["{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":", "hello", "\"hello\"", "7", "[{]", "{}", "\u{0}"] {
        assert_eq!(error(&node, text).await, said(-32700, "Parse error", Value::Null), "{text}");
    }
    for text in ["{\"jsonrpc\":\"2.0\",\"id\":1}", "{\"id\":1,\"method\":\"system_chain\"}", "[]"] {
        assert_eq!(error(&node, text).await, said(-32600, "Invalid request", Value::Null), "{text}");
    }
    for method in ["system_no", "archive_v1_body", "chainHead_v1_follow", "", "SYSTEM_CHAIN"] {
        let text = call(method, json!([]));
        assert_eq!(error(&node, &text).await, said(-32601, "Method not found", Value::Null), "{method}");
    }
    for (method, params) in [
        ("state_getStorage", json!([7])),
        ("state_getStorage", json!({ "key": 7 })),
        ("chain_getHeader", json!(["0x12"])),
        ("dev_revert", json!(["first"])),
        ("dev_increaseTime", json!([-1])),
        ("dev_reorg", json!([1])),
    ] {
        let (code, message, data) = error(&node, &call(method, params)).await;
        assert_eq!((code, message.as_str(), data.is_string()), (-32602, "Invalid params", true), "{method}: {data}");
    }
    let many: Vec<Value> = (0..65).map(|id| json!({ "jsonrpc": "2.0", "id": id, "method": "system_chain" })).collect();
    let (code, message, _) = error(&node, &json!(many).to_string()).await;
    assert_eq!((code, message.as_str()), (-32010, "The batch request was too large"));
}

#[tokio::test]
async fn what_is_too_large() {
    let limits = Limits { request_bytes: 4_096, ..Limits::default() };
    let node = Node::with(Config { limits, ..Config::test() }).await;
    let large = call("state_getStorage", json!(["00".repeat(4_096)]));
    let socket = by_socket(&node, &large).await;
    assert_eq!((&socket["error"]["code"], &socket["error"]["message"]), (&json!(-32007), &json!("Request is too big")));
    assert_eq!(by_post(node.handle.addr(), &large).await.0, 413);
    let page = call("state_getKeysPaged", json!(["0x", 1_001]));
    let words = "count exceeds maximum value. value: 1001, max: 1000";
    assert_eq!(error(&node, &page).await, said(4002, words, Value::Null));
}

#[tokio::test]
async fn transactions_that_are_none() {
    let node = Node::start(Genesis::default()).await;
    for bytes in ["0x", "0x00", "0x84", "0xffffffffffffffff", "0x0403000b"] {
        let (code, message, data) = error(&node, &call("author_submitExtrinsic", json!([bytes]))).await;
        assert_eq!((code, data), (1001, Value::Null), "{bytes}");
        assert!(message.starts_with("Extrinsic has invalid format: "), "{message}");
    }
    let signed = node.signed(&alice(), 0, remark()).encode();
    let padded = format!("0x{}00", hex::encode(&signed));
    assert_eq!(error(&node, &call("author_submitExtrinsic", json!([padded]))).await.0, 1001);
    let unexpected = said(1010, "Invalid Transaction", json!("Transaction call is not expected"));
    assert_eq!(submitted(&node, &UncheckedExtrinsic::new_bare(remark())).await, unexpected);
    let unknown = said(1011, "Unknown Transaction Validity", json!("UnknownTransaction::NoUnsignedValidator"));
    assert_eq!(submitted(&node, &UncheckedExtrinsic::new_bare(gift(1))).await, unknown);
    for method in ["payment_queryInfo", "payment_queryFeeDetails", "system_dryRun"] {
        let (code, message, data) = error(&node, &call(method, json!(["0x84"]))).await;
        assert!(code == 2 && message.starts_with("Unable to ") && data.is_string(), "{method}: {message}");
    }
}

#[tokio::test]
async fn transactions_whose_signature_is_bad() {
    let node = Node::start(Genesis::default()).await;
    node.blocks(5);
    let bad = said(1010, "Invalid Transaction", json!("Transaction has a bad signature"));
    let good = node.signed(&alice(), 0, remark());
    let mut forged = good.encode();
    // Within the signature: two bytes of length, the version, the address, its kind.
    forged[50] ^= 1;
    let text = call("author_submitExtrinsic", json!([format!("0x{}", hex::encode(forged))]));
    assert_eq!(error(&node, &text).await, bad);

    let other = Terms { genesis: Hash::repeat_byte(7), ..terms(&node) };
    assert_eq!(submitted(&node, &sign_for(&alice(), 0, other, remark())).await, bad);
    let old = Terms { spec_version: 424, ..terms(&node) };
    assert_eq!(submitted(&node, &sign_for(&alice(), 0, old, remark())).await, bad);
    // Four blocks later the era means other ones, so what was signed is another block's hash.
    let mortal = Terms { era: Era::mortal(4, 5), birth: hash(&node, 5).await, ..terms(&node) };
    let passing = sign_for(&alice(), 0, mortal, remark());
    node.blocks(4);
    assert_eq!(submitted(&node, &passing).await, bad);
    let mortal = Terms { era: Era::mortal(4, 9), birth: hash(&node, 9).await, ..terms(&node) };
    let (name, stop) = ("author_submitAndWatchExtrinsic", "author_unwatchExtrinsic");
    let waits = hex(&sign_for(&alice(), 1, mortal, remark()));
    let mut waits = node.rpc.subscribe::<Value, _>(name, rpc_params![waits], stop).await.unwrap();
    assert_eq!(next(&mut waits).await, "future");
    node.blocks(4);
    assert_eq!(next(&mut waits).await, "invalid", "it waited for too long");
    let refused = node.rpc.subscribe::<Value, _>(name, rpc_params![hex(&passing)], stop).await.unwrap_err();
    assert!(refused.to_string().contains("Transaction has a bad signature"), "{refused}");
    assert_eq!(node.handle.pending(), 0);
}

#[tokio::test]
async fn transactions_at_the_wrong_time() {
    let node = Node::start(Genesis::default()).await;
    node.blocks(1);
    let invalid = |words: &str| said(1010, "Invalid Transaction", json!(words));
    node.rpc
        .request::<String, _>("author_submitExtrinsic", rpc_params![hex(&node.signed(&alice(), 1, remark()))])
        .await
        .unwrap();
    assert_eq!((node.blocks(1), node.handle.pending()), (2, 1), "the one before it is missing");
    let first = node.signed(&alice(), 0, remark());
    node.rpc.request::<String, _>("author_submitExtrinsic", rpc_params![hex(&first)]).await.unwrap();
    let known = submitted(&node, &first).await;
    assert_eq!((known.0, known.1.as_str(), known.2.is_string()), (1013, "Transaction Already Imported", true));
    // Another one in its place needs more priority.
    let rival =
        submitted(&node, &node.signed(&alice(), 0, frame_system::Call::remark { remark: vec![8; 8] }.into())).await;
    let words = "The transaction has too low priority to replace another transaction already in the pool.";
    assert!(rival.0 == 1014 && rival.1.starts_with("Priority is too low: ("), "{rival:?}");
    assert_eq!(rival.2, words);
    node.blocks(1);
    assert_eq!(node.handle.pending(), 0);
    assert_eq!(submitted(&node, &first).await, invalid("Transaction is outdated"));
    let poor: Keypair = dev_account("//Pauper");
    let words = "Inability to pay some fees (e.g. account balance too low)";
    assert_eq!(submitted(&node, &node.signed(&poor, 0, remark())).await, invalid(words));
    // As for a block of long ago, the state has no hash for one to come.
    let unknown = Terms { era: Era::mortal(64, 60), ..terms(&node) };
    let unknown = sign_for(&dev_account("//Bob"), 0, unknown, remark());
    assert_eq!(submitted(&node, &unknown).await, invalid("Transaction has an ancient birth block"));
}

#[tokio::test]
async fn what_a_transaction_would_do_and_cost() {
    let node = Node::start(Genesis::default()).await;
    node.blocks(1);
    let first = hash(&node, 1).await;
    let good = hex(&node.signed(&alice(), 0, remark()));
    let dry = async |extrinsic: &UncheckedExtrinsic| -> String {
        node.rpc.request("system_dryRun", rpc_params![hex(extrinsic)]).await.unwrap()
    };
    assert_eq!(dry(&node.signed(&alice(), 0, remark())).await, "0x0000");
    // Invalid because its nonce is one to come.
    assert_eq!(dry(&node.signed(&alice(), 3, remark())).await, "0x010002");
    let failed = dry(&node.signed(&alice(), 0, gift(u64::MAX / 2))).await;
    assert!(failed.starts_with("0x0001"), "{failed}");
    node.blocks(1);
    let at: String = node.rpc.request("system_dryRunAt", rpc_params![good.clone(), first]).await.unwrap();
    assert_eq!(at, "0x0000");
    assert_eq!(node.handle.pending(), 0);

    let details: Value = node.rpc.request("payment_queryFeeDetails", rpc_params![good.clone()]).await.unwrap();
    let info: Value = node.rpc.request("payment_queryInfo", rpc_params![good]).await.unwrap();
    let fee = &details["inclusionFee"];
    let sum: u64 = ["baseFee", "lenFee", "adjustedWeightFee"].iter().map(|part| fee[part].as_u64().unwrap()).sum();
    assert_eq!(info["partialFee"], sum.to_string());
    assert_eq!(info["class"], "normal");
}

#[tokio::test]
async fn storage_through_time() {
    let node = Node::start(Genesis::default()).await;
    node.blocks(3);
    let key = |name: &str| hex::encode([sp_core::twox_128(b"System"), sp_core::twox_128(name.as_bytes())].concat());
    let (number, missing) = (format!("0x{}", key("Number")), format!("0x{}", key("Nothing")));
    let blocks = [hash(&node, 1).await, hash(&node, 2).await, hash(&node, 3).await];
    let query = async |from: Hash, to: Option<Hash>| -> Result<Value, _> {
        node.rpc.request("state_queryStorage", rpc_params![[&number, &missing], from, to]).await
    };
    let changes = query(blocks[0], None).await.unwrap();
    assert_eq!(
        changes,
        json!([
            { "block": blocks[0], "changes": [[number, "0x01000000"], [missing, null]] },
            { "block": blocks[1], "changes": [[number, "0x02000000"]] },
            { "block": blocks[2], "changes": [[number, "0x03000000"]] },
        ])
    );
    assert_eq!(query(blocks[1], Some(blocks[1])).await.unwrap().as_array().unwrap().len(), 1);
    for (from, to) in [(blocks[2], blocks[0]), (Hash::repeat_byte(7), blocks[0])] {
        let refused = query(from, Some(to)).await.unwrap_err().to_string();
        assert!(refused.contains("4001") || refused.contains("Cannot resolve a block range"), "{refused}");
    }

    let prefix = format!("0x{}", hex::encode(sp_core::twox_128(b"Timestamp")));
    let keys: Vec<String> = node.rpc.request("state_getKeys", rpc_params![&prefix]).await.unwrap();
    let pairs: Vec<(String, String)> = node.rpc.request("state_getPairs", rpc_params![&prefix]).await.unwrap();
    assert_eq!(keys, pairs.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>());
    let bytes: usize = pairs.iter().map(|(_, value)| value.len() / 2 - 1).sum();
    let size: usize = node.rpc.request("state_getStorageSize", rpc_params![&prefix]).await.unwrap();
    assert_eq!((size, keys.is_empty()), (bytes, false));
    let size: Value = node.rpc.request("state_getStorageSize", rpc_params![&missing]).await.unwrap();
    assert!(size.is_null());

    // The proof alone suffices to read the value under the block's root.
    let proof: Value = node.rpc.request("state_getReadProof", rpc_params![[&number], blocks[1]]).await.unwrap();
    assert_eq!(proof["at"], json!(blocks[1]));
    let header: Value = node.rpc.request("chain_getHeader", rpc_params![blocks[1]]).await.unwrap();
    let root: Hash = serde_json::from_value(header["stateRoot"].clone()).unwrap();
    let nodes = proof["proof"].as_array().unwrap().iter();
    let nodes = nodes.map(|node| hex::decode(&node.as_str().unwrap()[2..]).unwrap());
    let key = hex::decode(&number[2..]).unwrap();
    let proven =
        sp_state_machine::read_proof_check::<sp_core::Blake2Hasher, _>(root, sp_trie::StorageProof::new(nodes), [&key]);
    assert_eq!(proven.unwrap()[&key], Some(2u32.encode()));
}

#[tokio::test]
async fn who_unsubscribes_hears_no_more() {
    let node = Node::start(Genesis::default()).await;
    for (subscribe, unsubscribe) in [
        ("chain_subscribeNewHeads", "chain_unsubscribeNewHeads"),
        ("chain_subscribeNewHead", "chain_unsubscribeNewHead"),
        ("chain_subscribeAllHeads", "chain_unsubscribeAllHeads"),
        ("chain_subscribeFinalizedHeads", "chain_unsubscribeFinalizedHeads"),
        ("state_subscribeRuntimeVersion", "state_unsubscribeRuntimeVersion"),
    ] {
        let url = Url::parse(&node.handle.url()).unwrap();
        let (mut sender, mut receiver) = WsTransportClientBuilder::default().build(url).await.unwrap();
        let mut receive = async || match receiver.receive().await.unwrap() {
            ReceivedMessage::Text(text) => serde_json::from_str::<Value>(&text).unwrap(),
            other => panic!("{other:?}"),
        };
        sender.send(call(subscribe, json!([]))).await.unwrap();
        let subscription = receive().await["result"].clone();
        assert_eq!(receive().await["params"]["subscription"], subscription, "{subscribe}");
        for left in [true, false] {
            sender.send(call(unsubscribe, json!([subscription]))).await.unwrap();
            assert_eq!(receive().await["result"], left, "{unsubscribe}");
        }
        node.blocks(3);
        sender.send(call("system_name", json!([]))).await.unwrap();
        assert_eq!(receive().await["result"], "assay-localnet", "nothing came in between");
    }
}
