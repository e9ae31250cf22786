//! Swapping hotkeys: what goes from the old one to the new one, what it costs, and when.

use std::collections::BTreeMap;

use codec::Decode;
use localnet::{Beacon, Config, Genesis, GenesisNeuron, dev_account};
use node_subtensor_runtime::{
    AccountId, Runtime, RuntimeEvent,
    pallet_subtensor::{self as subtensor, Call, Event, I96F32},
};
use primitives::Keypair;

use crate::{
    account::{alice, id},
    node::{Fate, Node},
    state::{Items, item},
    subnet::{genesis, register, serve},
};

const NET: u16 = 1;
const TAO: u64 = 1_000_000_000;

fn old() -> Keypair {
    dev_account("//Old")
}

fn new() -> Keypair {
    dev_account("//New")
}

fn swap(netuid: Option<u16>) -> Call<Runtime> {
    Call::swap_hotkey { hotkey: id(&old()), new_hotkey: id(&new()), netuid }
}

fn swap_and_keep(netuid: Option<u16>) -> Call<Runtime> {
    Call::swap_hotkey_v2 { hotkey: id(&old()), new_hotkey: id(&new()), netuid, keep_stake: true }
}

fn failed(name: &str) -> Fate {
    Fate::Failed(name.to_owned())
}

/// Alice's `//Old` has uid 1, with stake of her and a permit. An epoch is far away.
fn seated() -> Genesis {
    let mut genesis = genesis(|rules| rules.tempo = 10_000);
    genesis.subnets[0].neurons = vec![GenesisNeuron {
        hotkey: old().hotkey(),
        coldkey: alice().coldkey(),
        stake_rao: 1_000 * TAO,
        validator_permit: true,
    }];
    genesis
}

/// Bob stakes to it, too, and it announced an axon.
async fn start() -> Node {
    // Without pulses, which would make a day of blocks long.
    let node = Node::with(Config { genesis: seated(), beacon: Beacon::Quicknet, ..Config::test() }).await;
    let stake = Call::add_stake { hotkey: id(&old()), netuid: NET, amount_staked: 10 * TAO };
    assert_eq!(node.send(&dev_account("//Bob"), stake).await, Fate::Done);
    assert_eq!(node.send(&old(), serve(0x7f00_0002, 8091, 4)).await, Fate::Done);
    node
}

async fn get<V: Decode>(node: &Node, key: Vec<u8>) -> Option<V> {
    node.storage(&key).await
}

async fn uid(node: &Node, hotkey: &Keypair) -> Option<u16> {
    get(node, subtensor::Uids::<Runtime>::hashed_key_for(NET, id(hotkey))).await
}

async fn alpha(node: &Node, hotkey: &Keypair) -> u64 {
    get(node, subtensor::TotalHotkeyAlpha::<Runtime>::hashed_key_for(id(hotkey), NET)).await.unwrap_or_default()
}

async fn owner(node: &Node, hotkey: &Keypair) -> Option<AccountId> {
    get(node, subtensor::Owner::<Runtime>::hashed_key_for(id(hotkey))).await
}

async fn accounts(node: &Node, map: &str, coldkey: &Keypair) -> Vec<AccountId> {
    let key = [&sp_core::blake2_128(&coldkey.public())[..], &coldkey.public()].concat();
    node.of_subnet(map, &key).await
}

async fn free(node: &Node, who: &Keypair) -> u64 {
    let key = frame_system::Account::<Runtime>::hashed_key_for(id(who));
    get::<frame_system::AccountInfo<u32, pallet_balances::AccountData<u64>>>(node, key).await.unwrap().data.free
}

