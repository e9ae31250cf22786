//! Rows locked to a round of the beacon, which the chain itself reveals.

use codec::Encode;
use frame_support::BoundedVec;
use jsonrpsee::{core::client::ClientT, rpc_params};
use localnet::{Beacon, Config, GenesisNeuron, dev_account};
use node_subtensor_runtime::{
    AccountId, Hash, Runtime, RuntimeCall,
    pallet_drand::{BeaconConfig, BeaconConfiguration, timelock},
};
use pallet_subtensor::{
    Call, CommitRevealWeightsEnabled, CommitRevealWeightsVersion, Event, MAX_COMMIT_BYTES, MechanismCountCurrent,
    RevealPeriodEpochs, TimelockedWeightCommits, WeightsVersionKey,
};
use primitives::Keypair;
use sp_runtime::traits::{BlakeTwo256, Hash as _};

use crate::{
    account::{alice, id},
    beacon::{last_round, pulse, vector},
    node::{Fate, Node},
    state::item,
    weights::{custom, failed, fund, nested, row, two_subnets, validator},
};

/// Two subnets that commit, with epochs at blocks 20, 40 and so on.
async fn started() -> Node {
    Node::start(two_subnets(&[1])).await
}

/// The newest round of the beacon when a block's clock is set. Its pulse is in that block, so a commit to it opens in
/// the next one.
async fn round_at(node: &Node, block: u64) -> u64 {
    let beacon: BeaconConfiguration = node.storage(&BeaconConfig::<Runtime>::hashed_key()).await.unwrap();
    let key = [sp_core::twox_128(b"Timestamp"), sp_core::twox_128(b"Now")].concat();
    let now: u64 = node.storage(&key).await.unwrap();
    beacon.round_at(now + 12_000 * (block - node.handle.best().number))
}

/// A row as clients encrypt it: hotkey, uids, values, version key.
pub fn payload(hotkey: &Keypair, uids: &[u16], values: &[u16], version_key: u64) -> Vec<u8> {
    (hotkey.public().to_vec(), uids, values, version_key).encode()
}

pub fn locked(round: u64, message: &[u8]) -> Vec<u8> {
    let secrets = timelock::Secrets { key: [1; 32], sigma: [2; 32], nonce: [3; 12] };
    timelock::encrypt(&Beacon::Local.public_key(), round, message, &secrets).unwrap()
}

fn commit(commit: Vec<u8>, reveal_round: u64) -> Call<Runtime> {
    let commit = BoundedVec::truncate_from(commit);
    Call::commit_timelocked_weights { netuid: 1, commit, reveal_round, commit_reveal_version: 4 }
}

/// What waits: hotkey, block, commit, round.
async fn waiting(node: &Node, index: u16, epoch: u64) -> Vec<(AccountId, u64, Vec<u8>, u64)> {
    node.storage(&TimelockedWeightCommits::<Runtime>::hashed_key_for(index, epoch)).await.unwrap_or_default()
}

async fn revealed(node: &Node) -> Vec<Event<Runtime>> {
    let ours = |event: &Event<Runtime>| matches!(event, Event::TimelockedWeightsRevealed(..) | Event::WeightsSet(..));
    node.subtensor_events().await.into_iter().filter(ours).collect()
}

fn until(node: &Node, block: u64) {
    node.blocks(u32::try_from(block - node.handle.best().number).unwrap());
}

#[tokio::test]
async fn a_row_comes_out_by_itself_an_epoch_later() {
    let node = started().await;
    node.blocks(2);
    let round = round_at(&node, 15).await;
    let bytes = locked(round, &payload(&validator(), &[2, 0], &[3, 1], 0));
    assert_eq!(node.send(&validator(), commit(bytes.clone(), round)).await, Fate::Done);
    let committed = Event::TimelockedWeightsCommitted(id(&validator()), 1, BlakeTwo256::hash(&bytes), round);
    assert_eq!(node.subtensor_events().await, [committed]);
    assert_eq!(waiting(&node, 1, 0).await, [(id(&validator()), 3, bytes, round)]);
    let updates: Vec<u64> = node.of_subnet("LastUpdate", &1u16.to_le_bytes()).await;
    assert_eq!(updates, [0, 3, 0]);

    // The round is known at block 15, but the epoch is not over.
    until(&node, 19);
    assert!(last_round(&node).await > round);
    assert!(row(&node, 1, 1).await.is_empty());
    node.blocks(1);
    assert_eq!(revealed(&node).await, [Event::WeightsSet(1, 1), Event::TimelockedWeightsRevealed(1, id(&validator()))]);
    assert_eq!(row(&node, 1, 1).await, [(2, 65_535), (0, 21_845)]);
    assert!(waiting(&node, 1, 0).await.is_empty());
    // Revealed before the epoch of this block ran, so it counted.
    let incentive: Vec<u16> = node.of_subnet("Incentive", &1u16.to_le_bytes()).await;
    assert!(incentive[2] > 0, "{incentive:?}");
    let updates: Vec<u64> = node.of_subnet("LastUpdate", &1u16.to_le_bytes()).await;
    assert_eq!(updates, [0, 3, 0], "set at the commit");
}

