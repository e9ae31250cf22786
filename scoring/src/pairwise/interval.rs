//! How sure strengths are: by the curvature of the likelihood, for reports.

use ndarray::{Array2, Axis};
use statrs::distribution::{ContinuousCDF, Normal};

use super::bradley_terry::{BradleyTerry, PairwiseError};

/// A strength's logarithm against the mean of all, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogStrength {
    /// Natural logarithm, less the mean of all logarithms.
    pub log_strength: f64,
    /// Its standard error, for as many games as there were.
    pub standard_error: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

impl BradleyTerry {
    /// Intervals by the normal distribution at this confidence, each for itself. A prior counts as games that were
    /// played, so it narrows them. It takes n³ steps.
    pub fn intervals(&self, confidence: f64) -> Result<Vec<LogStrength>, PairwiseError> {
        if !(confidence > 0.0 && confidence < 1.0) {
            return Err(PairwiseError::NotAProbability);
        }
        let z = Normal::standard().inverse_cdf(1.0 - (1.0 - confidence) / 2.0);
        let count = self.strengths.len();
        let logs: Vec<f64> = self.strengths.iter().map(|strength| libm::log(*strength)).collect();
        let mean = logs.iter().sum::<f64>() / count as f64;
        let covariance = self.covariance().ok_or(PairwiseError::NotConverged)?;
        let of_mean = |at: usize| (0..count).map(|other| covariance[[at, other]]).sum::<f64>() / count as f64;
        let mean_variance = (0..count).map(of_mean).sum::<f64>() / count as f64;
        let interval = |(at, log): (usize, &f64)| {
            let variance = covariance[[at, at]] - 2.0 * of_mean(at) + mean_variance;
            let (log_strength, standard_error) = (log - mean, variance.max(0.0).sqrt());
            let (low, high) = (log_strength - z * standard_error, log_strength + z * standard_error);
            LogStrength { log_strength, standard_error, low, high }
        };
        Ok(logs.iter().enumerate().map(interval).collect())
    }

    /// Of the logarithms of all strengths, the mean held: the inverse of the information, to which a multiple of the
    /// direction was added in which nothing is known.
    fn covariance(&self) -> Option<Array2<f64>> {
        let count = self.all.len();
        let mut information = Array2::zeros((count, count));
        for ((a, b), games) in self.games.indexed_iter().filter(|((a, b), _)| a != b) {
            let sum = self.all[a] + self.all[b];
            let known = games * (self.all[a] / sum) * (self.all[b] / sum);
            information[[a, b]] -= known;
            information[[a, a]] += known;
        }
        let scale = (0..count).map(|at| information[[at, at]]).sum::<f64>() / count as f64;
        information += if scale > 0.0 { scale } else { 1.0 };
        inverse(information)
    }
}

/// By Gauss and Jordan, with the largest pivot of each column.
fn inverse(mut matrix: Array2<f64>) -> Option<Array2<f64>> {
    let count = matrix.nrows();
    let mut inverse = Array2::eye(count);
    for column in 0..count {
        let pivot = (column..count).max_by(|&a, &b| matrix[[a, column]].abs().total_cmp(&matrix[[b, column]].abs()))?;
        for at in 0..count {
            matrix.swap([column, at], [pivot, at]);
            inverse.swap([column, at], [pivot, at]);
        }
        let by = matrix[[column, column]];
        if !by.is_normal() {
            return None;
        }
        for table in [&mut matrix, &mut inverse] {
            table.row_mut(column).mapv_inplace(|value| value / by);
        }
        let pivots = [matrix.row(column).to_owned(), inverse.row(column).to_owned()];
        for row in (0..count).filter(|&row| row != column) {
            let times = matrix[[row, column]];
            for (table, pivots) in [&mut matrix, &mut inverse].into_iter().zip(&pivots) {
                table.row_mut(row).zip_mut_with(pivots, |value, pivot| *value -= times * pivot);
            }
        }
    }
    inverse.axis_iter(Axis(0)).all(|row| row.iter().all(|value| value.is_finite())).then_some(inverse)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::pairwise::bradley_terry;

    #[test]
    fn intervals_of_two_are_those_of_a_share() {
        // 30 of 40: the log odds have the standard error sqrt(1/30 + 1/10), and each log strength is half of them.
        let fit = bradley_terry(array![[0.0, 30.0], [10.0, 0.0]].view(), 0.0).unwrap();
        let [first, second] = fit.intervals(0.95).unwrap()[..] else { panic!("two") };
        assert!((first.log_strength - libm::log(3.0) / 2.0).abs() < 1e-9);
        assert!((first.standard_error - (1.0_f64 / 30.0 + 0.1).sqrt() / 2.0).abs() < 1e-9);
        assert!((first.log_strength + second.log_strength).abs() < 1e-12);
        assert!((first.high - first.log_strength - 1.959_963_985 * first.standard_error).abs() < 1e-9);
        for confidence in [0.0, 1.0, f64::NAN] {
            assert_eq!(fit.intervals(confidence), Err(PairwiseError::NotAProbability));
        }
    }

    #[test]
    fn one_alone_is_sure() {
        for prior in [0.0, 1.0] {
            let alone = bradley_terry(Array2::zeros((1, 1)).view(), prior).unwrap().intervals(0.9).unwrap();
            assert_eq!((alone.len(), alone[0].log_strength), (1, 0.0));
            assert!(alone[0].standard_error < 1e-7);
        }
    }
}
