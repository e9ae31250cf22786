//! How answers become scores and scores become weights. All integers: the log carries it, and every machine computes
//! the same from it.

use serde::{Deserialize, Serialize, Serializer};

use crate::{
    proof::ProofRules,
    score::PPM,
    weights::{WeightPolicy, Zeros},
};

/// A subnet's scoring rules. The header of the score log carries them, so that the log alone can be replayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScoringConfig {
    /// Tasks that may be scored, by name.
    pub tasks: Vec<String>,
    /// The scorer, by name.
    pub scorer: String,
    /// A token counts as the validator's own when its margin is at most so many millionths. It covers rounding
    /// between backends; noise and logits are of the order of a million.
    pub margin_tolerance_micro: u32,
    /// Share of an answer's tokens that must match, in millionths. Below it the output is wrong.
    pub match_gate_ppm: u32,
    /// Least cosine of every embedding, in millionths. Below it the output is wrong.
    pub cosine_gate_micro: i32,
    /// A full speed score needs an answer within so many microseconds,
    pub reference_start_us: u64,
    /// plus so many for each token or text.
    pub reference_unit_us: u64,
    /// How far a success moves a miner's standing towards the new score, in millionths.
    pub success_rate_ppm: u32,
    /// How far a failure of any kind moves it towards zero, in millionths. Not less than for a success: otherwise
    /// luck would pay.
    pub failure_rate_ppm: u32,
    /// A miner that was not asked for so many rounds has no weight.
    pub stale_after_rounds: u64,
    /// Chance that an answer is audited, in millionths. Others count as right until one is found to be false.
    pub audit_probability_ppm: u32,
    /// So many answers after a false one are worth nothing. At least one where not all answers are audited.
    pub penalty_answers: u32,
    /// What is demanded of proofs. Without it, proofs are not looked at and tokens are judged by `match_gate_ppm`.
    pub proof: Option<Box<ProofRules>>,
    /// Worth of an answer without a proof whose claimed probabilities are right, in millionths: the weaker check. 0
    /// means that it isn't accepted.
    pub logprob_share_ppm: u32,
    /// How far a claimed probability may be off there, in millionths; `match_gate_ppm` of them must not be.
    pub logprob_tolerance_micro: u32,
    /// How standings become weights.
    pub weights: WeightPolicy,
    /// What a row says of seats that have earned nothing.
    pub zeros: Zeros,
}

/// Why rules make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Nothing can be scored.
    #[error("tasks is empty: name at least one")]
    NoTasks,
    /// A task that nobody registered.
    #[error("there is no task named {0:?}")]
    UnknownTask(String),
    /// A scorer that nobody registered.
    #[error("there is no scorer named {0:?}")]
    UnknownScorer(String),
    /// Thresholds that no calibration gives.
    #[error("proof holds thresholds that no calibration gives")]
    Proof,
    /// A share outside its range.
    #[error("{field} is {value}, but must be from {least} to {most}")]
    Range {
        /// Which setting.
        field: &'static str,
        /// Its value.
        value: i64,
        /// The least that makes sense.
        least: i64,
        /// The most that makes sense.
        most: i64,
    },
}

impl Default for ScoringConfig {
    fn default() -> Self {
        Self {
            tasks: vec!["generate".into()],
            scorer: "accuracy_and_speed".into(),
            margin_tolerance_micro: 100_000,
            match_gate_ppm: 900_000,
            cosine_gate_micro: 995_000,
            reference_start_us: 100_000,
            reference_unit_us: 5_000,
            success_rate_ppm: 100_000,
            failure_rate_ppm: 300_000,
            stale_after_rounds: 20,
            audit_probability_ppm: PPM as u32,
            penalty_answers: 0,
            proof: None,
            logprob_share_ppm: 0,
            logprob_tolerance_micro: 50_000,
            weights: WeightPolicy::default(),
            zeros: Zeros::default(),
        }
    }
}

