//! The weighted median: ties, ends, and who says nothing.

use assay_scoring::yuma::EpochInput;

use crate::{ALL, epoch, subnet};

/// What validators of the given stakes say of one miner, in parts of 100.
fn of(stake: &[u64], said: &[u16], kappa: u16) -> u16 {
    let mut seats = stake.to_vec();
    seats.extend([0, 0]);
    let (miner, other) = (stake.len() as u16, stake.len() as u16 + 1);
    let mut input = EpochInput { kappa, ..subnet(&seats) };
    input.weights = (0..).zip(said).map(|(uid, said)| (uid, vec![(miner, *said), (other, 100 - said)])).collect();
    epoch(&input).consensus[usize::from(miner)]
}

/// Half of the stake is enough for 32767 of 65535, not for 32768.
#[test]
fn a_tie_is_broken_by_kappa() {
    assert_eq!(of(&[1, 1], &[20, 60], 32_767), 39_320);
    assert_eq!(of(&[1, 1], &[20, 60], 32_768), 13_106);
    assert_eq!(of(&[1, 1], &[60, 20], 32_767), 39_320);
    assert_eq!(of(&[1, 1, 1, 1], &[20, 60, 20, 60], 32_767), 39_320);
}

#[test]
fn kappa_at_its_ends_takes_the_highest_and_the_lowest() {
    assert_eq!(of(&[1, 2, 1, 3], &[10, 20, 30, 40], 0), 26_213);
    assert_eq!(of(&[1, 2, 1, 3], &[10, 20, 30, 40], ALL), 6_553);
}

/// Three thirds are one unit less than 1: they are normalised again, and what is rounded off is the minority's.
#[test]
fn a_majority_of_two_thirds_is_met_or_missed_by_rounding() {
    assert_eq!(of(&[1, 1, 1], &[10, 20, 20], 43_690), 13_106);
    assert_eq!(of(&[1, 1, 1], &[10, 20, 20], 43_691), 6_553);
}

/// Who doesn't name a miner says 0 of it.
#[test]
fn an_omitted_miner_is_judged_zero() {
    let mut input = subnet(&[2, 1, 0, 0]);
    input.weights = [(0, vec![(2, 1)]), (1, vec![(3, 1)])].into();
    let output = epoch(&input);
    assert_eq!((output.consensus, output.validator_trust), (vec![0, 0, ALL, 0], vec![ALL, 0, 0, 0]));
}

/// Of a miner named twice, both weights are clipped and paid, but the last one is what the row says.
#[test]
fn a_miner_named_twice_counts_twice_but_in_consensus() {
    let mut input = subnet(&[1, 0, 0]);
    input.weights = [(0, vec![(1, 60), (1, 20), (2, 20)])].into();
    let output = epoch(&input);
    assert_eq!(output.consensus, [0, 13_106, 13_106]);
    assert_eq!((output.validator_trust[0], output.incentive), (39_320, vec![0, 43_689, 21_844]));
}

#[test]
fn nobody_with_stake_means_no_consensus() {
    let mut input = subnet(&[0, 0]);
    input.validator_permits = vec![true, true];
    input.weights = [(0, vec![(1, 1)])].into();
    assert_eq!(epoch(&input).consensus, [0, 0]);
}
