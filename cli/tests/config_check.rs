//! What `assay config check` says of rules, and what it draws.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn check(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    // The tester's own environment has no say.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ASSAY__") || name == "RUST_LOG") {
        command.env_remove(name);
    }
    command.args(["config", "check"]).args(arguments).current_dir(root()).output().unwrap()
}

/// What it prints, where all is well.
fn prints(arguments: &[&str]) -> String {
    let output = check(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// One line on stderr, with this status; and what is on stdout.
fn fails(arguments: &[&str], status: i32) -> (String, String) {
    let output = check(arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    (said, String::from_utf8(output.stdout).unwrap())
}

fn written(folder: &TempDir, text: &str) -> String {
    let path = folder.path().join("rules.toml");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn documents(arguments: &[&str]) -> Vec<Value> {
    serde_json::from_str(&prints(&[arguments, &["--json"]].concat())).unwrap()
}

fn finding<'a>(document: &'a Value, name: &str) -> &'a Value {
    document["findings"].as_array().unwrap().iter().find(|finding| finding["name"] == name).unwrap()
}

#[test]
fn all_rules_that_come_along_are_proven() {
    let folder = root().join("configs/incentive");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 3);
    for file in files {
        let text = prints(&[file.to_str().unwrap()]);
        assert!(text.lines().any(|line| line.starts_with("fact ")), "{text}");
        assert!(!text.contains("\nerror ") && !text.contains("\nwarning "), "{text}");
    }
}

#[test]
fn the_defaults_are_as_recorded() {
    insta::assert_snapshot!(prints(&["configs/incentive/default.toml"]));
}

#[test]
fn silent_where_there_are_no_rules() {
    assert_eq!(prints(&[]), "");
    assert_eq!(prints(&["configs/miner.toml", "configs/validator.toml", "configs/localnet.toml"]), "");
    assert_eq!(prints(&["configs/miner.toml", "--json"]), "[]\n");
    // The environment may set rules.
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    let output = command.args(["config", "check"]).env("ASSAY__INCENTIVE__STALE_AFTER_ROUNDS", "30").output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("the environment\n"));
}

#[test]
fn what_makes_no_sense_is_named_with_file_and_key() {
    let folder = TempDir::new().unwrap();
    for (text, key, reason) in [
        ("tasks = []", "tasks", "tasks is empty"),
        ("tasks = [\"generate\", \"generate\"]", "tasks", "twice"),
        ("tasks = [\"sing\"]", "tasks", "no task named \"sing\""),
        ("tasks = [{ kind = \"generate\", pitch = 3 }]", "tasks", "unknown field `pitch`"),
        ("quality = \"charm\"", "quality", "no scorer named \"charm\""),
        ("quality = { kind = \"accuracy\", charm = 3 }", "quality", "unknown field `charm`"),
        ("quality = \"exact\"", "quality", "needs gate.verifies"),
        ("[incentive.gate]\nverifies = \"answer\"", "quality", "needs a scorer that marks texts"),
        ("[incentive.gate]\nmatch_gate_ppm = 1000001", "gate.match_gate_ppm", "from 1 to 1000000"),
        ("[incentive.gate]\naudit_probability_ppm = 100000", "gate.penalty_answers", "penalty_answers is 0"),
        ("speed = { kind = \"latency\", start_us = 1, unit_us = 1, least_ppm = 1000001 }", "speed", "speed.least_ppm"),
        ("smoothing = { kind = \"ema\", success_rate_ppm = 2, failure_rate_ppm = 1 }", "smoothing", "failure_rate_ppm"),
        ("reliability = { kind = \"wilson\", z_milli = 1645, answers = 0 }", "reliability", "reliability.answers"),
        ("pairwise = { kind = \"bradley_terry\", rounds = 9, prior_milli = 1 }", "pairwise", "pairwise.prior_milli"),
        (
            "duplicates = { kind = \"min_hash\", resemblance_ppm = 9, rounds = 9, share_ppm = 9, least_rounds = 1 }",
            "duplicates",
            "same_question = true",
        ),
        ("weights = { kind = \"proportional\", power = 17 }", "weights", "weights.power is 17"),
        ("weights = { kind = \"lottery\" }", "weights", "lottery"),
        ("stale_after_rounds = 0", "stale_after_rounds", "must be from 1"),
        ("[incentive.limits]\nburn_share_ppm = 5", "limits.burn_share_ppm", "from 0 to 0"),
        ("[incentive.limits]\nmin_miners = 0", "limits.min_miners", "from 1"),
        ("luck = 3", "luck", "unknown key"),
    ] {
        let path = written(&folder, &format!("[incentive]\n{text}\n"));
        let (said, shown) = fails(&[&path], 2);
        assert_eq!(shown, "", "{text}");
        for part in ["rules.toml: ", &format!("incentive.{key}"), reason] {
            assert!(said.contains(part), "{text}: {said:?} lacks {part:?}");
        }
    }
}

#[test]
fn rules_that_fail_are_shown_and_named() {
    let folder = TempDir::new().unwrap();
    for (text, name) in [
        ("[incentive.limits]\nmin_miners = 300", "min_miners"),
        ("speed = { kind = \"latency\", start_us = 0, unit_us = 0, least_ppm = 0 }", "right_answers"),
    ] {
        let path = written(&folder, &format!("[incentive]\n{text}\n"));
        let (said, shown) = fails(&[&path], 1);
        assert!(said.contains("rules.toml: its rules fail by ") && said.contains(name), "{said}");
        // Below the file's name, the rules' and the headings.
        let worst = shown.lines().nth(3).unwrap();
        assert!(worst.starts_with("error ") && worst.contains(name), "{shown}");
    }
    let path = written(&folder, "[incentive]\nweights = { kind = \"winner_takes_all\" }\n");
    assert!(prints(&[&path]).contains("\nwarning   no_margin "));
}

