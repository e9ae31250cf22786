//! A mean, and how far off it may be.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::significance::{StatisticsError, finite};

/// A mean with an interval that holds the true one with a given chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanInterval {
    /// The mean.
    pub mean: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The mean of independent values and its interval by Student's t, which holds the true mean with this chance where values
/// are normal or many. Two finite values at least. Of pairs, take the differences.
pub fn mean_interval(values: &[f64], confidence: f64) -> Result<MeanInterval, StatisticsError> {
    finite(values, 2)?;
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(StatisticsError::NotAProbability);
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let error = (squares / (count - 1.0) / count).sqrt();
    let quantile = StudentsT::new(0.0, 1.0, count - 1.0)
        .map_err(|_| StatisticsError::Constant)?
        .inverse_cdf(0.5 + confidence / 2.0);
    Ok(MeanInterval { mean, low: mean - quantile * error, high: mean + quantile * error })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.t.interval` of SciPy's manual of the t distribution: quantiles of 9 and 4 degrees, tables of Student.
    #[test]
    fn intervals_are_those_of_the_tables() {
        let ten: Vec<f64> = (1..=10).map(f64::from).collect();
        let interval = mean_interval(&ten, 0.95).unwrap();
        // s = 3.0277, t(0.975, 9) = 2.262157.
        let half = 2.262_157_163 * (55.0_f64 / 6.0 / 10.0).sqrt();
        assert!((interval.mean - 5.5).abs() < 1e-12);
        assert!((interval.high - 5.5 - half).abs() < 1e-6 && (5.5 - interval.low - half).abs() < 1e-6);
        // t(0.95, 4) = 2.131847.
        let five = mean_interval(&[2.0, 4.0, 4.0, 6.0, 9.0], 0.9).unwrap();
        let half = 2.131_846_786 * (28.0_f64 / 4.0 / 5.0).sqrt();
        assert!((five.mean - 5.0).abs() < 1e-12 && (five.high - 5.0 - half).abs() < 1e-6);
        let same = mean_interval(&[3.0, 3.0], 0.95).unwrap();
        assert_eq!((same.low, same.high), (3.0, 3.0));
    }

    #[test]
    fn what_has_no_interval_is_refused() {
        assert_eq!(mean_interval(&[1.0], 0.95), Err(StatisticsError::TooFew { needed: 2, found: 1 }));
        assert_eq!(mean_interval(&[1.0, f64::NAN], 0.95), Err(StatisticsError::NotANumber(1)));
        for confidence in [0.0, 1.0, -1.0, f64::NAN] {
            assert_eq!(mean_interval(&[1.0, 2.0], confidence), Err(StatisticsError::NotAProbability));
        }
    }
}
