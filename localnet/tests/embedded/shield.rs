//! Transactions that only the author can read.

use codec::{Decode, Encode};
use frame_support::BoundedVec;
use jsonrpsee::{core::client::ClientT, rpc_params};
use localnet::{Genesis, dev_account};
use node_subtensor_runtime::{
    Runtime, RuntimeCall, RuntimeEvent, UncheckedExtrinsic,
    pallet_shield::{self, Event, Secrets, ShieldedTransaction, seal},
};
use primitives::Keypair;
use sp_core::{hashing::blake2_256, twox_128};

use crate::{
    account::{alice, id},
    node::{Fate, Node},
    subnet::register,
};

const SECRETS: Secrets = Secrets { encapsulation: [3; 32], nonce: [4; 24] };

async fn shield<V: Decode>(node: &Node, item: &str) -> Option<V> {
    node.storage(&[twox_128(b"MevShield"), twox_128(item.as_bytes())].concat()).await
}

async fn next_key(node: &Node) -> Vec<u8> {
    shield(node, "NextKey").await.unwrap()
}

fn carrier(envelope: Vec<u8>) -> pallet_shield::Call<Runtime> {
    pallet_shield::Call::submit_encrypted { ciphertext: BoundedVec::truncate_from(envelope) }
}

async fn events(node: &Node) -> Vec<Event<Runtime>> {
    let events = node.events().await.into_iter();
    events
        .filter_map(|record| match record.event {
            RuntimeEvent::MevShield(event) => Some(event),
            _ => None,
        })
        .collect()
}

/// Submit a carrier, make a block, and read its body from the carrier on.
async fn carried(node: &Node, who: &Keypair, envelope: Vec<u8>) -> Vec<Vec<u8>> {
    let sent = node.submit(who, carrier(envelope)).await.unwrap();
    let block = node.handle.author_block().unwrap();
    let mut body = node.body(&block.hash.to_string()).await;
    let at = body.iter().position(|extrinsic| *extrinsic == sent).expect("included");
    body.split_off(at)
}

#[tokio::test]
async fn a_sealed_transaction_is_opened_in_the_block_of_its_carrier() {
    let node = Node::start(Genesis::default()).await;
    let key = next_key(&node).await;
    let hotkey = dev_account("//Miner");
    let inner = node.signed(&alice(), 1, register(&hotkey).into()).encode();
    let envelope = seal(&key, &inner, &SECRETS).unwrap();
    // What a stranger sees: the name of the key, 1,088 bytes for who has it, and noise.
    let seen = ShieldedTransaction::parse(&envelope).unwrap();
    assert_eq!((key.len(), seen.key_hash, seen.kem_ct.len()), (1_184, twox_128(&key), 1_088));
    assert_eq!(seen.aead_ct.len(), inner.len() + 16);

    let body = carried(&node, &alice(), envelope.clone()).await;
    assert_eq!(body[1..], [inner]);
    let hash = blake2_256(&(id(&alice()), envelope).encode()).into();
    assert_eq!(events(&node).await, [Event::EncryptedSubmitted { id: hash, who: id(&alice()) }]);
    let seat = [&1u16.to_le_bytes()[..], &sp_core::blake2_128(&hotkey.public()), &hotkey.public()].concat();
    assert_eq!(node.of_subnet::<u16>("Uids", &seat).await, 1);
    let nonce: u32 = node.rpc.request("account_nextIndex", rpc_params![alice().hotkey().to_string()]).await.unwrap();
    assert_eq!(nonce, 2);
}

