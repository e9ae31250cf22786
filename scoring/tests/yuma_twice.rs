//! Two implementations of one epoch that share no code, over random inputs with all switches.

mod straight;

use std::{collections::BTreeSet, fs, path::Path};

use assay_scoring::yuma::{self, EpochInput, EpochOutput, LiquidAlpha, Rows};
use proptest::{collection::vec, option, prelude::*, strategy::ValueTree as _};

#[derive(serde::Deserialize)]
struct Vector {
    input: EpochInput,
    output: EpochOutput,
}

/// Few values, so that ties are common, and the corners of the type.
fn shares() -> impl Strategy<Value = u16> {
    prop_oneof![2 => 0u16..4, 2 => Just(u16::MAX), 1 => Just(u16::MAX / 2), 5 => any::<u16>()]
}

fn stakes() -> impl Strategy<Value = u64> {
    prop_oneof![
        1 => Just(0),
        3 => 1u64..4,
        2 => Just(1_000_000_000_000),
        4 => 1u64..21_000_000_000_000_000,
        1 => (0u32..64).prop_map(|shift| u64::MAX >> shift),
    ]
}

/// Blocks close to one another, so that masks are met on both sides and at their edges.
fn blocks() -> impl Strategy<Value = u64> {
    prop_oneof![1 => 0u64..8, 10 => 90u64..110, 1 => Just(u64::MAX)]
}

fn early() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0u64..8, 1 => 90u64..110]
}

/// A list by seat; now and then of another length, or empty.
fn by_seat<T: Clone + std::fmt::Debug>(n: usize, each: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    (vec(each, n + 2), 0..60, 0..n + 3).prop_map(move |(mut list, kind, length)| {
        list.truncate(match kind {
            0 => 0,
            1 => length,
            _ => n,
        });
        list
    })
}

/// Rows in any order: mostly by uid, but also unsorted, with uids twice and uids of no seat. Half of the matrices name no
/// uid twice: such rows, where they name enough, are held in full.
fn rows(n: usize) -> impl Strategy<Value = Rows> {
    let uids = prop_oneof![20 => 0..(n as u16).max(1), 1 => 0..n as u16 + 2];
    let row = (vec((uids, shares()), 0..2 * n + 4), 0..4).prop_map(|(mut row, kind)| {
        if kind < 3 {
            row.sort_by_key(|(uid, _)| *uid);
        }
        if kind < 2 {
            row.dedup_by_key(|(uid, _)| *uid);
        }
        row
    });
    (vec(option::weighted(0.8, row), n + 1), any::<bool>()).prop_map(|(rows, once)| {
        let mut rows: Rows = (0..).zip(rows).filter_map(|(uid, row)| Some((uid, row?))).collect();
        for row in rows.values_mut().filter(|_| once) {
            let mut met = BTreeSet::new();
            row.retain(|(uid, _)| met.insert(*uid));
        }
        rows
    })
}

fn liquid() -> impl Strategy<Value = LiquidAlpha> {
    let usual = Just((45_875, 58_982, 1_000));
    prop_oneof![usual, (shares(), shares(), any::<i16>())]
        .prop_map(|(alpha_low, alpha_high, sigmoid_steepness)| LiquidAlpha { alpha_low, alpha_high, sigmoid_steepness })
}

prop_compose! {
    fn inputs()(n in 0usize..=12)(
        (block, tempo, activity_cutoff) in (blocks(), prop_oneof![Just(0), Just(1), 0u16..400], 0u64..200),
        (last_update, block_at_registration) in (by_seat(n, blocks()), by_seat(n, early())),
        last_mechanism_step_block in prop_oneof![Just(0), blocks()],
        (stake, stake_threshold) in (vec(stakes(), n), prop_oneof![4 => Just(0), 1 => 1u64..4, 1 => stakes()]),
        stake_fraction in by_seat(n, any::<u32>()),
        owner_uid in option::of(0..n as u16 + 1),
        validator_permits in by_seat(n, prop::bool::weighted(0.9)),
        max_allowed_validators in 0..n as u16 + 3,
        (weights, bonds) in (rows(n), rows(n)),
        commit_blocks in option::of(by_seat(n, prop_oneof![2 => Just(u64::MAX), 3 => early()])),
        (kappa, bonds_penalty) in (prop_oneof![Just(32_767), shares()], prop_oneof![Just(0), Just(u16::MAX), shares()]),
        bonds_moving_average in prop_oneof![3 => Just(900_000), 3 => 0u64..=1_000_000, 1 => any::<u64>()],
        (yuma3, liquid_alpha) in (any::<bool>(), option::of(liquid())),
        emission in prop_oneof![2 => Just(1_000_000_000), 1 => Just(0), 1 => Just(u64::MAX), 2 => any::<u64>()],
    ) -> EpochInput {
        EpochInput {
            block,
            tempo,
            activity_cutoff,
            last_update,
            block_at_registration,
            last_mechanism_step_block,
            stake,
            stake_fraction,
            stake_threshold,
            owner_uid,
            validator_permits,
            max_allowed_validators,
            weights,
            bonds,
            commit_blocks,
            kappa,
            bonds_penalty,
            bonds_moving_average,
            yuma3,
            liquid_alpha,
            emission,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(768))]

    #[test]
    fn both_give_the_same_bits(input in inputs()) {
        prop_assert_eq!(yuma::epoch(&input), straight::epoch(&input));
    }
}

/// The slow one is not an echo of the fast one: both match what Subtensor's own arithmetic made.
#[test]
fn the_straight_line_matches_every_vector() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/yuma");
    let mut met = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let vector: Vector = serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap();
        // n x n exponentials are too many for the largest.
        if vector.input.stake.len() <= 64 {
            assert_eq!(straight::epoch(&vector.input), vector.output);
            met += 1;
        }
    }
    assert_eq!(met, 21);
}

/// The inputs above are not all dull: most have a consensus, bonds, dividends, and each switch both ways.
#[test]
fn the_inputs_reach_all_roads() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = [0; 8];
    for _ in 0..500 {
        let input = inputs().new_tree(&mut runner).unwrap().current();
        let output = yuma::epoch(&input);
        let consensus = output.consensus.iter().any(|value| *value > 0);
        let partly = ![0, u16::MAX].contains(&input.bonds_penalty);
        for (count, met) in seen.iter_mut().zip([
            consensus,
            output.bonds.values().any(|row| !row.is_empty()),
            output.dividends.iter().any(|value| *value > 0),
            consensus && input.yuma3 && input.liquid_alpha.is_some(),
            consensus && !input.yuma3,
            consensus && partly,
            consensus && input.commit_blocks.is_some(),
            output.bonds.iter().any(|(uid, row)| row.is_empty() && input.bonds.contains_key(uid)),
        ]) {
            *count += u32::from(met);
        }
    }
    assert!(seen.iter().all(|count| *count >= 40), "{seen:?}");
}
