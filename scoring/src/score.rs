//! A score: a share of the best possible, in billionths.

use std::fmt;

use codec::{Decode, Encode, Input};
use serde::{Deserialize, Deserializer, Serialize, de};

/// How good one answer was, 0 to 1 in units of 1e-9: finite and in range by construction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Encode)]
#[serde(transparent)]
pub struct Score(u32);

/// A million parts: the unit of shares in the configuration.
pub(crate) const PPM: u64 = 1_000_000;

impl Score {
    /// Worth nothing.
    pub const ZERO: Self = Self(0);
    /// The best possible.
    pub const ONE: Self = Self(1_000_000_000);

    /// From billionths; none above one.
    pub const fn from_nano(nano: u32) -> Option<Self> {
        if nano <= Self::ONE.0 { Some(Self(nano)) } else { None }
    }

    /// `part / whole`, rounded down and at most one; zero where `whole` is.
    pub fn ratio(part: u64, whole: u64) -> Self {
        let part = part.min(whole);
        // Nearly always in 64 bits, where a division is quick.
        let nano = match part.checked_mul(u64::from(Self::ONE.0)) {
            Some(scaled) => scaled.checked_div(whole),
            None => u64::try_from(u128::from(part) * u128::from(Self::ONE.0) / u128::from(whole)).ok(),
        };
        Self(nano.and_then(|nano| u32::try_from(nano).ok()).unwrap_or(0))
    }

    /// In billionths.
    pub const fn nano(self) -> u32 {
        self.0
    }

    /// For people and plots; nothing is decided by it.
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / f64::from(Self::ONE.0)
    }

    /// This share of the score, in millionths and at most all of it; rounded down.
    pub fn scaled(self, ppm: u64) -> Self {
        Self(u32::try_from(u64::from(self.0) * ppm.min(PPM) / PPM).unwrap_or(0))
    }

    /// One step of `rate` millionths towards `target`, rounded down.
    pub(crate) fn step_towards(self, target: Self, rate: u64) -> Self {
        let rate = rate.min(PPM);
        let mixed = u64::from(self.0) * (PPM - rate) + u64::from(target.0) * rate;
        Self(u32::try_from(mixed / PPM).unwrap_or(0))
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:04}", self.0 / Self::ONE.0, self.0 % Self::ONE.0 / 100_000))
    }
}

impl Decode for Score {
    fn decode<I: Input>(input: &mut I) -> Result<Self, codec::Error> {
        Self::from_nano(u32::decode(input)?).ok_or_else(|| "a score is at most 1000000000 billionths".into())
    }
}

impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let nano = u32::deserialize(deserializer)?;
        Self::from_nano(nano).ok_or_else(|| de::Error::custom("a score is at most 1000000000 billionths"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_stay_between_zero_and_one() {
        assert_eq!(Score::ratio(3, 4).nano(), 750_000_000);
        assert_eq!(Score::ratio(5, 4), Score::ONE);
        assert_eq!(Score::ratio(u64::MAX, u64::MAX), Score::ONE);
        assert_eq!(Score::ratio(1, 0), Score::ZERO);
        assert_eq!(Score::ONE.scaled(u64::MAX), Score::ONE);
        assert!(serde_json::from_str::<Score>("1000000001").is_err());
        assert!(serde_json::from_str::<Score>("-1").is_err());
    }

    #[test]
    fn steps_meet_their_target_and_never_pass_it() {
        let mut score = Score::ZERO;
        for _ in 0..1_000 {
            let next = score.step_towards(Score::ONE, 100_000);
            assert!(next >= score && next <= Score::ONE);
            score = next;
        }
        assert!(score.nano() > 999_999_000);
        assert_eq!(score.step_towards(Score::ZERO, PPM), Score::ZERO);
        assert_eq!(Score::ONE.to_string(), "1.0000");
    }
}
