//! What is paid, to the last rao.

use assay_scoring::yuma::{EpochInput, Rows};

use crate::{epoch, subnet};

#[test]
fn shares_are_truncated() {
    let mut input = subnet(&[1, 0, 0, 0]);
    input.weights = [(0, vec![(1, 1), (2, 1), (3, 1)])].into();
    let output = epoch(&input);
    // Of three thirds, each less than one by what 32 bits can't hold.
    assert_eq!(output.incentive, [0, 21_844, 21_844, 21_844]);
    assert_eq!(output.server_emission, [0, 166_666_666, 166_666_666, 166_666_666]);
    assert_eq!(output.validator_emission, [500_000_000, 0, 0, 0]);
}

#[test]
fn where_nobody_has_incentive_active_validators_are_paid_by_stake() {
    let mut input = subnet(&[1, 3, 4]);
    input.last_update = vec![990, 990, 0];
    let output = epoch(&input);
    assert_eq!(output.validator_emission, [250_000_000, 750_000_000, 0]);
    assert_eq!((output.server_emission, output.dividends), (vec![0; 3], vec![0; 3]));
}

#[test]
fn where_nobody_is_active_either_everybody_is_paid_by_stake() {
    let input = EpochInput { last_update: vec![0; 3], ..subnet(&[1, 3, 4]) };
    let output = epoch(&input);
    assert_eq!(output.validator_emission, [125_000_000, 375_000_000, 500_000_000]);
    assert_eq!(output.emission, output.validator_emission);
}

#[test]
fn all_there_can_be_is_split() {
    let mut input = EpochInput { emission: u64::MAX, ..subnet(&[1, 0]) };
    input.weights = [(0, vec![(1, 1)])].into();
    let output = epoch(&input);
    assert_eq!(output.emission, [u64::MAX / 2, u64::MAX / 2]);
    assert_eq!(epoch(&EpochInput { emission: u64::MAX, ..subnet(&[1]) }).emission, [u64::MAX]);
}

#[test]
fn a_subnet_without_seats_gives_nothing() {
    let output = epoch(&subnet(&[]));
    assert_eq!((output.emission, output.bonds), (Vec::new(), Rows::new()));
}
