//! A subnet's incentive mechanism as its rules: how answers become scores, and scores weights. All integers: the log
//! carries them, and every machine computes the same from them.

use primitives::Digest;
use serde::{Deserialize, Serialize};

use crate::{
    plugin::Plugin,
    proof::ProofRules,
    stages::{Duplicates, Gate, Limits, Pairwise, Reliability, Smoothing, Speed, WeightMap},
    weights::Zeros,
};

/// Tasks that rules may name: one bit of a miner's round each.
const MAX_TASKS: i64 = 64;
const DIGEST_CONTEXT: &str = "assay 2026 incentive v1";

/// A subnet's rules. The header of the score log carries them, so that the log alone can be replayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Incentive {
    /// Tasks that are asked in turn, by name or as a table with the name as its `kind`.
    pub tasks: Vec<Plugin>,
    /// Whether all miners are asked the same in a round. Otherwise each is asked something of its own.
    pub same_question: bool,
    /// What an answer must show before it is worth anything.
    pub gate: Gate,
    /// How good an answer is: a scorer, by name or as a table with the name as its `kind`.
    pub quality: Plugin,
    /// How its time counts.
    pub speed: Speed,
    /// How scores become a standing.
    pub smoothing: Smoothing,
    /// How surely a miner must answer.
    pub reliability: Reliability,
    /// Whether standings are those of a tournament.
    pub pairwise: Pairwise,
    /// How copies are found.
    pub duplicates: Duplicates,
    /// How standings become weights.
    pub weights: WeightMap,
    /// What one miner may have, and what is burnt.
    pub limits: Limits,
    /// What a row says of seats that have earned nothing.
    pub zeros: Zeros,
    /// A miner that was not asked for so many rounds has no weight.
    pub stale_after_rounds: u64,
    /// What is demanded of proofs. Without it, proofs are not looked at and tokens are judged by `gate.match_gate_ppm`.
    pub proof: Option<Box<ProofRules>>,
}

