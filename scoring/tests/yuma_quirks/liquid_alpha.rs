//! Bond speeds of liquid alpha.

use assay_scoring::yuma::{EpochInput, LiquidAlpha};

use crate::{ALL, HALF, LIQUID, bond_in, epoch, lone_validator};

fn liquid(weights: &[(u16, u16)], bonds: &[(u16, u16)]) -> EpochInput {
    EpochInput { liquid_alpha: Some(LIQUID), ..lone_validator(weights, bonds) }
}

#[test]
fn an_omitted_miners_bond_is_gone_at_once_and_an_explicit_zeros_decays() {
    let held = [(2, 30_000)];
    assert_eq!(bond_in(&liquid(&[(1, ALL)], &held), 2), None);
    assert_eq!(bond_in(&liquid(&[(1, ALL), (2, 0)], &held), 2), Some(6_623));
}

#[test]
fn without_it_an_omitted_miners_bond_decays() {
    assert_eq!(bond_in(&lone_validator(&[(1, ALL)], &[(2, 30_000)]), 2), Some(26_999));
}

/// The speed of an entry that stands out of order is that of a weight of 0.
#[test]
fn rows_are_walked_as_if_they_were_sorted() {
    let held = [(1, 30_000), (2, 30_000)];
    let sorted = epoch(&liquid(&[(1, 60_000), (2, 30_000)], &held));
    let unsorted = epoch(&liquid(&[(2, 30_000), (1, 60_000)], &held));
    assert_eq!(sorted.bonds[&0], [(1, 39_601), (2, 24_254)]);
    assert_eq!(unsorted.bonds[&0], [(2, 24_254), (1, 40_667)]);
}

/// The bond that sets the speed is not met behind an entry that names no seat; the one that decays is.
#[test]
fn an_entry_of_no_seat_ends_the_walk() {
    let weights = [(1, 60_000), (2, 30_000)];
    let plain = bond_in(&liquid(&weights, &[(2, ALL)]), 2);
    assert_eq!((plain, bond_in(&liquid(&weights, &[(2, ALL), (7, 1)]), 2)), (Some(27_601), Some(27_601)));
    assert_eq!(bond_in(&liquid(&weights, &[(7, 1), (2, ALL)]), 2), Some(34_893));
}

#[test]
fn a_lowest_speed_above_the_highest_wins() {
    let crossed = LiquidAlpha { alpha_low: ALL, alpha_high: 0, sigmoid_steepness: 1_000 };
    let input = EpochInput { liquid_alpha: Some(crossed), ..lone_validator(&[(1, ALL), (2, ALL)], &[(2, 9)]) };
    assert_eq!(epoch(&input).bonds[&0], [(1, HALF), (2, HALF)]);
}

#[test]
fn a_negative_steepness_turns_the_sigmoid_around() {
    let speeds = |sigmoid_steepness| {
        let liquid = LiquidAlpha { alpha_low: 0, alpha_high: ALL, sigmoid_steepness };
        // Both have bonds above their weights: one by 0.8, one by 0.2.
        let held = [(1, ALL), (2, ALL)];
        epoch(&EpochInput { liquid_alpha: Some(liquid), ..lone_validator(&[(1, 1), (2, 4)], &held) }).bonds
    };
    assert_eq!(speeds(1_000)[&0], [(1, 15_593), (2, 64_913)]);
    assert_eq!(speeds(-1_000)[&0], [(1, 63_048), (2, 53_049)]);
}

/// 163 is clamped to 20, where the sigmoid is 8 units of 2^-32 away from its end.
#[test]
fn the_steepest_sigmoid_is_a_step() {
    let liquid = LiquidAlpha { alpha_low: 0, alpha_high: ALL, sigmoid_steepness: i16::MAX };
    let input = EpochInput { liquid_alpha: Some(liquid), ..lone_validator(&[(1, 1), (2, 4)], &[(1, ALL), (2, ALL)]) };
    assert_eq!(epoch(&input).bonds[&0], [(1, 13_107), (2, 65_534)]);
}

#[test]
fn old_yuma_ignores_it() {
    let old = EpochInput { yuma3: false, ..lone_validator(&[(1, ALL)], &[(1, 9), (2, 9)]) };
    assert_eq!(epoch(&EpochInput { liquid_alpha: Some(LIQUID), ..old.clone() }), epoch(&old));
}

#[test]
fn without_any_consensus_bonds_move_by_the_plain_average() {
    let idle = EpochInput { kappa: 0, ..liquid(&[], &[(2, 30_000)]) };
    assert_eq!(epoch(&idle).consensus, [0, 0, 0]);
    assert_eq!(bond_in(&idle, 2), Some(26_999));
}
