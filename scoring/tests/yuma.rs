//! Whole epochs made with Subtensor's own arithmetic, compared bit for bit.

use std::{fs, path::Path};

use assay_scoring::yuma::{self, EpochInput, EpochOutput, LiquidAlpha};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    input: EpochInput,
    output: EpochOutput,
}

#[test]
fn every_vector_matches_bit_for_bit() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/yuma");
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert_eq!(names.len(), 24);
    for path in names {
        let vector: Vector = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let output = yuma::epoch(&vector.input);
        assert_eq!(output, vector.output, "{}", path.display());
    }
}

/// One validator with the given row of weights and of bonds, two miners, liquid alpha at the chain's defaults.
fn lone_validator(weights: &[(u16, u16)], bonds: &[(u16, u16)], liquid: bool) -> Vec<(u16, u16)> {
    let input = EpochInput {
        block: 1_000,
        tempo: 100,
        activity_cutoff: 500,
        last_update: vec![990, 0, 0],
        block_at_registration: vec![1, 2, 3],
        last_mechanism_step_block: 900,
        stake: vec![1_000_000, 0, 0],
        stake_fraction: Vec::new(),
        stake_threshold: 0,
        owner_uid: None,
        validator_permits: vec![true, false, false],
        max_allowed_validators: 1,
        weights: [(0, weights.to_vec())].into(),
        bonds: [(0, bonds.to_vec())].into(),
        commit_blocks: None,
        kappa: 32_767,
        bonds_penalty: u16::MAX,
        bonds_moving_average: 900_000,
        yuma3: true,
        liquid_alpha: liquid.then_some(LiquidAlpha { alpha_low: 45_875, alpha_high: 58_982, sigmoid_steepness: 1_000 }),
        emission: 1_000_000,
    };
    yuma::epoch(&input).bonds[&0].clone()
}

/// With liquid alpha an omitted miner's bond is gone at once, while an explicit zero lets it decay.
#[test]
fn liquid_alpha_tells_omitted_from_zero() {
    let held = [(2, 30_000)];
    let bond = |bonds: Vec<(u16, u16)>| bonds.iter().find(|(uid, _)| *uid == 2).map(|(_, value)| *value);
    assert_eq!(bond(lone_validator(&[(1, 65_535)], &held, true)), None);
    assert_eq!(bond(lone_validator(&[(1, 65_535), (2, 0)], &held, true)), Some(6_623));
    assert_eq!(bond(lone_validator(&[(1, 65_535)], &held, false)), Some(26_999));
}

/// The chain reads rows as if they were ascending; it never sorts them.
#[test]
fn unsorted_rows_change_liquid_bonds() {
    let held = [(1, 30_000), (2, 30_000)];
    let value = |bonds: Vec<(u16, u16)>, uid| bonds.into_iter().find(|(j, _)| *j == uid);
    let sorted = lone_validator(&[(1, 60_000), (2, 30_000)], &held, true);
    let unsorted = lone_validator(&[(2, 30_000), (1, 60_000)], &held, true);
    assert_eq!(value(sorted.clone(), 2), value(unsorted.clone(), 2));
    assert_ne!(value(sorted, 1), value(unsorted, 1));
}
