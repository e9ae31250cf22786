//! A matrix by columns.

use substrate_fixed::types::I32F32;

use crate::yuma::{fixed::ZERO, matrix::Matrix, row::Row};

/// What voters say of each column, in the order of the voters, so that one median reads one stretch of memory.
pub(super) struct Columns {
    starts: Vec<usize>,
    /// Where the entries of each column end: before the next one's start where a row names the column twice.
    ends: Vec<usize>,
    voters: Vec<u16>,
    scores: Vec<I32F32>,
}

/// What is said of one column: by whom, and what.
#[derive(Clone, Copy)]
pub(super) struct Column<'a> {
    /// The voters' places among all, ascending.
    pub voters: &'a [u16],
    pub scores: &'a [I32F32],
}

/// Columns that are laid out at once: so many that all their scores stay close.
const BLOCK: usize = 16;

/// Shows each column of a full matrix, of the rows of the voters.
pub(super) fn each_in_full(matrix: &Matrix, rows: &[usize], columns: usize, mut show: impl FnMut(Column<'_>)) {
    let rows = (0..=u16::MAX).zip(rows).map(|(voter, i)| (voter, matrix.row(*i).values));
    let (voters, rows): (Vec<u16>, Vec<&[I32F32]>) = rows.filter(|(_, values)| !values.is_empty()).unzip();
    let height = rows.len().max(1);
    let mut block = vec![ZERO; BLOCK * height];
    for first in (0..columns).step_by(BLOCK) {
        let width = BLOCK.min(columns - first);
        for (at, row) in rows.iter().enumerate() {
            for (column, score) in block.chunks_exact_mut(height).zip(&row[first..first + width]) {
                column[at] = *score;
            }
        }
        for column in block.chunks_exact(height).take(width) {
            show(Column { voters: &voters, scores: &column[..rows.len()] });
        }
    }
}

impl Columns {
    /// Of the rows of the voters. Of two entries of one column in a row the last one counts.
    pub(super) fn of(matrix: &Matrix, rows: &[usize], columns: usize) -> Self {
        let mut starts = vec![0; columns + 1];
        for i in rows {
            matrix.row(*i).uids.iter().for_each(|uid| starts[usize::from(*uid) + 1] += 1);
        }
        (0..columns).for_each(|j| starts[j + 1] += starts[j]);
        let entries = starts[columns];
        let ends = starts[..columns].to_vec();
        let mut all = Self { starts, ends, voters: vec![0; entries], scores: vec![ZERO; entries] };
        for (voter, i) in (0..=u16::MAX).zip(rows) {
            let row = matrix.row(*i);
            if row.is_ascending() { all.add(voter, row) } else { all.add_last(voter, row) }
        }
        all
    }

    /// Adds a row that names each column once.
    fn add(&mut self, voter: u16, row: Row<'_>) {
        for (uid, score) in row.iter() {
            let end = &mut self.ends[usize::from(uid)];
            (self.voters[*end], self.scores[*end]) = (voter, score);
            *end += 1;
        }
    }

    /// Adds a row that may name a column several times.
    fn add_last(&mut self, voter: u16, row: Row<'_>) {
        for (uid, score) in row.iter() {
            let (start, end) = (self.starts[usize::from(uid)], &mut self.ends[usize::from(uid)]);
            let again = *end > start && self.voters[*end - 1] == voter;
            *end += usize::from(!again);
            (self.voters[*end - 1], self.scores[*end - 1]) = (voter, score);
        }
    }

    pub(super) fn column(&self, j: usize) -> Column<'_> {
        let places = self.starts[j]..self.ends[j];
        Column { voters: &self.voters[places.clone()], scores: &self.scores[places] }
    }
}

impl Column<'_> {
    /// `(voter, score)`, voters ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, I32F32)> {
        self.voters.iter().map(|voter| usize::from(*voter)).zip(self.scores.iter().copied())
    }
}
