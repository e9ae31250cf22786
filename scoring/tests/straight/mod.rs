//! Yuma once more, the slow way: one straight line over n x n, on `substrate-fixed`'s own operations and sharing no
//! code with the library. Written down from what the chain's epoch does, step by step.

use assay_scoring::yuma::{EpochInput, EpochOutput, LiquidAlpha, Rows};
use substrate_fixed::{
    transcendental,
    types::{I32F32, I64F64, I96F32},
};

type Number = I32F32;
/// Entries `(uid, value)` of each row in stored order; a uid may stand there twice, or name no seat.
type Matrix = Vec<Row>;
type Row = Vec<(usize, Number)>;

fn zero() -> Number {
    Number::from_num(0)
}

fn one() -> Number {
    Number::from_num(1)
}

fn over(a: Number, b: Number) -> Number {
    a.checked_div(b).unwrap_or(zero())
}

/// The chain's plain sums: its runtime wraps.
fn total<'a>(values: impl IntoIterator<Item = &'a Number>) -> Number {
    let mut total = zero();
    for value in values {
        total = total.wrapping_add(*value);
    }
    total
}

fn normalized(values: &[Number]) -> Vec<Number> {
    let sum = total(values);
    values.iter().map(|value| if sum == zero() { *value } else { over(*value, sum) }).collect()
}

fn proportion(value: u16) -> Number {
    over(Number::from_num(value), Number::from_num(u16::MAX))
}

fn stored(value: Number) -> u16 {
    value.saturating_mul(Number::from_num(u16::MAX)).saturating_to_num()
}

/// Divides each column by its sum, or by its largest value.
fn columns_divided(matrix: &Matrix, n: usize, by_largest: bool) -> Matrix {
    let mut columns = vec![zero(); n];
    for row in matrix {
        for (j, value) in row {
            if *j < n {
                columns[*j] = if by_largest { columns[*j].max(*value) } else { columns[*j].saturating_add(*value) };
            }
        }
    }
    let divided = |(j, value): &(usize, Number)| match columns.get(*j) {
        Some(column) if *column != zero() => (*j, over(*value, *column)),
        _ => (*j, *value),
    };
    matrix.iter().map(|row| row.iter().map(divided).collect()).collect()
}

/// Row i as n numbers; of a uid that stands there twice the last one counts.
fn dense(row: &[(usize, Number)], n: usize) -> Vec<Number> {
    let mut all = vec![zero(); n];
    for (j, value) in row {
        if *j < n {
            all[*j] = *value;
        }
    }
    all
}

fn positive(row: Vec<Number>) -> Vec<(usize, Number)> {
    row.into_iter().enumerate().filter(|(_, value)| *value > zero()).collect()
}

