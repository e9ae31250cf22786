//! Registration: how many at a time, by whom, and who makes room.

use codec::Encode;
use localnet::{Genesis, GenesisNeuron, Rules, dev_account};
use node_subtensor_runtime::{
    Address, Runtime, RuntimeCall,
    pallet_admin_utils::Call as Admin,
    pallet_subtensor::{self as subtensor, Call},
    pallet_sudo,
};
use primitives::Keypair;

use crate::{
    account::{alice, id},
    node::{Fate, Node},
    subnet::{genesis, register},
};

const NET: u16 = 1;
const TAO: u64 = 1_000_000_000;

fn failed(name: &str) -> Fate {
    Fate::Failed(name.to_owned())
}

/// Four seats: the owner's (Bob is its coldkey), and those of `//A`, `//B` and `//C` from block 0.
fn full(change: impl FnOnce(&mut Rules)) -> Genesis {
    let mut genesis = genesis(|rules| {
        rules.max_allowed_uids = 4;
        rules.immunity_period = 0;
        change(rules);
    });
    genesis.subnets[0].owner = dev_account("//Bob").coldkey();
    genesis.subnets[0].neurons = ["//A", "//B", "//C"]
        .map(|uri| GenesisNeuron {
            hotkey: dev_account(uri).hotkey(),
            coldkey: alice().coldkey(),
            stake_rao: 0,
            validator_permit: false,
        })
        .to_vec();
    genesis
}

async fn uid(node: &Node, hotkey: &Keypair) -> Option<u16> {
    node.storage(&subtensor::Uids::<Runtime>::hashed_key_for(NET, id(hotkey))).await
}

/// Register with Alice's TAO, and say which seat it became.
async fn seat(node: &Node, uri: &str) -> Option<u16> {
    assert_eq!(node.send(&alice(), register(&dev_account(uri))).await, Fate::Done, "{uri}");
    uid(node, &dev_account(uri)).await
}

#[tokio::test]
async fn as_many_in_a_block_as_pay() {
    let node = Node::start(Genesis::default()).await;
    // Neither bounds what a block or an interval takes any more: the price does.
    for call in [
        Admin::<Runtime>::sudo_set_admin_freeze_window { window: 0 },
        Admin::sudo_set_max_registrations_per_block { netuid: NET, max_registrations_per_block: 1 },
        Admin::sudo_set_target_registrations_per_interval { netuid: NET, target_registrations_per_interval: 1 },
    ] {
        assert_eq!(node.sudo(call).await, Fate::Done);
    }
    let burn = node.of_subnet::<u64>("Burn", &NET.to_le_bytes()).await;
    let calls = ["//1", "//2", "//3", "//4", "//5"].map(|uri| RuntimeCall::from(register(&dev_account(uri)))).to_vec();
    assert_eq!(node.send(&alice(), pallet_utility::Call::batch_all { calls }).await, Fate::Done);
    assert_eq!(node.of_subnet::<u16>("RegistrationsThisBlock", &NET.to_le_bytes()).await, 5);
    assert_eq!(node.of_subnet::<u16>("SubnetworkN", &NET.to_le_bytes()).await, 6);
    let risen = node.of_subnet::<u64>("Burn", &NET.to_le_bytes()).await;
    assert!(risen > burn * 3, "{burn} {risen}");
    node.blocks(1);
    assert_eq!(node.of_subnet::<u16>("RegistrationsThisBlock", &NET.to_le_bytes()).await, 0);
}

#[tokio::test]
async fn proof_of_work_is_a_name_for_the_burn() {
    let node = Node::start(Genesis::default()).await;
    let miner = dev_account("//Miner");
    let work = Call::<Runtime>::register {
        netuid: NET,
        block_number: u64::MAX,
        nonce: 0,
        work: vec![],
        hotkey: id(&miner),
        coldkey: id(&dev_account("//Nobody")),
    };
    let burn = node.of_subnet::<u64>("Burn", &NET.to_le_bytes()).await;
    assert_eq!(node.send(&alice(), work).await, Fate::Done);
    assert_eq!(uid(&node, &miner).await, Some(1));
    let owner: [u8; 32] =
        node.storage(&subtensor::Owner::<Runtime>::hashed_key_for(id(&miner))).await.expect("an owner");
    assert_eq!(owner, alice().public(), "who signs, not who is named");
    let recycled = node.of_subnet::<u64>("RAORecycledForRegistration", &NET.to_le_bytes()).await;
    assert!(recycled > 0 && recycled <= burn, "{recycled}");
}

#[tokio::test]
async fn by_sudo_for_anybody() {
    let node = Node::start(Genesis::default()).await;
    let (coldkey, miner) = (dev_account("//Cold"), dev_account("//Miner"));
    let who = || Address::Id(id(&coldkey));
    let as_coldkey = || pallet_sudo::Call::<Runtime>::sudo_as { who: who(), call: Box::new(register(&miner).into()) };
    // The coldkey pays, and has nothing. What became of it is in an event.
    assert_eq!(node.send(&alice(), as_coldkey()).await, Fate::Done);
    assert_eq!(uid(&node, &miner).await, None);

    let gift = pallet_balances::Call::<Runtime>::force_set_balance { who: who(), new_free: TAO };
    assert_eq!(node.sudo(gift).await, Fate::Done);
    assert_eq!(node.send(&alice(), as_coldkey()).await, Fate::Done);
    assert_eq!(uid(&node, &miner).await, Some(1));
    let owner: [u8; 32] =
        node.storage(&subtensor::Owner::<Runtime>::hashed_key_for(id(&miner))).await.expect("an owner");
    assert_eq!(owner, coldkey.public());
}

