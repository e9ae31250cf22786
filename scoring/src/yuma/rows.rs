//! Where an epoch reads its matrices: in place, whatever they are kept in.

use std::collections::BTreeMap;

/// Rows of a sparse matrix by uid; each row is `(uid, value)` in the order in which the chain stores it.
pub type Rows = BTreeMap<u16, Vec<(u16, u16)>>;

/// A sparse matrix n x n, row by row: row = the seat that judges, and of each row what it names, shares of 65535. What a
/// row doesn't name and what it names with 0 are two things to the chain.
pub trait StoredRows {
    /// The uids that have a row, ascending. Such a row may be empty.
    fn uids(&self) -> impl Iterator<Item = u16>;

    /// `(uid, value)` of a row, in the order in which the chain stores it; nothing where there is no row.
    fn row(&self, uid: u16) -> impl Iterator<Item = (u16, u16)>;

    /// How many entries all rows have together.
    fn entries(&self) -> usize {
        self.uids().map(|uid| self.row(uid).count()).sum()
    }
}

impl StoredRows for Rows {
    fn uids(&self) -> impl Iterator<Item = u16> {
        self.keys().copied()
    }

    fn row(&self, uid: u16) -> impl Iterator<Item = (u16, u16)> {
        self.get(&uid).into_iter().flatten().copied()
    }
}
