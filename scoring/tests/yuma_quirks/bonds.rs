//! Bonds as they are read and stored.

use assay_scoring::yuma::{EpochInput, LiquidAlpha, Rows};

use crate::{ALL, HALF, epoch, lone_validator, subnet};

/// Two validators: the first overrates the second miner. `penalty` says how much of that its bonds lose.
fn overrating(penalty: u16, row: &[(u16, u16)]) -> Vec<(u16, u16)> {
    let mut input = EpochInput { yuma3: true, bonds_penalty: penalty, ..subnet(&[1, 3, 0, 0]) };
    input.weights = [(0, row.to_vec()), (1, vec![(2, 3), (3, 1)])].into();
    input.liquid_alpha = Some(LiquidAlpha { alpha_low: ALL, alpha_high: ALL, sigmoid_steepness: 0 });
    epoch(&input).bonds[&0].clone()
}

/// At exactly 0 and 1 rows are taken in stored order, in between they come out sorted.
#[test]
fn a_penalty_in_between_sorts_rows() {
    let row = [(3, 3), (2, 1)];
    assert_eq!(overrating(0, &row), [(3, 49_151), (2, 16_383)]);
    assert_eq!(overrating(ALL, &row), [(3, 16_383), (2, 16_383)]);
    assert_eq!(overrating(HALF, &row), [(2, 16_383), (3, 32_767)]);
}

/// In between, explicit zeros are dropped, and of two entries of one miner only the last is left.
#[test]
fn a_penalty_in_between_drops_zeros_and_doubles() {
    let row = [(1, 0), (2, 2), (2, 1), (3, 1)];
    assert_eq!(overrating(0, &row), [(2, HALF), (2, 16_383), (3, 16_383)]);
    assert_eq!(overrating(1, &row), [(2, 16_383), (3, 16_383)]);
}

/// Old Yuma reads stored bonds as they are, 0 to 65535, and divides each column by its sum.
#[test]
fn old_yuma_reads_raw_bonds_column_by_column() {
    let with_bonds = |one: u16, three: u16| {
        let mut input = subnet(&[1, 1, 0]);
        input.weights = [(0, vec![(2, 1)]), (1, vec![(2, 1)])].into();
        input.bonds = [(0, vec![(2, one)]), (1, vec![(2, three)])].into();
        epoch(&input)
    };
    let output = with_bonds(1, 3);
    assert_eq!(output, with_bonds(16_000, 48_000));
    // 0.9 · 1/4 + 0.1 · 1/2, and what is left; stored as shares of the larger one.
    assert_eq!(output.dividends, [18_022, 47_512, 0]);
    assert_eq!(output.bonds, Rows::from([(0, vec![(2, 24_858)]), (1, vec![(2, ALL)])]));
}

/// New Yuma stores the average itself, whatever the other validators hold.
#[test]
fn new_yuma_stores_bonds_as_they_are() {
    let mut input = EpochInput { yuma3: true, ..subnet(&[1, 1, 0]) };
    input.weights = [(0, vec![(2, 1)]), (1, vec![(2, 1)])].into();
    input.bonds = [(0, vec![(2, 1_000)]), (1, vec![(2, 3_000)])].into();
    assert_eq!(epoch(&input).bonds, Rows::from([(0, vec![(2, 7_453)]), (1, vec![(2, 9_253)])]));
}

#[test]
fn a_lost_permit_clears_the_row() {
    let mut input = EpochInput { max_allowed_validators: 1, ..subnet(&[1, 2, 0]) };
    input.weights = [(0, vec![(2, 1)]), (1, vec![(2, 1)])].into();
    assert_eq!(epoch(&input).bonds, Rows::from([(0, vec![]), (1, vec![(2, ALL)])]));
}

/// Each seat's row is written, so that one without a permit before and after is cleared too; a row that belongs
/// to no seat is not touched.
#[test]
fn a_row_without_any_permit_is_cleared() {
    let mut input = subnet(&[1, 0, 0]);
    input.weights = [(0, vec![(2, 1)])].into();
    input.bonds = [(1, vec![(2, 5)]), (9, vec![(2, 5)])].into();
    assert_eq!(epoch(&input).bonds, Rows::from([(0, vec![(2, 7_281)]), (1, vec![]), (9, vec![(2, 5)])]));
}

/// 2^31 millionths and more: new Yuma wraps where old Yuma saturates.
#[test]
fn an_absurd_moving_average_wraps() {
    let stored = |yuma3, bonds_moving_average| {
        let input = lone_validator(&[(1, 1), (2, 1)], &[(1, 9)]);
        epoch(&EpochInput { yuma3, bonds_moving_average, ..input }).bonds[&0].clone()
    };
    // 2^32 whole wrap to 0: bonds are this epoch's weights.
    assert_eq!(stored(true, 4_294_967_296_000_000), [(1, HALF), (2, HALF)]);
    // 2^31 - 1 times the old bond less as much of the new one, which is negative.
    assert_eq!(stored(false, 4_294_967_296_000_000), [(1, ALL)]);
    assert_eq!(stored(true, 2_000_000), []);
}
