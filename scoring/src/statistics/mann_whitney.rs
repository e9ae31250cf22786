//! Whether values of one sample tend to be greater than those of another (Mann and Whitney, "On a test of whether one
//! of two random variables is stochastically larger than the other", Annals of Mathematical Statistics 18, 1947).

use super::{
    ranks::{RankMethod, Ranks, tails},
    significance::{Alternative, Significance, StatisticsError, normal_above, numbers, tail},
};

/// So many values, of both samples together, are counted exactly.
pub const MOST_EXACT_VALUES: usize = 50;

/// Whether values of `first` tend to be greater (or less) than those of `second`. The statistic is U of the first:
/// pairs in which the first is greater, ties as halves. Values are taken to be independent; only their order is looked
/// at, so infinities are fine: a request that timed out took longer than any other. Challenges that both were given
/// make pairs, and those want [`super::wilcoxon_signed_rank`].
///
/// Exact chances are of the ranks as they are, ties and all, which is what a permutation test over all permutations
/// gives. All values equal is an error by `Normal`, and a chance of 1 exactly.
pub fn mann_whitney_u(
    first: &[f64],
    second: &[f64],
    alternative: Alternative,
    method: RankMethod,
) -> Result<Significance, StatisticsError> {
    numbers(first, 1)?;
    numbers(second, 1)?;
    let all = [first, second].concat();
    let ranks = Ranks::of(&all);
    let twice_sum: usize = ranks.twice[..first.len()].iter().sum();
    let (m, n) = (first.len(), second.len());
    let statistic = (twice_sum - m * (m + 1)) as f64 / 2.0;
    let exact = match method {
        RankMethod::Automatic => all.len() <= MOST_EXACT_VALUES,
        RankMethod::Exact if all.len() > MOST_EXACT_VALUES => {
            return Err(StatisticsError::TooMany { most: MOST_EXACT_VALUES, found: all.len() });
        }
        RankMethod::Exact => true,
        RankMethod::Normal => false,
    };
    let (below, above) = match exact {
        true => tails(&ways(&ranks.twice, m), twice_sum),
        false => normal_tails(statistic, m as f64, n as f64, ranks.ties)?,
    };
    Ok(Significance { statistic, p_value: tail(alternative, below, above) })
}

/// How many choices of `chosen` ranks have each sum of doubled ranks.
fn ways(twice_ranks: &[usize], chosen: usize) -> Vec<f64> {
    let most = twice_ranks.iter().sum::<usize>();
    let mut ways = vec![vec![0.0; most + 1]; chosen + 1];
    ways[0][0] = 1.0;
    for (seen, &rank) in twice_ranks.iter().enumerate() {
        for count in (1..=chosen.min(seen + 1)).rev() {
            let (fewer, with) = ways.split_at_mut(count);
            for (sum, way) in with[0].iter_mut().enumerate().skip(rank) {
                *way += fewer[count - 1][sum - rank];
            }
        }
    }
    ways.pop().unwrap_or_default()
}

fn normal_tails(u: f64, m: f64, n: f64, ties: f64) -> Result<(f64, f64), StatisticsError> {
    let all = m + n;
    let variance = m * n / 12.0 * ((all + 1.0) - ties / (all * (all - 1.0)));
    if variance <= 0.0 {
        return Err(StatisticsError::Constant);
    }
    let (deviation, apart) = (variance.sqrt(), u - m * n / 2.0);
    Ok((normal_above((-apart - 0.5) / deviation), normal_above((apart - 0.5) / deviation)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Alternative; 3] = [Alternative::TwoSided, Alternative::Less, Alternative::Greater];

    #[test]
    fn edges_are_sound() {
        for alternative in ALL {
            let test = |a: &[f64], b: &[f64], method| mann_whitney_u(a, b, alternative, method);
            assert_eq!(test(&[], &[1.0], RankMethod::Exact), Err(StatisticsError::TooFew { needed: 1, found: 0 }));
            assert_eq!(test(&[1.0], &[f64::NAN], RankMethod::Normal), Err(StatisticsError::NotANumber(0)));
            let equal = test(&[2.0; 4], &[2.0; 3], RankMethod::Automatic).unwrap();
            assert_eq!((equal.statistic, equal.p_value), (6.0, 1.0));
            assert_eq!(test(&[2.0; 4], &[2.0; 3], RankMethod::Normal), Err(StatisticsError::Constant));
            let many = test(&[2.0; 40], &[2.0; 11], RankMethod::Exact);
            assert_eq!(many, Err(StatisticsError::TooMany { most: 50, found: 51 }));
        }
        let late = mann_whitney_u(&[1.0, 2.0, 3.0], &[f64::INFINITY; 3], Alternative::Less, RankMethod::Exact).unwrap();
        assert_eq!((late.statistic, late.p_value), (0.0, 0.05));
    }

    proptest! {
        #[test]
        fn order_and_scale_do_not_matter_and_sides_are_symmetric(
            first in prop::collection::vec(-5..5_i32, 1..9), second in prop::collection::vec(-5..5_i32, 1..9),
        ) {
            let values = |ints: &[i32], scale: f64| ints.iter().map(|&int| f64::from(int) * scale).collect::<Vec<_>>();
            let (a, b) = (values(&first, 1.0), values(&second, 1.0));
            for method in [RankMethod::Exact, RankMethod::Normal] {
                let test = |a: &[f64], b: &[f64], alternative| mann_whitney_u(a, b, alternative, method);
                let Ok(less) = test(&a, &b, Alternative::Less) else {
                    prop_assert!(method == RankMethod::Normal);
                    continue;
                };
                let swapped = test(&b, &a, Alternative::Greater).unwrap();
                prop_assert!((less.p_value - swapped.p_value).abs() < 1e-12);
                prop_assert_eq!(less.statistic + swapped.statistic, (a.len() * b.len()) as f64);
                let mut turned = values(&first, 3.0);
                turned.reverse();
                prop_assert_eq!(test(&turned, &values(&second, 3.0), Alternative::Less).unwrap(), less);
                let greater = test(&a, &b, Alternative::Greater).unwrap();
                let both = test(&a, &b, Alternative::TwoSided).unwrap().p_value;
                prop_assert!((both - (2.0 * less.p_value.min(greater.p_value)).min(1.0)).abs() < 1e-12);
            }
        }
    }
}
