//! A scenario: a subnet's rules, who is there, and what is tried.

mod check;
mod error;
mod miners;
mod run;
mod subnet;
mod sweep;
mod validators;

pub use error::ScenarioError;
pub(crate) use miners::found;
pub use miners::{MinerGroup, MinerStrategy};
pub use run::RunSettings;
pub(crate) use subnet::RAO;
pub use subnet::{MechanismSettings, SubnetSettings};
pub use sweep::{GridPoint, Setting, Sweep};
pub use validators::{LazyRow, ValidatorGroup, ValidatorStrategy};

use scoring::Incentive;
use serde::{Deserialize, Serialize};

/// All that a simulation is about. In TOML, a table or list of tables for each field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The subnet's rules on chain. By default a new subnet's.
    #[serde(default)]
    pub subnet: SubnetSettings,
    /// How validators score, as in a validator's configuration. By default `configs/incentive/default.toml`.
    #[serde(default)]
    pub incentive: Incentive,
    /// Mechanisms, where there are several. By default one, with `incentive`.
    #[serde(default)]
    pub mechanisms: Vec<MechanismSettings>,
    /// Who mines.
    #[serde(default)]
    pub miners: Vec<MinerGroup>,
    /// Who validates.
    #[serde(default)]
    pub validators: Vec<ValidatorGroup>,
    /// How long and how often.
    #[serde(default)]
    pub run: RunSettings,
    /// Settings that are tried with several values: the grid of all combinations. By default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
}

impl Scenario {
    /// Reads a scenario. Whether it makes sense is found when it is [checked](Self::check) or run.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        toml::from_str(text).map_err(|error| ScenarioError::syntax(text, &error))
    }

    /// The same in JSON.
    pub fn from_json(text: &str) -> Result<Self, ScenarioError> {
        serde_json::from_str(text).map_err(|error| ScenarioError::Json(error.to_string()))
    }

    /// The rules of each mechanism.
    pub(crate) fn incentives(&self) -> Vec<&Incentive> {
        if self.mechanisms.is_empty() {
            return vec![&self.incentive];
        }
        self.mechanisms.iter().map(|mechanism| mechanism.incentive.as_deref().unwrap_or(&self.incentive)).collect()
    }
}
