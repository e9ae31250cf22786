//! The moving average that bonds are.

use substrate_fixed::types::I32F32;

use super::{
    factor::Factor,
    fixed::{ONE, ZERO, plus},
    sparse::{Matrix, Row, Sorted},
};

/// An average, and what its columns sum up to.
pub(crate) struct Average {
    pub matrix: Matrix,
    pub column_sums: Vec<I32F32>,
}

/// `alpha · new + (1 − alpha) · old`, n columns; those that only the old row names decay. Rows come out by ascending uid,
/// without what isn't positive. Each of the two is a matrix, and what `(column, value)` of it counts as.
pub(crate) fn moving_average(
    (new, of_new): (&Matrix, impl Fn(usize, I32F32) -> I32F32),
    (old, of_old): (&Matrix, impl Fn(usize, I32F32) -> I32F32),
    alpha: I32F32,
    columns: usize,
) -> Average {
    let (alpha, rest) = (Factor::new(alpha), Factor::new(ONE.saturating_sub(alpha)));
    let of_new = |uid: u16, value| alpha.times(of_new(usize::from(uid), value));
    let of_old = |uid: u16, bond| rest.times(of_old(usize::from(uid), bond));
    let mut average = Average::with_room(new.rows().count(), new.entries().max(old.entries()), columns);
    let (mut new_sorted, mut old_sorted) = (Sorted::default(), Sorted::default());
    for (new, old) in new.rows().zip(old.rows()) {
        if new.is_ascending() && old.is_ascending() {
            average.row(new, old, of_new, of_old);
        } else {
            average.row_of_any(new.by_uid(&mut new_sorted), old.by_uid(&mut old_sorted), of_new, of_old);
        }
        average.end_row();
    }
    average
}

impl Average {
    /// An average without rows, with room for `rows` of them and `entries` in all.
    pub(crate) fn with_room(rows: usize, entries: usize, columns: usize) -> Self {
        Self { matrix: Matrix::with_room(rows, entries), column_sums: vec![ZERO; columns] }
    }

    pub(crate) fn end_row(&mut self) {
        self.matrix.end_row();
    }

    /// Adds to the row that isn't finished yet, unless the value isn't positive.
    #[inline]
    pub(crate) fn push(&mut self, uid: u16, value: I32F32) {
        if value > ZERO {
            let sum = &mut self.column_sums[usize::from(uid)];
            *sum = plus(*sum, value);
            self.matrix.push(uid, value);
        }
    }

    /// Of rows that name each uid once, ascending: mostly both name the same.
    #[inline]
    fn row(
        &mut self,
        mut new: Row<'_>,
        mut old: Row<'_>,
        of_new: impl Fn(u16, I32F32) -> I32F32,
        of_old: impl Fn(u16, I32F32) -> I32F32,
    ) {
        loop {
            let both = new.uids.iter().zip(old.uids).take_while(|(new, old)| new == old).count();
            let (new_both, old_both) = (new.take(both), old.take(both));
            for ((uid, value), bond) in new_both.iter().zip(old_both.values) {
                self.push(uid, of_new(uid, value).saturating_add(of_old(uid, *bond)));
            }
            match (new.uids.first(), old.uids.first()) {
                (Some(uid), other) if other.is_none_or(|other| uid < other) => {
                    new.take(1).iter().for_each(|(uid, value)| self.push(uid, of_new(uid, value)));
                }
                (_, Some(_)) => old.take(1).iter().for_each(|(uid, bond)| self.push(uid, of_old(uid, bond))),
                _ => return,
            }
        }
    }

    /// Of rows by ascending uid, which may name one several times.
    fn row_of_any(
        &mut self,
        new: Row<'_>,
        old: Row<'_>,
        of_new: impl Fn(u16, I32F32) -> I32F32,
        of_old: impl Fn(u16, I32F32) -> I32F32,
    ) {
        let (mut at_new, mut at_old) = (0, 0);
        while let Some(uid) = new.uids.get(at_new).into_iter().chain(old.uids.get(at_old)).min() {
            let mut sum = ZERO;
            while new.uids.get(at_new) == Some(uid) {
                sum = sum.saturating_add(of_new(*uid, new.values[at_new]));
                at_new += 1;
            }
            while old.uids.get(at_old) == Some(uid) {
                sum = sum.saturating_add(of_old(*uid, old.values[at_old]));
                at_old += 1;
            }
            self.push(*uid, sum);
        }
    }
}
