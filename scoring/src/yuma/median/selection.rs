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
    weights: &'a [I32F32],
    total: I32F32,
    minority: I32F32,
    /// The weights of those who name a column.
    named: Vec<I32F32>,
    /// Votes that may still be the median, and room for those that then are left of them.
    left: [Votes; 2],
}

#[derive(Default)]
struct Votes {
    scores: Vec<I32F32>,
    weights: Vec<I32F32>,
}

impl<'a> Selection<'a> {
    /// For voters of these weights, if they are shares of a whole.
    pub(super) fn new(weights: &'a [I32F32], minority: I32F32) -> Option<Self> {
        let add = |sum: I32F32, weight: &I32F32| if *weight < ZERO { None } else { sum.checked_add(*weight) };
        let total = weights.iter().try_fold(ZERO, add)?;
        let room = || Votes { scores: vec![ZERO; weights.len()], weights: vec![ZERO; weights.len()] };
        Some(Self { weights, total, minority, named: Vec::new(), left: [room(), room()] })
    }

    /// The median of what is said; of who says nothing it counts as 0.
    pub(super) fn median(&mut self, column: Column<'_>) -> I32F32 {
        let everybody = column.scores.len() == self.weights.len();
        if self.minority < ZERO {
            return if everybody { column.scores.iter().copied().min().unwrap_or(ZERO) } else { ZERO };
        }
        if self.minority >= self.total {
            return column.scores.iter().copied().max().unwrap_or(ZERO);
        }
        if everybody {
            return select(column.scores, self.weights, ZERO, self.minority, &mut self.left);
        }
        self.named.clear();
        self.named.extend(column.voters.iter().map(|voter| self.weights[usize::from(*voter)]));
        let silent = self.named.iter().fold(self.total, |silent, weight| silent - weight);
        if silent > self.minority {
            return ZERO;
        }
        select(column.scores, &self.named, silent, self.minority, &mut self.left)
    }
}

/// The median of these votes, none of which is lower than others that weigh `below`.
fn select(scores: &[I32F32], weights: &[I32F32], mut below: I32F32, minority: I32F32, left: &mut [Votes; 2]) -> I32F32 {
    let [left, room] = left;
    let mut votes = (scores, weights);
    let (mut left, mut room) = (left, room);
    while let Some(pivot) = pivot(votes.0) {
        let (lower, up_to) = weigh(votes, pivot);
        let (lower, up_to) = (below + lower, below + up_to);
        let kept = if lower > minority {
            left.keep(votes, |score| score < pivot)
        } else if up_to <= minority {
            below = up_to;
            left.keep(votes, |score| score > pivot)
        } else {
            return pivot;
        };
        std::mem::swap(&mut left, &mut room);
        votes = (&room.scores[..kept], &room.weights[..kept]);
    }
    ZERO
}

/// The weights of the votes below a score, and up to it.
fn weigh((scores, weights): (&[I32F32], &[I32F32]), pivot: I32F32) -> (I32F32, I32F32) {
    let (mut lower, mut up_to, pivot) = (0, 0, pivot.to_bits());
    for (score, weight) in scores.iter().zip(weights) {
        let (score, weight) = (score.to_bits(), weight.to_bits());
        // The sign of a difference as a mask: scores aren't negative, so that it doesn't overflow.
        lower += ((score - pivot) >> 63) & weight;
        up_to += !((pivot - score) >> 63) & weight;
    }
    (I32F32::from_bits(lower), I32F32::from_bits(up_to))
}

impl Votes {
    /// Takes the votes that are wanted, without a branch: which they are can't be foretold. Says how many they are.
    fn keep(&mut self, (scores, weights): (&[I32F32], &[I32F32]), wanted: impl Fn(I32F32) -> bool) -> usize {
        let mut kept = 0;
        let (to_scores, to_weights) = (&mut self.scores[..scores.len()], &mut self.weights[..scores.len()]);
        for (score, weight) in scores.iter().zip(weights) {
            (to_scores[kept], to_weights[kept]) = (*score, *weight);
            kept += usize::from(wanted(*score));
        }
        kept
    }
}

/// A score near the middle: of many the middle one of three times three.
fn pivot(scores: &[I32F32]) -> Option<I32F32> {
    let middle = scores.get(scores.len() / 2)?;
    if scores.len() < MANY {
        return Some(*middle);
    }
    let step = scores.len() / 9;
    let of_three = |at: usize| middle_of(std::array::from_fn(|i| scores[(3 * i + at) * step]));
    Some(middle_of([of_three(0), of_three(1), of_three(2)]))
}

fn middle_of([a, b, c]: [I32F32; 3]) -> I32F32 {
    a.min(b).max(a.max(b).min(c))
}
