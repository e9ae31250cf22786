//! Bonds: how validators' past judgement is carried into their dividends.

use substrate_fixed::types::I32F32;

use super::{
    average::{Average, moving_average},
    factor::Factor,
    fixed::{self, ONE, ZERO, normalize, plus, times, to_share},
    quotient::Divisor,
    sparse::{Matrix, Row},
    speed::Speed,
};

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
) -> Average {
    let mut average = Average::with_room(new.rows().count(), new.entries(), consensus.len());
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
            average.push(uid, bond);
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

/// Bonds of Yuma 3 and their dividends: each validator's share of every miner's bonds, weighted by incentive and its own
/// stake.
pub(crate) fn of_yuma3(bonds: Average, incentive: &[I32F32], stake: &[I32F32]) -> (Vec<I32F32>, Bonds) {
    let columns: Vec<Column> = bonds.column_sums.iter().zip(incentive).map(Column::new).collect();
    let of_row = |(row, stake): (Row<'_>, &I32F32)| {
        let held = row.iter().map(|(uid, bond)| columns[usize::from(uid)].share_of(bond).1);
        fixed::sum(held).checked_mul(*stake).unwrap_or(ZERO)
    };
    let mut dividends: Vec<I32F32> = bonds.matrix.rows().zip(stake).map(of_row).collect();
    normalize(&mut dividends);
    (dividends, Bonds { matrix: bonds.matrix, largest: None })
}

/// Bonds of Yuma 2 and their dividends: the bonds are the average of the old shares and of this epoch's stake-weighted
/// weights, as shares of each column.
pub(crate) fn of_yuma2(
    mut weights: Matrix,
    old: &Matrix,
    stake: &[I32F32],
    incentive: &[I32F32],
    alpha: I32F32,
) -> (Vec<I32F32>, Bonds) {
    let n = stake.len();
    let new_sums = Divisor::each(&weights.scale_rows(stake));
    let old_sums = Divisor::each(&old.column_sums(n));
    let Average { mut matrix, column_sums } = moving_average(
        (&weights, |j: usize, value| new_sums[j].divide(value)),
        (old, |j: usize, bond| old_sums[j].divide(bond)),
        alpha,
        n,
    );
    let columns: Vec<Column> = column_sums.iter().zip(incentive).map(Column::new).collect();
    let mut dividends = Vec::with_capacity(n);
    for (uids, bonds) in matrix.rows_mut() {
        let mut held = ZERO;
        for (uid, bond) in uids.iter().zip(bonds) {
            let (share, paid) = columns[usize::from(*uid)].share_of(*bond);
            *bond = share;
            held = plus(held, paid);
        }
        dividends.push(held);
    }
    normalize(&mut dividends);
    let largest = Divisor::each(&matrix.column_maxima(n));
    (dividends, Bonds { matrix, largest: Some(largest) })
}

/// Bonds as an epoch leaves them.
pub(crate) struct Bonds {
    matrix: Matrix,
    /// Yuma 2 stores what part of the largest of its column each bond is.
    largest: Option<Vec<Divisor>>,
}

impl Bonds {
    /// The rows to store.
    pub(crate) fn stored(&self) -> impl Iterator<Item = impl Iterator<Item = (u16, u16)>> {
        self.matrix.rows().map(|row| {
            row.iter().map(|(uid, bond)| {
                let part = self.largest.as_ref().map_or(bond, |largest| largest[usize::from(uid)].divide(bond));
                (uid, to_share(part))
            })
        })
    }
}

/// What a column's bonds are divided by, and what a share of them earns.
struct Column {
    sum: Divisor,
    incentive: Factor,
}

impl Column {
    fn new((sum, incentive): (&I32F32, &I32F32)) -> Self {
        Self { sum: Divisor::new(*sum), incentive: Factor::new(*incentive) }
    }

    /// The share that a bond is of its column, and what it earns.
    #[inline]
    fn share_of(&self, bond: I32F32) -> (I32F32, I32F32) {
        let share = self.sum.divide(bond);
        (share, self.incentive.times(share))
    }
}
