//! How well a score tells two kinds apart, at every threshold (Fawcett, "An introduction to ROC analysis", Pattern
//! Recognition Letters 27, 2006).

use serde::Serialize;

use super::significance::{StatisticsError, numbers};

/// The receiver operating characteristic of a score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Roc {
    /// From the strictest threshold, infinity, that finds nobody, to the least score, that finds all: one for every score
    /// that there is.
    pub points: Vec<RocPoint>,
}

/// What a threshold finds: all with that score or more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RocPoint {
    /// The threshold.
    pub threshold: f64,
    /// The share of the negatives that are found, wrongly.
    pub false_positive_rate: f64,
    /// The share of the positives that are found.
    pub true_positive_rate: f64,
}

/// The curve of scores that should be higher where `positive`. Of each kind there has to be one at least; equal scores are
/// found together. Infinite scores are fine.
pub fn roc(scores: &[f64], positive: &[bool]) -> Result<Roc, StatisticsError> {
    if scores.len() != positive.len() {
        return Err(StatisticsError::Unpaired { first: scores.len(), second: positive.len() });
    }
    numbers(scores, 2)?;
    let positives = positive.iter().filter(|positive| **positive).count();
    let negatives = positive.len() - positives;
    if positives == 0 || negatives == 0 {
        return Err(StatisticsError::Constant);
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let (mut found, mut wrongly) = (0_usize, 0_usize);
    let mut points = vec![RocPoint { threshold: f64::INFINITY, false_positive_rate: 0.0, true_positive_rate: 0.0 }];
    for equal in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let right = equal.iter().filter(|&&at| positive[at]).count();
        (found, wrongly) = (found + right, wrongly + equal.len() - right);
        points.push(RocPoint {
            threshold: scores[equal[0]],
            false_positive_rate: wrongly as f64 / negatives as f64,
            true_positive_rate: found as f64 / positives as f64,
        });
    }
    Ok(Roc { points })
}

impl Roc {
    /// The area under the curve, by trapezia: the chance that a positive has a higher score than a negative, equal scores as
    /// halves. 1 where a threshold tells all apart, ½ where the score knows nothing.
    pub fn area(&self) -> f64 {
        let trapezium = |pair: &[RocPoint]| {
            (pair[1].false_positive_rate - pair[0].false_positive_rate)
                * (pair[0].true_positive_rate + pair[1].true_positive_rate)
        };
        self.points.windows(2).map(trapezium).sum::<f64>() / 2.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::statistics::{Alternative, RankMethod, mann_whitney_u};

    #[test]
    fn the_curve_is_that_of_scikit_learn() {
        // The example of `sklearn.metrics.roc_curve` and `sklearn.metrics.auc`.
        let curve = roc(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]).unwrap();
        let columns = |of: fn(&RocPoint) -> f64| curve.points.iter().map(of).collect::<Vec<_>>();
        assert_eq!(columns(|point| point.false_positive_rate), [0.0, 0.0, 0.5, 0.5, 1.0]);
        assert_eq!(columns(|point| point.true_positive_rate), [0.0, 0.5, 0.5, 1.0, 1.0]);
        assert_eq!(columns(|point| point.threshold), [f64::INFINITY, 0.8, 0.4, 0.35, 0.1]);
        assert_eq!(curve.area(), 0.75);
    }

    #[test]
    fn what_is_no_curve_is_refused() {
        let both = [true, false];
        assert_eq!(roc(&[1.0], &both), Err(StatisticsError::Unpaired { first: 1, second: 2 }));
        assert_eq!(roc(&[], &[]), Err(StatisticsError::TooFew { needed: 2, found: 0 }));
        assert_eq!(roc(&[0.0, f64::NAN], &both), Err(StatisticsError::NotANumber(1)));
        assert_eq!(roc(&[0.0, 1.0], &[true, true]), Err(StatisticsError::Constant));
        assert_eq!(roc(&[f64::INFINITY, f64::NEG_INFINITY], &both).unwrap().area(), 1.0);
        assert_eq!(roc(&[0.0, -0.0], &both).unwrap().area(), 0.5);
    }

    proptest! {
        #[test]
        fn the_area_is_mann_and_whitneys_u(
            positive in prop::collection::vec(-6..6_i32, 1..30), negative in prop::collection::vec(-6..6_i32, 1..30),
        ) {
            let scores: Vec<f64> = positive.iter().chain(&negative).map(|score| f64::from(*score)).collect();
            let labels: Vec<bool> = (0..scores.len()).map(|at| at < positive.len()).collect();
            let curve = roc(&scores, &labels).unwrap();
            let (first, second) = scores.split_at(positive.len());
            let u = mann_whitney_u(first, second, Alternative::Greater, RankMethod::Exact);
            // Above fifty values the exact test refuses.
            if let Ok(u) = u {
                prop_assert!((curve.area() - u.statistic / (first.len() * second.len()) as f64).abs() < 1e-12);
            }
            let turned: Vec<bool> = labels.iter().map(|label| !label).collect();
            prop_assert!((curve.area() + roc(&scores, &turned).unwrap().area() - 1.0).abs() < 1e-12);
            prop_assert!(curve.points.is_sorted_by(|a, b| a.threshold > b.threshold));
        }
    }
}
