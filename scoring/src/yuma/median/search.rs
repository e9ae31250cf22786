//! A weighted median as the chain searches for it, whatever the weights.

use substrate_fixed::types::I32F32;

use super::columns::Column;
use crate::yuma::fixed::{self, ZERO};

/// Where stakes are so large that their sum wraps, weights are no shares: they may be negative, and sums saturate. Then
/// it matters in which order the chain looks at votes.
pub(super) struct Search<'a> {
    /// Of each voter.
    pub weights: &'a [I32F32],
    /// Their sum.
    pub total: I32F32,
    /// What the median has below it at most.
    pub minority: I32F32,
}

impl Search<'_> {
    /// Quickselect with the middle voter's score as pivot, as the chain does it. The bounds are carried along with the chain's roundings:
    /// recomputing them would differ in the last bit and so at ties.
    ///
    /// Voters who don't name the column say 0. They are counted, not listed: no score is lower, so that they stand
    /// together until they are dropped together.
    pub(super) fn median(&self, column: Column<'_>) -> I32F32 {
        let vote = |(at, (voter, score)): (usize, (usize, I32F32))| Vote {
            score,
            weight: self.weights[voter],
            silent_before: voter - at,
        };
        let votes = &mut column.iter().enumerate().map(vote).collect::<Vec<_>>();
        let named = fixed::sum(votes.iter().map(|vote| vote.weight));
        let silent_weight = self.total.wrapping_sub(named);
        let mut silent = self.weights.len() - votes.len();
        let (mut low, mut high) = (ZERO, self.total);
        loop {
            let Some(pivot) = middle(votes, silent) else { return ZERO };
            if votes.len() + silent == 1 {
                return pivot;
            }
            let (mut lower, mut upper) = (Side::default(), Side::default());
            for vote in &*votes {
                lower.count(vote.weight, vote.score < pivot);
                upper.count(vote.weight, vote.score > pivot);
            }
            let silent_below = if pivot > ZERO { silent } else { 0 };
            if silent_below > 0 {
                lower.weight = lower.weight.saturating_add(silent_weight);
            }
            let (below, above) = (low.saturating_add(lower.weight), high.saturating_sub(upper.weight));
            if self.minority < below && lower.count + silent_below > 0 {
                keep(votes, |score| score < pivot);
                (silent, high) = (silent_below, below);
            } else if above <= self.minority && upper.count > 0 {
                keep(votes, |score| score > pivot);
                (silent, low) = (0, above);
            } else {
                return pivot;
            }
        }
    }
}

/// The score of the middle one of all voters left, in their order: of the votes and, between them, the silent ones.
fn middle(votes: &[Vote], silent: usize) -> Option<I32F32> {
    let all = votes.len() + silent;
    let wanted = (all > 0).then_some(all / 2)?;
    if silent == 0 {
        return Some(votes[wanted].score);
    }
    // A vote stands behind the votes before it and the silent ones before it.
    let place = |at: usize| at + votes[at].silent_before;
    let (mut from, mut to) = (0, votes.len());
    while from < to {
        let at = (from + to) / 2;
        if place(at) < wanted { from = at + 1 } else { to = at }
    }
    let named = from < votes.len() && place(from) == wanted;
    Some(if named { votes[from].score } else { ZERO })
}

/// A vote that takes part in a search.
#[derive(Clone, Copy)]
struct Vote {
    score: I32F32,
    weight: I32F32,
    /// How many voters before this one don't name the column.
    silent_before: usize,
}

/// What lies on one side of a pivot: how many votes, and their weight.
#[derive(Default)]
struct Side {
    count: usize,
    weight: I32F32,
}

impl Side {
    /// Counts a vote that is `here`, without a branch: which way it goes can't be predicted.
    fn count(&mut self, weight: I32F32, here: bool) {
        self.count += usize::from(here);
        self.weight = self.weight.saturating_add(I32F32::from_bits(weight.to_bits() & -i64::from(here)));
    }
}

/// Keeps the votes that are wanted, in their order; no branch here either.
fn keep(votes: &mut Vec<Vote>, wanted: impl Fn(I32F32) -> bool) {
    let mut kept = 0;
    for at in 0..votes.len() {
        let vote = votes[at];
        votes[kept] = vote;
        kept += usize::from(wanted(vote.score));
    }
    votes.truncate(kept);
}