impl ScoringConfig {
    /// Whether the numbers make sense. Names are checked where they are looked up.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.tasks.is_empty() {
            return Err(ConfigError::NoTasks);
        }
        let most = PPM as i64;
        let clamp = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        // Where a miner may hope not to be looked at, being found must cost it more than the one answer.
        let sampled = u64::from(self.audit_probability_ppm) < PPM;
        let ranges = [
            ("match_gate_ppm", self.match_gate_ppm.into(), 1, most),
            ("cosine_gate_micro", self.cosine_gate_micro.into(), 1, most),
            ("success_rate_ppm", self.success_rate_ppm.into(), 1, most),
            ("failure_rate_ppm", self.failure_rate_ppm.into(), self.success_rate_ppm.into(), most),
            ("stale_after_rounds", clamp(self.stale_after_rounds), 1, i64::MAX),
            ("reference_start_us", clamp(self.reference_start_us), 0, 3_600_000_000),
            ("reference_unit_us", clamp(self.reference_unit_us), 0, 3_600_000_000),
            ("audit_probability_ppm", self.audit_probability_ppm.into(), 1, most),
            ("penalty_answers", self.penalty_answers.into(), sampled.into(), u32::MAX.into()),
            ("logprob_share_ppm", self.logprob_share_ppm.into(), 0, most),
            ("logprob_tolerance_micro", self.logprob_tolerance_micro.into(), 1, most),
            ("weights.power", self.weights.power().into(), 1, 16),
        ];
        for (field, value, least, most) in ranges {
            if !(least..=most).contains(&value) {
                return Err(ConfigError::Range { field, value, least, most });
            }
        }
        match &self.proof {
            Some(rules) if !rules.thresholds.are_possible() => Err(ConfigError::Proof),
            _ => Ok(()),
        }
    }
}

/// The rules as the header of a log has them: fields in this order, those of the first logs always, and a later one
/// only where it says something else than those logs meant. A log has one way to be written, so theirs must stay it.
pub(crate) fn as_logged<S: Serializer>(config: &ScoringConfig, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Logged<'a> {
        tasks: &'a [String],
        scorer: &'a str,
        margin_tolerance_micro: u32,
        match_gate_ppm: u32,
        cosine_gate_micro: i32,
        reference_start_us: u64,
        reference_unit_us: u64,
        success_rate_ppm: u32,
        failure_rate_ppm: u32,
        stale_after_rounds: u64,
        weights: WeightPolicy,
        #[serde(skip_serializing_if = "Option::is_none")]
        audit_probability_ppm: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        penalty_answers: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        proof: Option<&'a ProofRules>,
        #[serde(skip_serializing_if = "Option::is_none")]
        logprob_share_ppm: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        logprob_tolerance_micro: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        zeros: Option<Zeros>,
    }
    let ScoringConfig {
        tasks,
        scorer,
        margin_tolerance_micro,
        match_gate_ppm,
        cosine_gate_micro,
        reference_start_us,
        reference_unit_us,
        success_rate_ppm,
        failure_rate_ppm,
        stale_after_rounds,
        audit_probability_ppm,
        penalty_answers,
        proof,
        logprob_share_ppm,
        logprob_tolerance_micro,
        weights,
        zeros,
    } = config;
    let usual = ScoringConfig::default();
    let other = |value: &u32, usual: u32| Some(*value).filter(|value| *value != usual);
    Logged {
        tasks,
        scorer,
        margin_tolerance_micro: *margin_tolerance_micro,
        match_gate_ppm: *match_gate_ppm,
        cosine_gate_micro: *cosine_gate_micro,
        reference_start_us: *reference_start_us,
        reference_unit_us: *reference_unit_us,
        success_rate_ppm: *success_rate_ppm,
        failure_rate_ppm: *failure_rate_ppm,
        stale_after_rounds: *stale_after_rounds,
        weights: *weights,
        audit_probability_ppm: other(audit_probability_ppm, usual.audit_probability_ppm),
        penalty_answers: other(penalty_answers, usual.penalty_answers),
        proof: proof.as_deref(),
        logprob_share_ppm: other(logprob_share_ppm, usual.logprob_share_ppm),
        logprob_tolerance_micro: other(logprob_tolerance_micro, usual.logprob_tolerance_micro),
        zeros: Some(*zeros).filter(|zeros| *zeros != Zeros::Omit),
    }
    .serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_make_sense() {
        ScoringConfig::default().check().unwrap();
    }

    #[test]
    fn nonsense_is_named() {
        let gate = ScoringConfig { match_gate_ppm: 1_000_001, ..ScoringConfig::default() };
        assert_eq!(gate.check().unwrap_err().to_string(), "match_gate_ppm is 1000001, but must be from 1 to 1000000");
        let lenient = ScoringConfig { failure_rate_ppm: 99_999, ..ScoringConfig::default() };
        assert!(matches!(lenient.check(), Err(ConfigError::Range { field: "failure_rate_ppm", .. })));
        let empty = ScoringConfig { tasks: Vec::new(), ..ScoringConfig::default() };
        assert_eq!(empty.check(), Err(ConfigError::NoTasks));
        assert!(serde_json::from_str::<ScoringConfig>(r#"{"power":3}"#).is_err());
        assert_eq!(serde_json::from_str::<ScoringConfig>("{}").unwrap(), ScoringConfig::default());
    }
}