#[test]
fn new_miners_must_outlive_the_reveal() {
    let file = "configs/incentive/default.toml";
    let (said, shown) = fails(&[file, "--tempo", "1000", "--immunity", "3000", "--reveal-period", "3"], 1);
    assert!(said.contains("fail by immunity"), "{said}");
    assert!(shown.contains("rows stay hidden for 3 × 1000 = 3000") && !shown.contains("Assumed"), "{shown}");
    let [document] = &*documents(&[file, "--reveal-period", "0", "--immunity", "400"]) else { panic!() };
    assert_eq!(finding(document, "immunity")["severity"], "warning");
    assert_eq!(document["chain"]["assumed"], Value::from(vec!["tempo"]));
    assert_eq!(document["chain"]["commit_reveal_weights_enabled"], false);
    fails_as_usage(&[file, "--tempo", "9", "--netuid", "1"]);
    fails_as_usage(&[file, "--immunity", "9", "--on-chain"]);
}

fn fails_as_usage(arguments: &[&str]) {
    let output = check(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(output.stdout.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_is_asked() {
    let chain = localnet::spawn(localnet::Config::test()).await.unwrap();
    let arguments = ["configs/incentive/default.toml", "--chain-url", &chain.url()];
    let [document] = &*documents(&arguments) else { panic!() };
    assert_eq!(document["chain"]["assumed"], Value::Array(Vec::new()));
    let mut show = Command::new(env!("CARGO_BIN_EXE_assay"));
    let shown = show.args(["subnet", "show", "--json", "--chain-url", &chain.url()]).output().unwrap();
    let subnet: Value = serde_json::from_slice(&shown.stdout).unwrap();
    for name in ["tempo", "immunity_period"] {
        assert_eq!(document["chain"][name], subnet["hyperparameters"][name], "{name}");
    }
    assert!(!prints(&arguments).contains("Assumed"));
    let (said, _) = fails(&["configs/incentive/default.toml", "--chain-url", &chain.url(), "--netuid", "77"], 1);
    assert!(said.contains("77"), "{said}");
}

#[test]
fn one_document_holds_all_files() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder, "[incentive]\nweights = { kind = \"proportional\", power = 1 }\n");
    let files = ["configs/incentive/default.toml", "configs/miner.toml", &path];
    let [first, second] = &*documents(&files) else { panic!("two files set rules") };
    assert_eq!((&first["file"], &second["file"]), (&files[0].into(), &path.as_str().into()));
    let half = |document: &Value| document["pay"]["half_as_good"].as_f64().unwrap();
    assert!((half(first) - 0.25).abs() < 1e-6 && (half(second) - 0.5).abs() < 1e-6);
    assert_eq!(first["pace"]["half_paid_after"], 11);
    assert_eq!(finding(first, "order")["severity"], "fact");
    let curve = first["curve"].as_array().unwrap();
    assert_eq!((&curve[0]["share"], &curve[curve.len() - 1]["score"]), (&0.0.into(), &1.0.into()));
    // Together they are one set of rules, and the later file's map is theirs.
    let together = ["--config", files[0], "--config", files[2]];
    let [document] = &*documents(&together) else { panic!() };
    assert!((half(document) - 0.5).abs() < 1e-6);
}

#[test]
fn the_picture_is_a_document() {
    let folder = TempDir::new().unwrap();
    let rules = folder.path().join("mine & <yours>.toml");
    fs::write(&rules, "[incentive]\nweights = { kind = \"rank\", decay_ppm = 500000 }\n").unwrap();
    let picture = folder.path().join("pay.svg");
    let (rules, path) = (rules.to_str().unwrap(), picture.to_str().unwrap());
    prints(&[rules, "--curve", path]);
    let svg = fs::read_to_string(&picture).unwrap();
    is_well_formed(&svg);
    assert!(svg.contains("mine &amp; &lt;yours&gt;.toml"));
    for text in ["score of each answer", "begins to fail", "goes on answering"] {
        assert!(svg.contains(text), "{text}");
    }
    // One picture, one set of rules; what was there stays.
    for files in [&["configs/incentive/default.toml", rules][..], &["configs/miner.toml"]] {
        let (said, _) = fails(&[files, &["--curve", path]].concat(), 2);
        assert!(said.contains("pay.svg"), "{said}");
    }
    assert_eq!(fs::read_to_string(&picture).unwrap(), svg);
    let (said, shown) = fails(&[rules, "--curve", folder.path().join("absent/pay.svg").to_str().unwrap()], 1);
    assert!(said.contains("absent") && shown.is_empty(), "{said}");
}

/// Every element that begins ends, in its order.
fn is_well_formed(document: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = document.trim();
    assert!(rest.starts_with("<svg"), "{rest:.60}");
    while let Some(at) = rest.find('<') {
        assert!(!rest[..at].contains('>'), "{:.60}", rest);
        let end = at + rest[at..].find('>').unwrap();
        let tag = &rest[at + 1..end];
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name.trim())),
            None if tag.ends_with('/') || tag.starts_with(['?', '!']) => {}
            None => open.push(tag.split_whitespace().next().unwrap()),
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty() && rest.is_empty(), "{open:?} {rest:.60}");
}
