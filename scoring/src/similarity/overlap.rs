//! What two texts have in common, counted.

use std::cmp::Ordering;

use crate::Score;

/// Pieces of a candidate and of a reference, and those that both have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overlap {
    /// In both; a piece that both have several times counts as often as the one with fewer has it.
    pub matched: u64,
    /// In the candidate.
    pub candidate: u64,
    /// In the reference.
    pub reference: u64,
}

impl Overlap {
    /// The share of the candidate that matches; zero where it is empty.
    pub fn precision(self) -> Score {
        Score::ratio(self.matched, self.candidate)
    }

    /// The share of the reference that is matched; zero where it is empty.
    pub fn recall(self) -> Score {
        Score::ratio(self.matched, self.reference)
    }

    /// The harmonic mean of both, rounded down once: `2 matched / (candidate + reference)`.
    pub fn f_measure(self) -> Score {
        Score::ratio(self.matched.saturating_mul(2), self.candidate.saturating_add(self.reference))
    }

    /// Of two bags of pieces.
    pub(super) fn of<T: Ord>(mut candidate: Vec<T>, mut reference: Vec<T>) -> Self {
        let (of_candidate, of_reference) = (candidate.len() as u64, reference.len() as u64);
        candidate.sort_unstable();
        reference.sort_unstable();
        let (mut i, mut j, mut matched) = (0, 0, 0);
        while let (Some(a), Some(b)) = (candidate.get(i), reference.get(j)) {
            let order = a.cmp(b);
            i += usize::from(order != Ordering::Greater);
            j += usize::from(order != Ordering::Less);
            matched += u64::from(order == Ordering::Equal);
        }
        Self { matched, candidate: of_candidate, reference: of_reference }
    }
}
