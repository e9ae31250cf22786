//! Hashes of rows: committed, and revealed in one later epoch.

use codec::Compact;
use localnet::dev_account;
use node_subtensor_runtime::{AccountId, Hash, Runtime};
use pallet_subtensor::{
    Call, CommitRevealWeightsEnabled, Event, LastUpdate, MechanismCountCurrent, Pallet, RevealPeriodEpochs,
    WeightCommits, WeightsVersionKey,
};
use serde::Deserialize;

use crate::{
    account::{alice, id},
    node::{Fate, Node},
    state::item,
    subnet::register,
    weights::{custom, failed, fund, nested, row, two_subnets, validator},
};

/// Made by the chain's own types, for the account of `//Alice`.
#[derive(Deserialize)]
struct Vector {
    #[serde(with = "hex")]
    account: [u8; 32],
    index: u16,
    uids: Vec<u16>,
    values: Vec<u16>,
    salt: Vec<u16>,
    version_key: u64,
    #[serde(with = "hex")]
    hash: [u8; 32],
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("../fixtures/commit-hashes.json")).unwrap()
}

/// A row that is told from others by its salt.
#[derive(Clone, Copy)]
struct Row {
    index: u16,
    uids: &'static [u16],
    values: &'static [u16],
    salt: u16,
}

const ROW: Row = Row { index: 1, uids: &[2, 0], values: &[3, 1], salt: 1 };

impl Row {
    fn salted(salt: u16) -> Self {
        Self { salt, ..ROW }
    }

    fn hash(&self) -> Hash {
        let who = id(&validator());
        Pallet::<Runtime>::get_commit_hash(&who, self.index, self.uids, self.values, &[self.salt], 0)
    }

    fn commit(&self) -> Call<Runtime> {
        Call::commit_weights { netuid: 1, commit_hash: self.hash() }
    }

    fn reveal(&self) -> Call<Runtime> {
        let (uids, values, salt) = (self.uids.to_vec(), self.values.to_vec(), vec![self.salt]);
        Call::reveal_weights { netuid: 1, uids, values, salt, version_key: 0 }
    }
}

fn reveal_all(rows: &[Row]) -> Call<Runtime> {
    Call::batch_reveal_weights {
        netuid: 1,
        uids_list: rows.iter().map(|row| row.uids.to_vec()).collect(),
        values_list: rows.iter().map(|row| row.values.to_vec()).collect(),
        salts_list: rows.iter().map(|row| vec![row.salt]).collect(),
        version_keys: vec![0; rows.len()],
    }
}

/// What waits: hash, epoch, block and a number that is not used.
async fn waiting(node: &Node, index: u16) -> Vec<(Hash, u64, u64, u64)> {
    let key = WeightCommits::<Runtime>::hashed_key_for(index, id(&validator()));
    node.storage(&key).await.unwrap_or_default()
}

/// Make blocks until the best one is this. Epochs run at 20, 40 and so on.
fn until(node: &Node, block: u64) {
    let best = node.handle.best().number;
    node.blocks(u32::try_from(block.checked_sub(best).unwrap()).unwrap());
}

#[test]
fn hashes_are_the_chains() {
    for Vector { account, index, uids, values, salt, version_key, hash } in vectors() {
        let who = AccountId::new(account);
        let ours = Pallet::<Runtime>::get_commit_hash(&who, index, &uids, &values, &salt, version_key);
        assert_eq!(ours, Hash::from(hash));
    }
}

#[tokio::test]
async fn a_hash_that_another_program_made_opens() {
    let node = Node::start(two_subnets(&[1])).await;
    assert_eq!(node.send(&alice(), register(&alice())).await, Fate::Done);
    let count = item(MechanismCountCurrent::<Runtime>::hashed_key_for(1), 2u8);
    node.put(vec![count]).await;
    // Stake, so that the next epoch permits it to weigh others.
    let stake = Call::add_stake { hotkey: id(&alice()), netuid: 1, amount_staked: 1_000_000_000_000 };
    assert_eq!(node.send(&alice(), stake).await, Fate::Done);
    let vectors = vectors();
    assert!(vectors.iter().all(|vector| vector.account == alice().public()));
    for vector in &vectors {
        let (netuid, mecid) = (1, (vector.index / 4_096) as u8);
        let commit = Call::commit_mechanism_weights { netuid, mecid, commit_hash: Hash::from(vector.hash) };
        assert_eq!(node.send(&alice(), commit).await, Fate::Done);
    }
    until(&node, 20);
    for (vector, fate) in
        vectors.into_iter().zip([Fate::Done, failed("UidVecContainInvalidOne"), failed("UidVecContainInvalidOne")])
    {
        let Vector { uids, values, salt, version_key, .. } = vector;
        let mecid = (vector.index / 4_096) as u8;
        let reveal = Call::reveal_mechanism_weights { netuid: 1, mecid, uids, values, salt, version_key };
        // Where it does not fit this subnet of four seats, the hash was recognised nevertheless.
        assert_eq!(node.send(&alice(), reveal).await, fate);
    }
    assert_eq!(row(&node, 1, 3).await, [(0, 65_535), (1, 65_535)]);
}

