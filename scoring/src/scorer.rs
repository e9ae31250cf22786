//! From evidence to a score.

use crate::{
    config::ScoringConfig,
    evidence::{Check, Evidence},
    outcome::Outcome,
    score::{PPM, Score},
};

/// A rule that grades answers which passed their check.
pub trait Scorer: Send + Sync {
    /// Its name in the configuration.
    fn name(&self) -> &'static str;

    /// The grade of an answer whose outcome is `ok`; `check` is its check.
    fn grade(&self, check: &Check, evidence: &Evidence, config: &ScoringConfig) -> Score;

    /// The score of any answer. Failures of every kind are worth nothing, whatever the rule.
    fn score(&self, evidence: &Evidence, config: &ScoringConfig) -> Score {
        match &evidence.check {
            Some(check) if evidence.outcome == Outcome::Ok && evidence.is_consistent(config) => {
                self.grade(check, evidence, config)
            }
            _ => Score::ZERO,
        }
    }
}

/// Share of the tokens that match, or all where a proof holds; mean cosine of embeddings.
#[derive(Clone, Copy, Debug, Default)]
pub struct Accuracy;

/// [`Accuracy`] times speed: the root of reference time over latency, from one half to one.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccuracyAndSpeed;

impl Scorer for Accuracy {
    fn name(&self) -> &'static str {
        "accuracy"
    }

    fn grade(&self, check: &Check, _: &Evidence, config: &ScoringConfig) -> Score {
        match *check {
            Check::Tokens { answered, matched, .. } => Score::ratio(matched.into(), answered.into()),
            // What is off in a proven answer is the rounding that its test allows for.
            Check::Proven { .. } | Check::Unaudited { .. } => Score::ONE,
            Check::Logprobs { .. } => Score::ONE.scaled(config.logprob_share_ppm.into()),
            Check::Cosines { texts, sum_micro, .. } => {
                Score::ratio(u64::try_from(sum_micro).unwrap_or(0), u64::from(texts) * PPM)
            }
        }
    }
}

impl Scorer for AccuracyAndSpeed {
    fn name(&self) -> &'static str {
        "accuracy_and_speed"
    }

    fn grade(&self, check: &Check, evidence: &Evidence, config: &ScoringConfig) -> Score {
        let units = config.reference_unit_us.saturating_mul(check.units().into());
        let reference = config.reference_start_us.saturating_add(units);
        Accuracy.grade(check, evidence, config).scaled(speed_ppm(reference, evidence.latency_us))
    }
}

/// `sqrt(reference / latency)` in millionths, from one half to one.
fn speed_ppm(reference_us: u64, latency_us: u64) -> u64 {
    let square = u128::from(reference_us) * u128::from(PPM * PPM) / u128::from(latency_us.max(1));
    u64::try_from(square.isqrt()).unwrap_or(PPM).clamp(PPM / 2, PPM)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(matched: u32, latency_us: u64) -> Evidence {
        let check = Check::Tokens { answered: 40, matched, margin_micro: 0, complete: true };
        let outcome = check.outcome(&ScoringConfig::default());
        Evidence { outcome, latency_us, first_token_us: None, check: Some(check) }
    }

    #[test]
    fn speed_is_a_clamped_root() {
        assert_eq!(speed_ppm(300, 300), PPM);
        assert_eq!(speed_ppm(300, 100), PPM);
        assert_eq!(speed_ppm(300, 600), 707_106);
        assert_eq!(speed_ppm(300, 1_200), PPM / 2);
        assert_eq!(speed_ppm(300, u64::MAX), PPM / 2);
        assert_eq!(speed_ppm(u64::MAX, 0), PPM);
    }

    #[test]
    fn scores_follow_accuracy_and_speed() {
        let config = ScoringConfig::default();
        assert_eq!(AccuracyAndSpeed.score(&evidence(40, 1), &config), Score::ONE);
        assert_eq!(AccuracyAndSpeed.score(&evidence(38, 1), &config).nano(), 950_000_000);
        // Reference: 100 ms and 5 ms for each of 40 tokens.
        assert_eq!(AccuracyAndSpeed.score(&evidence(40, 1_200_000), &config).nano(), 500_000_000);
        assert_eq!(Accuracy.score(&evidence(40, 1_200_000), &config), Score::ONE);
    }

    #[test]
    fn failures_are_worth_nothing_even_if_the_evidence_claims_otherwise() {
        let config = ScoringConfig::default();
        for scorer in [&Accuracy as &dyn Scorer, &AccuracyAndSpeed] {
            assert_eq!(scorer.score(&evidence(35, 1), &config), Score::ZERO);
            for outcome in Outcome::ALL.into_iter().filter(|outcome| *outcome != Outcome::Ok) {
                assert_eq!(scorer.score(&Evidence { outcome, ..evidence(40, 1) }, &config), Score::ZERO);
            }
            let claimed = Evidence { outcome: Outcome::Ok, ..evidence(35, 1) };
            assert_eq!(scorer.score(&claimed, &config), Score::ZERO);
            assert_eq!(scorer.score(&Evidence { check: None, ..evidence(40, 1) }, &config), Score::ZERO);
        }
    }
}
