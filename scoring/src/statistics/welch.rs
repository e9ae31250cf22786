//! Whether two means differ, for samples of different spread (Welch, "The generalization of 'Student's' problem when
//! several different population variances are involved", Biometrika 34, 1947).

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::significance::{Alternative, Significance, StatisticsError, finite, tail};

/// What the test says, and of which distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Welch {
    /// Welch's t: the difference of the means in standard errors.
    pub significance: Significance,
    /// Degrees of freedom, by the equation of Welch and Satterthwaite.
    pub degrees: f64,
}

/// Whether the mean of `first` differs from that of `second`, which needn't be as spread. Values are taken to be
/// independent, and their means to be normal: values that are heavy-tailed, as latencies are, want their logarithms
/// here or [`super::mann_whitney_u`]. Two finite values each, at least, and some spread in one of the samples.
pub fn welch_t(first: &[f64], second: &[f64], alternative: Alternative) -> Result<Welch, StatisticsError> {
    finite(first, 2)?;
    finite(second, 2)?;
    let (a, b) = (Moments::of(first), Moments::of(second));
    // The squared standard error of each mean.
    let (of_a, of_b) = (a.variance / a.count, b.variance / b.count);
    let error = (of_a + of_b).sqrt();
    if error == 0.0 {
        return Err(StatisticsError::Constant);
    }
    let t = (a.mean - b.mean) / error;
    // Shares of the whole, so that tiny variances don't vanish when they are squared.
    let (part_a, part_b) = (of_a / (of_a + of_b), of_b / (of_a + of_b));
    let degrees = 1.0 / (part_a * part_a / (a.count - 1.0) + part_b * part_b / (b.count - 1.0));
    if !(t.is_finite() && degrees.is_finite()) {
        // Squares that are beyond what a number holds.
        return Err(StatisticsError::Constant);
    }
    let student = StudentsT::new(0.0, 1.0, degrees).map_err(|_| StatisticsError::Constant)?;
    let p_value = tail(alternative, student.cdf(t), student.sf(t));
    Ok(Welch { significance: Significance { statistic: t, p_value }, degrees })
}

struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().map(|value| value / count).sum::<f64>();
        let square = |value: &f64| (value - mean) * (value - mean);
        // What rounding left in the mean is taken out of the squares again.
        let left = values.iter().map(|value| value - mean).sum::<f64>();
        let variance = (values.iter().map(square).sum::<f64>() - left * left / count) / (count - 1.0);
        Self { count, mean, variance: variance.max(0.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let test = |a: &[f64], b: &[f64]| welch_t(a, b, Alternative::TwoSided);
        assert_eq!(test(&[1.0], &[1.0, 2.0]), Err(StatisticsError::TooFew { needed: 2, found: 1 }));
        assert_eq!(test(&[1.0, 2.0], &[]), Err(StatisticsError::TooFew { needed: 2, found: 0 }));
        assert_eq!(test(&[1.0, f64::NAN], &[1.0, 2.0]), Err(StatisticsError::NotANumber(1)));
        assert_eq!(test(&[1.0, 2.0], &[f64::INFINITY, 2.0]), Err(StatisticsError::NotANumber(0)));
        assert_eq!(test(&[3.0, 3.0], &[3.0, 3.0, 3.0]), Err(StatisticsError::Constant));
        assert_eq!(test(&[1e308, -1e308], &[3.0, 4.0]), Err(StatisticsError::Constant));
    }
}
