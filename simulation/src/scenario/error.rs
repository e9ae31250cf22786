//! Why a scenario makes no sense: a line that names the key.

use scoring::IncentiveError;

use crate::chain::GenesisError;

/// Why a scenario makes no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScenarioError {
    /// It can't be read.
    #[error("line {line}: {reason} (`{text}`)")]
    Syntax {
        /// From 1 on.
        line: usize,
        /// What it says.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// It can't be read.
    #[error("{0}")]
    Json(String),
    /// Nobody is there.
    #[error("{key} is empty: {reason}")]
    Empty {
        /// The setting.
        key: String,
        /// What that means.
        reason: &'static str,
    },
    /// A number that isn't finite, or outside its range.
    #[error("{key} is {value}, but must be from {least} to {most}")]
    Range {
        /// The setting.
        key: String,
        /// Its value.
        value: f64,
        /// The least that makes sense.
        least: f64,
        /// The most that makes sense.
        most: f64,
    },
    /// Two groups of one name.
    #[error("{key} names {name:?} a second time: groups need names of their own")]
    Repeated {
        /// The setting.
        key: String,
        /// The name.
        name: String,
    },
    /// A group that isn't there.
    #[error("{key} is {name:?}, but there is no such group of miners; there are {known}")]
    Unknown {
        /// The setting.
        key: String,
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// More agents than seats.
    #[error("miners and validators: {agents} seats beside the owner's, and subnet.max_allowed_uids is {most}")]
    Seats {
        /// Seats that they need.
        agents: u64,
        /// All seats.
        most: u16,
    },
    /// Rules of scoring that make no sense.
    #[error("{key}: {source}")]
    Incentive {
        /// The setting, dotted.
        key: String,
        /// What is wrong.
        source: IncentiveError,
    },
    /// A subnet that can't be.
    #[error("subnet: {0}")]
    Genesis(#[from] GenesisError),
    /// Parts of mechanisms that aren't all.
    #[error("mechanisms: emission_share adds up to {total}, but must to 65535")]
    Shares {
        /// The sum.
        total: u64,
    },
    /// A setting that there isn't.
    #[error("sweep.{key:?}: there is no such setting")]
    NoSetting {
        /// Its dotted name.
        key: String,
    },
    /// A value that a setting can't have.
    #[error("sweep.{key:?} = {value}: {reason}")]
    Value {
        /// The setting, dotted.
        key: String,
        /// The value.
        value: String,
        /// What is wrong.
        reason: String,
    },
    /// Whoever asked has broken off.
    #[error("stopped before the end")]
    Stopped,
    /// More combinations than anybody waits for.
    #[error("sweep: {points} combinations, and {most} may be")]
    Grid {
        /// How many there would be.
        points: u64,
        /// How many may be.
        most: u64,
    },
}

impl ScenarioError {
    pub(super) fn syntax(text: &str, error: &toml::de::Error) -> Self {
        let start = error.span().map_or(0, |span| span.start).min(text.len());
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let written = text.lines().nth(line - 1).unwrap_or_default().trim();
        Self::Syntax { line, text: written.to_owned(), reason: error.message().replace('\n', " ") }
    }
}