#[tokio::test]
async fn everywhere_takes_all_that_the_old_one_had() {
    let node = start().await;
    let staked = alpha(&node, &old()).await;
    let before = free(&node, &alice()).await;
    assert_eq!(node.send(&alice(), swap(None)).await, Fate::Done);
    let event = RuntimeEvent::from(Event::HotkeySwapped(id(&alice()), id(&old()), id(&new())));
    assert!(node.events().await.iter().any(|record| record.event == event));
    let paid = before - free(&node, &alice()).await;
    assert!((TAO / 10..TAO / 10 + TAO / 1_000).contains(&paid), "a tenth of a TAO and the fee: {paid}");

    assert_eq!((uid(&node, &old()).await, uid(&node, &new()).await), (None, Some(1)));
    let key: Option<AccountId> = get(&node, subtensor::Keys::<Runtime>::hashed_key_for(NET, 1)).await;
    assert_eq!(key, Some(id(&new())));
    assert_eq!((owner(&node, &old()).await, owner(&node, &new()).await), (None, Some(id(&alice()))));
    assert_eq!(accounts(&node, "OwnedHotkeys", &alice()).await, [id(&new())]);
    for staker in [alice(), dev_account("//Bob")] {
        assert_eq!(accounts(&node, "StakingHotkeys", &staker).await, [id(&new())]);
    }
    assert_eq!((alpha(&node, &old()).await, alpha(&node, &new()).await), (0, staked));
    let axon = |hotkey: &Keypair| subtensor::Axons::<Runtime>::hashed_key_for(NET, id(hotkey));
    assert!(node.raw(&axon(&old())).await.is_none() && node.raw(&axon(&new())).await.is_some());
    let permits: Vec<bool> = node.of_subnet("ValidatorPermit", &NET.to_le_bytes()).await;
    assert_eq!(permits, [false, true], "what belongs to the seat stays there");

    // What the new one has, it may use.
    let weights = Call::set_weights { netuid: NET, dests: vec![0], weights: vec![1], version_key: 0 };
    assert_eq!(node.send(&new(), weights).await, Fate::Done);
    let back = Call::swap_hotkey { hotkey: id(&new()), new_hotkey: id(&old()), netuid: None };
    assert_eq!(node.send(&alice(), back).await, failed("HotKeySwapOnSubnetIntervalNotPassed"));
}

#[tokio::test]
async fn stake_may_stay_behind() {
    let node = start().await;
    let staked = alpha(&node, &old()).await;
    assert_eq!(node.send(&alice(), swap_and_keep(None)).await, Fate::Done);
    assert_eq!((uid(&node, &old()).await, uid(&node, &new()).await), (None, Some(1)));
    assert_eq!((alpha(&node, &old()).await, alpha(&node, &new()).await), (staked, 0));
    assert_eq!(owner(&node, &old()).await, Some(id(&alice())));
    assert_eq!(accounts(&node, "OwnedHotkeys", &alice()).await, [id(&old()), id(&new())]);
}

#[tokio::test]
async fn in_one_subnet_a_day_after_the_last_time() {
    let node = start().await;
    let staked = alpha(&node, &old()).await;
    let too_soon = || failed("HotKeySwapOnSubnetIntervalNotPassed");
    // Without a last time, the day begins with the chain.
    assert_eq!(node.send(&alice(), swap(Some(NET))).await, too_soon());
    let left = 7_199 - node.handle.best().number as u32;
    node.blocks(left);
    assert_eq!(node.send(&alice(), swap(Some(NET))).await, too_soon());
    let before = free(&node, &alice()).await;
    assert_eq!(node.send(&alice(), swap(Some(NET))).await, Fate::Done);
    let event = RuntimeEvent::from(Event::HotkeySwappedOnSubnet(id(&alice()), id(&old()), id(&new()), NET));
    assert!(node.events().await.iter().any(|record| record.event == event));
    let paid = before - free(&node, &alice()).await;
    assert!((TAO / 1_000..TAO / 500).contains(&paid), "a thousandth of a TAO and the fee: {paid}");

    assert_eq!((uid(&node, &old()).await, uid(&node, &new()).await), (None, Some(1)));
    // Elsewhere the old one is as it was, so it stays owned.
    assert_eq!(accounts(&node, "OwnedHotkeys", &alice()).await, [id(&old()), id(&new())]);
    let kept = alpha(&node, &new()).await;
    assert!(alpha(&node, &old()).await == 0 && kept >= staked, "{kept} {staked}");
    let back = |netuid| Call::<Runtime>::swap_hotkey { hotkey: id(&new()), new_hotkey: id(&old()), netuid };
    assert_eq!(node.send(&alice(), back(Some(NET))).await, too_soon());
    assert_eq!(node.send(&alice(), back(None)).await, too_soon());
}

