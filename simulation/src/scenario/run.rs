//! How long a simulation is, and how often it is run.

use serde::{Deserialize, Serialize};

/// How long and how often.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunSettings {
    /// Epochs of a run. Default 200.
    pub epochs: u64,
    /// Rounds of challenges between two epochs: in each, an honest validator asks every miner once. Default 12: with a tempo
    /// of 360 one in six minutes.
    pub rounds_per_epoch: u64,
    /// Tokens of an answer. Default 128.
    pub answer_tokens: u32,
    /// Runs, each with a seed of its own. Whether honesty pays can't be decided by fewer than ten. Default 16.
    pub runs: u32,
    /// The seed of the first run; the others have those after it. Default 0.
    pub seed: u64,
    /// New miners that register per epoch, on average. Default 0.
    pub newcomers_per_epoch: f64,
    /// The group that newcomers are like. Default the first one.
    pub newcomers: Option<String>,
    /// Whether each alternative to honesty is tried, each with as many runs again. Default true.
    pub best_response: bool,
    /// The chance with which intervals hold what they are about, and below whose complement chance must be before anything
    /// is called better. Default 0.95.
    pub confidence: f64,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            epochs: 200,
            rounds_per_epoch: 12,
            answer_tokens: 128,
            runs: 16,
            seed: 0,
            newcomers_per_epoch: 0.0,
            newcomers: None,
            best_response: true,
            confidence: 0.95,
        }
    }
}
