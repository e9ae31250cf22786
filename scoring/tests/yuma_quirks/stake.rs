//! Stake, permits and the owner.

use assay_scoring::yuma::EpochInput;

use crate::{ALL, epoch, subnet};

fn permits(input: &EpochInput) -> Vec<bool> {
    epoch(input).validator_permits
}

#[test]
fn of_equal_stakes_the_higher_uid_gets_the_permit() {
    let input = EpochInput { max_allowed_validators: 2, ..subnet(&[5, 5, 5, 4]) };
    assert_eq!(permits(&input), [false, true, true, false]);
}

#[test]
fn no_stake_gets_no_permit_though_there_is_room() {
    assert_eq!(permits(&subnet(&[0, 7, 0])), [false, true, false]);
    assert_eq!(permits(&EpochInput { max_allowed_validators: 0, ..subnet(&[1, 7]) }), [false, false]);
}

/// Two stakes of which the smaller is less than 2^-32 of all: its share is 0, and so it has no permit.
#[test]
fn a_stake_too_small_for_a_share_gets_no_permit() {
    assert_eq!(permits(&subnet(&[1, 1 << 33])), [false, true]);
}

#[test]
fn permits_of_the_previous_epoch_count() {
    let mut input = subnet(&[1, 3, 0]);
    input.weights = [(0, vec![(2, 1)]), (1, vec![(0, 1)])].into();
    input.validator_permits = vec![true, false, false];
    let output = epoch(&input);
    assert_eq!(output.validator_permits, [true, true, false]);
    assert_eq!((output.incentive, output.dividends), (vec![0, 0, ALL], vec![ALL, 0, 0]));
}

#[test]
fn the_threshold_is_compared_with_whole_rao() {
    let mut input = EpochInput { stake_threshold: 10, ..subnet(&[9, 10]) };
    input.stake_fraction = vec![u32::MAX, 0];
    assert_eq!(epoch(&input).stake_weight, [0, ALL]);
    // Above it the fraction counts: a quarter of 10.5 rao, and 31.5 of 42.
    input.stake = vec![10, 31];
    input.stake_fraction = vec![1 << 31; 2];
    assert_eq!(epoch(&input).stake_weight, [16_383, 49_151]);
}

#[test]
fn the_owner_is_exempt_permitted_and_may_weigh_itself() {
    let mut input = EpochInput { stake_threshold: 10, max_allowed_validators: 1, ..subnet(&[9, 9, 9]) };
    input.validator_permits = vec![false; 3];
    input.weights = (0..3).map(|uid| (uid, vec![(uid, 1)])).collect();
    assert_eq!(epoch(&input).stake_weight, [0, 0, 0]);
    input.owner_uid = Some(0);
    let output = epoch(&input);
    assert_eq!(output.stake_weight, [ALL, 0, 0]);
    assert_eq!(output.validator_permits, [true, false, false]);
    assert_eq!((output.incentive, output.validator_trust), (vec![ALL, 0, 0], vec![ALL, 0, 0]));
}

/// The owner has its permit beside those that are allowed, not in the place of one.
#[test]
fn the_owners_permit_takes_nobodys_place() {
    let input = EpochInput { owner_uid: Some(0), max_allowed_validators: 1, ..subnet(&[1, 8, 9]) };
    assert_eq!(permits(&input), [true, false, true]);
}

#[test]
fn more_than_an_i64_saturates() {
    assert_eq!(epoch(&subnet(&[u64::MAX, 0])).stake_weight, [ALL, 0]);
    let input = EpochInput { stake_threshold: u64::MAX, ..subnet(&[u64::MAX, 0]) };
    assert_eq!(epoch(&input).stake_weight, [0, 0]);
}
