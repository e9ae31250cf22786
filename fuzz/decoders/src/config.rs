//! What people write: a subnet's rules, and scenarios of the simulator.

use std::fmt::Debug;

use scoring::{Incentive, Registry};
use serde::Serialize;
use simulation::{Scenario, run};

/// Seats of a subnet that is played, and blocks of its epochs: more of them take seconds.
const MOST_SEATS: u16 = 16;
const MOST_BLOCKS: u16 = 400;

/// TOML or JSON of rules or of a scenario. Whether it makes sense.
pub fn config(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let registry = Registry::default();
    let rules = [toml::from_str(text).ok(), serde_json::from_str(text).ok()];
    let scenarios = [Scenario::from_toml(text).ok(), Scenario::from_json(text).ok()];
    let sensible = rules.into_iter().flatten().filter(|rules| is_sensible(rules, &registry)).count();
    let played = scenarios.into_iter().flatten().filter(|scenario| is_playable(scenario, &registry)).count();
    sensible + played > 0
}

fn is_sensible(rules: &Incentive, registry: &Registry) -> bool {
    let same: Incentive = again(rules, |json| serde_json::from_str(json).map_err(|error| error.to_string()));
    assert_eq!(same.digest(), rules.digest());
    let built = registry.build(rules);
    assert_eq!(built.is_ok(), registry.build(&same).is_ok());
    if let Err(error) = &built {
        assert!(!error.field().is_empty() && !error.to_string().is_empty());
    }
    built.is_ok()
}

fn is_playable(scenario: &Scenario, registry: &Registry) -> bool {
    if scenario.check(registry).is_err() {
        return false;
    }
    again(scenario, |json| Scenario::from_json(json).map_err(|error| error.to_string()));
    // One point of a grid is as good as ten thousand.
    if let Ok(grid) = (Scenario { sweep: None, ..scenario.clone() }).grid(registry) {
        assert_eq!(grid.len(), 1);
    }
    let mut small = Scenario { sweep: None, ..scenario.clone() };
    small.run.epochs = small.run.epochs.min(2);
    small.run.rounds_per_epoch = small.run.rounds_per_epoch.min(2);
    let most = scenario.subnet.max_allowed_uids;
    if most <= MOST_SEATS && scenario.subnet.tempo <= MOST_BLOCKS && small.run.newcomers_per_epoch <= 4.0 {
        let run = run(&small, registry, 7).expect("it was checked");
        assert!(run.groups.iter().all(|group| group.emission_alpha.is_finite() && group.emission_alpha >= 0.0));
        assert!(run.groups.iter().all(|group| group.cost_alpha.is_finite()));
    }
    true
}

/// The same, written as JSON and read again.
fn again<T: Serialize + Debug>(value: &T, read: impl Fn(&str) -> Result<T, String>) -> T {
    let json = serde_json::to_string(value).expect("settings make JSON");
    let same = read(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert_eq!(format!("{same:?}"), format!("{value:?}"));
    same
}