pub fn epoch(input: &EpochInput) -> EpochOutput {
    let n = input.stake.len();
    let owner = input.owner_uid.map(usize::from);

    // Activity.
    let inactive: Vec<bool> =
        input.last_update.iter().map(|block| block.saturating_add(input.activity_cutoff) < input.block).collect();
    let registered = |j: usize| input.block_at_registration.get(j).copied().unwrap_or(0);

    // Stake.
    let mut shares: Vec<I64F64> = Vec::new();
    for i in 0..n {
        let fraction = input.stake_fraction.get(i).copied().unwrap_or(0);
        let whole = I64F64::saturating_from_num(input.stake[i]);
        let enough = whole.saturating_to_num::<u64>() >= input.stake_threshold || owner == Some(i);
        let stake = whole.saturating_add(I64F64::from_bits(i128::from(fraction) << 32));
        shares.push(if enough { stake } else { I64F64::from_num(0) });
    }
    let mut sum = I64F64::from_num(0);
    for share in &shares {
        sum = sum.wrapping_add(*share);
    }
    if sum != I64F64::from_num(0) {
        for share in &mut shares {
            *share = share.checked_div(sum).unwrap_or(I64F64::from_num(0));
        }
    }
    let stake: Vec<Number> = shares.iter().map(|share| Number::saturating_from_num(*share)).collect();

    // Permits: the previous epoch's, and the next one's.
    let mut permits = input.validator_permits.clone();
    permits.truncate(n);
    if let Some(permit) = owner.and_then(|owner| permits.get_mut(owner)) {
        *permit = true;
    }
    let mut new_permits: Vec<bool> = stake.iter().map(|stake| *stake != zero()).collect();
    let k = usize::from(input.max_allowed_validators);
    if n >= k {
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|a, b| stake[*a].cmp(&stake[*b]));
        for i in &order[..n - k] {
            new_permits[*i] = false;
        }
    }
    if let Some(permit) = owner.and_then(|owner| new_permits.get_mut(owner)) {
        *permit = true;
    }

    // Active stake.
    let mut active_stake = stake.clone();
    for (i, stake) in active_stake.iter_mut().enumerate() {
        if !inactive.is_empty() && inactive.get(i).copied().unwrap_or(true) {
            *stake = zero();
        }
        if !permits.is_empty() && !permits.get(i).copied().unwrap_or(false) {
            *stake = zero();
        }
    }
    let active_stake = normalized(&active_stake);

    // Weights.
    let mut weights: Matrix = vec![Vec::new(); n];
    for (uid, row) in &input.weights {
        let i = usize::from(*uid);
        if i >= n || !permits.get(i).copied().unwrap_or(false) {
            continue;
        }
        for (uid, weight) in row {
            let j = usize::from(*uid);
            if j >= n || (i == j && owner != Some(i)) {
                continue;
            }
            if input.last_update.get(i).copied().unwrap_or(0) <= registered(j) {
                continue;
            }
            if let Some(commits) = &input.commit_blocks
                && commits.get(i).copied().unwrap_or(u64::MAX) < registered(j)
            {
                continue;
            }
            weights[i].push((j, Number::from_num(*weight)));
        }
    }
    for row in &mut weights {
        let sum = total(row.iter().map(|(_, value)| value));
        if sum > zero() {
            for (_, value) in row {
                *value = over(*value, sum);
            }
        }
    }

    // Consensus.
    let voters: Vec<usize> = (0..n).filter(|i| active_stake[*i] > zero()).collect();
    let votes = normalized(&voters.iter().map(|i| active_stake[*i]).collect::<Vec<_>>());
    let all_votes = total(&votes);
    let minority = all_votes.saturating_sub(proportion(input.kappa));
    let said: Vec<Vec<Number>> = voters.iter().map(|i| dense(&weights[*i], n)).collect();
    let mut consensus = Vec::new();
    for j in 0..n {
        let scores: Vec<Number> = said.iter().map(|row| row[j]).collect();
        let everybody: Vec<usize> = (0..voters.len()).collect();
        consensus.push(weighted_median(&votes, &scores, &everybody, minority, zero(), all_votes));
    }

    // Clipping, trust, incentive.
    let mut clipped: Matrix = vec![Vec::new(); n];
    let mut ranks = vec![zero(); n];
    for i in 0..n {
        for (j, value) in &weights[i] {
            let limit = consensus[*j];
            if limit >= *value {
                clipped[i].push((*j, *value));
            } else if limit > zero() {
                clipped[i].push((*j, limit));
            }
        }
        for (j, value) in &clipped[i] {
            ranks[*j] = ranks[*j].saturating_add(active_stake[i].saturating_mul(*value));
        }
    }
    let trust: Vec<Number> = clipped.iter().map(|row| total(row.iter().map(|(_, value)| value))).collect();
    let incentive = normalized(&ranks);

    // Weights for bonds.
    let penalty = proportion(input.bonds_penalty);
    let judged: Matrix = if penalty == zero() {
        weights
    } else if penalty == one() {
        clipped
    } else {
        let mix = |(from, to): (&Row, &Row)| {
            let (from, to) = (dense(from, n), dense(to, n));
            let between = |j: usize| from[j].saturating_add(penalty.saturating_mul(to[j].saturating_sub(from[j])));
            positive((0..n).map(between).collect())
        };
        weights.iter().zip(&clipped).map(mix).collect()
    };

    // Old bonds.
    let last_tempo = match input.last_mechanism_step_block {
        0 => input.block.saturating_sub(input.tempo.into()),
        block => block.saturating_add(1),
    };
    let mut old: Matrix = vec![Vec::new(); n];
    for (uid, row) in &input.bonds {
        for (j, bond) in row.iter().map(|(j, bond)| (usize::from(*j), *bond)) {
            if usize::from(*uid) < n && last_tempo > registered(j) {
                let bond = if input.yuma3 { proportion(bond) } else { Number::from_num(bond) };
                old[usize::from(*uid)].push((j, bond));
            }
        }
    }

    // Bonds and dividends.
    let million = I64F64::from_num(1_000_000);
    let (bonds, dividends) = if input.yuma3 {
        let average = I64F64::wrapping_from_num(input.bonds_moving_average).saturating_div(million);
        let alpha = one().saturating_sub(Number::wrapping_from_num(average));
        let bonds = match input.liquid_alpha {
            Some(liquid) if consensus.iter().any(|value| *value != zero()) => {
                let alphas = liquid_alphas(&judged, &old, &consensus, liquid);
                liquid_average(&judged, &old, &alphas)
            }
            _ => average_of(&judged, &old, alpha),
        };
        let mut dividends = Vec::new();
        for (row, stake) in columns_divided(&bonds, n, false).iter().zip(&active_stake) {
            let held: Vec<Number> = row.iter().map(|(j, value)| value.saturating_mul(incentive[*j])).collect();
            dividends.push(total(&held).checked_mul(*stake).unwrap_or(zero()));
        }
        (bonds, normalized(&dividends))
    } else {
        let average = I64F64::saturating_from_num(input.bonds_moving_average).saturating_div(million);
        let alpha = one().saturating_sub(Number::saturating_from_num(average));
        let mut new = judged;
        for (row, stake) in new.iter_mut().zip(&active_stake) {
            for (_, value) in row {
                *value = value.saturating_mul(*stake);
            }
        }
        let new = columns_divided(&new, n, false);
        let bonds = columns_divided(&average_of(&new, &columns_divided(&old, n, false), alpha), n, false);
        let mut dividends = vec![zero(); n];
        for i in 0..n {
            for (j, value) in &bonds[i] {
                dividends[i] = dividends[i].saturating_add(incentive[*j].saturating_mul(*value));
            }
        }
        (columns_divided(&bonds, n, true), normalized(&dividends))
    };

    // Emission.
    let combined: Vec<Number> = incentive.iter().zip(&dividends).map(|(a, b)| a.saturating_add(*b)).collect();
    let sum = total(&combined);
    let parts = |values: &[Number]| -> Vec<Number> {
        values.iter().map(|value| if sum == zero() { *value } else { over(*value, sum) }).collect()
    };
    let (server, mut validator, mut all) = (parts(&incentive), parts(&dividends), parts(&combined));
    if sum == zero() {
        let paid = if total(&active_stake) == zero() { &stake } else { &active_stake };
        (validator, all) = (paid.clone(), paid.clone());
    }
    let rao = |values: &[Number]| -> Vec<u64> {
        let emission = I96F32::from_num(input.emission);
        values.iter().map(|value| I96F32::from_num(*value).saturating_mul(emission).saturating_to_num()).collect()
    };

    // Storage: rows of seats are written whole, where there is anything to write.
    let mut stored_bonds: Rows = input.bonds.clone();
    for (uid, row) in (0u16..).zip(&bonds) {
        let i = usize::from(uid);
        if new_permits[i] {
            stored_bonds.insert(uid, row.iter().map(|(j, value)| (*j as u16, stored(*value))).collect());
        } else if permits.get(i).copied().unwrap_or(false) || stored_bonds.contains_key(&uid) {
            stored_bonds.insert(uid, Vec::new());
        }
    }
    let shares = |values: &[Number]| values.iter().map(|value| stored(*value)).collect();
    EpochOutput {
        active: (0..n).map(|i| inactive.get(i).is_some_and(|inactive| !inactive)).collect(),
        bonds: stored_bonds,
        consensus: shares(&consensus),
        dividends: shares(&dividends),
        emission: rao(&all),
        incentive: shares(&incentive),
        server_emission: rao(&server),
        stake_weight: shares(&stake),
        validator_emission: rao(&validator),
        validator_permits: new_permits,
        validator_trust: shares(&trust),
    }
}

