//! `assay simulate`: a scenario as tables, as JSON and as a page, and what makes no sense.

mod markup;
mod program;

use std::{fs, path::Path};

use program::{fails, prints};
use serde_json::Value;
use tempfile::TempDir;

const SCENARIO: &str = r#"
[[miners]]
name = "honest"
count = 6
cost_alpha_per_epoch = 0.1

[[miners]]
name = "cacher"
count = 1
strategy = { kind = "cacher" }

[[validators]]
name = "validator"
count = 2

[[validators]]
name = "copier"
count = 1
strategy = { kind = "weight_copier" }

[run]
epochs = 12
runs = 10
rounds_per_epoch = 3
"#;

fn scene(text: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("scenario.toml"), text).unwrap();
    folder
}

fn document(folder: &Path, more: &[&str]) -> Value {
    serde_json::from_str(&prints(folder, &[&["simulate", "scenario.toml", "--json"], more].concat())).unwrap()
}

#[test]
fn honesty_is_held_against_everything_else() {
    let folder = scene(SCENARIO);
    let document = document(folder.path(), &[]);
    let point = &document["points"][0];
    let group = |name: &str| {
        let groups = point["summary"]["groups"].as_array().unwrap();
        groups.iter().find(|group| group["name"] == name).unwrap()
    };
    let paid = |name: &str| group(name)["emission_alpha_per_agent_epoch"]["mean"].as_f64().unwrap();
    assert!(paid("honest") > 10.0 * paid("cacher"), "{point:#}");
    let of = |alternative: &str| {
        let responses = point["responses"].as_array().unwrap();
        responses.iter().find(|one| one["alternative"] == alternative).unwrap()["verdict"].as_str().unwrap()
    };
    assert_eq!((of("cacher"), of("copier")), ("honest_is_better", "honest_is_better"), "{point:#}");

    let text = prints(folder.path(), &["simulate", "scenario.toml"]);
    assert!(text.starts_with("10 runs of 12 epochs"), "{text}");
    for line in ["honest", "cacher", "validator", "copier"] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{text}");
    }
    // The same numbers again, whatever else runs; others with other seeds.
    assert_eq!(text, prints(folder.path(), &["simulate", "scenario.toml"]));
    assert_ne!(text, prints(folder.path(), &["simulate", "scenario.toml", "--seed", "77"]));
}

#[test]
fn flags_and_settings_take_the_place_of_the_scenarios() {
    let folder = scene(SCENARIO);
    fs::write(folder.path().join("rules.toml"), "[incentive]\nweights = { kind = \"winner_takes_all\" }\n").unwrap();
    let few = ["--epochs", "4", "--runs", "2", "--no-responses"];
    let plain = document(folder.path(), &few);
    let point = &plain["points"][0];
    assert_eq!((&point["epochs"], &point["runs"]), (&4.into(), &2.into()));
    assert_eq!(point["responses"].as_array().unwrap().len(), 0);
    let other = document(folder.path(), &[&["--config", "rules.toml"], &few[..]].concat());
    let gini = |document: &Value| document["points"][0]["summary"]["miners"]["gini"]["mean"][3].as_f64().unwrap();
    assert!(gini(&other) > gini(&plain) + 0.05, "{} {}", gini(&other), gini(&plain));
    let text = prints(folder.path(), &["simulate", "scenario.toml", "--epochs", "3", "--runs", "2"]);
    assert!(text.ends_with("2 runs decide nothing: 10 or more may\n"), "{text}");
}

#[test]
fn a_grid_is_a_page() {
    let folder =
        scene(&format!("{SCENARIO}[sweep]\nincentive.weights.power = [1, 2]\nsubnet.kappa = [20000, 32767]\n"));
    let few = ["simulate", "scenario.toml", "--epochs", "3", "--runs", "2", "--report", "page.html"];
    let text = prints(folder.path(), &few);
    assert_eq!(text.matches("subnet.kappa = ").count(), 4, "{text}");
    let html = fs::read_to_string(folder.path().join("page.html")).unwrap();
    markup::check(&html, 12);
    assert!(html.contains("The grid") && html.contains("incentive.weights.power"), "{html}");
}

#[test]
fn what_makes_no_sense_is_one_line() {
    let folder = scene(SCENARIO);
    let path = folder.path();
    let refused = |text: &str, holding: &[&str]| {
        fs::write(path.join("scenario.toml"), text).unwrap();
        fails(path, &["simulate", "scenario.toml", "--report", "page.html"], 1, holding);
        assert!(!path.join("page.html").exists());
    };
    let without = SCENARIO.replace("[[validators]]", "[[nobody]]");
    refused(&without, &["scenario.toml", "unknown field `nobody`"]);
    refused("[[miners]]\nname = \"m\"\ncount = 1\n", &["scenario.toml: validators is empty"]);
    refused(
        &format!("{SCENARIO}[sweep]\nminers.honest.skill = [0.5, nan]\n"),
        &["sweep.\"miners.honest.skill\" = NaN"],
    );
    refused(&format!("{SCENARIO}[subnet]\nmax_allowed_uids = 5\n"), &["subnet.max_allowed_uids is 5"]);
    refused(&format!("{SCENARIO}[incentive]\nquality = \"nobody's\"\n"), &["incentive.quality", "nobody's"]);
    refused("miners = 3", &["scenario.toml: line 1"]);
    fs::write(path.join("scenario.toml"), SCENARIO).unwrap();
    fails(path, &["simulate", "absent.toml"], 1, &["absent.toml: cannot be read"]);
    fails(path, &["simulate", "scenario.toml", "--report", "absent/page.html"], 1, &["absent"]);
    let output = program::run(path, &["simulate", "scenario.toml", "--runs", "0"]);
    assert_eq!(output.status.code(), Some(2));
}
