//! A weighted median of votes whose weights are shares.

use substrate_fixed::types::I32F32;

use super::columns::Column;
use crate::yuma::fixed::ZERO;

/// From so many votes on a pivot is looked for, below it is taken.
const MANY: usize = 32;

/// The chain's quickselect, without its order of votes. As no weight is negative and no sum saturates, what it finds is
/// the one score with at most the minority below it and more than the minority up to it, whatever the pivots. Where
/// the minority is negative or all that there is, it is the lowest or the highest score.
pub(super) struct Selection<'a> {
    weights: &'a [i64],
    total: i64,
    minority: i64,
    /// Votes that may still be the median, and their weights.
    scores: Vec<i64>,
    left: Vec<i64>,
}

impl<'a> Selection<'a> {
    /// For voters of these weights, if they are shares of a whole.
    pub(super) fn new(weights: &'a [i64], minority: I32F32) -> Option<Self> {
        let add = |sum: i64, weight: &i64| if *weight < 0 { None } else { sum.checked_add(*weight) };
        let total = weights.iter().try_fold(0, add)?;
        Some(Self { weights, total, minority: minority.to_bits(), scores: Vec::new(), left: Vec::new() })
    }

    /// The median of what is said; of who says nothing it counts as 0.
    pub(super) fn median(&mut self, column: Column<'_>) -> I32F32 {
        let silent = self.weights.len() - column.scores.len();
        if self.minority < 0 {
            let lowest = column.scores.iter().copied().min().unwrap_or(ZERO);
            return if silent > 0 { ZERO } else { lowest };
        }
        if self.minority >= self.total {
            return column.scores.iter().copied().max().unwrap_or(ZERO);
        }
        self.scores.clear();
        self.scores.extend(column.scores.iter().map(|score| score.to_bits()));
        self.left.clear();
        if silent == 0 {
            self.left.extend_from_slice(self.weights);
        } else {
            self.left.extend(column.voters.iter().map(|voter| self.weights[usize::from(*voter)]));
        }
        let named: i64 = self.left.iter().sum();
        if self.total - named > self.minority {
            return ZERO;
        }
        I32F32::from_bits(self.select(self.total - named))
    }

    /// The median of the votes left, of which none is lower than those that weigh `below`.
    fn select(&mut self, mut below: i64) -> i64 {
        while let Some(pivot) = pivot(&self.scores) {
            let (mut lower, mut up_to) = (below, below);
            for (score, weight) in self.scores.iter().zip(&self.left) {
                // The sign of a difference as a mask: scores aren't negative, so that it doesn't overflow.
                lower += ((score - pivot) >> 63) & weight;
                up_to += !((pivot - score) >> 63) & weight;
            }
            if lower > self.minority {
                self.keep(|score| score < pivot);
            } else if up_to <= self.minority {
                below = up_to;
                self.keep(|score| score > pivot);
            } else {
                return pivot;
            }
        }
        0
    }

    /// Keeps the votes that are wanted, without a branch: which they are can't be foretold.
    fn keep(&mut self, wanted: impl Fn(i64) -> bool) {
        let mut kept = 0;
        let left = &mut self.left[..self.scores.len()];
        for at in 0..self.scores.len() {
            let (score, weight) = (self.scores[at], left[at]);
            (self.scores[kept], left[kept]) = (score, weight);
            kept += usize::from(wanted(score));
        }
        self.scores.truncate(kept);
        self.left.truncate(kept);
    }
}

/// A score near the middle: of many the middle one of three times three.
fn pivot(scores: &[i64]) -> Option<i64> {
    let middle = scores.get(scores.len() / 2)?;
    if scores.len() < MANY {
        return Some(*middle);
    }
    let step = scores.len() / 9;
    let of_three = |at: usize| middle_of(std::array::from_fn(|i| scores[(3 * i + at) * step]));
    Some(middle_of([of_three(0), of_three(1), of_three(2)]))
}

fn middle_of([a, b, c]: [i64; 3]) -> i64 {
    a.min(b).max(a.max(b).min(c))
}
