//! The moving average of full rows, in their place.

use substrate_fixed::types::I32F32;

use super::{
    EpochInput, StoredRows,
    average::{Average, Total},
    factor::Factor,
    fixed::{self, ONE, ZERO, plus},
    matrix::Matrix,
    storage,
};

/// A column while it is averaged.
struct Column<C> {
    /// When the miner took its seat.
    registered: u64,
    known: C,
    /// What is left of the old bond of this row.
    rest: I32F32,
    total: Total,
}

/// As [`super::average::moving_average`], of stored bonds and of weights in full.
pub(super) fn full_average<R: StoredRows, C>(
    input: &EpochInput<R>,
    mut weights: Matrix,
    alpha: I32F32,
    columns: Vec<C>,
    of_new: impl Fn(&C, I32F32) -> I32F32,
    of_old: impl Fn(&C, u16) -> I32F32,
) -> Average {
    let (alpha, rest) = (Factor::new(alpha), Factor::new(ONE.saturating_sub(alpha)));
    let since = storage::bonds_since(input);
    let column = |(registered, known)| Column { registered, known, rest: ZERO, total: Total::NOTHING };
    let mut columns: Vec<Column<C>> = storage::registrations(input).into_iter().zip(columns).map(column).collect();
    for (uid, row) in (0..=u16::MAX).zip(weights.rows_mut()).filter(|(_, row)| !row.values.is_empty()) {
        input.bonds.row(uid).for_each(|(j, bond)| match columns.get_mut(usize::from(j)) {
            Some(column) if column.registered < since => {
                column.rest = plus(column.rest, rest.times(of_old(&column.known, bond)));
            }
            _ => {}
        });
        row.each(&mut columns, |value, column| {
            *value = plus(alpha.times(of_new(&column.known, *value)), column.rest).max(ZERO);
            column.rest = ZERO;
            column.total.add(*value);
        });
    }
    Average { matrix: weights, totals: columns.into_iter().map(|column| column.total).collect() }
}

/// What the stored bonds of each column sum up to, as whole numbers.
pub(super) fn bond_sums<R: StoredRows>(input: &EpochInput<R>) -> Vec<I32F32> {
    let since = storage::bonds_since(input);
    let mut columns: Vec<(u64, I32F32)> =
        storage::registrations(input).into_iter().map(|block| (block, ZERO)).collect();
    for uid in (0..=u16::MAX).take(columns.len()) {
        input.bonds.row(uid).for_each(|(j, bond)| match columns.get_mut(usize::from(j)) {
            Some((registered, sum)) if *registered < since => *sum = plus(*sum, fixed::whole(bond)),
            _ => {}
        });
    }
    columns.into_iter().map(|(_, sum)| sum).collect()
}