#[tokio::test]
async fn an_owners_hotkey_stays_the_owners() {
    let mut genesis = seated();
    genesis.subnets[0].owner = dev_account("//Bob").coldkey();
    let node = Node::start(genesis).await;
    let owners = dev_account("//Owner//hotkey");
    let swap = Call::swap_hotkey { hotkey: id(&owners), new_hotkey: id(&new()), netuid: None };
    assert_eq!(node.send(&dev_account("//Bob"), swap).await, Fate::Done);
    let hotkey: Option<AccountId> = get(&node, subtensor::SubnetOwnerHotkey::<Runtime>::hashed_key_for(NET)).await;
    assert_eq!(hotkey, Some(id(&new())));
    let event = RuntimeEvent::from(Event::SubnetOwnerHotkeySet(NET, id(&new())));
    assert!(node.events().await.iter().any(|record| record.event == event));
}

#[tokio::test]
async fn family_takes_and_claims_go_along() {
    let node = start().await;
    let stake = Call::add_stake { hotkey: id(&old()), netuid: 0, amount_staked: TAO };
    assert_eq!(node.send(&dev_account("//Bob"), stake).await, Fate::Done);
    let (child, parent, bob) = (id(&dev_account("//Child")), id(&dev_account("//Parent")), id(&dev_account("//Bob")));
    let (old, new) = (id(&old()), id(&new()));
    let rates = BTreeMap::from([(NET, I96F32 { bits: 7 })]);
    let items = |hotkey: &AccountId| -> Items {
        vec![
            item(subtensor::ChildKeys::<Runtime>::hashed_key_for(hotkey, NET), vec![(7u64, child.clone())]),
            item(subtensor::ParentKeys::<Runtime>::hashed_key_for(hotkey, NET), vec![(8u64, parent.clone())]),
            item(subtensor::ParentKeys::<Runtime>::hashed_key_for(&child, NET), vec![(7u64, hotkey.clone())]),
            item(subtensor::ChildKeys::<Runtime>::hashed_key_for(&parent, NET), vec![(8u64, hotkey.clone())]),
            item(
                subtensor::PendingChildKeys::<Runtime>::hashed_key_for(NET, &parent),
                (vec![(9u64, child.clone()), (8, hotkey.clone())], 10_000u64),
            ),
            item(
                subtensor::PendingChildKeys::<Runtime>::hashed_key_for(NET, hotkey),
                (vec![(1u64, child.clone())], 9u64),
            ),
            item(subtensor::ChildkeyTake::<Runtime>::hashed_key_for(hotkey, NET), 11u16),
            item(subtensor::Delegates::<Runtime>::hashed_key_for(hotkey), 12u16),
            item(subtensor::AutoStakeDestinationColdkeys::<Runtime>::hashed_key_for(hotkey, NET), vec![bob.clone()]),
            item(subtensor::AutoStakeDestination::<Runtime>::hashed_key_for(&bob, NET), hotkey.clone()),
            item(subtensor::AutoParentDelegationEnabled::<Runtime>::hashed_key_for(hotkey), false),
            item(subtensor::RootClaimable::<Runtime>::hashed_key_for(hotkey), rates.clone()),
            item(subtensor::RootClaimed::<Runtime>::hashed_key_for((NET, hotkey, &bob)), 13u128),
        ]
    };
    node.put(items(&old)).await;
    assert_eq!(node.send(&alice(), swap(None)).await, Fate::Done);
    for (key, value) in items(&new) {
        assert_eq!(node.raw(&key).await, Some(value), "{}", hex::encode(key));
    }
    // What is keyed by the old hotkey itself is gone.
    let name: [u8; 32] = old.clone().into();
    for (key, _) in items(&old) {
        if key.windows(32).any(|part| part == name) {
            assert_eq!(node.raw(&key).await, None, "{}", hex::encode(key));
        }
    }
    let on_root: Option<u64> = get(&node, subtensor::TotalHotkeyAlpha::<Runtime>::hashed_key_for(&new, 0)).await;
    assert!(on_root.is_some_and(|rao| rao > TAO / 2), "{on_root:?}");
}

