//! The chain's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use codec::Decode;
use jsonrpsee::{
    core::client::{ClientT, Error},
    rpc_params,
};
use localnet::{BlockTime, ClockError, Config};

use crate::{
    fidelity::metadata,
    node::{Node, next},
};

async fn now(node: &Node) -> u64 {
    let key = [sp_core::twox_128(b"Timestamp"), sp_core::twox_128(b"Now")].concat();
    node.storage(&key).await.unwrap()
}

fn wall() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

async fn constant(node: &Node, pallet: &str, name: &str) -> u64 {
    let metadata = metadata(node).await;
    let pallet = metadata.pallets.into_iter().find(|other| other.name == pallet).unwrap();
    let constant = pallet.constants.into_iter().find(|other| other.name == name).unwrap();
    u64::decode(&mut &constant.value[..]).unwrap()
}

#[tokio::test]
async fn each_chain_has_its_own_slot() {
    let (stock, quick) = (
        Node::with(Config::test()).await,
        Node::with(Config { slot: Some(Duration::from_secs(1)), ..Config::test() }).await,
    );
    assert_ne!(stock.handle.genesis(), quick.handle.genesis());
    for (node, slot) in [(&stock, 12_000), (&quick, 1_000), (&stock, 12_000)] {
        assert_eq!(constant(node, "Aura", "SlotDuration").await, slot);
        assert_eq!(constant(node, "Timestamp", "MinimumPeriod").await, slot / 2);
        node.blocks(1);
        let first = now(node).await;
        node.blocks(10);
        assert_eq!(now(node).await - first, 10 * slot);
    }
}

#[tokio::test]
async fn timed_blocks_follow_the_wall() {
    let begin = wall();
    let every = BlockTime::Every(Duration::from_millis(20));
    let node = Node::with(Config { block_time: every, ..Config::test() }).await;
    assert_eq!(constant(&node, "Aura", "SlotDuration").await, 20);
    let mut heads = node.subscribe("chain_subscribeNewHeads", "chain_unsubscribeNewHeads").await;
    while next(&mut heads).await["number"] == "0x0" {}
    let first = now(&node).await;
    assert!((begin..=wall() + 20).contains(&first), "{first}");
    // After a jump it goes on from there.
    let landed: u64 = node.rpc.request("dev_increaseTime", rpc_params![3_600]).await.unwrap();
    assert!(landed >= first + 3_600_000, "{first} {landed}");
    let before = node.handle.best().number;
    while u64::from_str_radix(&next(&mut heads).await["number"].as_str().unwrap()[2..], 16).unwrap() < before + 3 {}
    let later = now(&node).await;
    assert!((landed..=wall() + 3_600_000 + 60_000).contains(&later), "{landed} {later}");
}

#[tokio::test]
async fn time_travels_forward_only() {
    let node = Node::with(Config::test()).await;
    node.blocks(1);
    let first = now(&node).await;
    let landed: u64 = node.rpc.request("dev_increaseTime", rpc_params![3_600]).await.unwrap();
    assert_eq!(landed, first + 12_000 + 3_600_000);
    // Twice before a block adds up.
    assert_eq!(node.handle.increase_time(1).unwrap(), landed + 1_000);
    node.blocks(1);
    assert_eq!(now(&node).await, landed + 1_000);
    node.blocks(1);
    assert_eq!(now(&node).await, landed + 13_000);

    let at = landed + 20_000;
    assert_eq!(node.rpc.request::<u64, _>("dev_setNextBlockTimestamp", rpc_params![at]).await.unwrap(), at);
    node.blocks(1);
    assert_eq!(now(&node).await, at);
    let past = node.handle.set_next_block_timestamp(at + 5_999);
    assert_eq!(past, Err(ClockError::Past { earliest_ms: at + 6_000 }));
    let refused = node.rpc.request::<u64, _>("dev_setNextBlockTimestamp", rpc_params![first]).await.unwrap_err();
    assert!(matches!(&refused, Error::Call(error) if error.code() == -32602), "{refused}");
    assert_eq!(node.handle.increase_time(u64::MAX), Err(ClockError::TooLate));
    assert_eq!(node.handle.set_next_block_timestamp(u64::MAX), Err(ClockError::TooLate));
    // The refused ones left nothing behind.
    node.blocks(1);
    assert_eq!(now(&node).await, at + 12_000);
    assert_eq!(node.handle.set_next_block_timestamp(at + 18_000).unwrap(), at + 18_000);
    node.blocks(1);
    assert_eq!(now(&node).await, at + 18_000);
}
