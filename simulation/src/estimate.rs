//! Means over runs.

use scoring::statistics::mean_interval;
use serde::Serialize;

/// A mean over runs, and an interval that holds the true one with the scenario's confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// The lower end; none of a single run.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
}

/// Means over runs, point by point.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Band {
    /// The means.
    pub mean: Vec<f64>,
    /// The lower ends; empty of a single run.
    pub low: Vec<f64>,
    /// The upper ends.
    pub high: Vec<f64>,
}

impl Estimate {
    pub(crate) fn of(values: &[f64], confidence: f64) -> Self {
        match mean_interval(values, confidence) {
            Ok(interval) => Self { mean: interval.mean, low: Some(interval.low), high: Some(interval.high) },
            Err(_) => Self { mean: values.iter().sum::<f64>() / values.len().max(1) as f64, low: None, high: None },
        }
    }
}

impl Band {
    /// Of series of one length.
    pub(crate) fn of(series: &[&[f64]], confidence: f64) -> Self {
        let points = series.iter().map(|series| series.len()).min().unwrap_or(0);
        let mut band = Self::default();
        for point in 0..points {
            let values: Vec<f64> = series.iter().map(|series| series[point]).collect();
            let estimate = Estimate::of(&values, confidence);
            band.mean.push(estimate.mean);
            band.low.extend(estimate.low);
            band.high.extend(estimate.high);
        }
        band
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_run_has_no_interval() {
        assert_eq!(Estimate::of(&[3.0], 0.95), Estimate { mean: 3.0, low: None, high: None });
        let band = Band::of(&[&[1.0, 2.0], &[3.0, 2.0]], 0.95);
        assert_eq!((band.mean, band.low[1], band.high[1]), (vec![2.0, 2.0], 2.0, 2.0));
        assert!(band.low[0] < -10.0);
        assert_eq!(Band::of(&[&[1.0]], 0.95), Band { mean: vec![1.0], ..Band::default() });
    }
}
