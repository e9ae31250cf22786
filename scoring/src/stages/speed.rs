//! Speed: an answer's time beside a reference. All times are the validator's own measurements.

use serde::{Deserialize, Serialize};

use crate::{evidence::Evidence, incentive::Ranges, score::PPM};

/// How the time of an answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Speed {
    /// Not at all.
    None {},
    /// The root of reference time over latency.
    Latency {
        /// A full share needs an answer within so many microseconds,
        start_us: u64,
        /// plus so many for each token or text.
        unit_us: u64,
        /// The least share, in millionths: a slow answer is still an answer.
        least_ppm: u32,
    },
    /// The time to the first token and the time of the whole answer, each the root of reference time over its own, in a
    /// weighted mean. The rate is that of the whole answer: were it that of the tokens after the first, a slow miner would
    /// hold its tokens back and send them all at once.
    FirstTokenAndRate {
        /// Reference of the first token, in microseconds.
        first_token_us: u64,
        /// Reference of each token after it, in microseconds: a million over tokens per second.
        token_us: u64,
        /// What the first token counts, in millionths; the whole answer counts the rest.
        first_token_share_ppm: u32,
        /// The least share of each, in millionths.
        least_ppm: u32,
    },
}

impl Default for Speed {
    fn default() -> Self {
        Self::Latency { start_us: 100_000, unit_us: 5_000, least_ppm: 500_000 }
    }
}

impl Speed {
    /// The share of the quality that an answer of so many tokens or texts keeps, in millionths: at most all of it.
    pub(crate) fn share_ppm(&self, evidence: &Evidence, units: u32) -> u64 {
        match *self {
            Self::None {} => PPM,
            Self::Latency { start_us, unit_us, least_ppm } => {
                let reference = start_us.saturating_add(unit_us.saturating_mul(units.into()));
                root_ppm(reference, evidence.latency_us, least_ppm)
            }
            Self::FirstTokenAndRate { first_token_us, token_us, first_token_share_ppm, least_ppm } => {
                // Who shows no first token until the end has all its time before the first one.
                let first = evidence.first_token_us.unwrap_or(evidence.latency_us).min(evidence.latency_us);
                let start = root_ppm(first_token_us, first, least_ppm);
                let later = token_us.saturating_mul(units.saturating_sub(1).into());
                let rate = root_ppm(first_token_us.saturating_add(later), evidence.latency_us, least_ppm);
                let share = u64::from(first_token_share_ppm).min(PPM);
                (start * share + rate * (PPM - share)) / PPM
            }
        }
    }

    pub(crate) fn check(&self, ranges: &mut Ranges) {
        let (hour, most) = (3_600_000_000_i64, PPM as i64);
        match *self {
            Self::None {} => {}
            Self::Latency { start_us, unit_us, least_ppm } => {
                ranges.within("speed.start_us", start_us, 0, hour);
                ranges.within("speed.unit_us", unit_us, 0, hour);
                ranges.within("speed.least_ppm", least_ppm, 0, most);
            }
            Self::FirstTokenAndRate { first_token_us, token_us, first_token_share_ppm, least_ppm } => {
                ranges.within("speed.first_token_us", first_token_us, 0, hour);
                ranges.within("speed.token_us", token_us, 0, hour);
                ranges.within("speed.first_token_share_ppm", first_token_share_ppm, 0, most);
                ranges.within("speed.least_ppm", least_ppm, 0, most);
            }
        }
    }
}

/// `sqrt(reference / time)` in millionths, from the least to all.
fn root_ppm(reference_us: u64, time_us: u64, least_ppm: u32) -> u64 {
    // Nearly always in 64 bits, where a division is quick.
    let root = match reference_us.checked_mul(PPM * PPM) {
        Some(product) => (product / time_us.max(1)).isqrt(),
        None => {
            let square = u128::from(reference_us) * u128::from(PPM * PPM) / u128::from(time_us.max(1));
            u64::try_from(square.isqrt()).unwrap_or(PPM)
        }
    };
    root.clamp(u64::from(least_ppm).min(PPM), PPM)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    fn share(speed: Speed, first_us: Option<u64>, latency_us: u64, units: u32) -> u64 {
        let evidence =
            Evidence { outcome: Outcome::Ok, latency_us, first_token_us: first_us, check: None, sketch: None };
        speed.share_ppm(&evidence, units)
    }

    #[test]
    fn the_root_is_clamped() {
        assert_eq!(root_ppm(300, 300, 500_000), PPM);
        assert_eq!(root_ppm(300, 100, 500_000), PPM);
        assert_eq!(root_ppm(300, 600, 500_000), 707_106);
        assert_eq!(root_ppm(300, 1_200, 500_000), PPM / 2);
        assert_eq!(root_ppm(300, u64::MAX, 500_000), PPM / 2);
        assert_eq!(root_ppm(u64::MAX, 0, 0), PPM);
    }

    #[test]
    fn the_whole_time_or_both_parts() {
        let latency = Speed::default();
        assert_eq!(share(latency, None, 300_000, 40), PPM);
        assert_eq!(share(latency, None, 600_000, 40), 707_106);
        let parts = Speed::FirstTokenAndRate {
            first_token_us: 100_000,
            token_us: 10_000,
            first_token_share_ppm: 250_000,
            least_ppm: 0,
        };
        assert_eq!(share(parts, Some(100_000), 500_000, 41), PPM);
        // Half as fast after the first: a quarter of all, and three quarters of sqrt(5/9).
        assert_eq!(share(parts, Some(100_000), 900_000, 41), 809_016);
        // The first token at the very end hides nothing, and wins nothing.
        assert_eq!(share(parts, Some(400_000), 400_000, 41), 875_000);
        assert_eq!(share(parts, Some(900_000), 900_000, 41), 642_349);
        assert_eq!(share(parts, None, 400_000, 1), 500_000);
        assert_eq!(share(Speed::None {}, None, u64::MAX, 1), PPM);
    }
}
