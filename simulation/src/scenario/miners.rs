//! Who mines.

use serde::{Deserialize, Serialize};

/// Miners that are alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinerGroup {
    /// What results and other settings call it.
    pub name: String,
    /// How many: operators, where one has several seats.
    pub count: u16,
    /// What they do. Default `{ kind = "honest" }`.
    #[serde(default)]
    pub strategy: MinerStrategy,
    /// How good a right answer is, 0 to 1: where rules verify the answer its mark, where they verify the model the share of
    /// its tokens that match. Default 1.
    #[serde(default = "one")]
    pub skill: f64,
    /// Standard deviation of the skill between miners, and over time where it drifts. Default 0.
    #[serde(default)]
    pub skill_spread: f64,
    /// Standard deviation of the skill from answer to answer. Default 0.
    #[serde(default)]
    pub skill_noise: f64,
    /// Median time of an answer, in milliseconds. Default 500.
    #[serde(default = "half_a_second")]
    pub latency_ms: f64,
    /// Standard deviation of the logarithm of that time between miners, and over time where it drifts. Default 0.1.
    #[serde(default = "tenth")]
    pub latency_spread: f64,
    /// The same from answer to answer. Default 0.1.
    #[serde(default = "tenth")]
    pub latency_noise: f64,
    /// After so many epochs skill and time of a miner have mostly been drawn anew (their correlation is 1/e). 0 means that
    /// they never change. Default 0.
    #[serde(default)]
    pub drift_epochs: f64,
    /// Share of requests that are answered at all. Default 0.99.
    #[serde(default = "mostly")]
    pub answer_rate: f64,
    /// The mechanism that they work in, from 0 on. By default all.
    #[serde(default)]
    pub mechanism: Option<u8>,
    /// What each answer costs, in alpha. Default 0.
    #[serde(default)]
    pub cost_alpha_per_answer: f64,
    /// What a seat costs to keep for an epoch, in alpha; of a sybil's, all seats together. Default 0.
    #[serde(default)]
    pub cost_alpha_per_epoch: f64,
    /// Share of what they earn that they sell at once; the rest stays staked to them. Default 1.
    #[serde(default = "one")]
    pub sold_share: f64,
}

/// What miners do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum MinerStrategy {
    /// Answers what it is asked with the model that it is paid for.
    Honest {},
    /// Answers part of the time.
    Lazy {
        /// Share of requests that it deals with. Default 0.5.
        #[serde(default = "half")]
        answered_share: f64,
    },
    /// Repeats old answers.
    Cacher {
        /// Share of its answers that are old ones. Default 1.
        #[serde(default = "one")]
        repeated_share: f64,
        /// The mark of an old answer to another question, where rules verify the answer. Default 0.
        #[serde(default)]
        repeated_skill: f64,
        /// Chance that an audit finds an old answer. Default 0.999.
        #[serde(default = "found")]
        detection: f64,
    },
    /// Runs a cheaper model that is close to the named one.
    Quantiser {
        /// Chance that an audit finds it, where rules verify the model. Default 0.999: as where both compute in f32. It is
        /// 0 for int8 beside a validator in bf16.
        #[serde(default = "found")]
        detection: f64,
    },
    /// One operator with several seats and the capacity of fewer.
    Sybil {
        /// Seats of each operator. Default 4.
        #[serde(default = "four")]
        uids: u16,
        /// Seats that its machines could serve well. Default 1.
        #[serde(default = "one")]
        capacity_uids: f64,
        /// Whether requests beyond its capacity wait, and all answers are late by so much; otherwise they fail. Default
        /// false.
        #[serde(default)]
        queues: bool,
    },
    /// Says what another miner said, later. Where rules verify the model, or ask each miner something of its own, such an
    /// answer is as false as a cacher's.
    Copier {
        /// The group that it copies: of it the seat that comes after as many others as the copier's own number. Default the
        /// first honest one.
        #[serde(default)]
        victim: Option<String>,
        /// How much later, in milliseconds. Default 100.
        #[serde(default = "hundred")]
        delay_ms: f64,
        /// Chance that an audit finds a copied answer. Default 0.999.
        #[serde(default = "found")]
        detection: f64,
    },
}

impl Default for MinerStrategy {
    fn default() -> Self {
        Self::Honest {}
    }
}

impl MinerStrategy {
    /// As it is written.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Honest {} => "honest",
            Self::Lazy { .. } => "lazy",
            Self::Cacher { .. } => "cacher",
            Self::Quantiser { .. } => "quantiser",
            Self::Sybil { .. } => "sybil",
            Self::Copier { .. } => "copier",
        }
    }
}

impl MinerGroup {
    /// Seats of one of them.
    pub(crate) fn seats_each(&self) -> u16 {
        match self.strategy {
            MinerStrategy::Sybil { uids, .. } => uids,
            _ => 1,
        }
    }
}

pub(super) fn one() -> f64 {
    1.0
}

fn half() -> f64 {
    0.5
}

fn tenth() -> f64 {
    0.1
}

fn mostly() -> f64 {
    0.99
}

fn half_a_second() -> f64 {
    500.0
}

fn hundred() -> f64 {
    100.0
}

pub(crate) fn found() -> f64 {
    0.999
}

fn four() -> u16 {
    4
}