#[tokio::test]
async fn nonsense_in_an_envelope_costs_its_sender_only() {
    let node = Node::start(Genesis::default()).await;
    let key = next_key(&node).await;
    let remark = |nonce| node.signed(&alice(), nonce, frame_system::Call::remark { remark: vec![1] }.into()).encode();

    let mut altered = seal(&key, &remark(1), &SECRETS).unwrap();
    *altered.last_mut().unwrap() ^= 1;
    assert_eq!(carried(&node, &alice(), altered).await.len(), 1);
    let noise = seal(&key, &[7; 100], &SECRETS).unwrap();
    assert_eq!(carried(&node, &alice(), noise).await.len(), 1);
    // A nonce that was used, and one that is too high.
    for nonce in [0, 9] {
        let envelope = seal(&key, &remark(nonce), &SECRETS).unwrap();
        assert_eq!(carried(&node, &alice(), envelope).await.len(), 1);
    }
    // What only an author may put into a block.
    let clock = RuntimeCall::Timestamp(node_subtensor_runtime::pallet_timestamp::Call::set { now: 1 });
    let bare = seal(&key, &UncheckedExtrinsic::new_bare(clock).encode(), &SECRETS).unwrap();
    assert_eq!(carried(&node, &alice(), bare).await.len(), 1);
    let fine = seal(&key, &remark(6), &SECRETS).unwrap();
    assert_eq!(carried(&node, &alice(), fine).await.len(), 2);
}

#[tokio::test]
async fn what_is_no_envelope_is_refused_and_what_is_for_another_waits() {
    let node = Node::start(Genesis::default()).await;
    for bytes in [vec![], vec![0; 17], [vec![0; 16], vec![255, 255], vec![0; 200]].concat()] {
        assert_eq!(node.send(&alice(), carrier(bytes)).await, Fate::Refused("Custom error: 23".into()));
    }
    let another = pallet_shield::KeyPair::from_seed(b"another");
    let envelope = seal(another.public(), &[1, 2, 3], &SECRETS).unwrap();
    node.submit(&alice(), carrier(envelope)).await.unwrap();
    node.blocks(2);
    assert_eq!(node.handle.pending(), 1);
    assert!(seal(&[1; 100], &[], &SECRETS).is_none());
}

#[tokio::test]
async fn the_authors_key_stands_from_the_start_and_moves_up_with_every_block() {
    let node = Node::start(Genesis::default()).await;
    let key = next_key(&node).await;
    let number = node.blocks(3) as u32;
    for item in ["CurrentKey", "PendingKey", "NextKey"] {
        assert_eq!(shield::<Vec<u8>>(&node, item).await.unwrap(), key, "{item}");
    }
    assert_eq!(shield::<u32>(&node, "PendingKeyExpiresAt").await, Some(number + 2));
    assert_eq!(shield::<u32>(&node, "NextKeyExpiresAt").await, Some(number + 3));
    // The announcement is an author's: nobody else may send one.
    let announce = RuntimeCall::from(pallet_shield::Call::announce_next_key { enc_key: None });
    let hex = format!("0x{}", hex::encode(UncheckedExtrinsic::new_bare(announce.clone()).encode()));
    let refused = node.rpc.request::<String, _>("author_submitExtrinsic", rpc_params![hex]).await;
    assert!(refused.is_err());
    assert!(matches!(node.send(&alice(), announce).await, Fate::Refused(_)));
}

#[tokio::test]
async fn what_is_stored_for_the_chain_to_open_is_dropped_at_the_next_block() {
    let node = Node::start(Genesis::default()).await;
    let store =
        || pallet_shield::Call::<Runtime>::store_encrypted { encrypted_call: BoundedVec::truncate_from(vec![9; 64]) };
    assert_eq!(node.send(&alice(), store()).await, Fate::Done);
    assert_eq!(events(&node).await, [Event::ExtrinsicStored { index: 0, who: id(&alice()) }]);
    assert_eq!(shield::<u32>(&node, "CounterForPendingExtrinsics").await, Some(1));
    node.blocks(1);
    assert_eq!(events(&node).await, [Event::ExtrinsicDecodeFailed { index: 0 }]);
    assert_eq!(shield::<u32>(&node, "CounterForPendingExtrinsics").await, Some(0));

    let sudo = |call: pallet_shield::Call<Runtime>| pallet_sudo::Call::<Runtime>::sudo { call: Box::new(call.into()) };
    let none = pallet_shield::Call::set_max_pending_extrinsics_number { value: 0 };
    assert_eq!(node.send(&alice(), none.clone()).await, Fate::Failed("BadOrigin".into()));
    assert_eq!(node.send(&alice(), sudo(none)).await, Fate::Done);
    assert_eq!(node.send(&alice(), store()).await, Fate::Failed("TooManyPendingExtrinsics".into()));
    assert_eq!(shield::<u32>(&node, "NextPendingExtrinsicIndex").await, Some(1));
}
