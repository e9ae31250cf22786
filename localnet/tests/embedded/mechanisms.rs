//! Several incentive schemes in one subnet.

use frame_support::BoundedVec;
use localnet::dev_account;
use node_subtensor_runtime::{Hash, Runtime};
use pallet_subtensor::{
    Bonds, Call, CommitRevealWeightsEnabled, Error, Event, Incentive, LastUpdate, MaxAllowedUids, MaxMechanismCount,
    MechanismCountCurrent, MechanismEmissionSplit, NetworksAdded, Pallet, TimelockedWeightCommits, WeightCommits,
    Weights,
};
use sp_runtime::DispatchResult;
use sp_state_machine::BasicExternalities;

use crate::{
    account::{alice, id},
    node::{Fate, Node},
    state::item,
    subnet::register,
    weights::{row, two_subnets, validator},
};

const NET: u16 = 1;

fn set(mecid: u8, dests: &[u16], weights: &[u16]) -> Call<Runtime> {
    let (dests, weights) = (dests.to_vec(), weights.to_vec());
    Call::set_mechanism_weights { netuid: NET, mecid, dests, weights, version_key: 0 }
}

/// State without blocks, with subnet 1 of at most 64 seats.
fn with_state(check: impl FnOnce()) {
    BasicExternalities::new_empty().execute_with(|| {
        NetworksAdded::<Runtime>::insert(NET, true);
        MaxAllowedUids::<Runtime>::insert(NET, 64);
        MaxMechanismCount::<Runtime>::put(8);
        check();
    });
}

fn refused(result: DispatchResult, error: Error<Runtime>) {
    assert_eq!(result, Err(error.into()));
}

#[test]
fn an_emission_is_split_and_what_rounding_leaves_goes_to_the_first() {
    let even: [(u8, u64, &[u64]); 4] =
        [(5, 25, &[5; 5]), (4, 10, &[4, 2, 2, 2]), (1, u64::MAX, &[u64::MAX]), (3, 1, &[1, 0, 0])];
    let fibonacci: [u16; 5] = [3_450, 6_899, 10_348, 17_247, 27_594];
    let split: [(&[u16], u64, &[u64]); 3] = [
        (&fibonacci, 19, &[1, 2, 3, 5, 8]),
        (&[0, 65_535], 7, &[0, 7]),
        (&[32_767, 32_768], 65_535, &[32_767, 32_768]),
    ];
    with_state(|| {
        for (count, emission, parts) in even {
            MechanismCountCurrent::<Runtime>::insert(NET, count);
            assert_eq!(Pallet::<Runtime>::split_emissions(NET, emission), parts);
        }
        for (split, emission, parts) in split {
            MechanismCountCurrent::<Runtime>::insert(NET, split.len() as u8);
            MechanismEmissionSplit::<Runtime>::insert(NET, split.to_vec());
            assert_eq!(Pallet::<Runtime>::split_emissions(NET, emission), parts);
        }
        // One that does not fit counts as none.
        MechanismEmissionSplit::<Runtime>::insert(NET, vec![65_535]);
        assert_eq!(Pallet::<Runtime>::split_emissions(NET, 10), [5, 5]);
    });
}

#[test]
fn how_many_there_may_be() {
    let count = |netuid, count| Pallet::<Runtime>::do_set_mechanism_count(netuid, count);
    with_state(|| {
        refused(count(9, 1), Error::MechanismDoesNotExist);
        refused(count(NET, 0), Error::InvalidValue);
        refused(count(NET, 9), Error::InvalidValue);
        // 64 seats, 256 in all.
        refused(count(NET, 5), Error::TooManyUIDsPerMechanism);
        assert_eq!(count(NET, 4), Ok(()));
        assert_eq!(MechanismCountCurrent::<Runtime>::get(NET), 4);
        MaxAllowedUids::<Runtime>::insert(NET, 1);
        MaxMechanismCount::<Runtime>::put(17);
        refused(count(NET, 17), Error::InvalidValue);

        let most = Pallet::<Runtime>::do_set_max_mechanism_count;
        refused(most(0), Error::InvalidValue);
        refused(most(17), Error::InvalidValue);
        assert_eq!(most(16), Ok(()));
        assert_eq!(MaxMechanismCount::<Runtime>::get(), 16);
    });
}

