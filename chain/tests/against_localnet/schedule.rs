use assay_chain::Client;
use localnet::{Config, Genesis, Handle, dev_account, spawn};
use node_subtensor_runtime::{
    Runtime,
    pallet_subtensor::{
        BlocksSinceLastStep, Call, LastEpochBlock, PendingEpochAt, RevealPeriodEpochs, Tempo, TimelockedWeightCommits,
    },
};
use primitives::{EpochSchedule, Keypair};

use crate::{
    node::NET,
    raw::{Fate, Sender, item, stored},
};

fn owner() -> Keypair {
    dev_account("//Owner")
}

async fn schedule(client: &Client) -> EpochSchedule {
    EpochSchedule::from(&client.hyperparameters(NET, None).await.unwrap())
}

/// Make blocks until an epoch runs, and compare its block with what was foreseen at each of them.
async fn follow(node: &Handle, client: &Client, most: u64) -> u64 {
    let first = schedule(client).await;
    let due = first.next_epoch_block(node.best().number).unwrap();
    assert!(due <= node.best().number + most, "{due} is far away");
    let mut before = first;
    loop {
        let head = node.best().number;
        assert_eq!(before.next_epoch_block(head), Some(due));
        assert_eq!(before.runs_at(head + 1), head + 1 == due);
        node.author_block().unwrap();
        let after = schedule(client).await;
        assert_eq!(before.epoch_at(head + 1), after.epoch_index);
        if after.epoch_index > first.epoch_index {
            assert_eq!((after.epoch_index, head + 1), (first.epoch_index + 1, due));
            return due;
        }
        before = after;
    }
}

async fn started(tempo: u16) -> (Handle, Client, Sender) {
    let mut genesis = Genesis::default();
    genesis.subnets[0].rules.tempo = tempo;
    genesis.balances.push((owner().coldkey(), 1_000_000_000_000));
    let node = spawn(Config { genesis, ..Config::test() }).await.unwrap();
    let client = Client::connect(&node.url()).await.unwrap();
    (node, client, Sender::default())
}

#[tokio::test(flavor = "multi_thread")]
async fn epochs_run_where_they_are_foreseen() {
    for tempo in [1, 2, 7, 20] {
        let (node, client, _) = started(tempo).await;
        for nth in 1..=3 {
            assert_eq!(follow(&node, &client, 20).await, nth * u64::from(tempo));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_owner_does_is_foreseen() {
    let (node, client, mut sender) = started(400).await;
    // An epoch out of turn runs when the freeze window, which begins at once, is over.
    assert_eq!(sender.send(&node, &owner(), Call::trigger_epoch { netuid: 1 }), Fate::Done);
    let asked = follow(&node, &client, 10).await;
    assert_eq!(schedule(&client).await.next_epoch_block(asked), Some(asked + 400));
    // Another tempo counts from its own block.
    assert_eq!(sender.send(&node, &owner(), Call::set_tempo { netuid: 1, tempo: 360 }), Fate::Done);
    let set = node.best().number;
    assert_eq!(schedule(&client).await.next_epoch_block(set), Some(set + 360));
    // The count of blocks since the last step goes on; near its end it is what decides.
    let waited = item(BlocksSinceLastStep::<Runtime>::hashed_key_for(1), 50_395u64);
    sender.put(&node, vec![waited]);
    assert_eq!(follow(&node, &client, 10).await, node.best().number);
    assert!(node.best().number < set + 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_state_of_a_schedule_is_foreseen() {
    let (node, client, mut sender) = started(20).await;
    for case in 0..24u64 {
        let head = node.best().number + 1;
        let (tempo, since) = ([1, 3, 9, 15][case as usize % 4] as u16, case * 7 % 20);
        let pending = [0, head, head + 2, head + 40][case as usize / 4 % 4];
        let waited = if case % 3 == 0 { 50_394 + case / 3 } else { 5 };
        let last = item(LastEpochBlock::<Runtime>::hashed_key_for(1), head.saturating_sub(since));
        let pending = item(PendingEpochAt::<Runtime>::hashed_key_for(1), pending);
        let waited = item(BlocksSinceLastStep::<Runtime>::hashed_key_for(1), waited);
        sender.put(&node, vec![item(Tempo::<Runtime>::hashed_key_for(1), tempo), last, pending, waited]);
        follow(&node, &client, 40).await;
    }
    // Without a tempo none runs.
    sender.put(&node, vec![item(Tempo::<Runtime>::hashed_key_for(1), 0u16)]);
    assert_eq!(schedule(&client).await.next_epoch_block(node.best().number), None);
}

/// What waits in a queue goes, in the block that looks at its epoch, whether it can be read or not.
#[tokio::test(flavor = "multi_thread")]
async fn commits_are_revealed_where_it_is_foreseen() {
    let mut genesis = Genesis::default();
    genesis.subnets[0].rules.tempo = 9;
    genesis.subnets[0].rules.commit_reveal_weights_enabled = true;
    let hotkey = dev_account("//Owner//hotkey");
    let node = spawn(Config { genesis, ..Config::test() }).await.unwrap();
    let client = Client::connect(&node.url()).await.unwrap();
    let mut sender = Sender::default();
    for case in 0..12u64 {
        let period = 1 + case % 3;
        sender.put(&node, vec![item(RevealPeriodEpochs::<Runtime>::hashed_key_for(1), period)]);
        node.author_blocks((case * 5 % 11) as u32).unwrap();
        let head = node.best().number;
        let schedule = schedule(&client).await;
        let epoch = schedule.epoch_at(head + 1);
        let foreseen = schedule.reveal_block(head, period).unwrap();
        // The next block has the pulse of this round, so the first look opens it.
        let (beacon, clock) = (client.beacon(None).await.unwrap(), client.block_clock(None).await.unwrap());
        let reveal_round = beacon.round_at(clock.time_of(head + 1));
        let commit = vec![7; 20].try_into().unwrap();
        let call = Call::commit_timelocked_weights { netuid: 1, commit, reveal_round, commit_reveal_version: 4 };
        assert_eq!(sender.send(&node, &hotkey, call), Fate::Done, "case {case}");
        let queue = TimelockedWeightCommits::<Runtime>::hashed_key_for(1, epoch);
        while stored(&node, &queue).await.is_some() {
            assert!(node.best().number < foreseen, "case {case}");
            node.author_block().unwrap();
        }
        assert_eq!(node.best().number, foreseen, "case {case}");
    }
}
