//! Ranks of values, and how often each sum of ranks comes about.

/// How a test of ranks finds its chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RankMethod {
    /// `Exact` where there are few enough values, `Normal` where there are more.
    Automatic,
    /// By counting every case, ties and all: each is as likely as another where there is no difference.
    Exact,
    /// By the normal distribution, with corrections for ties and for continuity.
    Normal,
}

/// Ranks from 1, those of equal values their mean.
pub(super) struct Ranks {
    /// Twice the rank of each value, in the order of the values: whole numbers, ties or not.
    pub twice: Vec<usize>,
    /// `t³ - t` over every group of `t` equal values, summed.
    pub ties: f64,
}

impl Ranks {
    /// Of values that are numbers.
    pub fn of(values: &[f64]) -> Self {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        let (mut twice, mut ties, mut place) = (vec![0; values.len()], 0.0, 0);
        // Equality of numbers: the two zeros are one value.
        for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
            let count = equal.len();
            // Ranks place+1 to place+count: twice their mean.
            equal.iter().for_each(|&at| twice[at] = 2 * place + count + 1);
            ties += (count as f64) * (count as f64) * (count as f64) - count as f64;
            place += count;
        }
        Self { twice, ties }
    }
}

/// The chances that a sum is at most and at least the one at `seen`, where `ways[sum]` cases have that sum.
pub(super) fn tails(ways: &[f64], seen: usize) -> (f64, f64) {
    let sum = |ways: &[f64]| ways.iter().sum::<f64>();
    let seen = seen.min(ways.len().saturating_sub(1));
    let all = sum(ways);
    (sum(&ways[..=seen]) / all, sum(&ways[seen..]) / all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_ranks() {
        let ranks = Ranks::of(&[3.0, 1.0, 3.0, 0.0, f64::INFINITY, -0.0, 3.0]);
        assert_eq!(ranks.twice, [10, 6, 10, 3, 14, 3, 10]);
        assert_eq!(ranks.ties, 6.0 + 24.0);
        assert!(Ranks::of(&[]).twice.is_empty());
    }
}
