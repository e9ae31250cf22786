//! Rules, from JSON and from TOML.

use pyo3::prelude::*;
use scoring::{Incentive, Mechanism, Registry};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::Failure;

/// What rules are read from a settings file; the rest of it is for others.
#[derive(Deserialize)]
struct Settings {
    incentive: Option<Incentive>,
}

/// Rules as the package hands them over: one object of JSON, or the text of a settings file.
pub fn incentive(text: &str) -> Result<Incentive, Failure> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| Failure::RulesText(located(text, error)));
    }
    let settings: Settings = toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        Failure::RulesText(format!("line {}: {}", before.matches('\n').count() + 1, error.message()))
    })?;
    settings.incentive.ok_or_else(|| Failure::RulesText("there is no table [incentive]".into()))
}

/// The error with the setting that it is about: every setting makes rules on its own, as all have defaults.
fn located(text: &str, error: serde_json::Error) -> String {
    let Ok(Value::Object(settings)) = serde_json::from_str(text) else { return error.to_string() };
    let alone = settings.into_iter().find_map(|(name, value)| {
        let one = Value::Object([(name.clone(), value)].into_iter().collect());
        Some((name, serde_json::from_value::<Incentive>(one).err()?))
    });
    alone.map_or_else(|| error.to_string(), |(name, error)| format!("{name}: {error}"))
}

/// The mechanism of these rules, with the tasks and scorers of the crate.
pub fn mechanism(incentive: &Incentive) -> Result<Mechanism, Failure> {
    Ok(Registry::default().build(incentive)?)
}

/// A value as Python has what its JSON says.
pub fn loaded<'py>(py: Python<'py>, value: &impl Serialize) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(value).map_err(|error| Failure::RulesText(error.to_string()))?;
    py.import("json")?.call_method1("loads", (text,))
}
