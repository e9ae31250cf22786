//! Hidden rows, and how they are cut into chunks.

use std::ops::Range;

/// Rows of an answer's tokens that share a commitment.
pub const CHUNK_ROWS: usize = 32;

/// Rows of bf16 numbers, all as wide as the model's hidden state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    width: usize,
    values: Vec<u16>,
}

impl Rows {
    /// From the bits of whole rows, one after the other. None for rows without width, or a part of a row.
    pub fn new(width: usize, values: Vec<u16>) -> Option<Self> {
        (width > 0 && values.len().is_multiple_of(width)).then_some(Self { width, values })
    }

    /// Numbers in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.width
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All numbers, row by row.
    pub fn values(&self) -> &[u16] {
        &self.values
    }

    /// One row.
    pub fn row(&self, index: usize) -> Option<&[u16]> {
        self.values.chunks_exact(self.width).nth(index)
    }

    /// The numbers of some rows; none where there are not so many.
    pub fn slice(&self, rows: Range<usize>) -> Option<&[u16]> {
        self.values.get(rows.start.checked_mul(self.width)?..rows.end.checked_mul(self.width)?)
    }
}

/// The rows of each chunk of an answer, of so many prompt tokens and answered ones.
pub fn chunks(prompt: usize, answered: usize) -> impl Iterator<Item = Range<usize>> {
    let end = (prompt + answered).saturating_sub(1);
    let first = (answered > 0 && prompt > 0).then_some(0..prompt);
    let starts = (prompt..end).step_by(CHUNK_ROWS);
    first.into_iter().chain(starts.map(move |start| start..end.min(start + CHUNK_ROWS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_whole() {
        assert_eq!(Rows::new(0, Vec::new()), None);
        assert_eq!(Rows::new(3, vec![0; 4]), None);
        let rows = Rows::new(2, vec![1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!((rows.len(), rows.row(2), rows.row(3)), (3, Some(&[5, 6][..]), None));
        assert_eq!(rows.slice(1..3), Some(&[3, 4, 5, 6][..]));
        assert_eq!(rows.slice(1..4), None);
        assert_eq!(rows.slice(0..usize::MAX), None);
    }

    #[test]
    fn a_prompt_is_one_chunk_and_the_last_token_has_no_row() {
        let of = |prompt, answered| chunks(prompt, answered).collect::<Vec<_>>();
        assert!(of(5, 0).is_empty());
        assert_eq!(of(5, 1), std::iter::once(0..5).collect::<Vec<_>>());
        assert_eq!(of(5, 2), [0..5, 5..6]);
        assert_eq!(of(5, 33), [0..5, 5..37]);
        assert_eq!(of(5, 34), [0..5, 5..37, 37..38]);
        assert_eq!(of(100, 128), [0..100, 100..132, 132..164, 164..196, 196..227]);
    }
}
