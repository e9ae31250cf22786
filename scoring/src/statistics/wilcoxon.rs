//! Whether pairs differ, by the ranks of their differences (Wilcoxon, "Individual comparisons by ranking methods",
//! Biometrics Bulletin 1, 1945).

use super::{
    ranks::{RankMethod, Ranks, tails},
    significance::{Alternative, Significance, StatisticsError, finite, normal_above, tail},
};

/// So many pairs that differ are counted exactly.
pub const MOST_EXACT_PAIRS: usize = 50;

/// Whether the first of a pair tends to be greater (or less) than the second, as two miners' scores for the same
/// challenges. Pairs are taken to be independent, and differences to be symmetric around their median. The statistic is
/// the sum of the ranks of positive differences. Pairs that don't differ are left out, as Wilcoxon did; where none
/// does, there is [`StatisticsError::Constant`].
///
/// Exact chances are of the ranks as they are, ties and all: over every choice of the differences' signs.
pub fn wilcoxon_signed_rank(
    first: &[f64],
    second: &[f64],
    alternative: Alternative,
    method: RankMethod,
) -> Result<Significance, StatisticsError> {
    if first.len() != second.len() {
        return Err(StatisticsError::Unpaired { first: first.len(), second: second.len() });
    }
    finite(first, 1)?;
    finite(second, 1)?;
    let apart: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).filter(|apart| *apart != 0.0).collect();
    if apart.is_empty() {
        return Err(StatisticsError::Constant);
    }
    let ranks = Ranks::of(&apart.iter().map(|apart| apart.abs()).collect::<Vec<_>>());
    let twice_sum: usize =
        ranks.twice.iter().zip(&apart).filter(|(_, apart)| **apart > 0.0).map(|(rank, _)| rank).sum();
    let statistic = twice_sum as f64 / 2.0;
    let exact = match method {
        RankMethod::Automatic => apart.len() <= MOST_EXACT_PAIRS,
        RankMethod::Exact if apart.len() > MOST_EXACT_PAIRS => {
            return Err(StatisticsError::TooMany { most: MOST_EXACT_PAIRS, found: apart.len() });
        }
        RankMethod::Exact => true,
        RankMethod::Normal => false,
    };
    let (below, above) = match exact {
        true => tails(&ways(&ranks.twice), twice_sum),
        false => normal_tails(statistic, apart.len() as f64, ranks.ties),
    };
    Ok(Significance { statistic, p_value: tail(alternative, below, above) })
}

/// How many choices of signs have each sum of doubled positive ranks.
fn ways(twice_ranks: &[usize]) -> Vec<f64> {
    let mut ways = vec![0.0; twice_ranks.iter().sum::<usize>() + 1];
    ways[0] = 1.0;
    let mut most = 0;
    for rank in twice_ranks {
        most += rank;
        for sum in (*rank..=most).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    ways
}

fn normal_tails(sum: f64, pairs: f64, ties: f64) -> (f64, f64) {
    let variance = (pairs * (pairs + 1.0) * (2.0 * pairs + 1.0) - ties / 2.0) / 24.0;
    let (deviation, apart) = (variance.sqrt(), sum - pairs * (pairs + 1.0) / 4.0);
    (normal_above((-apart - 0.5) / deviation), normal_above((apart - 0.5) / deviation))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn edges_are_sound() {
        let test = |a: &[f64], b: &[f64], method| wilcoxon_signed_rank(a, b, Alternative::TwoSided, method);
        assert_eq!(test(&[], &[], RankMethod::Exact), Err(StatisticsError::TooFew { needed: 1, found: 0 }));
        assert_eq!(test(&[1.0], &[], RankMethod::Exact), Err(StatisticsError::Unpaired { first: 1, second: 0 }));
        assert_eq!(test(&[1.0], &[f64::NAN], RankMethod::Exact), Err(StatisticsError::NotANumber(0)));
        assert_eq!(test(&[1.0], &[1.0], RankMethod::Exact), Err(StatisticsError::Constant));
        assert_eq!(test(&[2.0], &[1.0], RankMethod::Exact).unwrap(), Significance { statistic: 1.0, p_value: 1.0 });
        let (many, none) = ([1.0; 51], [0.0; 51]);
        assert_eq!(test(&many, &none, RankMethod::Exact), Err(StatisticsError::TooMany { most: 50, found: 51 }));
        // All to one side: every sign the same, one case of 2^n.
        let five = wilcoxon_signed_rank(&many[..5], &none[..5], Alternative::Greater, RankMethod::Automatic).unwrap();
        assert_eq!(five, Significance { statistic: 15.0, p_value: 1.0 / 32.0 });
    }

    proptest! {
        #[test]
        fn sides_are_symmetric_and_order_does_not_matter(
            pairs in prop::collection::vec((-5..5_i32, -5..5_i32), 1..12),
        ) {
            prop_assume!(pairs.iter().any(|(a, b)| a != b));
            let column = |of: fn(&(i32, i32)) -> i32| pairs.iter().map(|pair| f64::from(of(pair))).collect::<Vec<_>>();
            let (a, b) = (column(|pair| pair.0), column(|pair| pair.1));
            for method in [RankMethod::Exact, RankMethod::Normal] {
                let test = |a: &[f64], b: &[f64], alternative| wilcoxon_signed_rank(a, b, alternative, method).unwrap();
                let less = test(&a, &b, Alternative::Less);
                prop_assert!((test(&b, &a, Alternative::Greater).p_value - less.p_value).abs() < 1e-12);
                let turned = |values: &[f64]| values.iter().rev().copied().collect::<Vec<_>>();
                prop_assert_eq!(test(&turned(&a), &turned(&b), Alternative::Less), less);
            }
        }
    }
}
