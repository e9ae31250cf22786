//! One row of a matrix.

use substrate_fixed::types::I32F32;

/// One validator's row: the uids it names, and a value for each.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    pub uids: &'a [u16],
    pub values: &'a [I32F32],
    /// Whether every uid has its place, so that the row lies beside the columns. Then what it doesn't name is 0.
    pub full: bool,
}

/// The same, to be changed.
pub(crate) struct RowMut<'a> {
    pub uids: &'a [u16],
    pub values: &'a mut [I32F32],
    pub full: bool,
}

impl<'a> Row<'a> {
    #[inline]
    pub(crate) fn iter(self) -> impl Iterator<Item = (u16, I32F32)> + 'a {
        self.uids.iter().copied().zip(self.values.iter().copied())
    }

    /// Shows each entry together with what is known of its column.
    #[inline(always)]
    pub(crate) fn each<C>(self, columns: &mut [C], mut show: impl FnMut(u16, I32F32, &mut C)) {
        if self.full {
            self.iter().zip(columns).for_each(|((uid, value), column)| show(uid, value, column));
        } else {
            self.iter().for_each(|(uid, value)| show(uid, value, &mut columns[usize::from(uid)]));
        }
    }

    /// The first entries. What is left of the row is the rest.
    #[inline]
    pub(crate) fn take(&mut self, entries: usize) -> Row<'a> {
        let uids = self.uids.split_off(..entries).unwrap_or_default();
        Row { uids, values: self.values.split_off(..entries).unwrap_or_default(), full: false }
    }

    /// Whether each uid is greater than the one before it.
    pub(crate) fn is_ascending(self) -> bool {
        // All are looked at, so that they can be eight at a time.
        let pairs = self.uids.iter().zip(self.uids.iter().skip(1));
        self.full || pairs.fold(true, |ascending, (a, b)| ascending & (a < b))
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
        Row { uids: &sorted.uids, values: &sorted.values, full: false }
    }
}

impl RowMut<'_> {
    /// As [`Row::each`], with values that may be changed.
    #[inline(always)]
    pub(crate) fn each<C>(self, columns: &mut [C], mut show: impl FnMut(&mut I32F32, &mut C)) {
        if self.full {
            self.values.iter_mut().zip(columns).for_each(|(value, column)| show(value, column));
        } else {
            let entries = self.uids.iter().zip(self.values);
            entries.for_each(|(uid, value)| show(value, &mut columns[usize::from(*uid)]));
        }
    }
}

/// Room for a row that has to be sorted.
#[derive(Default)]
pub(crate) struct Sorted {
    entries: Vec<(u16, I32F32)>,
    uids: Vec<u16>,
    values: Vec<I32F32>,
}
