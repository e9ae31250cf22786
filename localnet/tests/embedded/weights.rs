//! Rows of weights for several subnets at once, and what every call about weights needs before it runs.

use codec::Compact;
use frame_support::BoundedVec;
use localnet::{Genesis, GenesisNeuron, SubnetGenesis, dev_account};
use node_subtensor_runtime::{Address, Hash, Runtime, RuntimeCall};
use pallet_subtensor::{Call, Error, Event, StakeThreshold, WeightsSetRateLimit};
use primitives::{Keypair, NetUid};

use crate::{
    account::{alice, id},
    node::{Fate, Node},
    state::item,
    subnet::set_weights,
};

pub fn validator() -> Keypair {
    dev_account("//Validator")
}

/// Subnets 1 and 2, each with its owner, a validator and a miner; rows are committed in those named.
pub fn two_subnets(committed: &[u16]) -> Genesis {
    let mut genesis = Genesis::default();
    genesis.subnets.push(SubnetGenesis::new(NetUid(2)));
    for subnet in &mut genesis.subnets {
        subnet.rules.commit_reveal_weights_enabled = committed.contains(&subnet.netuid.0);
        let neuron = |uri: &str, stake_rao, validator_permit| GenesisNeuron {
            hotkey: dev_account(uri).hotkey(),
            coldkey: alice().coldkey(),
            stake_rao,
            validator_permit,
        };
        subnet.neurons = vec![neuron("//Validator", 1_000_000_000_000, true), neuron("//Miner", 0, false)];
    }
    genesis
}

pub async fn row(node: &Node, index: u16, uid: u16) -> Vec<(u16, u16)> {
    node.of_subnet("Weights", &[index.to_le_bytes(), uid.to_le_bytes()].concat()).await
}

pub fn custom(code: u8) -> Fate {
    Fate::Refused(format!("Custom error: {code}"))
}

pub fn failed(name: &str) -> Fate {
    Fate::Failed(name.to_owned())
}

/// A call inside another one. Who sends it pays.
pub fn nested(call: Call<Runtime>) -> RuntimeCall {
    pallet_utility::Call::<Runtime>::batch_all { calls: vec![call.into()] }.into()
}

/// TAO for who has none.
pub async fn fund(node: &Node, who: &Keypair) {
    let dest = Address::Id(id(who));
    let gift = pallet_balances::Call::<Runtime>::transfer_keep_alive { dest, value: 1_000_000_000 };
    assert_eq!(node.send(&alice(), gift).await, Fate::Done);
}

fn batch(netuids: &[u16], rows: &[&[(u16, u16)]], version_keys: usize) -> Call<Runtime> {
    let compact = |row: &&[(u16, u16)]| row.iter().map(|(uid, value)| (Compact(*uid), Compact(*value))).collect();
    Call::batch_set_weights {
        netuids: netuids.iter().copied().map(Compact).collect(),
        weights: rows.iter().map(compact).collect(),
        version_keys: vec![Compact(0); version_keys],
    }
}

#[tokio::test]
async fn in_a_batch_each_row_stands_for_itself() {
    let node = Node::start(two_subnets(&[])).await;
    let call = batch(&[2, 9, 1, 1], &[&[(2, 1), (0, 2)], &[(0, 1)], &[(7, 1)], &[(2, 5)]], 4);
    assert_eq!(node.send(&validator(), call).await, Fate::Done);
    assert_eq!(row(&node, 1, 1).await, [(2, 65_535)]);
    assert_eq!(row(&node, 2, 1).await, [(2, 32_768), (0, 65_535)]);
    let events: Vec<Event<Runtime>> = node.subtensor_events().await;
    let netuids = [2, 9, 1, 1].map(Compact).to_vec();
    assert_eq!(
        events,
        [
            Event::WeightsSet(2, 1),
            Event::WeightsSet(1, 1),
            Event::BatchCompletedWithErrors(),
            Event::BatchWeightItemFailed(9, stripped(Error::CommitRevealEnabled)),
            Event::BatchWeightItemFailed(1, stripped(Error::UidVecContainInvalidOne)),
            Event::BatchWeightsCompleted(netuids, id(&validator())),
        ]
    );

    let good = batch(&[1], &[&[(2, 1)]], 1);
    assert_eq!(node.send(&validator(), good).await, Fate::Done);
    let completed = Event::BatchWeightsCompleted(vec![Compact(1)], id(&validator()));
    assert_eq!(node.subtensor_events().await, [Event::WeightsSet(1, 1), completed]);
}

/// An error as it is in an event, without its name.
fn stripped(error: Error<Runtime>) -> sp_runtime::DispatchError {
    sp_runtime::DispatchError::from(error).stripped()
}

#[tokio::test]
async fn a_batch_whose_lists_differ_in_length_is_refused() {
    let node = Node::start(two_subnets(&[2])).await;
    fund(&node, &validator()).await;
    let row: &[(u16, u16)] = &[(2, 1)];
    let reveal = |version_keys: &[u64]| Call::batch_reveal_weights {
        netuid: 2,
        uids_list: vec![vec![2]],
        values_list: vec![vec![1]],
        salts_list: vec![vec![1]],
        version_keys: version_keys.to_vec(),
    };
    let commit = Call::batch_commit_weights { netuids: vec![Compact(2)], commit_hashes: vec![] };
    for call in [batch(&[1, 2], &[row], 2), batch(&[1], &[row], 2), commit, reveal(&[]), reveal(&[0, 0])] {
        assert_eq!(node.send(&validator(), call.clone()).await, custom(18));
        assert_eq!(node.send(&validator(), nested(call)).await, failed("InputLengthsUnequal"));
    }
}

