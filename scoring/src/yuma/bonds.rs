//! Bonds: how validators' past judgement is carried into their dividends.

use super::{
    fixed::Fixed,
    sparse::{self, Matrix, Row, positive},
    values::LiquidAlpha,
};

/// `alpha · new + (1 − alpha) · old`; columns that only the old row names decay.
pub(crate) fn moving_average(new: &Matrix, old: &Matrix, alpha: Fixed) -> Matrix {
    let rest = Fixed::ONE.sub(alpha);
    let average = |(new, old): (&Row, &Row)| {
        let mut dense = vec![Fixed::ZERO; if new.is_empty() && old.is_empty() { 0 } else { new_len(new, old) }];
        for (row, factor) in [(new, alpha), (old, rest)] {
            for (j, value) in row {
                dense[usize::from(*j)] = dense[usize::from(*j)].add(factor.mul(*value));
            }
        }
        positive(dense.into_iter())
    };
    new.iter().zip(old).map(average).collect()
}

fn new_len(new: &Row, old: &Row) -> usize {
    new.iter().chain(old).map(|(j, _)| usize::from(*j) + 1).max().unwrap_or(0)
}

/// The moving average with a speed of its own for each pair. Two quirks of the chain are kept: a miner that the new
/// row does not name loses its bond at once (an explicit zero lets it decay), and rows that are not ascending are
/// read as if the entries out of order were missing, for the speed only.
pub(crate) fn liquid_average(new: &Matrix, old: &Matrix, consensus: &[Fixed], settings: LiquidAlpha) -> Matrix {
    let low = Fixed::share(settings.alpha_low);
    let high = Fixed::share(settings.alpha_high);
    let steepness = Fixed::from_int(settings.sigmoid_steepness.into());
    let speed = |consensus: Fixed, weight: Fixed, bond: Fixed| {
        let difference = if weight >= bond { weight.sub(consensus) } else { bond.sub(weight) };
        Fixed::sigmoid_between(low, high, steepness, difference.min(Fixed::ONE).max(Fixed::ZERO))
    };

    let n = new.len();
    // (weight, bond, old bond) of one row by column; cleared after each row, so that a row costs what it names.
    let mut seen = vec![(Fixed::ZERO, Fixed::ZERO, Fixed::ZERO); n];
    let average = |(new, old): (&Row, &Row)| {
        ascending(new).for_each(|(j, value)| seen[usize::from(j)].0 = value);
        ascending(old).for_each(|(j, value)| seen[usize::from(j)].1 = value);
        old.iter().for_each(|(j, value)| seen[usize::from(*j)].2 = *value);
        let mut row = Row::with_capacity(new.len());
        for (j, value) in new {
            let (weight, bond, stored) = seen[usize::from(*j)];
            let alpha = speed(consensus[usize::from(*j)], weight, bond);
            let kept = Fixed::ONE.sub(alpha).mul(stored);
            let bond = kept.add(alpha.mul(*value).max(Fixed::ZERO)).min(Fixed::ONE);
            if bond > Fixed::ZERO {
                row.push((*j, bond));
            }
        }
        new.iter().chain(old).for_each(|(j, _)| seen[usize::from(*j)] = Default::default());
        row
    };
    new.iter().zip(old).map(average).collect()
}

/// The entries that a walk over ascending uids meets: each greater than all before it.
fn ascending(row: &Row) -> impl Iterator<Item = (u16, Fixed)> + '_ {
    let mut next = 0u32;
    row.iter().copied().filter(move |(j, _)| {
        let met = u32::from(*j) >= next;
        next = next.max(u32::from(*j) + 1);
        met
    })
}

/// Dividends of Yuma 3: each validator's share of every miner's bonds, weighted by incentive and its own stake.
pub(crate) fn dividends_of_yuma3(bonds: &Matrix, incentive: &[Fixed], stake: &[Fixed]) -> Vec<Fixed> {
    let mut shares = bonds.clone();
    sparse::normalize_columns(&mut shares);
    let held = sparse::weighted_row_sums(&shares, incentive);
    let mut dividends: Vec<Fixed> = held.iter().zip(stake).map(|(held, stake)| held.mul(*stake)).collect();
    sparse::normalize(&mut dividends);
    dividends
}

/// Bonds of Yuma 2, column-normalised: the average of the old shares and of this epoch's stake-weighted weights.
pub(crate) fn bonds_of_yuma2(mut old: Matrix, weights: &Matrix, stake: &[Fixed], alpha: Fixed) -> Matrix {
    sparse::normalize_columns(&mut old);
    let mut delta = sparse::scale_rows(weights, stake);
    sparse::normalize_columns(&mut delta);
    let mut bonds = moving_average(&delta, &old, alpha);
    sparse::normalize_columns(&mut bonds);
    bonds
}
