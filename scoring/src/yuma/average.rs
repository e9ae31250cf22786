//! The moving average that bonds are.

use substrate_fixed::types::I32F32;

use super::{
    factor::Factor,
    fixed::{ONE, ZERO, plus},
    matrix::Matrix,
    row::{Row, Sorted},
};

/// Behind the last uid.
const NONE: u32 = 1 << 16;

/// An average, and what its columns come to. Its entries are positive; what a full row has else is no entry.
pub(crate) struct Average {
    pub matrix: Matrix,
    pub totals: Vec<Total>,
}

/// What a column comes to.
#[derive(Clone, Copy)]
pub(crate) struct Total {
    pub sum: I32F32,
    pub largest: I32F32,
}

/// `alpha · new + (1 − alpha) · old`, where of each value counts what `of_new` and `of_old` make of it and what is known of
/// its column; columns that only the old row names decay. Rows come out by ascending uid.
pub(crate) fn moving_average<C>(
    new: &Matrix,
    old: &Matrix,
    alpha: I32F32,
    columns: &[C],
    of_new: impl Fn(&C, I32F32) -> I32F32 + Copy,
    of_old: impl Fn(&C, I32F32) -> I32F32 + Copy,
) -> Average {
    let (alpha, rest) = (Factor::new(alpha), Factor::new(ONE.saturating_sub(alpha)));
    let of_new = |column: &C, value| alpha.times(of_new(column, value));
    let of_old = |column: &C, bond| rest.times(of_old(column, bond));
    let mut average = Average::with_room(new.height(), new.entries().max(old.entries()), columns.len());
    let of_new = |uid: u16, value| of_new(&columns[usize::from(uid)], value);
    let of_old = |uid: u16, bond| of_old(&columns[usize::from(uid)], bond);
    let (mut new_sorted, mut old_sorted) = (Sorted::default(), Sorted::default());
    for (new, old) in new.rows().zip(old.rows()) {
        average.row(new.by_uid(&mut new_sorted), old.by_uid(&mut old_sorted), of_new, of_old);
    }
    average
}

impl Total {
    pub(crate) const NOTHING: Self = Self { sum: ZERO, largest: ZERO };

    #[inline]
    pub(crate) fn add(&mut self, value: I32F32) {
        self.sum = plus(self.sum, value);
        self.largest = self.largest.max(value);
    }
}

impl Average {
    /// An average without rows, with room for `rows` of them and `entries` in all.
    pub(crate) fn with_room(rows: usize, entries: usize, columns: usize) -> Self {
        Self { matrix: Matrix::with_room(rows, entries), totals: vec![Total::NOTHING; columns] }
    }

    pub(crate) fn end_row(&mut self) {
        self.matrix.end_row();
    }

    /// Adds to the row that isn't finished yet, unless the value isn't positive.
    #[inline]
    pub(crate) fn push(&mut self, uid: u16, value: I32F32) {
        if value > ZERO {
            self.totals[usize::from(uid)].add(value);
            self.matrix.push(uid, value);
        }
    }

    /// Adds what two rows by ascending uid make together, which may name one several times.
    #[inline]
    fn row(
        &mut self,
        new: Row<'_>,
        old: Row<'_>,
        of_new: impl Fn(u16, I32F32) -> I32F32,
        of_old: impl Fn(u16, I32F32) -> I32F32,
    ) {
        let (mut at_new, mut at_old) = (0, 0);
        let next = |row: Row<'_>, at: usize| row.uids.get(at).map_or(NONE, |uid| u32::from(*uid));
        loop {
            let (next_new, next_old) = (next(new, at_new), next(old, at_old));
            let Ok(uid) = u16::try_from(next_new.min(next_old)) else { break };
            let mut sum = ZERO;
            while next(new, at_new) == u32::from(uid) {
                sum = plus(sum, of_new(uid, new.values[at_new]));
                at_new += 1;
            }
            while next(old, at_old) == u32::from(uid) {
                sum = plus(sum, of_old(uid, old.values[at_old]));
                at_old += 1;
            }
            self.push(uid, sum);
        }
        self.matrix.end_row();
    }
}