#[tokio::test]
async fn a_commit_opens_in_one_epoch_only() {
    let node = Node::start(two_subnets(&[1])).await;
    fund(&node, &validator()).await;
    assert_eq!(node.send(&validator(), ROW.commit()).await, Fate::Done);
    let committed = Event::WeightsCommitted(id(&validator()), 1, ROW.hash());
    assert_eq!(node.subtensor_events().await, [committed]);
    assert_eq!(waiting(&node, 1).await, [(ROW.hash(), 0, 2, 0)]);
    let updates: Vec<u64> = node.of_subnet("LastUpdate", &1u16.to_le_bytes()).await;
    assert_eq!(updates, [0, 2, 0]);

    // Epoch 0 is not over.
    assert_eq!(node.send(&validator(), ROW.reveal()).await, custom(17));
    assert_eq!(node.send(&validator(), nested(ROW.reveal())).await, failed("RevealTooEarly"));
    // The next block is the last one of this epoch.
    until(&node, 18);
    assert_eq!(node.send(&validator(), ROW.reveal()).await, custom(17));
    node.blocks(1);
    // Nobody committed this one.
    assert_eq!(node.send(&validator(), Row::salted(2).reveal()).await, custom(16));
    assert_eq!(node.send(&validator(), nested(Row::salted(2).reveal())).await, failed("NoWeightsCommitFound"));
    assert_eq!(node.send(&validator(), ROW.reveal()).await, Fate::Done);
    let revealed = Event::WeightsRevealed(id(&validator()), 1, ROW.hash());
    assert_eq!(node.subtensor_events().await, [Event::WeightsSet(1, 1), revealed]);
    assert_eq!(row(&node, 1, 1).await, [(2, 65_535), (0, 21_845)]);
    assert!(waiting(&node, 1).await.is_empty());
    let updates: Vec<u64> = node.of_subnet("LastUpdate", &1u16.to_le_bytes()).await;
    assert_eq!(updates, [0, 2, 0], "set at the commit");
    assert_eq!(node.send(&validator(), ROW.reveal()).await, custom(16));

    // The epoch in which this one opens passes.
    assert_eq!(node.send(&validator(), Row::salted(3).commit()).await, Fate::Done);
    until(&node, 60);
    assert_eq!(node.send(&validator(), Row::salted(3).reveal()).await, custom(17));
    assert_eq!(node.send(&validator(), nested(Row::salted(3).reveal())).await, failed("RevealTooEarly"));
}

#[tokio::test]
async fn a_longer_period_is_waited_for() {
    let node = Node::start(two_subnets(&[1])).await;
    node.put(vec![item(RevealPeriodEpochs::<Runtime>::hashed_key_for(1), 3u64)]).await;
    assert_eq!(node.send(&validator(), ROW.commit()).await, Fate::Done);
    until(&node, 58);
    assert_eq!(node.send(&validator(), ROW.reveal()).await, custom(17));
    node.blocks(1);
    assert_eq!(node.send(&validator(), ROW.reveal()).await, Fate::Done);
}

#[tokio::test]
async fn a_reveal_drops_what_was_committed_before_it() {
    let node = Node::start(two_subnets(&[1])).await;
    for salt in 1..=4 {
        assert_eq!(node.send(&validator(), Row::salted(salt).commit()).await, Fate::Done);
    }
    until(&node, 20);
    assert_eq!(node.send(&validator(), Row::salted(2).reveal()).await, Fate::Done);
    let left = waiting(&node, 1).await;
    assert_eq!(left.iter().map(|commit| commit.0).collect::<Vec<_>>(), [3, 4].map(|salt| Row::salted(salt).hash()));
    assert_eq!(node.send(&validator(), Row::salted(1).reveal()).await, custom(16));
    assert_eq!(node.send(&validator(), Row::salted(4).reveal()).await, Fate::Done);
    assert!(waiting(&node, 1).await.is_empty());
}

#[tokio::test]
async fn a_row_that_is_refused_stays_committed() {
    let node = Node::start(two_subnets(&[1])).await;
    assert_eq!(node.send(&validator(), ROW.commit()).await, Fate::Done);
    let key = WeightsVersionKey::<Runtime>::hashed_key_for(1);
    node.put(vec![item(key.clone(), 1u64)]).await;
    until(&node, 20);
    assert_eq!(node.send(&validator(), ROW.reveal()).await, failed("IncorrectWeightVersionKey"));
    node.put(vec![item(key, 0u64)]).await;
    assert_eq!(node.send(&validator(), ROW.reveal()).await, Fate::Done);
}

