//! Bonds: how validators' past judgement is carried into their dividends.

use substrate_fixed::types::I32F32;

use super::{
    fixed::{self, ONE, ZERO, normalize, times},
    quotient::Divisor,
    sparse::{Matrix, Row, Sorted},
    speed::Speed,
};

/// `alpha · new + (1 − alpha) · old`; columns that only the old row names decay. Rows come out by ascending uid.
pub(crate) fn moving_average(new: &Matrix, old: &Matrix, alpha: I32F32) -> Matrix {
    let rest = ONE.saturating_sub(alpha);
    let mut average = Matrix::with_room(new.rows().count(), new.entries().max(old.entries()));
    let (mut new_sorted, mut old_sorted) = (Sorted::default(), Sorted::default());
    for (new, old) in new.rows().zip(old.rows()) {
        let (new, old) = (new.by_uid(&mut new_sorted), old.by_uid(&mut old_sorted));
        let (mut at_new, mut at_old) = (0, 0);
        while let Some(uid) = new.uids.get(at_new).into_iter().chain(old.uids.get(at_old)).min() {
            let mut sum = ZERO;
            while new.uids.get(at_new) == Some(uid) {
                sum = sum.saturating_add(times(alpha, new.values[at_new]));
                at_new += 1;
            }
            while old.uids.get(at_old) == Some(uid) {
                sum = sum.saturating_add(times(rest, old.values[at_old]));
                at_old += 1;
            }
            if sum > ZERO {
                average.push(*uid, sum);
            }
        }
        average.end_row();
    }
    average
}

/// The moving average with a speed of its own for each pair. Two quirks of the chain are kept: a miner that the new
/// row doesn't name loses its bond at once (an explicit zero lets it decay), and rows that aren't ascending are read
/// as if the entries out of order were missing, for the speed only.
///
/// `walks` says how many entries of each old row the chain gets to see as it walks along the seats.
pub(crate) fn liquid_average(
    new: &Matrix,
    old: &Matrix,
    walks: &[usize],
    consensus: &[I32F32],
    speed: &Speed,
) -> Matrix {
    let mut average = Matrix::with_room_of(new);
    // What one row says of each seat; cleared after each row, so that a row costs what it names.
    let mut seats = vec![Seat::default(); consensus.len()];
    let mut speeds = Vec::new();
    for ((new, old), walk) in new.rows().zip(old.rows()).zip(walks) {
        let walked = Row { uids: &old.uids[..*walk], values: &old.values[..*walk] };
        ascending(new).for_each(|(uid, value)| seats[usize::from(uid)].weight = value);
        ascending(walked).for_each(|(uid, value)| seats[usize::from(uid)].bond = value);
        old.iter().for_each(|(uid, value)| seats[usize::from(uid)].stored = value);

        speeds.clear();
        speeds.extend(new.uids.iter().map(|uid| seats[usize::from(*uid)].difference(consensus[usize::from(*uid)])));
        speed.of_all(&mut speeds);

        for ((uid, value), alpha) in new.iter().zip(&speeds) {
            let kept = times(ONE.saturating_sub(*alpha), seats[usize::from(uid)].stored);
            let bond = kept.saturating_add(times(*alpha, value).max(ZERO)).min(ONE);
            if bond > ZERO {
                average.push(uid, bond);
            }
        }
        average.end_row();
        new.uids.iter().chain(old.uids).for_each(|uid| seats[usize::from(*uid)] = Seat::default());
    }
    average
}

#[derive(Clone, Copy, Default)]
struct Seat {
    weight: I32F32,
    bond: I32F32,
    /// The bond that decays: unlike `bond`, the last one stored, whatever the row's order.
    stored: I32F32,
}

impl Seat {
    /// How far the weight is above consensus, or below the bond.
    fn difference(self, consensus: I32F32) -> I32F32 {
        let buying = self.weight >= self.bond;
        let (larger, smaller) = if buying { (self.weight, consensus) } else { (self.bond, self.weight) };
        larger.saturating_sub(smaller).clamp(ZERO, ONE)
    }
}

/// The entries that a walk over ascending uids meets: each greater than all before it.
fn ascending(row: Row<'_>) -> impl Iterator<Item = (u16, I32F32)> {
    let mut next = 0u32;
    row.iter().filter(move |(uid, _)| {
        let met = u32::from(*uid) >= next;
        next = next.max(u32::from(*uid) + 1);
        met
    })
}

/// Dividends of Yuma 3: each validator's share of every miner's bonds, weighted by incentive and its own stake.
pub(crate) fn dividends_of_yuma3(bonds: &Matrix, incentive: &[I32F32], stake: &[I32F32]) -> Vec<I32F32> {
    let columns = Divisor::each(&bonds.column_sums(incentive.len()));
    let held = |(uid, bond): (u16, I32F32)| {
        let j = usize::from(uid);
        times(columns[j].divide(bond), incentive[j])
    };
    let of_row =
        |(row, stake): (Row<'_>, &I32F32)| fixed::sum(row.iter().map(held)).checked_mul(*stake).unwrap_or(ZERO);
    let mut dividends: Vec<I32F32> = bonds.rows().zip(stake).map(of_row).collect();
    normalize(&mut dividends);
    dividends
}

/// Bonds of Yuma 2, column-normalised: the average of the old shares and of this epoch's stake-weighted weights.
pub(crate) fn bonds_of_yuma2(mut weights: Matrix, mut old: Matrix, stake: &[I32F32], alpha: I32F32) -> Matrix {
    let n = stake.len();
    old.normalize_columns(n);
    weights.update(|i, _, weight| times(weight, stake[i]));
    weights.normalize_columns(n);
    let mut bonds = moving_average(&weights, &old, alpha);
    bonds.normalize_columns(n);
    bonds
}
