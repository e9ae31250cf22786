//! The freeze window: shortly before an epoch a subnet's rules stay as they are.

use localnet::dev_account;
use node_subtensor_runtime::{Runtime, pallet_admin_utils::Call, pallet_subtensor};

use crate::{
    node::{Fate, Node},
    subnet::genesis,
};

const NET: u16 = 1;

#[tokio::test]
async fn rules_stay_from_nine_blocks_before_an_epoch_until_it_ran() {
    let mut genesis = genesis(|rules| rules.tempo = 20);
    let bob = dev_account("//Bob");
    genesis.subnets[0].owner = bob.coldkey();
    let node = Node::start(genesis).await;
    let toggle = |toggle| Call::<Runtime>::sudo_set_toggle_transfer { netuid: NET, toggle };
    let difficulty = || Call::<Runtime>::sudo_set_difficulty { netuid: NET, difficulty: 7 };
    let frozen = || Fate::Failed("AdminActionProhibitedDuringWeightsWindow".into());

    node.blocks(9);
    assert_eq!(node.sudo(difficulty()).await, Fate::Done);
    for block in 11..20 {
        // Root is bound as the owner is.
        let fate = if block % 2 == 0 { node.sudo(difficulty()).await } else { node.send(&bob, toggle(false)).await };
        assert_eq!((node.handle.best().number, fate), (block, frozen()));
    }
    // The epoch ran in block 20, before the transactions. What was refused started no clock.
    assert_eq!(node.send(&bob, toggle(false)).await, Fate::Done);
    assert_eq!(node.handle.best().number, 20);
    assert_eq!(node.of_subnet::<u64>("LastEpochBlock", &NET.to_le_bytes()).await, 20);
}

#[tokio::test]
async fn some_of_roots_rules_change_at_any_time() {
    let node = Node::start(genesis(|rules| rules.tempo = 20)).await;
    node.blocks(14);
    let registration = Call::sudo_set_network_registration_allowed { netuid: NET, registration_allowed: false };
    for call in [
        Call::<Runtime>::sudo_set_kappa { netuid: NET, kappa: 7 },
        Call::sudo_set_weights_set_rate_limit { netuid: NET, weights_set_rate_limit: 7 },
        registration,
    ] {
        assert_eq!(node.sudo(call.clone()).await, Fate::Done, "{call:?}");
    }
}

#[tokio::test]
async fn the_window_has_the_length_that_root_gave_it() {
    let node = Node::start(genesis(|rules| rules.tempo = 20)).await;
    let difficulty = || Call::<Runtime>::sudo_set_difficulty { netuid: NET, difficulty: 7 };
    let frozen = || Fate::Failed("AdminActionProhibitedDuringWeightsWindow".into());
    assert_eq!(node.sudo(Call::sudo_set_admin_freeze_window { window: 15 }).await, Fate::Done);
    node.blocks(3);
    assert_eq!(node.sudo(difficulty()).await, Fate::Done);
    assert_eq!(node.sudo(difficulty()).await, frozen());
    assert_eq!(node.sudo(Call::sudo_set_admin_freeze_window { window: 0 }).await, Fate::Done);
    assert_eq!(node.sudo(difficulty()).await, Fate::Done);
    // As long as the tempo it never opens.
    assert_eq!(node.sudo(Call::sudo_set_admin_freeze_window { window: 21 }).await, Fate::Done);
    node.blocks(20);
    assert_eq!(node.sudo(difficulty()).await, frozen());
}

#[tokio::test]
async fn a_new_tempo_counts_from_when_root_set_it() {
    let node = Node::start(genesis(|rules| rules.tempo = 20)).await;
    let set = |tempo| Call::<Runtime>::sudo_set_tempo { netuid: NET, tempo };
    node.blocks(4);
    // Root has no bounds, but the window.
    assert_eq!(node.sudo(set(12)).await, Fate::Done);
    assert_eq!(node.of_subnet::<u64>("LastEpochBlock", &NET.to_le_bytes()).await, 5);
    let next: Option<u64> = node.call("SubnetInfoRuntimeApi_get_next_epoch_start_block", NET).await;
    assert_eq!(next, Some(17));
    node.blocks(2);
    assert_eq!(node.sudo(set(20)).await, Fate::Failed("AdminActionProhibitedDuringWeightsWindow".into()));
}

#[tokio::test]
async fn rules_stay_from_when_the_owner_asks_for_an_epoch_until_it_ran() {
    let mut genesis = genesis(|rules| rules.tempo = 100);
    let bob = dev_account("//Bob");
    genesis.subnets[0].owner = bob.coldkey();
    let node = Node::start(genesis).await;
    let difficulty = || Call::<Runtime>::sudo_set_difficulty { netuid: NET, difficulty: 7 };
    node.blocks(4);
    assert_eq!(node.send(&bob, pallet_subtensor::Call::trigger_epoch { netuid: NET }).await, Fate::Done);
    for _ in 0..9 {
        assert_eq!(node.sudo(difficulty()).await, Fate::Failed("AdminActionProhibitedDuringWeightsWindow".into()));
    }
    assert_eq!(node.sudo(difficulty()).await, Fate::Done);
    assert_eq!(node.of_subnet::<u64>("LastEpochBlock", &NET.to_le_bytes()).await, 15);
}