#[tokio::test]
async fn mining_in_a_row_skips_rounds_but_not_one_that_is_locked_to() {
    let node = started().await;
    node.blocks(2);
    let round = round_at(&node, 15).await;
    let bytes = locked(round, &payload(&validator(), &[2, 0], &[3, 1], 0));
    assert_eq!(node.send(&validator(), commit(bytes, round)).await, Fate::Done);
    assert_eq!(node.handle.mine(17).await.unwrap().number, 20);
    assert_eq!(revealed(&node).await, [Event::WeightsSet(1, 1), Event::TimelockedWeightsRevealed(1, id(&validator()))]);
    assert_eq!(row(&node, 1, 1).await, [(2, 65_535), (0, 21_845)]);
    assert_eq!(last_round(&node).await, round_at(&node, 20).await);
    assert!(pulse(&node, round).await.is_some() && pulse(&node, round - 1).await.is_none());
}

#[tokio::test]
async fn what_bittensors_own_library_locked_to_quicknet_opens() {
    let vector = vector();
    let mut genesis = two_subnets(&[1]);
    let neuron = |hotkey: Keypair| GenesisNeuron {
        hotkey: hotkey.hotkey(),
        coldkey: alice().coldkey(),
        stake_rao: 1_000_000_000_000,
        validator_permit: true,
    };
    // The payload is //Alice's, about uids 4 to 7.
    genesis.subnets[0].neurons =
        [neuron(alice())].into_iter().chain((2..8).map(|n| neuron(dev_account(&format!("//{n}"))))).collect();
    let node = Node::with(Config { genesis, beacon: Beacon::Quicknet, ..Config::test() }).await;
    assert_eq!(node.send(&alice(), commit(vector.ciphertext, vector.round)).await, Fate::Done);
    until(&node, 25);
    assert_eq!(waiting(&node, 1, 0).await.len(), 1, "waits for the pulse");
    let signature = format!("0x{}", hex::encode(vector.signature));
    let _: String = node.rpc.request("dev_writePulse", rpc_params![vector.round, signature]).await.unwrap();
    node.blocks(1);
    assert_eq!(last_round(&node).await, vector.round);
    assert!(revealed(&node).await.is_empty());
    node.blocks(1);
    assert_eq!(revealed(&node).await, [Event::WeightsSet(1, 1), Event::TimelockedWeightsRevealed(1, id(&alice()))]);
    assert_eq!(row(&node, 1, 1).await, [(4, 16_383), (5, 32_767), (6, 49_151), (7, 65_535)]);
}

#[tokio::test]
async fn a_late_round_is_waited_for_until_the_epoch_is_over() {
    let node = started().await;
    node.blocks(2);
    // Known at block 25, in the epoch in which it opens, and at block 45, after it.
    let (in_time, late) = (round_at(&node, 25).await, round_at(&node, 45).await);
    for (round, uid) in [(late, 0), (in_time, 2)] {
        let bytes = locked(round, &payload(&validator(), &[uid], &[1], 0));
        assert_eq!(node.send(&validator(), commit(bytes, round)).await, Fate::Done);
    }
    until(&node, 25);
    assert_eq!(waiting(&node, 1, 0).await.len(), 2);
    assert!(row(&node, 1, 1).await.is_empty());
    node.blocks(1);
    assert_eq!(row(&node, 1, 1).await, [(2, 65_535)]);
    assert_eq!(waiting(&node, 1, 0).await.iter().map(|commit| commit.3).collect::<Vec<_>>(), [late]);
    until(&node, 39);
    assert_eq!(waiting(&node, 1, 0).await.len(), 1);
    until(&node, 40);
    assert!(waiting(&node, 1, 0).await.is_empty());
    until(&node, 60);
    assert_eq!(row(&node, 1, 1).await, [(2, 65_535)]);
}

