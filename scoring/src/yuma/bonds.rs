//! Bonds: how validators' past judgement is carried into their dividends.

use substrate_fixed::types::{I32F32, I64F64};

use super::{
    EpochInput, StoredRows,
    average::{Average, Total, moving_average},
    electorate::{Judged, Judgement},
    factor::Factor,
    fixed::{ONE, ZERO, normalize, plus, share, to_share, whole},
    full_average::{bond_sums, full_average},
    liquid::liquid_average,
    matrix::Matrix,
    quotient::Divisor,
    speed::Speed,
    storage,
};

/// What an epoch makes of bonds.
pub(super) struct Settled {
    /// As shares.
    pub dividends: Vec<I32F32>,
    /// The bonds of each seat as they are stored, of those that keep any.
    pub bonds: Vec<Vec<(u16, u16)>>,
}

/// Dividends, and the bonds of those who keep theirs.
pub(super) fn settle<R: StoredRows>(
    input: &EpochInput<R>,
    judged: Judged,
    judgement: &Judgement,
    stake: &[I32F32],
    keep: &[bool],
) -> Settled {
    let alpha = alpha(input);
    let mut settled = if input.yuma3 {
        of_yuma3(&average_of_yuma3(input, judged.weights, &judgement.consensus, alpha), judgement, stake, keep)
    } else {
        of_yuma2(&average_of_yuma2(input, judged, stake, alpha), judgement, keep)
    };
    normalize(&mut settled.dividends);
    settled
}

/// Weights above consensus bought bonds, and bonds decay.
fn average_of_yuma3<R: StoredRows>(
    input: &EpochInput<R>,
    weights: Matrix,
    consensus: &[I32F32],
    alpha: I32F32,
) -> Average {
    let columns = vec![(); consensus.len()];
    if weights.is_full() && is_share(alpha) {
        return full_average(input, weights, alpha, columns, |(), weight| weight, |(), bond| share(bond));
    }
    let (weights, old) = (weights.into_entries(), storage::old_bonds(input));
    match input.liquid_alpha {
        Some(liquid) if consensus.iter().any(|value| *value != ZERO) => {
            liquid_average(&weights, &old.matrix, &old.walks, consensus, &Speed::new(liquid))
        }
        _ => moving_average(&weights, &old.matrix, alpha, &columns, |(), new| new, |(), old| old),
    }
}

/// The average of shares: of what each column of old bonds, and of weights by stake, sums up to.
fn average_of_yuma2<R: StoredRows>(input: &EpochInput<R>, judged: Judged, stake: &[I32F32], alpha: I32F32) -> Average {
    let Judged { mut weights, ranks } = judged;
    let new_sums = ranks.unwrap_or_else(|| weights.scale_rows(stake));
    let both = |old_sums: Vec<I32F32>| -> Vec<(Divisor, Divisor)> {
        new_sums.iter().zip(old_sums).map(|(new, old)| (Divisor::new(*new), Divisor::new(old))).collect()
    };
    let of_new = |(sum, _): &(Divisor, Divisor), weight| sum.divide(weight);
    if weights.is_full() && is_share(alpha) {
        let of_old = |(_, sum): &(Divisor, Divisor), bond| sum.divide(whole(bond));
        return full_average(input, weights, alpha, both(bond_sums(input)), of_new, of_old);
    }
    let (weights, old) = (weights.into_entries(), storage::old_bonds(input).matrix);
    let of_old = |(_, sum): &(Divisor, Divisor), bond| sum.divide(bond);
    moving_average(&weights, &old, alpha, &both(old.column_sums(stake.len())), of_new, of_old)
}

/// Whether no sum saturates when both parts of an average are shares.
fn is_share(alpha: I32F32) -> bool {
    alpha >= ZERO && alpha <= ONE
}

/// How much of an epoch's weights goes into bonds: what the moving average leaves. Above 2^31 millionths Yuma 3 wraps
/// where Yuma 2 saturates.
fn alpha<R: StoredRows>(input: &EpochInput<R>) -> I32F32 {
    let (average, million) = (input.bonds_moving_average, I64F64::from_num(1_000_000));
    let kept = if input.yuma3 {
        I32F32::wrapping_from_num(I64F64::wrapping_from_num(average).saturating_div(million))
    } else {
        I32F32::saturating_from_num(I64F64::saturating_from_num(average).saturating_div(million))
    };
    ONE.saturating_sub(kept)
}

/// Yuma 3 stores the average as it is. Dividends are each validator's share of every miner's bonds, weighted by incentive and
/// its own stake.
fn of_yuma3(average: &Average, judgement: &Judgement, stake: &[I32F32], keep: &[bool]) -> Settled {
    let column = |(total, incentive): (&Total, &I32F32)| (Divisor::new(total.sum), Factor::new(*incentive));
    let mut columns: Vec<(Divisor, Factor)> = average.totals.iter().zip(&judgement.incentive).map(column).collect();
    // As the runtime adds: it wraps.
    let held = Settled::of(average, &mut columns, keep, I32F32::wrapping_add, |bond, (sum, incentive)| {
        (incentive.times(sum.divide(bond)), bond)
    });
    let dividends = held.dividends.iter().zip(stake);
    Settled { dividends: dividends.map(|(held, stake)| held.checked_mul(*stake).unwrap_or(ZERO)).collect(), ..held }
}

/// Yuma 2 pays for each share of a column, and stores what part of the column's largest share it is.
fn of_yuma2(average: &Average, judgement: &Judgement, keep: &[bool]) -> Settled {
    let column = |(total, incentive): (&Total, &I32F32)| {
        // The largest share is that of the largest bond.
        let sum = Divisor::new(total.sum);
        (sum, Factor::new(*incentive), Divisor::new(sum.divide(total.largest)))
    };
    let columns = average.totals.iter().zip(&judgement.incentive).map(column);
    let mut columns: Vec<(Divisor, Factor, Divisor)> = columns.collect();
    Settled::of(average, &mut columns, keep, plus, |bond, (sum, incentive, largest)| {
        let share = sum.divide(bond);
        (incentive.times(share), largest.divide(share))
    })
}

impl Settled {
    /// Adds up what a row is paid for each bond, and keeps what is to be stored of it: `(paid, stored)`.
    #[inline]
    fn of<C>(
        average: &Average,
        columns: &mut [C],
        keep: &[bool],
        add: impl Fn(I32F32, I32F32) -> I32F32,
        of_bond: impl Fn(I32F32, &C) -> (I32F32, I32F32),
    ) -> Self {
        let mut settled = Self { dividends: Vec::with_capacity(keep.len()), bonds: Vec::with_capacity(keep.len()) };
        for (row, keep) in average.matrix.rows().zip(keep) {
            let (mut held, mut kept) = (ZERO, Vec::new());
            if *keep {
                kept.reserve_exact(row.values.len());
                row.each(columns, |uid, bond, column| {
                    let (paid, stored) = of_bond(bond, column);
                    held = add(held, paid);
                    // A full row has places without bonds.
                    if bond > ZERO {
                        kept.push((uid, to_share(stored)));
                    }
                });
            } else {
                row.each(columns, |_, bond, column| held = add(held, of_bond(bond, column).0));
            }
            settled.dividends.push(held);
            settled.bonds.push(kept);
        }
        settled
    }
}
