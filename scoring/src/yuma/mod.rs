//! Yuma consensus, bit for bit as Subtensor's sparse epoch computes it (spec 425): same fixed-point types, same
//! order of operations, same truncations, same quirks.
//!
//! Shapes: n seats; vectors `[n]` by uid; matrices n x n, sparse by row, row = the validator that judges.

mod bonds;
mod fixed;
mod median;
mod sparse;
mod values;

pub use values::{EpochInput, EpochOutput, LiquidAlpha, Rows};

use fixed::Fixed;
use sparse::Matrix;

/// Runs one epoch of one mechanism.
pub fn epoch(input: &EpochInput) -> EpochOutput {
    let n = input.stake.len().min(usize::from(u16::MAX) + 1);
    let active: Vec<bool> =
        (0..n).map(|i| at(&input.last_update, i).saturating_add(input.activity_cutoff) >= input.block).collect();

    let stake = stake_shares(input, n);
    let owner = |i: usize| input.owner_uid.is_some_and(|owner| usize::from(owner) == i);
    let permits: Vec<bool> = (0..n).map(|i| at(&input.validator_permits, i) || owner(i)).collect();
    let mut new_permits = top_validators(&stake, input.max_allowed_validators.into());
    (0..n).filter(|i| owner(*i)).for_each(|i| new_permits[i] = true);

    let counts = |i: usize| if active[i] && permits[i] { stake[i] } else { Fixed::ZERO };
    let mut active_stake: Vec<Fixed> = (0..n).map(counts).collect();
    sparse::normalize(&mut active_stake);

    let weights = counted_weights(input, n, &permits);
    let consensus = median::weighted_medians(&active_stake, &weights, Fixed::share(input.kappa));
    let clipped = sparse::clip_columns(&weights, &consensus);
    let validator_trust = sparse::row_sums(&clipped);
    let mut incentive = sparse::weighted_column_sums(&clipped, &active_stake);
    sparse::normalize(&mut incentive);

    let judged = sparse::interpolate(weights, &clipped, Fixed::share(input.bonds_penalty));
    let (dividends, bonds) = bonds_and_dividends(input, n, &judged, &consensus, &incentive, &active_stake);
    let pay = pay(input.emission, &incentive, &dividends, &stake, &active_stake);

    EpochOutput {
        active,
        bonds: stored_bonds(input, &bonds, &permits, &new_permits),
        consensus: to_shares(&consensus),
        dividends: to_shares(&dividends),
        emission: pay.combined,
        incentive: to_shares(&incentive),
        server_emission: pay.server,
        stake_weight: to_shares(&stake),
        validator_emission: pay.validator,
        validator_permits: new_permits,
        validator_trust: to_shares(&validator_trust),
    }
}

/// What a shorter vector lacks counts as the default, as in storage.
fn at<T: Copy + Default>(values: &[T], i: usize) -> T {
    values.get(i).copied().unwrap_or_default()
}

fn to_shares(values: &[Fixed]) -> Vec<u16> {
    values.iter().map(|value| value.to_share()).collect()
}

/// Stake of those above the threshold (the owner always is), as shares of their sum.
fn stake_shares(input: &EpochInput, n: usize) -> Vec<Fixed> {
    let exempt = |i: usize| input.owner_uid.is_some_and(|owner| usize::from(owner) == i);
    let enough = |i: usize| input.stake[i] >= input.stake_threshold || exempt(i);
    let exact = |i: usize| u128::from(input.stake[i]) << 32 | u128::from(at(&input.stake_fraction, i));
    let stake: Vec<u128> = (0..n).map(|i| if enough(i) { exact(i) } else { 0 }).collect();
    let total: u128 = stake.iter().sum();
    stake.iter().map(|stake| Fixed::ratio(*stake, total)).collect()
}

/// The `k` largest positive stakes; among equals the higher uid wins.
fn top_validators(stake: &[Fixed], k: usize) -> Vec<bool> {
    let mut permits: Vec<bool> = stake.iter().map(|stake| *stake != Fixed::ZERO).collect();
    let mut order: Vec<usize> = (0..stake.len()).collect();
    order.sort_by_key(|i| stake[*i]);
    order.iter().take(stake.len().saturating_sub(k)).for_each(|i| permits[*i] = false);
    permits
}