#[tokio::test]
async fn a_longer_period_opens_later() {
    let node = started().await;
    node.put(vec![item(RevealPeriodEpochs::<Runtime>::hashed_key_for(1), 2u64)]).await;
    let round = round_at(&node, 15).await;
    let bytes = locked(round, &payload(&validator(), &[2], &[1], 0));
    assert_eq!(node.send(&validator(), commit(bytes, round)).await, Fate::Done);
    until(&node, 39);
    assert!(row(&node, 1, 1).await.is_empty());
    node.blocks(1);
    assert_eq!(row(&node, 1, 1).await, [(2, 65_535)]);
}

#[tokio::test]
async fn what_is_wrong_is_dropped_without_a_word_and_the_last_good_one_stands() {
    let node = started().await;
    node.put(vec![item(WeightsVersionKey::<Runtime>::hashed_key_for(1), 5u64)]).await;
    let (round, other) = (round_at(&node, 15).await, round_at(&node, 14).await);
    let good = |uid: u16| locked(round, &payload(&validator(), &[uid], &[1], 5));
    let mut altered = good(2);
    *altered.last_mut().unwrap() ^= 1;
    let bad = [
        b"nonsense".to_vec(),
        Vec::new(),
        altered,
        locked(round, b"no row"),
        // To another round, of another hotkey, with too old a version, about a uid that is not there.
        locked(other, &payload(&validator(), &[2], &[1], 5)),
        locked(round, &payload(&alice(), &[2], &[1], 5)),
        locked(round, &payload(&validator(), &[2], &[1], 4)),
        locked(round, &payload(&validator(), &[9], &[1], 5)),
    ];
    for bytes in [vec![good(0), good(2)], bad.to_vec()].concat() {
        assert_eq!(node.send(&validator(), commit(bytes, round)).await, Fate::Done);
    }
    until(&node, 20);
    let reveal = [Event::WeightsSet(1, 1), Event::TimelockedWeightsRevealed(1, id(&validator()))];
    assert_eq!(revealed(&node).await, [reveal.clone(), reveal].concat());
    assert_eq!(row(&node, 1, 1).await, [(2, 65_535)]);
    assert!(waiting(&node, 1, 0).await.is_empty());
}

#[tokio::test]
async fn a_payload_that_names_nobody_still_opens() {
    let node = started().await;
    node.blocks(2);
    let round = round_at(&node, 15).await;
    let bytes = locked(round, &(vec![2u16], vec![1u16], 0u64).encode());
    let crv3 = Call::commit_crv3_mechanism_weights {
        netuid: 1,
        mecid: 0,
        commit: BoundedVec::truncate_from(bytes),
        reveal_round: round,
    };
    assert_eq!(node.send(&validator(), crv3).await, Fate::Done);
    until(&node, 20);
    assert_eq!(row(&node, 1, 1).await, [(2, 65_535)]);
}

#[tokio::test]
async fn each_mechanism_has_a_queue() {
    let node = started().await;
    node.put(vec![item(MechanismCountCurrent::<Runtime>::hashed_key_for(1), 2u8)]).await;
    let round = round_at(&node, 15).await;
    let commit = |mecid, uid: u16| Call::commit_timelocked_mechanism_weights {
        netuid: 1,
        mecid,
        commit: BoundedVec::truncate_from(locked(round, &payload(&validator(), &[uid], &[1], 0))),
        reveal_round: round,
        commit_reveal_version: 4,
    };
    for (mecid, uid) in [(0, 2), (1, 0)] {
        assert_eq!(node.send(&validator(), commit(mecid, uid)).await, Fate::Done);
    }
    assert_eq!((waiting(&node, 1, 0).await.len(), waiting(&node, 4_097, 0).await.len()), (1, 1));
    until(&node, 20);
    let opened = |index| [Event::WeightsSet(index, 1), Event::TimelockedWeightsRevealed(index, id(&validator()))];
    assert_eq!(revealed(&node).await, [opened(1), opened(4_097)].concat());
    assert_eq!((row(&node, 1, 1).await, row(&node, 4_097, 1).await), (vec![(2, 65_535)], vec![(0, 65_535)]));
}