#[test]
fn how_they_share() {
    let split =
        |netuid, split: Option<&[u16]>| Pallet::<Runtime>::do_set_emission_split(netuid, split.map(<[u16]>::to_vec));
    with_state(|| {
        MechanismCountCurrent::<Runtime>::insert(NET, 2);
        refused(split(9, None), Error::MechanismDoesNotExist);
        for wrong in [&[][..], &[65_535], &[1, 2, 65_532], &[1, 65_535], &[0, 65_534]] {
            refused(split(NET, Some(wrong)), Error::InvalidValue);
        }
        assert_eq!(split(NET, Some(&[5, 65_530])), Ok(()));
        assert_eq!(MechanismEmissionSplit::<Runtime>::get(NET), Some(vec![5, 65_530]));
        assert_eq!(split(NET, None), Ok(()));
        assert_eq!(MechanismEmissionSplit::<Runtime>::get(NET), None);
    });
}

#[test]
fn fewer_leave_nothing_behind() {
    with_state(|| {
        MechanismCountCurrent::<Runtime>::insert(NET, 3);
        MechanismEmissionSplit::<Runtime>::insert(NET, vec![0, 0, 65_535]);
        let who = id(&validator());
        let indices = [0, 1, 2].map(|mecid| Pallet::<Runtime>::storage_index(NET, mecid));
        assert_eq!(indices, [1, 4_097, 8_193]);
        for index in indices {
            Weights::<Runtime>::insert(index, 7, vec![(1, 1)]);
            Bonds::<Runtime>::insert(index, 7, vec![(1, 1)]);
            Incentive::<Runtime>::insert(index, vec![1]);
            LastUpdate::<Runtime>::insert(index, vec![1]);
            WeightCommits::<Runtime>::insert(index, &who, std::collections::VecDeque::from([(Hash::zero(), 1, 1, 0)]));
            let commit = (who.clone(), 1, BoundedVec::new(), 1);
            TimelockedWeightCommits::<Runtime>::insert(index, 1, std::collections::VecDeque::from([commit]));
        }
        let left = || {
            indices.map(|index| {
                [
                    Weights::<Runtime>::contains_key(index, 7),
                    Bonds::<Runtime>::contains_key(index, 7),
                    Incentive::<Runtime>::contains_key(index),
                    LastUpdate::<Runtime>::contains_key(index),
                    WeightCommits::<Runtime>::contains_key(index, &who),
                    TimelockedWeightCommits::<Runtime>::contains_key(index, 1),
                ]
            })
        };
        assert_eq!(Pallet::<Runtime>::do_set_mechanism_count(NET, 3), Ok(()));
        assert_eq!(left(), [[true; 6]; 3], "as many as before");
        assert!(MechanismEmissionSplit::<Runtime>::contains_key(NET));
        assert_eq!(Pallet::<Runtime>::do_set_mechanism_count(NET, 1), Ok(()));
        assert_eq!(left(), [[true; 6], [false; 6], [false; 6]]);
        assert!(!MechanismEmissionSplit::<Runtime>::contains_key(NET));
    });
}