#[tokio::test]
async fn refusals() {
    let node = start().await;
    let bob = dev_account("//Bob");
    let to = |new_hotkey, netuid| Call::<Runtime>::swap_hotkey { hotkey: id(&old()), new_hotkey, netuid };
    assert_eq!(node.send(&alice(), to(id(&new()), Some(9))).await, failed("SubnetNotExists"));
    assert_eq!(node.send(&bob, swap(None)).await, failed("NonAssociatedColdKey"));
    assert_eq!(node.send(&alice(), to(id(&old()), None)).await, failed("NewHotKeyIsSameWithOld"));
    let bobs = dev_account("//Bobs");
    assert_eq!(node.send(&bob, register(&bobs)).await, Fate::Done);
    assert_eq!(node.send(&alice(), to(id(&bobs), None)).await, failed("NonAssociatedColdKey"));
    let seated = dev_account("//Seated");
    assert_eq!(node.send(&alice(), register(&seated)).await, Fate::Done);
    for netuid in [None, Some(NET)] {
        assert_eq!(node.send(&alice(), to(id(&seated), netuid)).await, failed("HotKeyAlreadyRegisteredInSubNet"));
    }

    // A hotkey that has stake on root cannot take another's place there.
    let staked = dev_account("//Staked");
    let associate = Call::<Runtime>::try_associate_hotkey { hotkey: id(&staked) };
    assert_eq!(node.send(&alice(), associate).await, Fate::Done);
    let stake = Call::<Runtime>::add_stake { hotkey: id(&staked), netuid: 0, amount_staked: TAO };
    assert_eq!(node.send(&alice(), stake).await, Fate::Done);
    for netuid in [None, Some(0)] {
        assert_eq!(node.send(&alice(), to(id(&staked), netuid)).await, failed("NewHotKeyNotCleanForRootSwap"));
    }
    let pot = subtensor::Pallet::<Runtime>::subnet_account(NET);
    assert_eq!(node.send(&alice(), to(pot, None)).await, failed("CannotUseSystemAccount"));
    assert_eq!(uid(&node, &old()).await, Some(1), "nothing changed");

    // Who cannot pay.
    let poor = dev_account("//Poor");
    let give = pallet_balances::Call::<Runtime>::transfer_keep_alive {
        dest: node_subtensor_runtime::Address::Id(id(&poor)),
        value: TAO / 2,
    };
    assert_eq!(node.send(&alice(), give).await, Fate::Done);
    let hotkey = dev_account("//Poor//hotkey");
    let associate = Call::<Runtime>::try_associate_hotkey { hotkey: id(&hotkey) };
    assert_eq!(node.send(&poor, associate).await, Fate::Done);
    let spend = pallet_balances::Call::<Runtime>::transfer_keep_alive {
        dest: node_subtensor_runtime::Address::Id(id(&alice())),
        value: TAO / 2 - TAO / 20,
    };
    assert_eq!(node.send(&poor, spend).await, Fate::Done);
    let swap = Call::swap_hotkey { hotkey: id(&hotkey), new_hotkey: id(&new()), netuid: None };
    assert_eq!(node.send(&poor, swap).await, failed("NotEnoughBalanceToPaySwapHotKey"));
}
