//! Reliability: how surely a miner answers, by the lower bound of its share of successes rather than by their mean, so that
//! a few lucky answers are not an uptime.

use codec::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{incentive::Ranges, score::PPM};

/// How the share of successes counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Reliability {
    /// Not beyond what failures cost a standing.
    None {},
    /// A standing counts by the lower end of Wilson's score interval.
    Wilson {
        /// Quantile of the normal distribution, in thousandths: 1645 leaves one in twenty below.
        z_milli: u32,
        /// Answers that count: older ones fade with this many.
        answers: u32,
    },
}

impl Default for Reliability {
    fn default() -> Self {
        Self::None {}
    }
}

/// Answers and successes of late, in millionths; old ones fade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Uptime {
    answers_micro: u64,
    successes_micro: u64,
}

impl Reliability {
    /// One more answer.
    pub(crate) fn count(&self, uptime: &mut Uptime, succeeded: bool) {
        if let Self::Wilson { answers, .. } = *self {
            let faded = |micro: u64| micro - micro / u64::from(answers.max(1));
            uptime.answers_micro = faded(uptime.answers_micro) + PPM;
            uptime.successes_micro = faded(uptime.successes_micro) + u64::from(succeeded) * PPM;
        }
    }

    /// What a standing counts, in millionths.
    pub(crate) fn share_ppm(&self, uptime: &Uptime) -> u64 {
        match *self {
            Self::None {} => PPM,
            Self::Wilson { z_milli, .. } => wilson_ppm(uptime.successes_micro, uptime.answers_micro, z_milli),
        }
    }

    pub(crate) fn check(&self, ranges: &mut Ranges) {
        if let Self::Wilson { z_milli, answers } = *self {
            ranges.within("reliability.z_milli", z_milli, 0, 10_000);
            ranges.within("reliability.answers", answers, 1, PPM as i64);
        }
    }
}

/// The lower end of Wilson's interval ("Probable inference, the law of succession, and statistical inference", 1927) of
/// `successes` in `answers`, both in millionths and possibly fractional; in millionths, rounded down.
fn wilson_ppm(successes: u64, answers: u64, z_milli: u32) -> u64 {
    let (successes, answers) = (u128::from(successes.min(answers)), u128::from(answers));
    if answers == 0 {
        return 0;
    }
    // A square of thousandths is in millionths, as the counts are.
    let (z, z2, ppm) = (u128::from(z_milli), u128::from(z_milli) * u128::from(z_milli), u128::from(PPM));
    // In units of 2^-32: where the bound hardly rises, rounding to whole millionths would make it fall. An uptime that was
    // counted has room for all of it.
    let product = successes * (answers - successes);
    let fine = product.leading_zeros().min(40);
    let variance = (((product << fine) / answers) << (40 - fine)) + (z2 << 38);
    let root = ((variance * ppm) << 24).isqrt() + 1;
    let middle = (2 * successes + z2) << 31;
    let low = middle.saturating_sub((z * root).div_ceil(1_000)) * ppm / ((answers + z2) << 32);
    u64::try_from(low).unwrap_or(PPM).min(PPM)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        /// Old successes fade to any fraction, so a difference may be as small as a millionth of one.
        #[test]
        fn a_success_more_is_never_less(
            answers in 1u64..300_000_000,
            share in 0.0..1.0_f64,
            more in 1u64..100,
            z_milli in prop_oneof![0u32..60, 0u32..10_000],
        ) {
            let successes = (answers as f64 * share * share * share) as u64;
            let low = |successes| wilson_ppm(successes, answers, z_milli);
            let (before, after) = (low(successes), low(successes + more));
            prop_assert!(after >= before, "{} to {}", before, after);
        }
    }

    /// Numbers by SciPy: `binomtest(k, n).proportion_ci(0.90, method="wilson").low`.
    #[test]
    fn the_lower_bound_is_wilsons() {
        let cases = [
            (10, 10, 0.787_058_0),
            (9, 10, 0.652_281_3),
            (0, 10, 0.0),
            (190, 200, 0.918_108_2),
            (1, 1, 0.269_865_9),
            (9_999, 10_000, 0.999_551_9),
        ];
        for (successes, answers, expected) in cases {
            let low = wilson_ppm(successes * PPM, answers * PPM, 1_645) as f64 / PPM as f64;
            assert!((low - expected).abs() < 2e-4, "{successes} of {answers}: {low} {expected}");
        }
        assert_eq!(wilson_ppm(0, 0, 1_645), 0);
        assert_eq!(wilson_ppm(5 * PPM, 10 * PPM, 0), 500_000);
        assert_eq!(wilson_ppm(u64::MAX, u64::MAX, 10_000), 999_999);
    }

    #[test]
    fn it_takes_answers_to_be_reliable() {
        let wilson = Reliability::Wilson { z_milli: 1_645, answers: 100 };
        let (mut uptime, mut last) = (Uptime::default(), 0);
        assert_eq!(wilson.share_ppm(&uptime), 0);
        for _ in 0..300 {
            wilson.count(&mut uptime, true);
            assert!(wilson.share_ppm(&uptime) >= last);
            last = wilson.share_ppm(&uptime);
        }
        assert!((965_000..980_000).contains(&last), "{last}");
        wilson.count(&mut uptime, false);
        assert!(wilson.share_ppm(&uptime) < last);
    }
}
