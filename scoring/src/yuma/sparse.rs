//! Sparse matrices, row by row in stored order, and the few operations that an epoch needs of them.

use substrate_fixed::types::I32F32;

use super::{
    fixed::{self, ZERO, times},
    quotient::Divisor,
};

/// One validator's row: the uids it names, and a value for each.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    pub uids: &'a [u16],
    pub values: &'a [I32F32],
}

impl<'a> Row<'a> {
    pub(crate) fn iter(self) -> impl Iterator<Item = (u16, I32F32)> + 'a {
        self.uids.iter().copied().zip(self.values.iter().copied())
    }

    /// Puts the row into `sorted`, by ascending uid: the chain stores rows in the order in which they were sent. Of
    /// entries of one uid the first stays first.
    pub(crate) fn sort_into(self, sorted: &mut Vec<(u16, I32F32)>) {
        sorted.clear();
        sorted.extend(self.iter());
        if !self.uids.is_sorted() {
            sorted.sort_by_key(|(uid, _)| *uid);
        }
    }
}

/// Rows one after the other: three allocations, whatever the number of rows.
pub(crate) struct Matrix {
    /// Where each row ends.
    ends: Vec<usize>,
    uids: Vec<u16>,
    values: Vec<I32F32>,
}

impl Matrix {
    /// A matrix without rows, with room for `rows` of them and `entries` in all.
    pub(crate) fn with_room(rows: usize, entries: usize) -> Self {
        Self { ends: Vec::with_capacity(rows), uids: Vec::with_capacity(entries), values: Vec::with_capacity(entries) }
    }

    /// With room for as much as another one holds.
    pub(crate) fn with_room_of(other: &Self) -> Self {
        Self::with_room(other.ends.len(), other.entries())
    }

    pub(crate) fn entries(&self) -> usize {
        self.uids.len()
    }

    /// Adds to the row that isn't finished yet.
    pub(crate) fn push(&mut self, uid: u16, value: I32F32) {
        self.uids.push(uid);
        self.values.push(value);
    }

    pub(crate) fn end_row(&mut self) {
        self.ends.push(self.uids.len());
    }

    pub(crate) fn row(&self, i: usize) -> Row<'_> {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        Row { uids: &self.uids[start..self.ends[i]], values: &self.values[start..self.ends[i]] }
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.ends.len()).map(|i| self.row(i))
    }

    /// Every entry, row by row.
    fn iter(&self) -> impl Iterator<Item = (u16, I32F32)> {
        Row { uids: &self.uids, values: &self.values }.iter()
    }

    /// Puts `change(i, j, value)` in the place of each value.
    pub(crate) fn update(&mut self, mut change: impl FnMut(usize, usize, I32F32) -> I32F32) {
        let mut start = 0;
        for (i, end) in self.ends.iter().enumerate() {
            for (uid, value) in self.uids[start..*end].iter().zip(&mut self.values[start..*end]) {
                *value = change(i, usize::from(*uid), *value);
            }
            start = *end;
        }
    }

    /// Divides each row by its sum, where that is positive.
    pub(crate) fn normalize_rows(&mut self) {
        let mut start = 0;
        for end in &self.ends {
            let row = &mut self.values[start..*end];
            start = *end;
            let total = fixed::sum(row.iter().copied());
            if total > ZERO {
                let divisor = Divisor::new(total);
                row.iter_mut().for_each(|value| *value = divisor.divide(*value));
            }
        }
    }

    /// The sum of each column.
    pub(crate) fn column_sums(&self, columns: usize) -> Vec<I32F32> {
        self.fold_columns(columns, I32F32::saturating_add)
    }

    fn fold_columns(&self, columns: usize, fold: impl Fn(I32F32, I32F32) -> I32F32) -> Vec<I32F32> {
        let mut folded = vec![ZERO; columns];
        for (uid, value) in self.iter() {
            let column = &mut folded[usize::from(uid)];
            *column = fold(*column, value);
        }
        folded
    }

    /// Divides each column by its sum. What is 0 is left.
    pub(crate) fn normalize_columns(&mut self, columns: usize) {
        let divisors = Divisor::each(&self.column_sums(columns));
        self.update(|_, j, value| divisors[j].divide(value));
    }

    /// Divides each column by its largest value, unless that is 0.
    pub(crate) fn upscale_columns(&mut self, columns: usize) {
        let divisors = Divisor::each(&self.fold_columns(columns, I32F32::max));
        self.update(|_, j, value| divisors[j].divide(value));
    }

    /// Sum of each row.
    pub(crate) fn row_sums(&self) -> Vec<I32F32> {
        self.rows().map(|row| fixed::sum(row.values.iter().copied())).collect()
    }

    /// `out_j = Σ_i factors_i · matrix_ij`.
    pub(crate) fn weighted_column_sums(&self, columns: usize, factors: &[I32F32]) -> Vec<I32F32> {
        let mut sums = vec![ZERO; columns];
        for (row, factor) in self.rows().zip(factors) {
            for (uid, value) in row.iter() {
                let sum = &mut sums[usize::from(uid)];
                *sum = sum.saturating_add(times(*factor, value));
            }
        }
        sums
    }

    /// `out_i = Σ_j matrix_ij · factors_j`.
    pub(crate) fn weighted_row_sums(&self, factors: &[I32F32]) -> Vec<I32F32> {
        let product = |(uid, value): (u16, I32F32)| times(factors[usize::from(uid)], value);
        self.rows().map(|row| row.iter().map(product).fold(ZERO, I32F32::saturating_add)).collect()
    }

    /// Values above their column's ceiling are lowered to it; where the ceiling is not positive they are dropped.
    pub(crate) fn clip_columns(&self, ceilings: &[I32F32]) -> Self {
        let mut clipped = Self::with_room_of(self);
        for row in self.rows() {
            for (uid, value) in row.iter() {
                let ceiling = ceilings[usize::from(uid)];
                if value <= ceiling || ceiling > ZERO {
                    clipped.push(uid, value.min(ceiling));
                }
            }
            clipped.end_row();
        }
        clipped
    }

    /// What lies between this matrix and itself clipped at `ceilings`, `ratio` of the way.
    ///
    /// Unlike at ratios of 0 and 1, where the chain takes the rows as they are, they come out by ascending uid,
    /// without values that are not positive, and of two entries of one uid only the last one counts.
    pub(crate) fn clip_columns_partly(&self, ceilings: &[I32F32], ratio: I32F32) -> Self {
        let mut mixed = Self::with_room_of(self);
        let mut sorted = Vec::new();
        for row in self.rows() {
            row.sort_into(&mut sorted);
            for (at, (uid, value)) in sorted.iter().enumerate() {
                let clipped = (*value).min(ceilings[usize::from(*uid)].max(ZERO));
                let between = value.saturating_add(times(ratio, clipped.saturating_sub(*value)));
                let last = sorted.get(at + 1).is_none_or(|(next, _)| next != uid);
                if last && between > ZERO {
                    mixed.push(*uid, between);
                }
            }
            mixed.end_row();
        }
        mixed
    }
}