/// Why rules make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IncentiveError {
    /// Nothing can be scored.
    #[error("tasks is empty: name at least one")]
    NoTasks,
    /// A task that is named twice.
    #[error("tasks names {0:?} twice")]
    Repeated(String),
    /// A task or scorer that nobody registered.
    #[error("there is no {what} named {name:?}; there are {known}")]
    Unknown {
        /// A task or a scorer.
        what: &'static str,
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// Settings that a task or scorer doesn't have, or not like this.
    #[error("{name}: {reason}")]
    Settings {
        /// A task or a scorer.
        what: &'static str,
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// Answers are judged by their text, and the scorer doesn't look at it.
    #[error("gate.verifies = \"answer\" needs a scorer that marks texts; {0:?} doesn't")]
    Unmarked(String),
    /// Answers are judged beside expected ones, and a task expects none.
    #[error("the task {0:?} expects no certain answer, so its answers can't be marked")]
    NoAnswer(String),
    /// Answers are judged by the model, and the scorer looks at their text.
    #[error("the scorer {0:?} marks texts beside expected ones: it needs gate.verifies = \"answer\"")]
    Marked(String),
    /// Copies are looked for in answers to different questions.
    #[error("duplicates are found among answers to the same question: they need same_question = true")]
    DifferentQuestions,
    /// Copies are looked for where every honest answer is the same, or can't be copied.
    #[error("duplicates are found where miners choose their models: they need gate.verifies = \"answer\"")]
    HonestCopies,
    /// Thresholds that no calibration gives.
    #[error("proof holds thresholds that no calibration gives")]
    Proof,
    /// A number outside its range.
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

impl IncentiveError {
    /// The setting that makes no sense, or the first of those that make none together: dotted, below `[incentive]`.
    pub fn field(&self) -> &str {
        match self {
            Self::NoTasks | Self::Repeated(_) | Self::NoAnswer(_) => "tasks",
            Self::Unknown { what: "task", .. } | Self::Settings { what: "task", .. } => "tasks",
            Self::Unknown { .. } | Self::Settings { .. } | Self::Unmarked(_) | Self::Marked(_) => "quality",
            Self::DifferentQuestions | Self::HonestCopies => "duplicates",
            Self::Proof => "proof",
            Self::Range { field: "the number of tasks", .. } => "tasks",
            Self::Range { field, .. } => field,
        }
    }
}

/// Numbers held against their ranges; keeps the first that is outside.
#[derive(Debug, Default)]
pub(crate) struct Ranges(Option<IncentiveError>);

impl Ranges {
    /// That `value` is one of `least..=most`.
    pub fn within(
        &mut self,
        field: &'static str,
        value: impl TryInto<i64>,
        least: impl TryInto<i64>,
        most: impl TryInto<i64>,
    ) {
        let value = value.try_into().unwrap_or(i64::MAX);
        let (least, most) = (least.try_into().unwrap_or(i64::MAX), most.try_into().unwrap_or(i64::MAX));
        if self.0.is_none() && !(least..=most).contains(&value) {
            self.0 = Some(IncentiveError::Range { field, value, least, most });
        }
    }
}

impl Default for Incentive {
    fn default() -> Self {
        Self {
            tasks: vec!["generate".into()],
            same_question: false,
            gate: Gate::default(),
            quality: "accuracy".into(),
            speed: Speed::default(),
            smoothing: Smoothing::default(),
            reliability: Reliability::default(),
            pairwise: Pairwise::default(),
            duplicates: Duplicates::default(),
            weights: WeightMap::default(),
            limits: Limits::default(),
            zeros: Zeros::default(),
            stale_after_rounds: 20,
            proof: None,
        }
    }
}

impl Incentive {
    /// Names the rules.
    pub fn digest(&self) -> Digest {
        Digest::derive(DIGEST_CONTEXT, &[self.to_json().as_bytes()])
    }

    /// Whether these are the same rules, whatever is demanded of proofs: that follows from the model's calibration, and is no setting.
    pub fn is_but_for_proof(&self, other: &Self) -> bool {
        *self == Self { proof: self.proof.clone(), ..other.clone() }
    }

    /// Whether a stage looks at what miners did beside each other in a round.
    pub(crate) fn compares_miners(&self) -> bool {
        let hill = matches!(self.weights, WeightMap::KingOfTheHill { .. });
        hill || self.duplicates.looks() || self.pairwise != (Pairwise::None {})
    }

    /// As one line of JSON, with every setting.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether the numbers make sense. Names are checked where they are looked up.
    pub(crate) fn check(&self) -> Result<(), IncentiveError> {
        let Some((_, later)) = self.tasks.split_first() else { return Err(IncentiveError::NoTasks) };
        let named_before =
            |(at, task): &(usize, &Plugin)| self.tasks[..=*at].iter().any(|other| other.kind == task.kind);
        if let Some((_, twice)) = later.iter().enumerate().find(named_before) {
            return Err(IncentiveError::Repeated(twice.kind.clone()));
        }
        let mut ranges = Ranges::default();
        ranges.within("the number of tasks", self.tasks.len() as u64, 1, MAX_TASKS);
        self.gate.check(&mut ranges);
        self.speed.check(&mut ranges);
        self.smoothing.check(&mut ranges);
        self.reliability.check(&mut ranges);
        self.pairwise.check(&mut ranges);
        self.duplicates.check(&mut ranges);
        self.weights.check(&mut ranges);
        self.limits.check(&mut ranges);
        ranges.within("stale_after_rounds", self.stale_after_rounds, 1, i64::MAX);
        if let Some(error) = ranges.0 {
            return Err(error);
        }
        self.duplicates.fit(self)?;
        match &self.proof {
            Some(rules) if !rules.thresholds.are_possible() => Err(IncentiveError::Proof),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_make_sense() {
        Incentive::default().check().unwrap();
    }

    #[test]
    fn nonsense_is_named() {
        let with = |change: fn(&mut Incentive)| {
            let mut incentive = Incentive::default();
            change(&mut incentive);
            incentive.check().unwrap_err().to_string()
        };
        let gate = with(|incentive| incentive.gate.match_gate_ppm = 1_000_001);
        assert_eq!(gate, "gate.match_gate_ppm is 1000001, but must be from 1 to 1000000");
        let smoothing = |failure_rate_ppm| Smoothing::Ema { success_rate_ppm: 100_000, failure_rate_ppm, prior_ppm: 0 };
        let lenient = Incentive { smoothing: smoothing(99_999), ..Incentive::default() };
        assert!(matches!(lenient.check(), Err(IncentiveError::Range { field: "smoothing.failure_rate_ppm", .. })));
        assert_eq!(with(|incentive| incentive.tasks.clear()), "tasks is empty: name at least one");
        assert_eq!(with(|incentive| incentive.tasks.push("generate".into())), "tasks names \"generate\" twice");
        let burn = with(|incentive| incentive.limits.burn_share_ppm = 1);
        assert_eq!(burn, "limits.burn_share_ppm is 1, but must be from 0 to 0");
        let many = Incentive { limits: Limits { min_miners: 0, ..Limits::default() }, ..Incentive::default() };
        assert_eq!(many.check().unwrap_err().field(), "limits.min_miners");
        assert_eq!(Incentive { tasks: Vec::new(), ..Incentive::default() }.check().unwrap_err().field(), "tasks");
        assert!(serde_json::from_str::<Incentive>(r#"{"power":3}"#).is_err());
        assert_eq!(serde_json::from_str::<Incentive>("{}").unwrap(), Incentive::default());
    }

    #[test]
    fn rules_are_named_by_what_they_say() {
        let rules = Incentive::default();
        assert_eq!(serde_json::from_str::<Incentive>(&rules.to_json()).unwrap(), rules);
        assert_ne!(rules.digest(), Incentive { same_question: true, ..rules }.digest());
    }
}
