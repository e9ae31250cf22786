//! Consensus: the stake-weighted median of what validators say of each miner.

use substrate_fixed::types::I32F32;

use super::{
    fixed::{self, ZERO, normalize},
    sparse::Matrix,
};

/// The weighted median of each column over the rows with stake; a row that doesn't name a column says 0, and of two
/// entries of one column the last one counts. `majority` is kappa.
pub(crate) fn weighted_medians(stake: &[I32F32], matrix: &Matrix, majority: I32F32) -> Vec<I32F32> {
    let rows: Vec<usize> = (0..stake.len()).filter(|i| stake[*i] > ZERO).collect();
    let mut weights: Vec<I32F32> = rows.iter().map(|i| stake[*i]).collect();
    normalize(&mut weights);
    let total = fixed::sum(weights.iter().copied());
    let search = Search { weights: &weights, total, minority: total.saturating_sub(majority) };

    let columns = Columns::of(matrix, &rows, stake.len());
    let mut votes = Vec::with_capacity(rows.len());
    (0..stake.len()).map(|j| search.median(columns.column(j), &mut votes)).collect()
}

/// What one voter says of the column.
#[derive(Clone, Copy)]
struct Said {
    /// The voter's place among all.
    voter: u32,
    score: I32F32,
}

/// The votes of each column in the order of the voters, so that one median reads one stretch of memory.
struct Columns {
    starts: Vec<usize>,
    /// How many of a column's places are taken: fewer where a row names the column twice.
    lengths: Vec<usize>,
    said: Vec<Said>,
}

impl Columns {
    fn of(matrix: &Matrix, rows: &[usize], columns: usize) -> Self {
        let mut starts = vec![0; columns + 1];
        for i in rows {
            matrix.row(*i).uids.iter().for_each(|uid| starts[usize::from(*uid) + 1] += 1);
        }
        (0..columns).for_each(|j| starts[j + 1] += starts[j]);
        let mut lengths = vec![0; columns];
        let mut said = vec![Said { voter: 0, score: ZERO }; starts[columns]];
        for (voter, i) in (0u32..).zip(rows) {
            for (uid, score) in matrix.row(*i).iter() {
                let (start, length) = (starts[usize::from(uid)], &mut lengths[usize::from(uid)]);
                let again = *length > 0 && said[start + *length - 1].voter == voter;
                *length += usize::from(!again);
                said[start + *length - 1] = Said { voter, score };
            }
        }
        Self { starts, lengths, said }
    }

    fn column(&self, j: usize) -> &[Said] {
        &self.said[self.starts[j]..self.starts[j] + self.lengths[j]]
    }
}

/// A vote that takes part in a search.
#[derive(Clone, Copy)]
struct Vote {
    score: I32F32,
    weight: I32F32,
    /// How many voters before this one don't name the column.
    silent_before: u32,
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

struct Search<'a> {
    weights: &'a [I32F32],
    total: I32F32,
    minority: I32F32,
}

impl Search<'_> {
    /// Quickselect with the middle voter's score as pivot. The bounds are carried along with the chain's roundings:
    /// recomputing them would differ in the last bit and so at ties.
    ///
    /// Voters who don't name the column say 0. They are counted, not listed: no score is lower, so that they stand
    /// together until they are dropped together.
    fn median(&self, column: &[Said], votes: &mut Vec<Vote>) -> I32F32 {
        votes.clear();
        votes.extend((0u32..).zip(column).map(|(at, said)| Vote {
            score: said.score,
            weight: self.weights[said.voter as usize],
            silent_before: said.voter - at,
        }));
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
    let place = |at: usize| at + votes[at].silent_before as usize;
    let (mut from, mut to) = (0, votes.len());
    while from < to {
        let at = (from + to) / 2;
        if place(at) < wanted { from = at + 1 } else { to = at }
    }
    let named = from < votes.len() && place(from) == wanted;
    Some(if named { votes[from].score } else { ZERO })
}
