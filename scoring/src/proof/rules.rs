//! What is demanded of a proof: the thresholds of a calibration.

use primitives::Digest;
use serde::{Deserialize, Serialize};

use super::ProofCheck;
use crate::sprt::Sprt;

/// What is demanded, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofRules {
    /// Names the calibration.
    pub calibration: Digest,
    /// Names the model that was calibrated.
    pub model: Digest,
    /// What came of it.
    pub thresholds: Thresholds,
}

/// Thresholds of one model on one pair of devices. They come out of a calibration and are never guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// A token is off when its margin is more than so many millionths.
    pub off_margin_micro: u32,
    /// The test of the tokens.
    pub tokens: Sprt,
    /// So many numbers of any chunk may have another exponent or sign.
    pub mismatches: u32,
    /// The mean error of all chunks' mantissas, in thousandths, may be as much.
    pub mantissa_mean_milli: u32,
    /// The distance of any opened row from the validator's own, in millionths of its length, may be as much.
    pub opening_ppm: u32,
    /// So many rows are opened of an answer.
    pub opened_rows: u32,
}

impl Thresholds {
    /// Whether the numbers can be thresholds: each leaves something to be found.
    pub fn are_possible(&self) -> bool {
        self.tokens.is_possible()
            && self.mismatches < super::POINTS as u32
            && self.mantissa_mean_milli < 128_000
            && self.opening_ppm < 1_000_000
            && (1..=super::MAX_OPENED_ROWS).contains(&self.opened_rows)
    }

    /// The highest sum of the sequential test over an answer's margins.
    pub fn peak(&self, margins_micro: impl IntoIterator<Item = u32>) -> i64 {
        self.tokens.peak(margins_micro.into_iter().map(|margin| margin > self.off_margin_micro))
    }

    /// Whether a proof holds: commitments and opened rows, of which there must be some.
    pub fn hold(&self, check: &ProofCheck) -> bool {
        self.commitments_hold(check) && self.openings_hold(check)
    }

    /// Whether the commitments do.
    pub fn commitments_hold(&self, check: &ProofCheck) -> bool {
        match *check {
            ProofCheck::Missing | ProofCheck::Broken => false,
            ProofCheck::Compared { chunks, mismatches, mantissa_mean_milli, .. } => {
                chunks > 0 && mismatches <= self.mismatches && mantissa_mean_milli <= self.mantissa_mean_milli
            }
        }
    }

    /// Whether the opened rows do; not where none were opened.
    pub fn openings_hold(&self, check: &ProofCheck) -> bool {
        match *check {
            ProofCheck::Missing | ProofCheck::Broken => false,
            ProofCheck::Compared { opened, opening_ppm, .. } => opened > 0 && opening_ppm <= self.opening_ppm,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_threshold_is_held() {
        let tokens = Sprt { off_micro: 1, match_micro: 1, reject_micro: 1, clear_micro: 1 };
        let rules = Thresholds {
            off_margin_micro: 100_000,
            tokens,
            mismatches: 5,
            mantissa_mean_milli: 700,
            opening_ppm: 9_000,
            opened_rows: 4,
        };
        assert!(rules.are_possible());
        let held = |chunks, mismatches, mantissa_mean_milli, opened, opening_ppm| {
            rules.hold(&ProofCheck::Compared { chunks, mismatches, mantissa_mean_milli, opened, opening_ppm })
        };
        assert!(held(1, 5, 700, 4, 9_000));
        assert!(!held(0, 5, 700, 4, 9_000));
        assert!(!held(1, 6, 700, 4, 9_000));
        assert!(!held(1, 5, 701, 4, 9_000));
        assert!(!held(1, 5, 700, 0, 9_000));
        assert!(!held(1, 5, 700, 4, 9_001));
        assert!(!rules.hold(&ProofCheck::Missing) && !rules.hold(&ProofCheck::Broken));
        assert!(!Thresholds { opened_rows: 0, ..rules }.are_possible());
        assert!(!Thresholds { mismatches: 128, ..rules }.are_possible());
    }
}
