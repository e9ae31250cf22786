//! What an epoch does that its formula doesn't say, one at a time and with numbers. Every epoch here is run both ways.

mod bonds;
mod chain_tests;
mod checked_inputs;
mod consensus;
mod emission;
mod liquid_alpha;
mod masks;
mod stake;
#[path = "../straight/mod.rs"]
mod straight;

use assay_scoring::yuma::{self, EpochInput, EpochOutput, LiquidAlpha, Rows};

const ALL: u16 = u16::MAX;
const HALF: u16 = 32_767;
const LIQUID: LiquidAlpha = LiquidAlpha { alpha_low: 45_875, alpha_high: 58_982, sigmoid_steepness: 1_000 };

fn epoch(input: &EpochInput) -> EpochOutput {
    let output = yuma::epoch(input);
    assert_eq!(output, straight::epoch(input));
    output
}

/// A subnet in block 1,000 in which those with stake have permits and set weights lately. Old Yuma, settings as a new
/// subnet has them.
fn subnet(stake: &[u64]) -> EpochInput {
    let n = stake.len();
    EpochInput {
        block: 1_000,
        tempo: 100,
        activity_cutoff: 500,
        last_update: vec![990; n],
        block_at_registration: vec![1; n],
        last_mechanism_step_block: 900,
        stake: stake.to_vec(),
        stake_fraction: Vec::new(),
        stake_threshold: 0,
        owner_uid: None,
        validator_permits: stake.iter().map(|stake| *stake > 0).collect(),
        max_allowed_validators: 64,
        weights: Rows::new(),
        bonds: Rows::new(),
        commit_blocks: None,
        kappa: HALF,
        bonds_penalty: ALL,
        bonds_moving_average: 900_000,
        yuma3: false,
        liquid_alpha: None,
        emission: 1_000_000_000,
    }
}

/// One validator and two miners, new Yuma.
fn lone_validator(weights: &[(u16, u16)], bonds: &[(u16, u16)]) -> EpochInput {
    EpochInput {
        weights: [(0, weights.to_vec())].into(),
        bonds: [(0, bonds.to_vec())].into(),
        yuma3: true,
        ..subnet(&[1_000_000, 0, 0])
    }
}

fn bond_in(input: &EpochInput, miner: u16) -> Option<u16> {
    epoch(input).bonds[&0].iter().find(|(uid, _)| *uid == miner).map(|(_, value)| *value)
}
