//! The settings in which two rules differ.

use scoring::Incentive;
use serde::Serialize;
use serde_json::Value;

/// One setting, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changed {
    /// Its dotted name.
    pub setting: String,
    /// The log's.
    pub before: Value,
    /// The other rules'.
    pub after: Value,
}

/// In the order of their names.
pub fn changed(logged: &Incentive, other: &Incentive) -> Vec<Changed> {
    let mut found = Vec::new();
    // Plain values always serialise.
    let values = |rules: &Incentive| serde_json::to_value(rules).unwrap_or_default();
    compare("", &values(logged), &values(other), &mut found);
    found
}

fn compare(name: &str, before: &Value, after: &Value, found: &mut Vec<Changed>) {
    match (before, after) {
        // What has a kind is one value.
        (Value::Object(old), Value::Object(new)) if !old.contains_key("kind") && !new.contains_key("kind") => {
            let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
            names.sort_unstable();
            names.dedup();
            for inner in names {
                let name = if name.is_empty() { inner.clone() } else { format!("{name}.{inner}") };
                let of = |values: &serde_json::Map<String, Value>| values.get(inner).cloned().unwrap_or_default();
                compare(&name, &of(old), &of(new), found);
            }
        }
        _ if before == after => {}
        _ => found.push(Changed { setting: name.to_owned(), before: before.clone(), after: after.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use scoring::WeightMap;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_a_kind_is_one_setting() {
        let logged = Incentive::default();
        assert_eq!(changed(&logged, &logged), []);
        let mut other = Incentive { weights: WeightMap::WinnerTakesAll {}, ..logged.clone() };
        other.gate.match_gate_ppm = 1;
        let found = changed(&logged, &other);
        let gate = Changed { setting: "gate.match_gate_ppm".into(), before: json!(900_000), after: json!(1) };
        let (before, after) = (json!({ "kind": "proportional", "power": 2 }), json!({ "kind": "winner_takes_all" }));
        assert_eq!(found, [gate, Changed { setting: "weights".into(), before, after }]);
    }
}