/// Stored weights that count, each row normalised: set by a permitted validator, not on itself (the owner may), and
/// not before the miner took its seat; with commit-reveal, nor committed before that.
fn counted_weights(input: &EpochInput, n: usize, permits: &[bool]) -> Matrix {
    let mut weights = sparse::from_stored(&input.weights, n, |value| Fixed::from_int(value.into()));
    for (i, row) in weights.iter_mut().enumerate() {
        let own = input.owner_uid.is_some_and(|owner| usize::from(owner) == i);
        let updated = at(&input.last_update, i);
        let committed = input.commit_blocks.as_ref().map(|blocks| blocks.get(i).copied().unwrap_or(u64::MAX));
        row.retain(|(j, _)| {
            let j = usize::from(*j);
            let registered = at(&input.block_at_registration, j);
            permits[i]
                && (i != j || own)
                && updated > registered
                && committed.is_none_or(|committed| committed >= registered)
        });
    }
    sparse::normalize_rows(&mut weights);
    weights
}

/// Dividends and the bonds to store, both as shares.
fn bonds_and_dividends(
    input: &EpochInput,
    n: usize,
    weights: &Matrix,
    consensus: &[Fixed],
    incentive: &[Fixed],
    stake: &[Fixed],
) -> (Vec<Fixed>, Matrix) {
    let last_epoch = match input.last_mechanism_step_block {
        0 => input.block.saturating_sub(input.tempo.into()),
        block => block.saturating_add(1),
    };
    let stored = |value: u16| if input.yuma3 { Fixed::share(value) } else { Fixed::from_int(value.into()) };
    let mut old = sparse::from_stored(&input.bonds, n, stored);
    for row in &mut old {
        row.retain(|(j, _)| last_epoch > at(&input.block_at_registration, usize::from(*j)));
    }
    let alpha = Fixed::ONE.sub(Fixed::ratio(input.bonds_moving_average.into(), 1_000_000));

    if !input.yuma3 {
        let mut bonds = bonds::bonds_of_yuma2(old, weights, stake, alpha);
        let mut dividends = sparse::weighted_row_sums(&bonds, incentive);
        sparse::normalize(&mut dividends);
        sparse::upscale_columns(&mut bonds);
        return (dividends, bonds);
    }
    let bonds = match input.liquid_alpha {
        Some(liquid) if consensus.iter().any(|value| *value != Fixed::ZERO) => {
            bonds::liquid_average(weights, &old, consensus, liquid)
        }
        _ => bonds::moving_average(weights, &old, alpha),
    };
    (bonds::dividends_of_yuma3(&bonds, incentive, stake), bonds)
}

/// Rows with a new permit are replaced, rows that lost theirs are cleared, all others stay.
fn stored_bonds(input: &EpochInput, bonds: &Matrix, permits: &[bool], new_permits: &[bool]) -> Rows {
    let mut stored = input.bonds.clone();
    for (uid, ((row, had), has)) in (0..=u16::MAX).zip(bonds.iter().zip(permits).zip(new_permits)) {
        if *has {
            stored.insert(uid, row.iter().map(|(j, value)| (*j, value.to_share())).collect());
        } else if *had {
            stored.insert(uid, Vec::new());
        }
    }
    stored
}

struct Pay {
    server: Vec<u64>,
    validator: Vec<u64>,
    combined: Vec<u64>,
}

/// Splits the emission by incentive and dividends. Where nobody has either, validators are paid by stake.
fn pay(emission: u64, incentive: &[Fixed], dividends: &[Fixed], stake: &[Fixed], active_stake: &[Fixed]) -> Pay {
    let mut combined: Vec<Fixed> = incentive.iter().zip(dividends).map(|(i, d)| i.add(*d)).collect();
    let sum: Fixed = combined.iter().copied().sum();
    let (mut server, mut validator) = (incentive.to_vec(), dividends.to_vec());
    if sum == Fixed::ZERO {
        let nobody_active = active_stake.iter().copied().sum::<Fixed>() == Fixed::ZERO;
        validator = if nobody_active { stake.to_vec() } else { active_stake.to_vec() };
        combined.clone_from(&validator);
    } else {
        sparse::divide(&mut server, sum);
        sparse::divide(&mut validator, sum);
        sparse::divide(&mut combined, sum);
    }
    let rao = |shares: Vec<Fixed>| shares.iter().map(|share| share.of(emission)).collect();
    Pay { server: rao(server), validator: rao(validator), combined: rao(combined) }
}