fn weighted_median(
    stake: &[Number],
    scores: &[Number],
    partition: &[usize],
    minority: Number,
    low: Number,
    high: Number,
) -> Number {
    if partition.is_empty() {
        return zero();
    }
    let pivot = scores[partition[partition.len() / 2]];
    if partition.len() == 1 {
        return pivot;
    }
    let (mut lower, mut upper) = (Vec::new(), Vec::new());
    let (mut lower_stake, mut upper_stake) = (zero(), zero());
    for i in partition {
        if scores[*i] < pivot {
            lower_stake = lower_stake.saturating_add(stake[*i]);
            lower.push(*i);
        }
        if scores[*i] > pivot {
            upper_stake = upper_stake.saturating_add(stake[*i]);
            upper.push(*i);
        }
    }
    let (below, above) = (low.saturating_add(lower_stake), high.saturating_sub(upper_stake));
    if below <= minority && minority < above {
        pivot
    } else if minority < below && !lower.is_empty() {
        weighted_median(stake, scores, &lower, minority, low, below)
    } else if above <= minority && !upper.is_empty() {
        weighted_median(stake, scores, &upper, minority, above, high)
    } else {
        pivot
    }
}

fn average_of(new: &Matrix, old: &Matrix, alpha: Number) -> Matrix {
    let n = new.len();
    let rest = one().saturating_sub(alpha);
    let mut average = Vec::new();
    for i in 0..n {
        let mut row = vec![zero(); n];
        for (part, factor) in [(&new[i], alpha), (&old[i], rest)] {
            for (j, value) in part {
                if *j < n {
                    row[*j] = row[*j].saturating_add(factor.saturating_mul(*value));
                }
            }
        }
        average.push(positive(row));
    }
    average
}

