//! Settings that are tried with several values.

use std::collections::BTreeMap;

use scoring::Registry;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Scenario, ScenarioError};

/// Combinations that may be tried.
const MOST_POINTS: u64 = 10_000;

/// Dotted settings, each with its values; tables may stand for dots. A group is called by its name, as in
/// `miners.honest.skill`, and a mechanism by its number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sweep(pub BTreeMap<String, Branch>);

/// Values, or settings below one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a list of values, or a table of such lists")]
pub enum Branch {
    /// What is tried.
    Values(Vec<Setting>),
    /// Below.
    Below(BTreeMap<String, Branch>),
}

/// A value of a setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a number, a text, true or false")]
pub enum Setting {
    /// True or false.
    Flag(bool),
    /// A whole number.
    Whole(i64),
    /// Any number.
    Number(f64),
    /// A text.
    Text(String),
}

/// One combination, and the scenario with it.
#[derive(Clone, Debug, PartialEq)]
pub struct GridPoint {
    /// Dotted settings and their values; none where nothing is swept.
    pub settings: BTreeMap<String, Setting>,
    /// What they make of the scenario; without a sweep of its own.
    pub scenario: Scenario,
}

impl Scenario {
    /// Every combination of swept values, the last setting changing fastest; one point where nothing is swept. All are
    /// checked.
    pub fn grid(&self, registry: &Registry) -> Result<Vec<GridPoint>, ScenarioError> {
        let mut axes = Vec::new();
        if let Some(Sweep(tree)) = &self.sweep {
            flatten("", tree, &mut axes)?;
            if axes.is_empty() {
                return Err(ScenarioError::Empty { key: "sweep".into(), reason: "name at least one setting" });
            }
        }
        let points = axes.iter().fold(1_u64, |points, (_, values)| points.saturating_mul(values.len() as u64));
        if points > MOST_POINTS {
            return Err(ScenarioError::Grid { points, most: MOST_POINTS });
        }
        let plain = Self { sweep: None, ..self.clone() };
        let mut grid = vec![GridPoint { settings: BTreeMap::new(), scenario: plain }];
        for (key, values) in &axes {
            let with = |point: &GridPoint, value: &Setting| {
                let scenario = point.scenario.with(key, value)?;
                let settings = point.settings.clone().into_iter().chain([(key.clone(), value.clone())]).collect();
                Ok(GridPoint { settings, scenario })
            };
            let finer = grid.iter().flat_map(|point| values.iter().map(move |value| with(point, value)));
            grid = finer.collect::<Result<_, ScenarioError>>()?;
        }
        for point in &grid {
            point.scenario.check(registry)?;
        }
        Ok(grid)
    }

    /// The same with another value of a dotted setting.
    fn with(&self, key: &str, value: &Setting) -> Result<Self, ScenarioError> {
        let wrong = |reason: String| ScenarioError::Value { key: key.into(), value: value.to_string(), reason };
        let json = value.to_json().ok_or_else(|| wrong("not a finite number".into()))?;
        let mut tree = serde_json::to_value(self).map_err(|error| wrong(error.to_string()))?;
        let place = key.split('.').try_fold(&mut tree, below);
        *place.ok_or_else(|| ScenarioError::NoSetting { key: key.into() })? = json;
        serde_json::from_value(tree).map_err(|error| {
            wrong(match value {
                // What is said of numbers depends on how serde_json was built.
                Setting::Whole(_) | Setting::Number(_) => "no number that this setting can be".into(),
                Setting::Flag(_) | Setting::Text(_) => error.to_string(),
            })
        })
    }
}

/// A setting, by its own name, its place or the name of its group.
fn below<'a>(tree: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    match tree {
        Value::Object(table) => table.get_mut(name),
        Value::Array(list) => {
            let named = |item: &Value| item.get("name").and_then(Value::as_str) == Some(name);
            let at = list.iter().position(named).or_else(|| name.parse().ok())?;
            list.get_mut(at)
        }
        _ => None,
    }
}

/// Dotted settings and their values.
fn flatten(
    above: &str,
    tree: &BTreeMap<String, Branch>,
    axes: &mut Vec<(String, Vec<Setting>)>,
) -> Result<(), ScenarioError> {
    for (name, branch) in tree {
        let key = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        match branch {
            Branch::Values(values) if values.is_empty() => {
                return Err(ScenarioError::Empty { key: format!("sweep.{key:?}"), reason: "name at least one value" });
            }
            Branch::Values(values) => axes.push((key, values.clone())),
            Branch::Below(tree) => flatten(&key, tree, axes)?,
        }
    }
    Ok(())
}

impl Setting {
    fn to_json(&self) -> Option<Value> {
        Some(match self {
            Self::Flag(flag) => (*flag).into(),
            Self::Whole(number) => (*number).into(),
            Self::Number(number) => serde_json::Number::from_f64(*number)?.into(),
            Self::Text(text) => text.as_str().into(),
        })
    }
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(flag) => flag.fmt(f),
            Self::Whole(number) => number.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}