/// One of each call about the weights of subnet 1.
fn every_call() -> Vec<Call<Runtime>> {
    let (netuid, mecid, version_key, reveal_round, commit_reveal_version) = (1, 0, 0, u64::MAX, 4);
    let (uids, values, salt) = (vec![2], vec![1], vec![7]);
    let commit = BoundedVec::truncate_from(vec![1, 2, 3]);
    vec![
        set_weights(&[2], &[1]),
        Call::set_mechanism_weights { netuid, mecid, dests: vec![2], weights: vec![1], version_key },
        batch(&[1], &[&[(2, 1)]], 1),
        Call::commit_weights { netuid, commit_hash: Hash::zero() },
        Call::commit_mechanism_weights { netuid, mecid, commit_hash: Hash::zero() },
        Call::batch_commit_weights { netuids: vec![Compact(1)], commit_hashes: vec![Hash::zero()] },
        Call::reveal_weights { netuid, uids: uids.clone(), values: values.clone(), salt: salt.clone(), version_key },
        Call::reveal_mechanism_weights {
            netuid,
            mecid,
            uids: uids.clone(),
            values: values.clone(),
            salt: salt.clone(),
            version_key,
        },
        Call::batch_reveal_weights {
            netuid,
            uids_list: vec![uids],
            values_list: vec![values],
            salts_list: vec![salt],
            version_keys: vec![version_key],
        },
        Call::commit_timelocked_weights { netuid, commit: commit.clone(), reveal_round, commit_reveal_version },
        Call::commit_timelocked_mechanism_weights {
            netuid,
            mecid,
            commit: commit.clone(),
            reveal_round,
            commit_reveal_version,
        },
        Call::commit_crv3_mechanism_weights { netuid, mecid, commit, reveal_round },
    ]
}

#[tokio::test]
async fn every_call_needs_stake_but_for_the_owner() {
    let node = Node::start(two_subnets(&[1])).await;
    let owner = dev_account("//Owner//hotkey");
    fund(&node, &validator()).await;
    node.put(vec![item(StakeThreshold::<Runtime>::hashed_key(), u64::MAX)]).await;
    for call in every_call() {
        assert_eq!(node.send(&validator(), call.clone()).await, custom(1), "{call:?}");
        assert_eq!(node.send(&validator(), nested(call.clone())).await, failed("NotEnoughStakeToSetWeights"));
        assert_ne!(node.send(&owner, call.clone()).await, custom(1), "{call:?}");
    }
}

#[tokio::test]
async fn stake_below_the_threshold_by_a_fraction_is_below() {
    use pallet_subtensor::{SubnetAlphaOut, TaoWeight, TotalHotkeyAlpha};
    let node = Node::start(two_subnets(&[])).await;
    let key = TotalHotkeyAlpha::<Runtime>::hashed_key_for(id(&validator()), 0);
    // 1,000 TAO and 3 rao on root count 0.25 each.
    let (tao, quarter) = (1_000_000_000_003u64, u64::MAX / 4 + 1);
    let staked = item(SubnetAlphaOut::<Runtime>::hashed_key_for(0), tao);
    node.put(vec![item(key, tao), staked, item(TaoWeight::<Runtime>::hashed_key(), quarter)]).await;
    for (threshold, fate) in [(1_250_000_000_001u64, custom(1)), (1_250_000_000_000, Fate::Done)] {
        node.put(vec![item(StakeThreshold::<Runtime>::hashed_key(), threshold)]).await;
        assert_eq!(node.send(&validator(), set_weights(&[2], &[1])).await, fate);
    }
}

#[tokio::test]
async fn commits_wait_as_long_as_rows_and_timelocked_ones_are_refused_by_name() {
    let node = Node::start(two_subnets(&[1])).await;
    node.put(vec![item(WeightsSetRateLimit::<Runtime>::hashed_key_for(1), 5u64)]).await;
    let fate = |call: &Call<Runtime>| match call {
        Call::set_weights { .. } | Call::set_mechanism_weights { .. } => failed("CommitRevealEnabled"),
        Call::batch_set_weights { .. } | Call::batch_commit_weights { .. } => Fate::Done,
        Call::commit_weights { .. } | Call::commit_mechanism_weights { .. } => custom(6),
        Call::reveal_weights { .. } | Call::reveal_mechanism_weights { .. } | Call::batch_reveal_weights { .. } => {
            custom(16)
        }
        _ => failed("CommittingWeightsTooFast"),
    };
    let mut last = None;
    for call in every_call() {
        if last.is_none_or(|last| node.handle.best().number + 1 - last >= 5) {
            let commit = Call::commit_weights { netuid: 1, commit_hash: Hash::zero() };
            assert_eq!(node.send(&validator(), commit).await, Fate::Done);
            last = Some(node.handle.best().number);
        }
        assert_eq!(node.send(&validator(), call.clone()).await, fate(&call), "{call:?}");
    }
}
