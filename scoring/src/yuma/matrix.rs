//! Matrices row by row, as entries in stored order or in full, and the few operations that an epoch needs of them.

use substrate_fixed::types::I32F32;

use super::{
    factor::Factor,
    fixed::{self, ZERO, plus},
    quotient::Divisor,
    row::{Row, RowMut},
};

/// Rows one after the other: three allocations, whatever the number of rows.
///
/// A full matrix has a place for each column in every row but the empty ones. It can't tell what a row names with 0 from
/// what it doesn't name, nor hold two entries of one column; only liquid alpha and odd storage need that.
#[derive(Debug)]
pub(crate) struct Matrix {
    /// Where each row ends.
    ends: Vec<usize>,
    /// Of each entry; of a full matrix those of one row.
    uids: Vec<u16>,
    values: Vec<I32F32>,
    full: bool,
}

impl Matrix {
    /// A matrix without rows, with room for `rows` of them and `entries` in all.
    pub(crate) fn with_room(rows: usize, entries: usize) -> Self {
        let (uids, values) = (Vec::with_capacity(entries), Vec::with_capacity(entries));
        Self { ends: Vec::with_capacity(rows), uids, values, full: false }
    }

    /// A full one without rows, with room for `rows` of them, of which `filled` aren't empty.
    pub(crate) fn full_with_room(rows: usize, filled: usize, columns: usize) -> Self {
        let values = Vec::with_capacity(filled * columns);
        Self { ends: Vec::with_capacity(rows), uids: (0..=u16::MAX).take(columns).collect(), values, full: true }
    }

    /// Without rows, with room for as much as another one holds.
    pub(crate) fn with_room_of(other: &Self) -> Self {
        Self::with_room(other.ends.len(), other.entries())
    }

    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    pub(crate) fn height(&self) -> usize {
        self.ends.len()
    }

    /// How many values there are.
    pub(crate) fn entries(&self) -> usize {
        self.values.len()
    }

    /// Adds to the row that isn't finished yet.
    #[inline]
    pub(crate) fn push(&mut self, uid: u16, value: I32F32) {
        self.uids.push(uid);
        self.values.push(value);
    }

    #[inline]
    pub(crate) fn end_row(&mut self) {
        self.ends.push(self.values.len());
    }

    /// Adds a row of a full matrix, all 0.
    pub(crate) fn add_full_row(&mut self) -> &mut [I32F32] {
        let start = self.values.len();
        self.values.resize(start + self.uids.len(), ZERO);
        self.end_row();
        &mut self.values[start..]
    }

    #[inline]
    pub(crate) fn row(&self, i: usize) -> Row<'_> {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        let values = &self.values[start..self.ends[i]];
        let uids = if self.full { &self.uids[..values.len()] } else { &self.uids[start..self.ends[i]] };
        Row { uids, values, full: self.full }
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.ends.len()).map(|i| self.row(i))
    }

    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = RowMut<'_>> {
        let (mut uids, mut values, full, mut start) = (&self.uids[..], &mut self.values[..], self.full, 0);
        self.ends.iter().map(move |end| {
            let length = end - start;
            start = *end;
            let row = if full { &uids[..length] } else { uids.split_off(..length).unwrap_or_default() };
            RowMut { uids: row, values: values.split_off_mut(..length).unwrap_or_default(), full }
        })
    }

    /// Puts `change(uid, value)` in the place of each value, and drops the entries that it makes None of.
    pub(crate) fn change_entries(&mut self, change: impl Fn(u16, I32F32) -> Option<I32F32>) {
        debug_assert!(!self.full);
        let (mut start, mut kept) = (0, 0);
        for end in &mut self.ends {
            for at in start..*end {
                let uid = self.uids[at];
                let changed = change(uid, self.values[at]);
                (self.uids[kept], self.values[kept]) = (uid, changed.unwrap_or(ZERO));
                kept += usize::from(changed.is_some());
            }
            (start, *end) = (*end, kept);
        }
        self.uids.truncate(kept);
        self.values.truncate(kept);
    }

    /// The same by entries, without what is 0.
    pub(crate) fn into_entries(self) -> Self {
        if !self.full {
            return self;
        }
        let mut entries = Self::with_room_of(&self);
        for row in self.rows() {
            row.iter().filter(|(_, value)| *value != ZERO).for_each(|(uid, value)| entries.push(uid, value));
            entries.end_row();
        }
        entries
    }

    /// Divides each row by its sum, where that is positive.
    pub(crate) fn normalize_rows(&mut self) {
        for row in self.rows_mut() {
            let total = fixed::sum(row.values.iter().copied());
            if total > ZERO {
                let divisor = Divisor::new(total);
                row.values.iter_mut().for_each(|value| *value = divisor.divide(*value));
            }
        }
    }

    /// The sum of each column.
    pub(crate) fn column_sums(&self, columns: usize) -> Vec<I32F32> {
        let mut sums = vec![ZERO; columns];
        self.rows().for_each(|row| row.each(&mut sums, |_, value, sum| *sum = plus(*sum, value)));
        sums
    }

    /// Multiplies each row by its factor; returns the sum of each column.
    pub(crate) fn scale_rows(&mut self, factors: &[I32F32]) -> Vec<I32F32> {
        let mut sums = vec![ZERO; factors.len()];
        for (row, factor) in self.rows_mut().zip(factors) {
            let factor = Factor::new(*factor);
            row.each(&mut sums, |value, sum| {
                *value = factor.times(*value);
                *sum = plus(*sum, *value);
            });
        }
        sums
    }
}
