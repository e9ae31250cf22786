//! When epochs run, and what an owner may do about it.

use localnet::{Genesis, SubnetGenesis, dev_account};
use node_subtensor_runtime::Runtime;
use pallet_subtensor::{
    ActivityCutoffFactorMilli, BlocksSinceLastStep, Call, CommitRevealWeightsEnabled, Event, Keys, LastEpochBlock,
    MaxEpochsPerBlock, PendingEpochAt, PendingServerEmission, SubnetEpochIndex, Tempo,
};
use primitives::{Keypair, NetUid};

use crate::{
    account::id,
    node::{Fate, Node},
    state::item,
    weights::{failed, fund},
};

fn owner() -> Keypair {
    dev_account("//Owner")
}

fn set_tempo(tempo: u16) -> Call<Runtime> {
    Call::set_tempo { netuid: 1, tempo }
}

fn trigger() -> Call<Runtime> {
    Call::trigger_epoch { netuid: 1 }
}

fn set_factor(factor_milli: u32) -> Call<Runtime> {
    Call::set_activity_cutoff_factor { netuid: 1, factor_milli }
}

/// Subnet 1 with a tempo, its owner able to pay.
async fn started(tempo: u16) -> Node {
    let mut genesis = Genesis::default();
    genesis.subnets[0].rules.tempo = tempo;
    let node = Node::start(genesis).await;
    fund(&node, &owner()).await;
    node
}

async fn next_epoch(node: &Node) -> Option<u64> {
    node.call("SubnetInfoRuntimeApi_get_next_epoch_start_block", 1u16).await
}

async fn epoch(node: &Node, netuid: u16) -> u64 {
    node.of_subnet("SubnetEpochIndex", &netuid.to_le_bytes()).await
}

#[tokio::test]
async fn epochs_are_a_tempo_apart() {
    let node = started(5).await;
    for (block, index) in [(4, 0u64), (5, 1), (6, 1), (9, 1), (10, 2), (15, 3)] {
        node.blocks(block - node.handle.best().number as u32);
        assert_eq!(epoch(&node, 1).await, index, "block {block}");
    }
    assert_eq!(next_epoch(&node).await, Some(20));
    // Asked for earlier, by hand.
    node.put(vec![item(PendingEpochAt::<Runtime>::hashed_key_for(1), 18u64)]).await;
    assert_eq!(next_epoch(&node).await, Some(18));
    node.blocks(2);
    assert_eq!((epoch(&node, 1).await, next_epoch(&node).await), (4, Some(23)));
    assert_eq!(node.of_subnet::<u64>("PendingEpochAt", &1u16.to_le_bytes()).await, 0);

    // Overdue, whatever the last epoch's block says.
    let last = item(LastEpochBlock::<Runtime>::hashed_key_for(1), 1_000_000u64);
    let waited = item(BlocksSinceLastStep::<Runtime>::hashed_key_for(1), 50_399u64);
    node.put(vec![last, waited]).await;
    node.blocks(1);
    assert_eq!(epoch(&node, 1).await, 4, "50,400 blocks are allowed");
    node.blocks(1);
    assert_eq!(epoch(&node, 1).await, 5);

    // Without a tempo none runs.
    node.put(vec![item(Tempo::<Runtime>::hashed_key_for(1), 0u16)]).await;
    node.blocks(50);
    assert_eq!((epoch(&node, 1).await, next_epoch(&node).await), (5, None));
}

#[tokio::test]
async fn a_block_runs_few_epochs_and_puts_the_others_off() {
    let mut genesis = Genesis::default();
    genesis.subnets.extend((2..=5).map(|netuid| SubnetGenesis::new(NetUid(netuid))));
    let node = Node::start(genesis).await;
    let ran = async || {
        let mut ran = Vec::new();
        for netuid in 1..=5 {
            ran.push(epoch(&node, netuid).await);
        }
        ran
    };
    node.blocks(20);
    assert_eq!(ran().await, [1, 1, 0, 0, 0]);
    let deferred: Vec<_> = node.subtensor_events().await.into_iter().filter(is_deferred).collect();
    let put_off = |netuid, from_block| Event::EpochDeferred { netuid, from_block, to_block: from_block + 1 };
    assert_eq!(deferred, [put_off(3, 20), put_off(4, 20), put_off(5, 20)]);
    node.blocks(1);
    assert_eq!(ran().await, [1, 1, 1, 1, 0]);
    let deferred: Vec<_> = node.subtensor_events().await.into_iter().filter(is_deferred).collect();
    assert_eq!(deferred, [put_off(5, 21)]);
    node.blocks(1);
    assert_eq!(ran().await, [1; 5]);
    // Each counts from its own last one: none waits in the next round.
    assert_eq!(node.of_subnet::<u64>("LastEpochBlock", &5u16.to_le_bytes()).await, 22);
    node.blocks(18);
    assert_eq!(ran().await, [2, 2, 1, 1, 1]);
    assert!(!node.subtensor_events().await.iter().any(is_deferred));
    node.put(vec![item(MaxEpochsPerBlock::<Runtime>::hashed_key(), 5u8)]).await;
    node.blocks(19);
    assert_eq!(ran().await, [3, 3, 2, 2, 2]);
}

fn is_deferred(event: &Event<Runtime>) -> bool {
    matches!(event, Event::EpochDeferred { .. })
}