#[tokio::test]
async fn ten_wait_at_most_and_old_ones_make_room() {
    let node = Node::start(two_subnets(&[1])).await;
    for salt in 0..10 {
        assert_eq!(node.send(&validator(), Row::salted(salt).commit()).await, Fate::Done);
    }
    assert_eq!(node.send(&validator(), Row::salted(10).commit()).await, failed("TooManyUnrevealedCommits"));
    // At block 40 the epoch in which they opened is over.
    until(&node, 39);
    assert_eq!(node.send(&validator(), Row::salted(10).commit()).await, Fate::Done);
    let left = waiting(&node, 1).await;
    assert_eq!(left, [(Row::salted(10).hash(), 2, 40, 0)]);
}

#[tokio::test]
async fn who_may_not_commit_or_reveal() {
    let node = Node::start(two_subnets(&[1])).await;
    let stranger = dev_account("//Stranger");
    assert_eq!(node.send(&stranger, ROW.commit()).await, failed("HotKeyNotRegisteredInSubNet"));
    let off = Call::commit_weights { netuid: 2, commit_hash: ROW.hash() };
    assert_eq!(node.send(&validator(), off).await, failed("CommitRevealDisabled"));
    let missing = Call::commit_mechanism_weights { netuid: 1, mecid: 1, commit_hash: ROW.hash() };
    assert_eq!(node.send(&validator(), missing.clone()).await, custom(6));
    assert_eq!(node.send(&stranger, missing).await, failed("MechanismDoesNotExist"));
    let nowhere = Call::commit_weights { netuid: 9, commit_hash: ROW.hash() };
    assert_eq!(node.send(&validator(), nowhere).await, failed("MechanismDoesNotExist"));

    // What was committed cannot be revealed once rows are set in the open again.
    assert_eq!(node.send(&validator(), ROW.commit()).await, Fate::Done);
    until(&node, 20);
    node.put(vec![item(CommitRevealWeightsEnabled::<Runtime>::hashed_key_for(1), false)]).await;
    assert_eq!(node.send(&validator(), ROW.reveal()).await, failed("CommitRevealDisabled"));
    assert_eq!(node.send(&validator(), reveal_all(&[ROW])).await, failed("CommitRevealDisabled"));
}

#[tokio::test]
async fn hashes_for_several_subnets_and_rows_all_or_none() {
    let node = Node::start(two_subnets(&[1])).await;
    let hashes = [Row::salted(1).hash(), Row::salted(2).hash(), Row::salted(3).hash()];
    let netuids = [1, 2, 1].map(Compact).to_vec();
    let commit = Call::batch_commit_weights { netuids: netuids.clone(), commit_hashes: hashes.to_vec() };
    assert_eq!(node.send(&validator(), commit).await, Fate::Done);
    let events = node.subtensor_events().await;
    let who = id(&validator());
    assert_eq!(
        events[..3],
        [
            Event::WeightsCommitted(who.clone(), 1, hashes[0]),
            Event::WeightsCommitted(who.clone(), 1, hashes[2]),
            Event::BatchCompletedWithErrors(),
        ]
    );
    assert!(matches!(&events[3..], [Event::BatchWeightItemFailed(2, _), Event::BatchWeightsCompleted(..)]));

    assert_eq!(node.send(&validator(), Row::salted(4).commit()).await, Fate::Done);
    until(&node, 20);
    let [first, third, fourth] = [1, 3, 4].map(Row::salted);
    // One of them is not known: none is revealed.
    assert_eq!(node.send(&validator(), reveal_all(&[first, Row::salted(9)])).await, custom(16));
    // The same one twice: the second finds nothing any more, and all of it is undone.
    let twice = reveal_all(&[third, third]);
    assert_eq!(node.send(&validator(), twice).await, failed("InvalidRevealCommitHashNotMatch"));
    assert_eq!(waiting(&node, 1).await.len(), 3);
    assert_eq!(node.send(&validator(), reveal_all(&[fourth, first])).await, Fate::Done);
    let revealed = Event::WeightsBatchRevealed(who, 1, vec![fourth.hash(), first.hash()]);
    assert_eq!(node.subtensor_events().await.last(), Some(&revealed));
    let left = waiting(&node, 1).await;
    assert_eq!(left.iter().map(|commit| commit.0).collect::<Vec<_>>(), [third.hash()]);
    let updates: Vec<u64> = node.storage(&LastUpdate::<Runtime>::hashed_key_for(1)).await.unwrap();
    assert_eq!(updates[1], 2);
}
