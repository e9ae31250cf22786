//! What is left out of weights, bonds and stake.

use assay_scoring::yuma::EpochInput;

use crate::{ALL, HALF, epoch, lone_validator, subnet};

/// A validator that weighs two miners alike.
fn judged(change: impl Fn(&mut EpochInput)) -> Vec<u16> {
    let mut input = subnet(&[1, 0, 0]);
    input.weights = [(0, vec![(1, 1), (2, 1)])].into();
    change(&mut input);
    epoch(&input).incentive
}

#[test]
fn weights_set_in_the_block_of_a_registration_dont_count() {
    assert_eq!(judged(|input| input.block_at_registration = vec![1, 989, 990]), [0, ALL, 0]);
}

#[test]
fn weights_committed_before_a_registration_dont_count() {
    let commit = |block, enabled: bool| {
        judged(move |input| {
            input.block_at_registration = vec![1, 500, 501];
            input.commit_blocks = enabled.then(|| vec![block, 0, 0]);
        })
    };
    assert_eq!(commit(500, true), [0, ALL, 0]);
    assert_eq!(commit(501, true), [0, HALF, HALF]);
    assert_eq!(commit(u64::MAX, true), [0, HALF, HALF]);
    assert_eq!(commit(500, false), [0, HALF, HALF]);
}

#[test]
fn a_seat_without_an_entry_has_no_commit() {
    assert_eq!(judged(|input| input.commit_blocks = Some(Vec::new())), [0, HALF, HALF]);
}

#[test]
fn who_set_no_weights_for_the_cutoff_is_inactive() {
    let incentive = |updated| judged(move |input| input.last_update = vec![updated; 3]);
    assert_eq!(incentive(500), [0, HALF, HALF]);
    assert_eq!(incentive(499), [0, 0, 0]);
}

/// A mechanism may have been made before the last seats: they are inactive, whatever the cutoff.
#[test]
fn a_seat_without_a_last_update_is_inactive() {
    let mut input = EpochInput { activity_cutoff: 5_000, ..subnet(&[1, 1, 0]) };
    input.weights = [(0, vec![(2, 1)]), (1, vec![(2, 1)])].into();
    input.last_update = vec![990];
    let output = epoch(&input);
    assert_eq!((output.active, output.dividends), (vec![true, false, false], vec![ALL, 0, 0]));
}

/// An empty list of updates or permits masks no stake, though nobody is active and no weights count.
#[test]
fn an_empty_list_masks_no_stake() {
    let input = EpochInput { last_update: Vec::new(), ..subnet(&[1, 3]) };
    let output = epoch(&input);
    assert_eq!((output.active, output.validator_emission), (vec![false; 2], vec![250_000_000, 750_000_000]));
}

/// The owner has no permit either where the list ends before it.
#[test]
fn a_list_of_permits_that_ends_before_the_owner_has_none_for_it() {
    let permitted = |length| {
        judged(move |input| {
            input.owner_uid = Some(0);
            input.validator_permits = vec![false; length];
        })
    };
    assert_eq!((permitted(3), permitted(0)), (vec![0, HALF, HALF], vec![0, 0, 0]));
}

/// The last epoch was in block 900: bonds of who came in block 901 or later are dropped.
#[test]
fn bonds_in_who_came_after_the_last_epoch_are_dropped() {
    let mut input = lone_validator(&[(1, 1), (2, 1)], &[(1, ALL), (2, ALL)]);
    input.block_at_registration = vec![1, 900, 901];
    assert_eq!(epoch(&input).bonds[&0], [(1, 62_258), (2, 3_276)]);
}

/// Before the first epoch it is the tempo that says when the last one would have been.
#[test]
fn before_the_first_epoch_bonds_are_dropped_by_tempo() {
    let mut input = lone_validator(&[(1, 1), (2, 1)], &[(1, ALL), (2, ALL)]);
    input.last_mechanism_step_block = 0;
    input.block_at_registration = vec![1, 899, 900];
    assert_eq!(epoch(&input).bonds[&0], [(1, 62_258), (2, 3_276)]);
    // In block 0 everybody came too late.
    let first = EpochInput { block: 0, tempo: 0, block_at_registration: vec![0; 3], ..input };
    assert_eq!(epoch(&first).bonds[&0], [(1, 3_276), (2, 3_276)]);
}
