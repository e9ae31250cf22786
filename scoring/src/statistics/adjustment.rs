//! Chances of many tests at once: one in twenty of them is below 5 % where there is nothing to find.

use super::significance::StatisticsError;

/// Chances that may each be held against one level, which is then the chance that any of the tests is wrong, whatever
/// they have to do with each other (Holm, "A simple sequentially rejective multiple test procedure", Scandinavian
/// Journal of Statistics 6, 1979). In the order of the tests.
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>, StatisticsError> {
    let order = ascending(p_values)?;
    let (mut adjusted, mut most) = (vec![0.0; p_values.len()], 0.0_f64);
    for (rank, &at) in order.iter().enumerate() {
        most = most.max(p_values[at] * (p_values.len() - rank) as f64);
        adjusted[at] = most.min(1.0);
    }
    Ok(adjusted)
}

/// Chances that may each be held against one level, which is then the expected share of wrong ones among those found,
/// for tests that are independent or positively dependent (Benjamini and Hochberg, "Controlling the false discovery
/// rate", Journal of the Royal Statistical Society B 57, 1995). In the order of the tests.
pub fn benjamini_hochberg(p_values: &[f64]) -> Result<Vec<f64>, StatisticsError> {
    let order = ascending(p_values)?;
    let (mut adjusted, mut least) = (vec![0.0; p_values.len()], 1.0_f64);
    for (rank, &at) in order.iter().enumerate().rev() {
        least = least.min(p_values[at] * p_values.len() as f64 / (rank + 1) as f64);
        adjusted[at] = least;
    }
    Ok(adjusted)
}

fn ascending(p_values: &[f64]) -> Result<Vec<usize>, StatisticsError> {
    if p_values.is_empty() {
        return Err(StatisticsError::TooFew { needed: 1, found: 0 });
    }
    if !p_values.iter().all(|p| (0.0..=1.0).contains(p)) {
        return Err(StatisticsError::NotAProbability);
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    Ok(order)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_chance_is_refused() {
        for adjust in [holm, benjamini_hochberg] {
            assert_eq!(adjust(&[]), Err(StatisticsError::TooFew { needed: 1, found: 0 }));
            for wrong in [-0.1, 1.1, f64::NAN] {
                assert_eq!(adjust(&[0.5, wrong]), Err(StatisticsError::NotAProbability));
            }
            assert_eq!(adjust(&[0.25]).unwrap(), [0.25]);
        }
    }

    proptest! {
        #[test]
        fn adjusted_chances_are_no_smaller_and_keep_their_order(
            p_values in prop::collection::vec(0.0..=1.0_f64, 1..20),
        ) {
            let (by_holm, by_rate) = (holm(&p_values).unwrap(), benjamini_hochberg(&p_values).unwrap());
            for (at, &p) in p_values.iter().enumerate() {
                prop_assert!(p <= by_rate[at] + 1e-15 && by_rate[at] <= by_holm[at] + 1e-15 && by_holm[at] <= 1.0);
                for (other, &q) in p_values.iter().enumerate() {
                    prop_assert!(p > q || by_holm[at] <= by_holm[other] && by_rate[at] <= by_rate[other]);
                }
            }
            let turned: Vec<f64> = p_values.iter().rev().copied().collect();
            let mut again = holm(&turned).unwrap();
            again.reverse();
            prop_assert_eq!(again, by_holm);
        }
    }
}
