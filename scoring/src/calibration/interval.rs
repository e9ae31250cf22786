//! How sure a rate is that was counted.

use statrs::distribution::{Beta, ContinuousCDF};

/// The interval of Clopper and Pearson around `counted` of `total`, which holds the true rate with this confidence at
/// least. All of 0 to 1 where nothing was counted.
pub fn clopper_pearson(counted: u64, total: u64, confidence: f64) -> (f64, f64) {
    let tail = (1.0 - confidence) / 2.0;
    let quantile = |a: u64, b: u64, at: f64| Beta::new(a as f64, b as f64).map(|beta| beta.inverse_cdf(at));
    let counted = counted.min(total);
    let low = match counted {
        0 => 0.0,
        _ => quantile(counted, total - counted + 1, tail).unwrap_or(0.0),
    };
    let high = match total - counted {
        0 => 1.0,
        rest => quantile(counted + 1, rest, 1.0 - tail).unwrap_or(1.0),
    };
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of R's `binom.test`.
    #[test]
    fn intervals_are_the_textbooks() {
        let cases = [
            ((0, 10), (0.0, 0.308_497_1)),
            ((5, 10), (0.187_086_0, 0.812_914_0)),
            ((1, 100), (0.000_253_146, 0.054_459_39)),
            ((10, 10), (0.691_502_9, 1.0)),
            ((0, 10_000), (0.0, 0.000_368_820)),
        ];
        for ((counted, total), (low, high)) in cases {
            let found = clopper_pearson(counted, total, 0.95);
            assert!((found.0 - low).abs() < 1e-6 && (found.1 - high).abs() < 1e-6, "{counted}/{total}: {found:?}");
        }
        assert_eq!(clopper_pearson(0, 0, 0.95), (0.0, 1.0));
    }
}
