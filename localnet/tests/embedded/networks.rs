//! Networks: what one costs, what it opens with, and what is left when it ends. And what a seat in one costs.

use localnet::{Genesis, SubnetGenesis, dev_account};
use node_subtensor_runtime::{Runtime, SubtensorModule, pallet_balances};
use pallet_alpha_assets::AlphaRecycled;
use pallet_subtensor::{
    Burn, BurnHalfLife, Call, Event, NetworkImmunityPeriod, NetworkLastLockCost, NetworkLockReductionInterval,
    NetworkRateLimit, NetworkRegisteredAt, NetworksAdded, RAORecycledForRegistration, SubnetEmissionEnabled,
    SubnetIdentitiesV3, SubnetIdentityV3, SubnetLimit, SubnetLocked, SubnetOwner, SubnetProtocolAlpha,
    TotalHotkeyAlpha, TotalIssuance, TotalNetworks,
};
use primitives::{Keypair, NetUid};

use crate::{
    account::{alice, id},
    node::{Fate, Node},
    stake::{add, failed},
    state::item,
    subnet::{genesis, register},
};

const NET: u16 = 1;
const NEW: u16 = 2;
const TAO: u64 = 1_000_000_000;

fn create(hotkey: &Keypair) -> Call<Runtime> {
    Call::register_network { hotkey: id(hotkey) }
}

fn dissolve(netuid: u16) -> Call<Runtime> {
    Call::root_dissolve_network { netuid }
}

async fn cost(node: &Node) -> u64 {
    node.call("SubnetRegistrationRuntimeApi_get_network_registration_cost", ()).await
}

#[tokio::test]
async fn a_network_opens_with_its_lock_in_the_pool() {
    let mut genesis = Genesis::default();
    let pool = (500_000 * TAO, 1_000_000 * TAO);
    genesis.subnets.push(SubnetGenesis { pool, ..SubnetGenesis::new(NetUid(2)) });
    let node = Node::start(genesis).await;
    let (bob, hotkey) = (dev_account("//Bob"), dev_account("//Bob//hotkey"));
    assert_eq!(node.send(&alice(), register(&dev_account("//Alices"))).await, Fate::Done);
    assert_eq!(cost(&node).await, 1_000 * TAO);
    let poor = dev_account("//Poor");
    let gift = pallet_balances::Call::<Runtime>::transfer_keep_alive { dest: id(&poor).into(), value: 999 * TAO };
    assert_eq!(node.send(&alice(), gift).await, Fate::Done);
    assert_eq!(node.send(&poor, create(&hotkey)).await, failed("CannotAffordLockCost"));
    assert_eq!(node.send(&bob, create(&dev_account("//Alices"))).await, failed("NonAssociatedColdKey"));
    assert_eq!(node.send(&bob, create(&hotkey)).await, Fate::Done);
    let events = node.subtensor_events().await;
    assert_eq!(events.last(), Some(&Event::NetworkAdded(3, 1)));
    // An alpha costs what it does in the middle, between 1 and 0.5.
    let (tao, alpha) = node.pool(3).await;
    assert_eq!(tao, 1_000 * TAO);
    assert!(alpha.abs_diff(1_000 * TAO / 3 * 4) < TAO / 100, "{alpha}");
    assert_eq!(node.read::<u64>(SubnetLocked::<Runtime>::hashed_key_for(3)).await, 1_000 * TAO);
    assert_eq!(node.storage(&SubnetOwner::<Runtime>::hashed_key_for(3)).await, Some(id(&bob)));
    assert!(node.free(&SubtensorModule::subnet_account(3)).await >= 1_000 * TAO);

    // The next costs twice as much, and less with every block.
    let per_block = 1_000 * TAO / 100_800;
    assert_eq!(cost(&node).await, 2_000 * TAO);
    node.blocks(30);
    assert_eq!(cost(&node).await, 2_000 * TAO - 30 * per_block);
    assert_eq!(node.send(&bob, create(&dev_account("//Second"))).await, Fate::Done);
    let paid = 2_000 * TAO - 31 * per_block;
    assert_eq!(node.read::<u64>(NetworkLastLockCost::<Runtime>::hashed_key()).await, paid);
    assert_eq!(node.pool(4).await.0, paid);
    node.put(vec![item(NetworkLockReductionInterval::<Runtime>::hashed_key(), 10u64)]).await;
    node.blocks(20);
    assert_eq!(cost(&node).await, 1_000 * TAO, "never less");

    node.put(vec![item(NetworkRateLimit::<Runtime>::hashed_key(), 30u64)]).await;
    // Too soon: it is not let into a block.
    let refused = Fate::Refused("Custom error: 6".into());
    assert_eq!(node.send(&bob, create(&dev_account("//Third"))).await, refused);
    node.blocks(7);
    assert_eq!(node.send(&bob, create(&dev_account("//Third"))).await, Fate::Done);
}