#[tokio::test]
async fn who_may_not_commit_and_what() {
    let node = started().await;
    fund(&node, &validator()).await;
    let round = last_round(&node).await + 1_000;
    let versioned = |netuid, commit_reveal_version| Call::commit_timelocked_weights {
        netuid,
        commit: BoundedVec::truncate_from(vec![1]),
        reveal_round: round,
        commit_reveal_version,
    };
    assert_eq!(node.send(&validator(), versioned(2, 4)).await, failed("CommitRevealDisabled"));
    assert_eq!(node.send(&validator(), versioned(9, 4)).await, failed("MechanismDoesNotExist"));
    assert_eq!(node.send(&validator(), versioned(1, 3)).await, failed("IncorrectCommitRevealVersion"));
    let stranger = dev_account("//Stranger");
    assert_eq!(node.send(&stranger, versioned(1, 4)).await, failed("HotKeyNotRegisteredInSubNet"));

    // A round that everybody knows already, and the newest one, which is allowed.
    let known = last_round(&node).await - 1;
    assert_eq!(node.send(&validator(), commit(vec![1], known)).await, custom(15));
    assert_eq!(node.send(&validator(), nested(commit(vec![1], known))).await, failed("InvalidRevealRound"));
    let newest = round_at(&node, node.handle.best().number + 1).await;
    assert_eq!(node.send(&validator(), commit(vec![1], newest)).await, Fate::Done);

    node.put(vec![item(CommitRevealWeightsVersion::<Runtime>::hashed_key(), 5u16)]).await;
    assert_eq!(node.send(&validator(), versioned(1, 4)).await, failed("IncorrectCommitRevealVersion"));
    let crv3 = Call::commit_crv3_mechanism_weights {
        netuid: 1,
        mecid: 0,
        commit: BoundedVec::truncate_from(vec![1]),
        reveal_round: round,
    };
    assert_eq!(node.send(&validator(), crv3).await, failed("IncorrectCommitRevealVersion"));
}

#[tokio::test]
async fn ten_of_a_hotkey_wait_in_one_epoch_and_none_is_too_long() {
    let node = started().await;
    let round = 10_000_000_000;
    let longest = vec![7; MAX_COMMIT_BYTES as usize];
    for _ in 0..10 {
        assert_eq!(node.send(&validator(), commit(longest.clone(), round)).await, Fate::Done);
    }
    assert_eq!(node.send(&validator(), commit(vec![1], round)).await, failed("TooManyUnrevealedCommits"));
    // Another one's do not count, and another epoch has ten more.
    assert_eq!(node.send(&dev_account("//Miner"), commit(vec![1], round)).await, Fate::Done);
    until(&node, 20);
    assert_eq!(node.send(&validator(), commit(vec![1], round)).await, Fate::Done);
    assert_eq!((waiting(&node, 1, 0).await.len(), waiting(&node, 1, 1).await.len()), (11, 1));
}

#[tokio::test]
async fn one_byte_too_many_is_no_transaction() {
    let node = started().await;
    let call = |bytes: usize| {
        // As its fields are encoded: there is no such call to encode.
        let call = RuntimeCall::from(commit(vec![], 9)).encode();
        let (before, after) = call.split_at(4);
        [before, &vec![7u8; bytes].encode(), &after[1..]].concat()
    };
    let decoded = |bytes: usize| <RuntimeCall as codec::DecodeAll>::decode_all(&mut &call(bytes)[..]);
    let most = MAX_COMMIT_BYTES as usize;
    assert_eq!(decoded(most).unwrap(), commit(vec![7; most], 9).into());
    assert!(decoded(most + 1).is_err());
    for (bytes, known) in [(most, true), (most + 1, false)] {
        let extrinsic = [vec![4], call(bytes)].concat().encode();
        let sent: Result<Hash, _> =
            node.rpc.request("author_submitExtrinsic", rpc_params![format!("0x{}", hex::encode(extrinsic))]).await;
        // Nobody signed it, so it is refused in any case.
        assert_eq!(sent.unwrap_err().to_string().contains("invalid format"), !known);
    }
}

#[tokio::test]
async fn what_waits_opens_though_rows_are_set_in_the_open_meanwhile() {
    let node = started().await;
    node.blocks(2);
    let round = round_at(&node, 15).await;
    let bytes = locked(round, &payload(&validator(), &[2], &[1], 0));
    assert_eq!(node.send(&validator(), commit(bytes, round)).await, Fate::Done);
    node.put(vec![item(CommitRevealWeightsEnabled::<Runtime>::hashed_key_for(1), false)]).await;
    until(&node, 20);
    assert_eq!(row(&node, 1, 1).await, [(2, 65_535)]);
    let updates: Vec<u64> = node.of_subnet("LastUpdate", &1u16.to_le_bytes()).await;
    assert_eq!(updates, [0, 20, 0], "as for a row that is set");
}
