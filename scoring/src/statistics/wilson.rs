//! How sure a share is that was counted (Wilson, "Probable inference, the law of succession, and statistical
//! inference", JASA 22, 1927).
//!
//! The interval holds every share `p` that lies no more than `z` of *its own* standard errors from what was counted:
//! `(counted / trials - p)² <= z² p (1 - p) / trials`. Trials are taken to be independent and alike. Unlike the normal
//! interval it stays within 0 and 1 and is sound for few trials; it is not conservative: for rare events its one-sided
//! bound is wrong somewhat more often than its level says.

use super::significance::{StatisticsError, normal_quantile};

/// A million parts.
const PPM: u32 = 1_000_000;

/// The two-sided interval at this confidence. All of 0 to 1 where nothing was tried. Successes beyond the trials count
/// as trials.
pub fn wilson_interval(successes: u64, trials: u64, confidence: f64) -> Result<(f64, f64), StatisticsError> {
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(StatisticsError::NotAProbability);
    }
    let z = normal_quantile(1.0 - (1.0 - confidence) / 2.0);
    let successes = successes.min(trials);
    Ok((lower(successes, trials, z), 1.0 - lower(trials - successes, trials, z)))
}

/// The share that the true one is at least, at this one-sided confidence; 0 where nothing was tried.
pub fn wilson_lower(successes: u64, trials: u64, confidence: f64) -> Result<f64, StatisticsError> {
    if !(confidence > 0.5 && confidence < 1.0) {
        return Err(StatisticsError::NotAProbability);
    }
    Ok(lower(successes.min(trials), trials, normal_quantile(confidence)))
}

fn lower(successes: u64, trials: u64, z: f64) -> f64 {
    if successes == 0 {
        return 0.0;
    }
    let (hits, misses, n) = (successes as f64, (trials - successes) as f64, trials as f64);
    let square = z * z;
    // The textbook's difference of two like numbers, multiplied out, so that nothing cancels.
    2.0 * hits * hits / (n * (2.0 * hits + square + z * (square + 4.0 * hits * misses / n).sqrt()))
}

/// The lower bound in millionths, rounded down, `z_milli` thousandths of a standard error away: exact, by integers
/// alone, for what decides money. 1645 is a one-sided confidence of 95 %, 2326 one of 99 %. 0 where nothing was tried.
///
/// ```
/// use assay_scoring::statistics::wilson_lower_ppm;
///
/// // Nine of ten, and nine hundred of a thousand.
/// assert_eq!(wilson_lower_ppm(9, 10, 1_645), 652_254);
/// assert_eq!(wilson_lower_ppm(900, 1_000, 1_645), 883_298);
/// ```
pub fn wilson_lower_ppm(successes: u32, trials: u32, z_milli: u16) -> u32 {
    let successes = successes.min(trials);
    if successes == 0 {
        return 0;
    }
    // The bound is the least share that the definition lets in: below it, shares are too far away.
    let (hits, n) = (u128::from(successes), u128::from(trials));
    let million = u128::from(PPM);
    let is_below = |ppm: u32| {
        let ppm = u128::from(ppm);
        let Some(apart) = (hits * million).checked_sub(ppm * n) else { return false };
        // 2^32 trials: 2^104 and 20 bits more on the left, 2^32 and 2^38 and 2^32 on the right.
        apart * apart * million >= u128::from(z_milli).pow(2) * ppm * (million - ppm) * n
    };
    // All of them is as far from itself as its own error, which is none; every share just below it lies within the
    // interval.
    let (mut low, mut high) = (0, if z_milli == 0 { PPM + 1 } else { PPM });
    while high - low > 1 {
        let middle = low.midpoint(high);
        if is_below(middle) { low = middle } else { high = middle }
    }
    low
}

/// The upper bound in millionths, rounded up: as [`wilson_lower_ppm`] of the failures. A million where nothing was
/// tried.
pub fn wilson_upper_ppm(successes: u32, trials: u32, z_milli: u16) -> u32 {
    PPM - wilson_lower_ppm(trials - successes.min(trials), trials, z_milli)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn edges_are_sound() {
        assert_eq!(wilson_lower_ppm(0, 0, 1_645), 0);
        assert_eq!(wilson_upper_ppm(0, 0, 1_645), PPM);
        assert_eq!(wilson_lower_ppm(0, 7, 1_645), 0);
        assert_eq!(wilson_upper_ppm(7, 7, 1_645), PPM);
        // One of one: 1 / (1 + z²).
        assert_eq!(wilson_lower_ppm(1, 1, 1_000), 500_000);
        assert_eq!(wilson_lower_ppm(1, 1, 3_000), 100_000);
        // Without any doubt it is the share itself, rounded down.
        assert_eq!(wilson_lower_ppm(2, 3, 0), 666_666);
        assert_eq!(wilson_upper_ppm(2, 3, 0), 666_667);
        assert_eq!(wilson_lower_ppm(9, 3, 0), PPM);
        assert_eq!(wilson_lower_ppm(u32::MAX, u32::MAX, 0), PPM);
        assert_eq!(wilson_lower_ppm(u32::MAX, u32::MAX, u16::MAX), 999_999);
        assert_eq!(wilson_interval(0, 0, 0.95), Ok((0.0, 1.0)));
        for confidence in [0.0, 1.0, -1.0, f64::NAN] {
            assert_eq!(wilson_interval(1, 2, confidence), Err(StatisticsError::NotAProbability));
            assert_eq!(wilson_lower(1, 2, confidence), Err(StatisticsError::NotAProbability));
        }
    }

    proptest! {
        #[test]
        fn integers_are_the_formula_rounded_down(
            trials in 1..=u32::MAX, part in 0.0..=1.0_f64, z_milli in 1..10_000_u16,
        ) {
            let successes = (f64::from(trials) * part) as u32;
            let ppm = lower(u64::from(successes.min(trials)), u64::from(trials), f64::from(z_milli) / 1e3) * 1e6;
            let found = f64::from(wilson_lower_ppm(successes, trials, z_milli));
            prop_assert!(found <= ppm + 1e-6 && found + 1.0 >= ppm - 1e-6, "{} {}", found, ppm);
        }

        #[test]
        fn more_successes_raise_it_and_more_doubt_lowers_it(
            trials in 1..100_000_u32, successes in 0..100_000_u32, z_milli in 0..10_000_u16,
        ) {
            let successes = successes % trials;
            let bound = wilson_lower_ppm(successes, trials, z_milli);
            prop_assert!(wilson_lower_ppm(successes + 1, trials, z_milli) >= bound);
            prop_assert!(wilson_lower_ppm(successes + 1, trials + 1, z_milli) >= bound);
            prop_assert!(wilson_lower_ppm(successes, trials + 1, z_milli) <= bound);
            prop_assert!(wilson_lower_ppm(successes, trials, z_milli + 1) <= bound);
            // Of the same share, more trials are surer.
            prop_assert!(wilson_lower_ppm(successes * 2, trials * 2, z_milli) >= bound);
            let share = u64::from(successes) * u64::from(PPM) / u64::from(trials);
            prop_assert!(u64::from(bound) <= share && u64::from(wilson_upper_ppm(successes, trials, z_milli)) >= share);
        }
    }
}