#[tokio::test]
async fn an_epoch_over_broken_state_is_skipped_and_its_alpha_waits() {
    let node = started(5).await;
    let keys = [0u16, 1].map(|uid| item(Keys::<Runtime>::hashed_key_for(1, uid), id(&owner())));
    let seats = item(pallet_subtensor::SubnetworkN::<Runtime>::hashed_key_for(1), 2u16);
    node.put([keys.to_vec(), vec![seats]].concat()).await;
    node.blocks(3);
    assert_eq!(node.handle.best().number, 5);
    assert!(node.subtensor_events().await.contains(&Event::EpochSkipped { netuid: 1, block: 5 }));
    assert_eq!(epoch(&node, 1).await, 1, "the slot is used up");
    assert_eq!(next_epoch(&node).await, Some(10));
    let pending: u64 = node.storage(&PendingServerEmission::<Runtime>::hashed_key_for(1)).await.unwrap();
    assert!(pending > 0);
}

#[tokio::test]
async fn an_owner_sets_the_tempo_within_bounds_and_it_counts_from_then() {
    let node = started(400).await;
    assert_eq!(node.send(&owner(), set_tempo(359)).await, failed("TempoOutOfBounds"));
    assert_eq!(node.send(&owner(), set_tempo(50_401)).await, failed("TempoOutOfBounds"));
    assert_eq!(node.send(&dev_account("//Bob"), set_tempo(360)).await, failed("BadOrigin"));
    assert_eq!(node.send(&owner(), set_tempo(50_400)).await, Fate::Done);
    let now = node.handle.best().number;
    assert_eq!(node.subtensor_events().await, [Event::TempoSet(1, 50_400)]);
    assert_eq!(next_epoch(&node).await, Some(now + 50_400));
    assert_eq!(epoch(&node, 1).await, 0);

    // Once in 360 blocks.
    assert_eq!(node.send(&owner(), set_tempo(360)).await, failed("TxRateLimitExceeded"));
    node.blocks(358);
    assert_eq!(node.handle.best().number, now + 359);
    assert_eq!(node.send(&owner(), set_tempo(360)).await, Fate::Done);
    assert_eq!(next_epoch(&node).await, Some(now + 720));

    // Not in the last ten blocks before an epoch.
    node.blocks(350);
    assert_eq!(node.send(&owner(), set_tempo(400)).await, failed("AdminActionProhibitedDuringWeightsWindow"));
    node.blocks(9);
    assert_eq!((node.handle.best().number, epoch(&node, 1).await), (now + 720, 1));
    assert_eq!(node.send(&owner(), set_tempo(400)).await, Fate::Done);
}

#[tokio::test]
async fn an_owner_asks_for_an_epoch_out_of_turn() {
    let node = started(400).await;
    let committed = CommitRevealWeightsEnabled::<Runtime>::hashed_key_for(1);
    node.put(vec![item(committed.clone(), true)]).await;
    assert_eq!(node.send(&owner(), trigger()).await, failed("DynamicTempoBlockedByCommitReveal"));
    node.put(vec![item(committed, false)]).await;
    assert_eq!(node.send(&dev_account("//Bob"), trigger()).await, failed("BadOrigin"));
    assert_eq!(node.send(&owner(), trigger()).await, Fate::Done);
    let now = node.handle.best().number;
    assert_eq!(node.subtensor_events().await, [Event::EpochTriggered(1, id(&owner()), now + 10)]);
    assert_eq!(next_epoch(&node).await, Some(now + 10));
    assert_eq!(node.send(&owner(), trigger()).await, failed("EpochTriggerAlreadyPending"));
    // Rules are frozen until it has run.
    assert_eq!(node.send(&owner(), set_tempo(360)).await, failed("AdminActionProhibitedDuringWeightsWindow"));
    assert_eq!(node.send(&owner(), set_factor(2_000)).await, failed("AdminActionProhibitedDuringWeightsWindow"));
    node.blocks(6);
    assert_eq!((node.handle.best().number, epoch(&node, 1).await), (now + 9, 0));
    node.blocks(1);
    assert_eq!((epoch(&node, 1).await, next_epoch(&node).await), (1, Some(now + 410)));

    // Once in two tempos.
    assert_eq!(node.send(&owner(), trigger()).await, failed("TxRateLimitExceeded"));
    node.blocks(391);
    assert_eq!(node.handle.best().number, now + 402);
    assert_eq!(node.send(&owner(), trigger()).await, failed("AutoEpochAlreadyImminent"));
    node.blocks(395);
    assert_eq!(node.send(&owner(), trigger()).await, failed("TxRateLimitExceeded"));
    assert_eq!(node.send(&owner(), trigger()).await, Fate::Done);
    assert_eq!(node.handle.best().number, now + 800);
}

#[tokio::test]
async fn how_long_a_validator_stays_active() {
    let node = started(400).await;
    assert_eq!(node.send(&owner(), set_factor(999)).await, failed("ActivityCutoffFactorMilliOutOfBounds"));
    assert_eq!(node.send(&owner(), set_factor(50_001)).await, failed("ActivityCutoffFactorMilliOutOfBounds"));
    assert_eq!(node.send(&dev_account("//Bob"), set_factor(1_000)).await, failed("BadOrigin"));
    assert_eq!(node.send(&owner(), set_factor(1_000)).await, Fate::Done);
    assert_eq!(node.subtensor_events().await, [Event::ActivityCutoffFactorMilliSet(1, 1_000)]);
    assert_eq!(node.send(&owner(), set_factor(50_000)).await, failed("TxRateLimitExceeded"));
    // Root waits for nothing, but has the same bounds.
    assert_eq!(node.sudo(set_factor(50_001)).await, failed("ActivityCutoffFactorMilliOutOfBounds"));
    assert_eq!(node.sudo(set_factor(50_000)).await, Fate::Done);
    let factor: u32 = node.storage(&ActivityCutoffFactorMilli::<Runtime>::hashed_key_for(1)).await.unwrap();
    assert_eq!(factor, 50_000);
    let index = SubnetEpochIndex::<Runtime>::hashed_key_for(1);
    assert_eq!(node.storage::<u64>(&index).await, None);
}