/// A speed for each of n x n pairs, met by walking along seats and both rows at once.
fn liquid_alphas(weights: &Matrix, bonds: &Matrix, consensus: &[Number], liquid: LiquidAlpha) -> Vec<Vec<Number>> {
    let (low, high) = (proportion(liquid.alpha_low), proportion(liquid.alpha_high));
    let slope = Number::from_num(liquid.sigmoid_steepness).saturating_div(Number::from_num(-100));
    let mut alphas = Vec::new();
    for (weights, bonds) in weights.iter().zip(bonds) {
        let (mut at_weight, mut at_bond) = (0, 0);
        let mut row = Vec::new();
        for (j, consensus) in consensus.iter().enumerate() {
            let weight = walk(weights, &mut at_weight, j);
            let bond = walk(bonds, &mut at_bond, j);
            let difference =
                if weight >= bond { weight.saturating_sub(*consensus) } else { bond.saturating_sub(weight) };
            let difference = difference.min(one()).max(zero());
            let exponent = slope.saturating_mul(difference.saturating_sub(Number::from_num(0.5)));
            let exponent = exponent.max(Number::from_num(-20)).min(Number::from_num(20));
            let exp = transcendental::exp::<Number, Number>(exponent).unwrap();
            let sigmoid = one().saturating_div(one().saturating_add(exp));
            let alpha = low.saturating_add(sigmoid.saturating_mul(high.saturating_sub(low)));
            row.push(alpha.min(high).max(low));
        }
        alphas.push(row);
    }
    alphas
}

/// Passes over entries of lower uids, and reads the next one if it is that of `j`. It is not taken: the next step
/// passes over it.
fn walk(row: &[(usize, Number)], at: &mut usize, j: usize) -> Number {
    while row.get(*at).is_some_and(|(uid, _)| *uid < j) {
        *at += 1;
    }
    match row.get(*at) {
        Some((uid, value)) if *uid == j => *value,
        _ => zero(),
    }
}

fn liquid_average(new: &Matrix, old: &Matrix, alphas: &[Vec<Number>]) -> Matrix {
    let n = new.len();
    let mut average = Vec::new();
    for i in 0..n {
        let held = dense(&old[i], n);
        let mut row = Vec::new();
        for (j, value) in &new[i] {
            let kept = one().saturating_sub(alphas[i][*j]).saturating_mul(held[*j]);
            let bond = kept.saturating_add(alphas[i][*j].saturating_mul(*value).max(zero())).min(one());
            if bond > zero() {
                row.push((*j, bond));
            }
        }
        average.push(row);
    }
    average
}