#[tokio::test]
async fn a_network_comes_with_its_identity() {
    let node = Node::start(Genesis::default()).await;
    let identity = |name: &str| {
        let identity = SubnetIdentityV3 { subnet_name: name.into(), ..SubnetIdentityV3::default() };
        let hotkey = id(&dev_account("//Bob//hotkey"));
        Call::<Runtime>::register_network_with_identity { hotkey, identity: Some(identity) }
    };
    let bob = dev_account("//Bob");
    assert_eq!(node.send(&bob, identity(&"x".repeat(257))).await, failed("InvalidIdentity"));
    assert_eq!(node.send(&bob, identity("Two")).await, Fate::Done);
    let events = node.subtensor_events().await;
    assert!(events.ends_with(&[Event::SubnetIdentitySet(NEW), Event::NetworkAdded(NEW, 1)]), "{events:?}");
    let stored: SubnetIdentityV3 = node.storage(&SubnetIdentitiesV3::<Runtime>::hashed_key_for(NEW)).await.unwrap();
    assert_eq!(stored.subnet_name, b"Two");
}

#[tokio::test]
async fn a_dissolved_network_pays_who_holds_its_alpha() {
    let node = Node::start(Genesis::default()).await;
    let (bob, hotkey) = (dev_account("//Bob"), dev_account("//Bob//hotkey"));
    assert_eq!(node.send(&bob, create(&hotkey)).await, Fate::Done);
    assert_eq!(node.send(&bob, Call::start_call { netuid: NEW }).await, Fate::Done);
    assert_eq!(node.send(&bob, add(&hotkey, NEW, 300 * TAO)).await, Fate::Done);
    assert_eq!(node.send(&alice(), add(&hotkey, NEW, 200 * TAO)).await, Fate::Done);
    assert_eq!(node.send(&bob, dissolve(NEW)).await, failed("BadOrigin"));
    // Nothing but the end moves the pool.
    node.put(vec![item(SubnetEmissionEnabled::<Runtime>::hashed_key_for(NEW), false)]).await;
    let (pot, pooled) = node.pool(NEW).await;
    let bought: u64 = node.read(SubnetProtocolAlpha::<Runtime>::hashed_key_for(NEW)).await;
    let [bobs, alices] = [node.staked(NEW, &hotkey, &bob).await, node.staked(NEW, &hotkey, &alice()).await];
    let before = node.free(&id(&bob)).await;
    assert_eq!(node.sudo(dissolve(NEW)).await, Fate::Done);
    assert!(node.subtensor_events().await.contains(&Event::NetworkRemoved(NEW)));
    let all = u128::from(pooled + bought + bobs + alices);
    let expected = u64::try_from(u128::from(pot) * u128::from(bobs) / all).unwrap();
    assert!((node.free(&id(&bob)).await - before).abs_diff(expected) <= 1, "{expected}");

    assert!(!node.read::<bool>(NetworksAdded::<Runtime>::hashed_key_for(NEW)).await);
    assert_eq!(node.read::<u16>(TotalNetworks::<Runtime>::hashed_key()).await, 2, "root and the first");
    assert_eq!(node.read::<u64>(TotalHotkeyAlpha::<Runtime>::hashed_key_for(id(&hotkey), NEW)).await, 0);
    assert_eq!(node.pool(NEW).await, (0, 0));
    // The pool's own part is nobody's, and is taken out of the issuance.
    assert!(node.free(&SubtensorModule::subnet_account(NEW)).await <= 500);
    let counted: u64 = node.read(TotalIssuance::<Runtime>::hashed_key()).await;
    assert_eq!(counted, node.read::<u64>(pallet_balances::TotalIssuance::<Runtime>::hashed_key()).await);
    assert_eq!(node.send(&bob, add(&hotkey, NEW, TAO)).await, failed("SubnetNotExists"));
    assert_eq!(node.sudo(dissolve(9)).await, failed("SubnetNotExists"));

    // The number is free again.
    assert_eq!(node.send(&bob, create(&hotkey)).await, Fate::Done);
    assert_eq!(node.staked(NEW, &hotkey, &bob).await, 0);
}

