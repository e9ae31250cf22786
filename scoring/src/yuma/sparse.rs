//! Sparse matrices, row by row in stored order, and the few operations that an epoch needs of them.

use substrate_fixed::types::I32F32;

use super::{
    factor::Factor,
    fixed::{self, ZERO, plus},
    quotient::Divisor,
};

/// One validator's row: the uids it names, and a value for each.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    pub uids: &'a [u16],
    pub values: &'a [I32F32],
}

impl<'a> Row<'a> {
    #[inline]
    pub(crate) fn iter(self) -> impl Iterator<Item = (u16, I32F32)> + 'a {
        self.uids.iter().copied().zip(self.values.iter().copied())
    }

    /// Splits the first entries off.
    #[inline]
    pub(crate) fn take(&mut self, entries: usize) -> Row<'a> {
        let uids = self.uids.split_off(..entries).unwrap_or_default();
        Row { uids, values: self.values.split_off(..entries).unwrap_or_default() }
    }

    /// Whether each uid is greater than the one before it.
    pub(crate) fn is_ascending(self) -> bool {
        // All are looked at, so that they can be eight at a time.
        let pairs = self.uids.iter().zip(self.uids.iter().skip(1));
        pairs.fold(true, |ascending, (a, b)| ascending & (a < b))
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
    #[inline]
    pub(crate) fn push(&mut self, uid: u16, value: I32F32) {
        self.uids.push(uid);
        self.values.push(value);
    }

    #[inline]
    pub(crate) fn end_row(&mut self) {
        self.ends.push(self.uids.len());
    }

    #[inline]
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

    /// The entries of one row after the other, to be changed.
    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = (&[u16], &mut [I32F32])> {
        let (mut uids, mut values, mut start) = (&self.uids[..], &mut self.values[..], 0);
        self.ends.iter().map(move |end| {
            let length = end - start;
            start = *end;
            let row = uids.split_off(..length).unwrap_or_default();
            (row, values.split_off_mut(..length).unwrap_or_default())
        })
    }

    /// Divides each row by its sum, where that is positive.
    pub(crate) fn normalize_rows(&mut self) {
        for (_, row) in self.rows_mut() {
            let total = fixed::sum(row.iter().copied());
            if total > ZERO {
                let divisor = Divisor::new(total);
                row.iter_mut().for_each(|value| *value = divisor.divide(*value));
            }
        }
    }

    /// The largest value of each column, 0 where none is positive.
    pub(crate) fn column_maxima(&self, columns: usize) -> Vec<I32F32> {
        let mut maxima = vec![ZERO; columns];
        for (uid, value) in self.iter() {
            let largest = &mut maxima[usize::from(uid)];
            *largest = value.max(*largest);
        }
        maxima
    }

    /// The sum of each column.
    pub(crate) fn column_sums(&self, columns: usize) -> Vec<I32F32> {
        let mut sums = vec![ZERO; columns];
        for (uid, value) in self.iter() {
            let sum = &mut sums[usize::from(uid)];
            *sum = plus(*sum, value);
        }
        sums
    }

    /// Multiplies each row by its factor; returns the sum of each column.
    pub(crate) fn scale_rows(&mut self, factors: &[I32F32]) -> Vec<I32F32> {
        let mut sums = vec![ZERO; factors.len()];
        for ((uids, values), factor) in self.rows_mut().zip(factors) {
            let factor = Factor::new(*factor);
            for (uid, value) in uids.iter().zip(values) {
                let sum = &mut sums[usize::from(*uid)];
                *value = factor.times(*value);
                *sum = plus(*sum, *value);
            }
        }
        sums
    }

    /// Of this matrix clipped at `ceilings`, none of which is negative: the sum of each row, and
    /// `out_j = Σ_i factors_i · clipped_ij`.
    pub(crate) fn clipped_sums(&self, ceilings: &[I32F32], factors: &[I32F32]) -> (Vec<I32F32>, Vec<I32F32>) {
        let mut columns: Vec<(I32F32, I32F32)> = ceilings.iter().map(|ceiling| (*ceiling, ZERO)).collect();
        let mut of_rows = Vec::with_capacity(factors.len());
        for (row, factor) in self.rows().zip(factors) {
            let factor = Factor::new(*factor);
            let mut of_row = ZERO;
            for (uid, value) in row.iter() {
                let (ceiling, of_column) = &mut columns[usize::from(uid)];
                let clipped = value.min(*ceiling);
                of_row = of_row.wrapping_add(clipped);
                *of_column = plus(*of_column, factor.times(clipped));
            }
            of_rows.push(of_row);
        }
        (of_rows, columns.into_iter().map(|(_, sum)| sum).collect())
    }

    /// Clipped at `ceilings`, rows in their order.
    pub(crate) fn clipped(mut self, ceilings: &[I32F32]) -> Self {
        let (mut start, mut kept) = (0, 0);
        for end in &mut self.ends {
            for at in start..*end {
                let (uid, value) = (self.uids[at], self.values[at]);
                let clipped = clip(value, ceilings[usize::from(uid)]);
                (self.uids[kept], self.values[kept]) = (uid, clipped.unwrap_or(ZERO));
                kept += usize::from(clipped.is_some());
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
        let (mut sorted, ratio) = (Sorted::default(), Factor::new(ratio));
        for row in self.rows() {
            let row = row.by_uid(&mut sorted);
            for (at, (uid, value)) in row.iter().enumerate() {
                let clipped = clip(value, ceilings[usize::from(uid)]).unwrap_or(ZERO);
                let between = value.saturating_add(ratio.times(clipped.saturating_sub(value)));
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
#[inline]
fn clip(value: I32F32, ceiling: I32F32) -> Option<I32F32> {
    (value <= ceiling || ceiling > ZERO).then(|| value.min(ceiling))
}
