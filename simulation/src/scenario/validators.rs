//! Who validates.

use serde::{Deserialize, Serialize};

/// Validators that are alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidatorGroup {
    /// What results and other settings call it.
    pub name: String,
    /// How many.
    pub count: u16,
    /// What they do. Default `{ kind = "honest" }`.
    #[serde(default)]
    pub strategy: ValidatorStrategy,
    /// Alpha staked to each at the start. Default 10000.
    #[serde(default = "some_alpha")]
    pub stake_alpha: f64,
    /// TAO staked to each on root. Default 0.
    #[serde(default)]
    pub root_stake_tao: f64,
    /// What each takes of the dividends of who stakes to it, 0 to 1. Default 0.18. Emission and profit here are those of
    /// the hotkey with all that is staked to it.
    #[serde(default = "take")]
    pub take: f64,
    /// What each answer that it judges costs, in alpha. Default 0.
    #[serde(default)]
    pub cost_alpha_per_answer: f64,
    /// What it costs for an epoch, in alpha. Default 0.
    #[serde(default)]
    pub cost_alpha_per_epoch: f64,
    /// Share of what they earn that is unstaked and sold at once. Default 0.
    #[serde(default)]
    pub sold_share: f64,
}

/// What validators do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ValidatorStrategy {
    /// Asks every miner in every round, and sets the row that the rules make of it.
    Honest {},
    /// Asks nobody, or soon nobody any more.
    Lazy {
        /// What it sets instead. Default `equal`.
        #[serde(default)]
        row: LazyRow,
        /// Epochs in which a validator with a `stale` row still works. Default 10.
        #[serde(default = "ten")]
        worked_epochs: u64,
    },
    /// Sets what the rows that it can see agree on, weighted by stake.
    WeightCopier {},
    /// Gives all to some miners, alike.
    Colluding {
        /// The group of miners.
        miners: String,
    },
}

/// What a lazy validator sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LazyRow {
    /// The same for all seats.
    #[default]
    Equal,
    /// What it set when it last worked.
    Stale,
}

impl Default for ValidatorStrategy {
    fn default() -> Self {
        Self::Honest {}
    }
}

impl ValidatorStrategy {
    /// As it is written.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Honest {} => "honest",
            Self::Lazy { row: LazyRow::Equal, .. } => "lazy",
            Self::Lazy { row: LazyRow::Stale, .. } => "lazy_stale",
            Self::WeightCopier {} => "weight_copier",
            Self::Colluding { .. } => "colluding",
        }
    }
}

fn some_alpha() -> f64 {
    10_000.0
}

fn take() -> f64 {
    0.18
}

fn ten() -> u64 {
    10
}