#[tokio::test]
async fn the_cheapest_network_makes_room() {
    let mut genesis = Genesis::default();
    let pool = (500_000 * TAO, 1_000_000 * TAO);
    genesis.subnets.push(SubnetGenesis { pool, ..SubnetGenesis::new(NetUid(2)) });
    let node = Node::start(genesis).await;
    node.put(vec![item(SubnetLimit::<Runtime>::hashed_key(), 2u16)]).await;
    let hotkey = dev_account("//Hotkey");
    assert_eq!(node.send(&alice(), create(&hotkey)).await, failed("SubnetLimitReached"));
    node.put(vec![item(NetworkImmunityPeriod::<Runtime>::hashed_key(), 0u64)]).await;
    assert_eq!(node.send(&alice(), create(&hotkey)).await, Fate::Done);
    let events = node.subtensor_events().await;
    assert!(events.contains(&Event::NetworkRemoved(2)) && events.contains(&Event::NetworkAdded(2, 1)), "{events:?}");
    assert_eq!(node.read::<u64>(NetworkRegisteredAt::<Runtime>::hashed_key_for(2)).await, 4);
    assert_eq!(node.pool(2).await.0, 1_000 * TAO);
    // The other one goes on.
    assert!(node.pool(NET).await.0 > 1_000_000 * TAO);
}

#[tokio::test]
async fn a_seat_gets_dearer_with_each_one_and_cheaper_with_time() {
    let node = Node::start(genesis(|rules| (rules.burn, rules.min_burn) = (8 * TAO, 2 * TAO))).await;
    let burn = async || node.read::<u64>(Burn::<Runtime>::hashed_key_for(NET)).await;
    let recycled = async || node.read::<u64>(AlphaRecycled::<Runtime>::hashed_key_for(NET)).await;
    node.blocks(1);
    assert_eq!(burn().await, 8 * TAO);
    node.put(vec![item(BurnHalfLife::<Runtime>::hashed_key_for(NET), 0u16)]).await;
    let price = burn().await;
    let limit = |hotkey: &str, limit_price| Call::<Runtime>::register_limit {
        netuid: NET,
        hotkey: id(&dev_account(hotkey)),
        limit_price,
    };
    assert_eq!(node.send(&alice(), limit("//A", price - 1)).await, failed("RegistrationPriceLimitExceeded"));
    let (tao, _) = node.pool(NET).await;
    assert_eq!(node.send(&alice(), limit("//A", price)).await, Fate::Done);
    // It buys alpha, less the fee, which is taken back; the block's own TAO came besides.
    let fee = price * 33 / 65_535;
    assert_eq!(node.pool(NET).await.0 - tao, TAO + price - fee);
    let bought = recycled().await;
    assert!(bought > price - price / 100 && bought < price, "{bought}");
    assert_eq!(node.read::<u64>(RAORecycledForRegistration::<Runtime>::hashed_key_for(NET)).await, price);
    let dearer = burn().await;
    // 1.26 times.
    assert!(dearer.abs_diff(price / 100 * 126) < 200, "{dearer}");

    node.put(vec![item(BurnHalfLife::<Runtime>::hashed_key_for(NET), 10u16)]).await;
    assert_eq!(burn().await, dearer);
    node.blocks(10);
    assert!(burn().await.abs_diff(dearer / 2) < 1_000, "{}", burn().await);
    node.blocks(30);
    assert_eq!(burn().await, 2 * TAO);
}
