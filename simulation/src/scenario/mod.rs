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
use serde_json::{Number, Value};

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
        let wrong = |error: serde_json::Error| ScenarioError::Json(error.to_string());
        let mut value = serde_json::from_str(text).map_err(wrong)?;
        plain_numbers(&mut value);
        serde_json::from_value(value).map_err(wrong)
    }

    /// The rules of each mechanism.
    pub(crate) fn incentives(&self) -> Vec<&Incentive> {
        if self.mechanisms.is_empty() {
            return vec![&self.incentive];
        }
        self.mechanisms.iter().map(|mechanism| mechanism.incentive.as_deref().unwrap_or(&self.incentive)).collect()
    }
}

/// serde_json may have been built to keep fractions as they are written, and tables that are told apart by their `kind` take
/// no such numbers.
fn plain_numbers(value: &mut Value) {
    match value {
        Value::Number(number) if !number.is_i64() && !number.is_u64() => {
            if let Some(plain) = number.as_f64().and_then(Number::from_f64) {
                *number = plain;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(plain_numbers),
        Value::Object(fields) => fields.values_mut().for_each(plain_numbers),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_takes_every_way_to_write_a_fraction() {
        for share in ["0.6", "0.60", "6e-1", "1"] {
            let text = format!(
                r#"{{"miners": [{{"name": "m", "count": 1, "strategy": {{"kind": "lazy", "answered_share": {share}}}}}],
                    "sweep": {{"miners.m.skill": [{share}]}}}}"#
            );
            let scenario = Scenario::from_json(&text).unwrap_or_else(|error| panic!("{share}: {error}"));
            let expected = MinerStrategy::Lazy { answered_share: share.parse().unwrap() };
            assert_eq!(scenario.miners[0].strategy, expected);
        }
    }
}
