//! Yuma consensus, bit for bit as Subtensor's sparse epoch computes it (spec 425): same fixed-point types, same
//! order of operations, same truncations, same quirks.
//!
//! Shapes: n seats; vectors `[n]` by uid; matrices n x n, sparse by row, row = the validator that judges. An epoch
//! costs what its rows name, whatever n.
//!
//! Numbers are those of the crate `substrate-fixed`, which the chain uses. Where it would be slow (products,
//! quotients by one divisor, `exp`) the same numbers are computed in 64 bits, and tests compare them with the crate's.

mod average;
mod bonds;
mod check;
mod electorate;
mod factor;
mod fixed;
mod median;
mod quotient;
mod rows;
mod sparse;
mod speed;
mod stake;
mod values;

pub use check::InputError;
pub(crate) use electorate::Electorate;
pub use rows::{Rows, StoredRows};
pub use values::{EpochInput, EpochOutput, LiquidAlpha};

use substrate_fixed::types::{I32F32, I64F64, I96F32};

use average::moving_average;
use bonds::Bonds;
use electorate::Judgement;
use fixed::{ONE, ZERO};
use sparse::Matrix;
use speed::Speed;

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
    let Judgement { consensus, validator_trust, incentive } = electorate.judgement(&active_stake);
    let weights = electorate.into_weights();

    let judged = match input.bonds_penalty {
        0 => weights,
        u16::MAX => weights.clipped(&consensus),
        penalty => weights.clipped_partly(&consensus, fixed::share(penalty)),
    };
    let (dividends, bonds) = bonds_and_dividends(input, judged, &consensus, &incentive, &active_stake);
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

/// When each seat was registered: in block 0 where it isn't known.
fn registrations<R: StoredRows>(input: &EpochInput<R>) -> Vec<u64> {
    let mut registered = input.block_at_registration.clone();
    registered.resize(input.seats(), 0);
    registered
}

/// Stored weights that count, each row normalised: set by a permitted validator, not on itself (the owner may), and
/// not before the miner took its seat; with commit-reveal, nor committed before that.
fn counted_weights<R: StoredRows>(input: &EpochInput<R>, permits: &[bool]) -> Matrix {
    let n = input.seats();
    let registered = registrations(input);
    let mut weights = Matrix::with_room(n, input.weights.entries());
    for (uid, permit) in (0..=u16::MAX).zip(permits) {
        let i = usize::from(uid);
        if *permit {
            let updated = input.last_update.get(i).copied().unwrap_or(0);
            let committed = input.commit_blocks.as_ref().map_or(u64::MAX, |blocks| at_or_never(blocks, i));
            // Who was registered before this block, was so before both.
            let before = updated.min(committed.saturating_add(1));
            let own = if is_owner(input, i) { None } else { Some(uid) };
            input.weights.row(uid).for_each(|(j, weight)| {
                let counts = registered.get(usize::from(j)).is_some_and(|registered| *registered < before);
                if counts && Some(j) != own {
                    weights.push(j, fixed::whole(weight));
                }
            });
        }
        weights.end_row();
    }
    weights.normalize_rows();
    weights
}

/// The block of a seat's earliest commit.
fn at_or_never(blocks: &[u64], i: usize) -> u64 {
    blocks.get(i).copied().unwrap_or(u64::MAX)
}

/// The bonds that an epoch starts from.
struct OldBonds {
    matrix: Matrix,
    /// How many entries of each row stand before the first that names no seat: the chain keeps it, and as it walks
    /// along the seats it waits there for one that never comes.
    walks: Vec<usize>,
}

/// Stored bonds in miners that had their seat at the last epoch.
fn old_bonds<R: StoredRows>(input: &EpochInput<R>) -> OldBonds {
    let n = input.seats();
    let registered = registrations(input);
    let last_epoch = match input.last_mechanism_step_block {
        0 => input.block.saturating_sub(input.tempo.into()),
        block => block.saturating_add(1),
    };
    let mut matrix = Matrix::with_room(n, input.bonds.entries());
    let mut walks = Vec::with_capacity(n);
    for uid in (0..=u16::MAX).take(n) {
        let before = matrix.entries();
        let mut walk = None;
        input.bonds.row(uid).for_each(|(j, bond)| match registered.get(usize::from(j)) {
            Some(registered) if last_epoch > *registered => {
                matrix.push(j, if input.yuma3 { fixed::share(bond) } else { fixed::whole(bond) });
            }
            None if last_epoch > 0 => walk = walk.or(Some(matrix.entries() - before)),
            _ => {}
        });
        walks.push(walk.unwrap_or(matrix.entries() - before));
        matrix.end_row();
    }
    OldBonds { matrix, walks }
}

/// How much of an epoch's weights goes into bonds: what the moving average leaves. Above 2^31 millionths Yuma 3 wraps
/// where Yuma 2 saturates.
fn bonds_alpha<R: StoredRows>(input: &EpochInput<R>) -> I32F32 {
    let (average, million) = (input.bonds_moving_average, I64F64::from_num(1_000_000));
    let kept = if input.yuma3 {
        I32F32::wrapping_from_num(I64F64::wrapping_from_num(average).saturating_div(million))
    } else {
        I32F32::saturating_from_num(I64F64::saturating_from_num(average).saturating_div(million))
    };
    ONE.saturating_sub(kept)
}

/// Dividends as shares, and bonds.
fn bonds_and_dividends<R: StoredRows>(
    input: &EpochInput<R>,
    weights: Matrix,
    consensus: &[I32F32],
    incentive: &[I32F32],
    stake: &[I32F32],
) -> (Vec<I32F32>, Bonds) {
    let (old, n) = (old_bonds(input), input.seats());
    if !input.yuma3 {
        return bonds::of_yuma2(weights, &old.matrix, stake, incentive, bonds_alpha(input));
    }
    let bonds = match input.liquid_alpha {
        Some(liquid) if consensus.iter().any(|value| *value != ZERO) => {
            bonds::liquid_average(&weights, &old.matrix, &old.walks, consensus, &Speed::new(liquid))
        }
        _ => moving_average((&weights, |_, value| value), (&old.matrix, |_, bond| bond), bonds_alpha(input), n),
    };
    bonds::of_yuma3(bonds, incentive, stake)
}

/// Rows of those with a new permit are replaced, those of other seats are cleared. What belongs to no seat stays.
fn stored_bonds<R: StoredRows>(input: &EpochInput<R>, bonds: &Bonds, permits: &[bool], new_permits: &[bool]) -> Rows {
    let seated = |uid: u16| usize::from(uid) < input.seats();
    let kept = |uid: u16| if seated(uid) { Vec::new() } else { input.bonds.row(uid).collect() };
    let mut stored: Rows = input.bonds.uids().map(|uid| (uid, kept(uid))).collect();
    for (uid, ((row, had), has)) in (0..=u16::MAX).zip(bonds.stored().zip(permits).zip(new_permits)) {
        if *has {
            stored.insert(uid, row.collect());
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
