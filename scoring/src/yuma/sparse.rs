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

    /// The row by ascending uid, in `sorted` where it isn't: the chain stores rows in the order in which they were
    /// sent. Of entries of one uid the first stays first.
    pub(crate) fn by_uid(self, sorted: &'a mut Sorted) -> Row<'a> {
        if self.uids.is_sorted() {
            return self;
        }
        sorted.entries.clear();
        sorted.entries.extend(self.iter());
        sorted.entries.sort_by_key(|(uid, _)| *uid);
        (sorted.uids, sorted.values) = sorted.entries.iter().copied().unzip();
        Row { uids: &sorted.uids, values: &sorted.values }
    }
}

/// Room for a row that has to be sorted.
#[derive(Default)]
pub(crate) struct Sorted {
    entries: Vec<(u16, I32F32)>,
    uids: Vec<u16>,
    values: Vec<I32F32>,
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

    /// `out_i = Σ_j matrix_ij · factors_j`.
    pub(crate) fn weighted_row_sums(&self, factors: &[I32F32]) -> Vec<I32F32> {
        let product = |(uid, value): (u16, I32F32)| times(factors[usize::from(uid)], value);
        self.rows().map(|row| row.iter().map(product).fold(ZERO, I32F32::saturating_add)).collect()
    }

    /// Of this matrix clipped at `ceilings`: the sum of each row, and `out_j = Σ_i factors_i · clipped_ij`.
    pub(crate) fn clipped_sums(&self, ceilings: &[I32F32], factors: &[I32F32]) -> (Vec<I32F32>, Vec<I32F32>) {
        let mut of_columns = vec![ZERO; ceilings.len()];
        let mut of_row = |(row, factor): (Row<'_>, &I32F32)| {
            fixed::sum(row.iter().map(|(uid, value)| {
                let j = usize::from(uid);
                let clipped = clip(value, ceilings[j]).unwrap_or(ZERO);
                of_columns[j] = of_columns[j].saturating_add(times(*factor, clipped));
                clipped
            }))
        };
        let of_rows = self.rows().zip(factors).map(&mut of_row).collect();
        (of_rows, of_columns)
    }

    /// Clipped at `ceilings`, rows in their order.
    pub(crate) fn clipped(mut self, ceilings: &[I32F32]) -> Self {
        let (mut start, mut kept) = (0, 0);
        for end in &mut self.ends {
            for at in start..*end {
                let uid = self.uids[at];
                if let Some(value) = clip(self.values[at], ceilings[usize::from(uid)]) {
                    (self.uids[kept], self.values[kept]) = (uid, value);
                    kept += 1;
                }
            }
            (start, *end) = (*end, kept);
        }
        self.uids.truncate(kept);
        self.values.truncate(kept);
        self
    }

    /// What lies between this matrix and itself clipped at `ceilings`, `ratio` of the way.
    ///
    /// Unlike at ratios of 0 and 1, where the chain takes the rows as they are, they come out by ascending uid,
    /// without values that are not positive, and of two entries of one uid only the last one counts.
    pub(crate) fn clipped_partly(&self, ceilings: &[I32F32], ratio: I32F32) -> Self {
        let mut mixed = Self::with_room_of(self);
        let mut sorted = Sorted::default();
        for row in self.rows() {
            let row = row.by_uid(&mut sorted);
            for (at, (uid, value)) in row.iter().enumerate() {
                let clipped = clip(value, ceilings[usize::from(uid)]).unwrap_or(ZERO);
                let between = value.saturating_add(times(ratio, clipped.saturating_sub(value)));
                let last = row.uids.get(at + 1) != Some(&uid);
                if last && between > ZERO {
                    mixed.push(uid, between);
                }
            }
            mixed.end_row();
        }
        mixed
    }
}

/// A value above its column's ceiling is lowered to it; where the ceiling is not positive it is dropped.
fn clip(value: I32F32, ceiling: I32F32) -> Option<I32F32> {
    (value <= ceiling || ceiling > ZERO).then(|| value.min(ceiling))
}