#[tokio::test]
async fn each_judges_for_its_part_of_the_emission() {
    let node = Node::start(two_subnets(&[])).await;
    assert_eq!(node.send(&alice(), register(&dev_account("//Second"))).await, Fate::Done);
    node.put(vec![
        item(MechanismCountCurrent::<Runtime>::hashed_key_for(NET), 2u8),
        item(MechanismEmissionSplit::<Runtime>::hashed_key_for(NET), vec![13_107u16, 52_428]),
    ])
    .await;
    node.set_pending(NET, 500, 500).await;
    // The first miner is all that the main mechanism sees, the second one all that the other sees.
    assert_eq!(node.send(&validator(), set(0, &[2], &[1])).await, Fate::Done);
    assert_eq!(node.send(&validator(), set(1, &[3], &[1])).await, Fate::Done);
    assert_eq!(node.subtensor_events().await, [Event::WeightsSet(4_097, 1)]);
    assert_eq!(row(&node, 1, 1).await, [(2, 65_535)]);
    assert_eq!(row(&node, 4_097, 1).await, [(3, 65_535)]);
    let updates = async |index: u16| node.of_subnet::<Vec<u64>>("LastUpdate", &index.to_le_bytes()).await;
    let set_at = node.handle.best().number;
    assert_eq!(updates(4_097).await, [0, set_at, 0, 0]);
    assert_eq!(updates(1).await, [0, set_at - 1, 0, 1]);

    // A seat that comes later has its place in both.
    assert_eq!(node.send(&alice(), register(&dev_account("//Third"))).await, Fate::Done);
    let seated_at = node.handle.best().number;
    assert_eq!(updates(4_097).await, [0, set_at, 0, 0, seated_at]);
    assert_eq!(updates(1).await, [0, set_at - 1, 0, 1, seated_at]);

    node.blocks(20 - seated_at as u32);
    let events = node.subtensor_events().await;
    let miners = |index, by_uid: [u64; 5]| Event::IncentiveAlphaEmittedToMiners(index, by_uid.to_vec());
    assert!(events.contains(&miners(1, [0, 0, 100, 0, 0])), "{events:?}");
    assert!(events.contains(&miners(4_097, [0, 0, 0, 400, 0])), "{events:?}");
    let shares = async |map: &str, index: u16| node.of_subnet::<Vec<u16>>(map, &index.to_le_bytes()).await;
    assert_eq!(shares("Incentive", 1).await, [0, 0, 65_535, 0, 0]);
    assert_eq!(shares("Incentive", 4_097).await, [0, 0, 0, 65_535, 0]);
    // Each counts by its fifths of 65535, which are cut to 64 bits and then to a whole number.
    assert_eq!(shares("Consensus", 1).await, [0, 0, 13_106, 52_427, 0]);
    assert_eq!(shares("Dividends", 1).await, [0, 13_106 + 52_427, 0, 0, 0]);
    assert_eq!(shares("ValidatorTrust", 1).await, [0, 13_106 + 52_427, 0, 0, 0]);
    assert_eq!(shares("StakeWeight", 1).await, [0, 13_106 + 52_427, 0, 0, 0]);
    assert!(shares("Consensus", 4_097).await.is_empty(), "of the subnet, not of the mechanism");
    // What is stored was split and is weighted nevertheless: a fifth of 100 and four fifths of 400.
    assert_eq!(node.of_subnet::<Vec<u64>>("Emission", &NET.to_le_bytes()).await, [0, 19 + 319, 19, 319, 0]);
    for index in [1, 4_097] {
        let key = Bonds::<Runtime>::hashed_key_for(index, 1);
        let bonds: Vec<(u16, u16)> = node.storage(&key).await.unwrap();
        assert_eq!(bonds.len(), 1);
    }
}

#[tokio::test]
async fn each_has_queues_and_clocks_of_its_own() {
    let node = Node::start(two_subnets(&[NET])).await;
    let limit = item(pallet_subtensor::WeightsSetRateLimit::<Runtime>::hashed_key_for(NET), 100u64);
    node.put(vec![item(MechanismCountCurrent::<Runtime>::hashed_key_for(NET), 2u8), limit]).await;
    for mecid in [0, 1] {
        let commit = Call::commit_mechanism_weights { netuid: NET, mecid, commit_hash: Hash::repeat_byte(mecid) };
        assert_eq!(node.send(&validator(), commit.clone()).await, Fate::Done);
        assert_eq!(node.send(&validator(), commit).await, Fate::Refused("Custom error: 6".into()));
        let key =
            WeightCommits::<Runtime>::hashed_key_for(Pallet::<Runtime>::storage_index(NET, mecid), id(&validator()));
        let waiting: Vec<(Hash, u64, u64, u64)> = node.storage(&key).await.unwrap();
        assert_eq!(waiting.iter().map(|commit| commit.0).collect::<Vec<_>>(), [Hash::repeat_byte(mecid)]);
    }
    node.put(vec![item(CommitRevealWeightsEnabled::<Runtime>::hashed_key_for(NET), false)]).await;
    assert_eq!(node.send(&validator(), set(1, &[2], &[1])).await, Fate::Refused("Custom error: 6".into()));
}
