//! Yuma consensus, bit for bit as Subtensor's sparse epoch computes it (spec 425): same fixed-point types, same
//! order of operations, same truncations, same quirks.
//!
//! Shapes: n seats; vectors `[n]` by uid; matrices n x n, sparse by row, row = the validator that judges. An epoch
//! costs what its rows name, whatever n. Where they name most seats, rows are held in full: what a column is divided and
//! multiplied by then lies beside them, and nothing is looked up. Both ways give the same bits.
//!
//! Numbers are those of the crate `substrate-fixed`, which the chain uses. Where it would be slow (products,
//! quotients by one divisor, `exp`) the same numbers are computed in 64 bits, and tests compare them with the crate's.

mod average;
mod bonds;
mod check;
mod clipping;
mod electorate;
mod factor;
mod fixed;
mod full_average;
mod liquid;
mod matrix;
mod median;
mod quotient;
mod row;
mod rows;
mod speed;
mod stake;
mod storage;
mod values;

pub use check::InputError;
pub(crate) use electorate::Electorate;
pub use rows::{Rows, StoredRows};
pub use values::{EpochInput, EpochOutput, LiquidAlpha};

use substrate_fixed::types::{I32F32, I96F32};

use bonds::Settled;
use electorate::Judgement;
use fixed::ZERO;

/// Seats that a uid can name.
const MOST_SEATS: usize = 1 << 16;

/// Runs one epoch of one mechanism.
pub fn epoch<R: StoredRows>(input: &EpochInput<R>) -> EpochOutput {
    let n = input.seats();
    let active: Vec<bool> = (0..n).map(|i| is_active(input, i)).collect();
    let stake = stake::shares(input);
    let permits: Vec<bool> = (0..n).map(|i| may_judge(input, i)).collect();
    let mut new_permits = stake::top(&stake, input.max_allowed_validators.into());
    (0..n).filter(|i| is_owner(input, *i)).for_each(|i| new_permits[i] = true);

    let electorate = Electorate::of(input, &active, &permits);
    let active_stake = electorate.active_stake(&stake);
    let (judgement, judged) = electorate.judge(input, &active_stake);
    let Settled { dividends, bonds } = bonds::settle(input, judged, &judgement, &active_stake, &new_permits);
    let Judgement { consensus, validator_trust, incentive } = judgement;
    let pay = pay(input.emission, &incentive, &dividends, &stake, &active_stake);

    EpochOutput {
        active,
        bonds: storage::stored_bonds(input, bonds, &permits, &new_permits),
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

fn is_owner<R: StoredRows>(input: &EpochInput<R>, i: usize) -> bool {
    input.owner_uid.is_some_and(|owner| usize::from(owner) == i)
}

/// A seat of which the chain doesn't know when it last set weights is not active.
fn is_active<R: StoredRows>(input: &EpochInput<R>, i: usize) -> bool {
    let updated = input.last_update.get(i);
    updated.is_some_and(|updated| updated.saturating_add(input.activity_cutoff) >= input.block)
}

/// Permits are those of the previous epoch; the owner has one, but where there is no entry to say so.
fn may_judge<R: StoredRows>(input: &EpochInput<R>, i: usize) -> bool {
    input.validator_permits.get(i).is_some_and(|permit| *permit || is_owner(input, i))
}

fn to_shares(values: &[I32F32]) -> Vec<u16> {
    values.iter().map(|value| fixed::to_share(*value)).collect()
}

struct Pay {
    server: Vec<u64>,
    validator: Vec<u64>,
    combined: Vec<u64>,
}

/// Splits the emission by incentive and dividends. Where nobody has either, validators are paid by stake.
fn pay(emission: u64, incentive: &[I32F32], dividends: &[I32F32], stake: &[I32F32], active_stake: &[I32F32]) -> Pay {
    let mut combined: Vec<I32F32> = incentive.iter().zip(dividends).map(|(i, d)| i.saturating_add(*d)).collect();
    let total = fixed::sum(combined.iter().copied());
    let (mut server, mut validator) = (incentive.to_vec(), dividends.to_vec());
    if total == ZERO {
        let nobody_active = fixed::sum(active_stake.iter().copied()) == ZERO;
        validator = if nobody_active { stake.to_vec() } else { active_stake.to_vec() };
        combined.clone_from(&validator);
    } else {
        fixed::divide(&mut server, total);
        fixed::divide(&mut validator, total);
        fixed::divide(&mut combined, total);
    }
    let emission = I96F32::from_num(emission);
    let rao = |share: &I32F32| I96F32::from_num(*share).saturating_mul(emission).saturating_to_num::<u64>();
    let all = |shares: Vec<I32F32>| shares.iter().map(|share| if *share == ZERO { 0 } else { rao(share) }).collect();
    Pay { server: all(server), validator: all(validator), combined: all(combined) }
}