#[tokio::test]
async fn nobody_else_gets_a_call_of_sudo_into_a_block() {
    let node = Node::start(Genesis::default()).await;
    let remark = frame_system::Call::<Runtime>::remark { remark: vec![] };
    let sudo = || pallet_sudo::Call::<Runtime>::sudo { call: Box::new(remark.clone().into()) };
    let refused = node.send(&dev_account("//Bob"), sudo()).await;
    assert_eq!(refused, Fate::Refused("Invalid signing address".into()));
    // Within another call it gets there, and fails.
    let batch = pallet_utility::Call::<Runtime>::batch_all { calls: vec![sudo().into()] };
    assert_eq!(node.send(&dev_account("//Bob"), batch).await, failed("12: [0, 0, 0, 0]"));
    assert_eq!(node.send(&alice(), sudo()).await, Fate::Done);
}

#[tokio::test]
async fn of_those_that_earn_the_same_the_oldest_goes_then_the_lowest_uid() {
    let node = Node::start(full(|_| {})).await;
    assert_eq!(seat(&node, "//D").await, Some(1));
    assert_eq!(seat(&node, "//E").await, Some(2));
    assert_eq!(seat(&node, "//F").await, Some(3));
    // The owner never goes, so it is the newcomers' turn.
    assert_eq!(seat(&node, "//G").await, Some(1));
    assert_eq!(uid(&node, &dev_account("//D")).await, None);
}

#[tokio::test]
async fn the_immune_go_only_where_too_few_others_would_remain() {
    let node = Node::start(full(|rules| {
        rules.immunity_period = 10;
        rules.min_non_immune_uids = 1;
    }))
    .await;
    node.blocks(10);
    // Three are not immune, then two, then one: that one stays, and of the immune the oldest goes.
    assert_eq!(seat(&node, "//D").await, Some(1));
    assert_eq!(seat(&node, "//E").await, Some(2));
    assert_eq!(seat(&node, "//F").await, Some(1));
    assert_eq!(uid(&node, &dev_account("//C")).await, Some(3));
    assert_eq!(node.sudo(Admin::sudo_set_min_non_immune_uids { netuid: NET, min: 0 }).await, Fate::Done);
    assert_eq!(seat(&node, "//G").await, Some(3));
}

#[tokio::test]
async fn nobody_goes_where_all_must_stay() {
    let node = Node::start(full(|rules| rules.min_non_immune_uids = 3)).await;
    assert_eq!(node.send(&alice(), register(&dev_account("//D"))).await, failed("NoNeuronIdAvailable"));
}

#[tokio::test]
async fn as_many_of_the_owners_neurons_stay_as_it_chose() {
    let node = Node::start(full(|_| {})).await;
    let bob = dev_account("//Bob");
    assert_eq!(node.send(&bob, register(&dev_account("//X"))).await, Fate::Done);
    assert_eq!(node.send(&bob, register(&dev_account("//Y"))).await, Fate::Done);
    assert_eq!(uid(&node, &dev_account("//Y")).await, Some(2));
    let limit = Admin::sudo_set_owner_immune_neuron_limit { netuid: NET, immune_neurons: 2 };
    assert_eq!(node.sudo(limit).await, Fate::Done);
    // The owner's hotkey and its oldest other one stay.
    assert_eq!(seat(&node, "//D").await, Some(3));
    assert_eq!(seat(&node, "//E").await, Some(2));
    assert_eq!(seat(&node, "//F").await, Some(3));
    assert_eq!(uid(&node, &dev_account("//X")).await, Some(1));
    // Another hotkey for the owner takes the place of that one.
    let choose = Admin::sudo_set_sn_owner_hotkey { netuid: NET, hotkey: id(&dev_account("//F")) };
    assert_eq!(node.sudo(choose).await, Fate::Done);
    assert_eq!(seat(&node, "//G").await, Some(1));
}

#[tokio::test]
async fn what_announced_and_weighed_the_predecessor_does_not_stay() {
    let node = Node::start(full(|_| {})).await;
    let axon = crate::subnet::serve(0x7f00_0002, 8091, 4);
    assert_eq!(node.send(&dev_account("//A"), axon).await, Fate::Done);
    let metrics = Call::serve_prometheus { netuid: NET, version: 1, ip: 2, port: 9100, ip_type: 4 };
    assert_eq!(node.send(&dev_account("//A"), metrics).await, Fate::Done);
    assert_eq!(seat(&node, "//D").await, Some(1));
    let a = id(&dev_account("//A"));
    assert!(node.raw(&subtensor::Axons::<Runtime>::hashed_key_for(NET, &a)).await.is_none());
    assert!(node.raw(&subtensor::Prometheus::<Runtime>::hashed_key_for(NET, &a)).await.is_none());
    assert!(node.raw(&subtensor::IsNetworkMember::<Runtime>::hashed_key_for(&a, NET)).await.is_none());
    let updates: Vec<u64> = node.of_subnet("LastUpdate", &NET.encode()).await;
    assert_eq!(updates[1], node.handle.best().number);
}
