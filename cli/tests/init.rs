//! The built program as somebody who asks: what it writes is what other commands read, whole or not at all.

mod program;

use std::{fs, path::Path};

use serde_json::Value;
use tempfile::TempDir;

/// Settings that a file makes, with where each came from.
fn shown(folder: &Path, file: &str) -> Value {
    serde_json::from_str(&program::prints(folder, &["config", "show", "--json", "--config", file])).unwrap()
}

/// The keys that a file sets.
fn set(shown: &Value) -> Vec<&str> {
    let keys = shown.as_object().unwrap().iter().filter(|(_, value)| value["origin"] != "default");
    keys.map(|(key, _)| key.as_str()).collect()
}

#[test]
fn a_miners_file_says_what_was_answered() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("model")).unwrap();
    // A bad address, a folder that isn't there and a port without an address are asked again.
    let answers = "https://node\nwss://node.example:443\n12\n\n\nhot key/\nminer\n\nno/such\nmodel\n\n\n8091\n203.0.113.7:8091\n\n";
    let output = program::told(folder.path(), &["init", "miner"], answers);
    let asked = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{asked}");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "wrote miner.toml\nnext: assay doctor miner --config miner.toml\n      assay miner --config miner.toml\n"
    );
    for refused in
        ["\"https://node\" is no address", "there is no no/such", "\"8091\" is no IP address", "can't name a wallet"]
    {
        assert!(asked.contains(refused), "{refused}: {asked}");
    }
    let shown = shown(folder.path(), "miner.toml");
    assert_eq!(set(&shown), ["chain.url", "miner.announce", "model.path", "subnet.netuid", "wallet.hotkey"]);
    assert_eq!(
        (&shown["chain.url"]["value"], &shown["subnet.netuid"]["value"]),
        (&"wss://node.example:443".into(), &12.into())
    );
    assert_eq!(program::prints(folder.path(), &["config", "check", "miner.toml"]), "");
    let text = fs::read_to_string(folder.path().join("miner.toml")).unwrap();
    assert!(
        text.contains("\n# listen = \"0.0.0.0:8091\"\n") && text.contains("\nannounce = \"203.0.113.7:8091\"\n"),
        "{text}"
    );
}

#[test]
fn defaults_are_comments() {
    let folder = TempDir::new().unwrap();
    for (what, files) in [("miner", &["miner.toml"][..]), ("validator", &["validator.toml"])] {
        let printed = program::prints(folder.path(), &["init", what, "--defaults", "--json"]);
        let document: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(document["files"], Value::from(files.to_vec()));
        assert_eq!(set(&shown(folder.path(), files[0])), Vec::<&str>::new(), "{what}");
    }
}

/// What goes on chain by its digest depends on no program's defaults.
#[test]
fn an_owners_rules_are_written_out() {
    let folder = TempDir::new().unwrap();
    // The folder is made, too.
    program::prints(folder.path(), &["init", "subnet", "--defaults", "--out", "rules"]);
    let checked = program::prints(folder.path(), &["config", "check", "rules/incentive.toml"]);
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/incentive/default.toml");
    let usual = program::prints(folder.path(), &["config", "check", usual.to_str().unwrap()]);
    assert_eq!(checked.lines().nth(1), usual.lines().nth(1), "the digest");
    let shown = shown(folder.path(), "rules/incentive.toml");
    let rules = shown.as_object().unwrap().iter().filter(|(key, _)| key.starts_with("incentive.")).count();
    let set = set(&shown);
    assert!(set.iter().all(|key| key.starts_with("incentive.")), "{set:?}");
    assert!(set.len() >= 10 && set.len() >= rules - 1, "{set:?} of {rules}");
}

#[test]
fn an_owners_rules_are_proven_and_played() {
    let folder = TempDir::new().unwrap();
    // Half of the answers audited, fifty that are worth nothing after a false one, a softmax, a cap; a small scenario.
    let answers = "model\n\n500000\n0\n50\nlottery\nsoftmax\n300000\n8\n3\nlazy\n12\n2\n";
    let output = program::told(folder.path(), &["init", "subnet"], answers);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let checked = program::prints(folder.path(), &["config", "check", "incentive.toml"]);
    assert!(checked.starts_with("incentive.toml\nrules "), "{checked}");
    let shown = shown(folder.path(), "incentive.toml");
    let value = |key: &str| shown[key]["value"].clone();
    assert_eq!(
        ["gate.audit_probability_ppm", "gate.penalty_answers", "limits.cap_ppm"]
            .map(|key| value(&format!("incentive.{key}"))),
        [500_000, 50, 300_000].map(Value::from)
    );
    assert_eq!(
        (&value("incentive.gate.verifies"), &value("incentive.weights")["kind"]),
        (&"model".into(), &"softmax".into())
    );
    let played = program::prints(
        folder.path(),
        &["simulate", "scenario.toml", "--config", "incentive.toml", "--no-responses", "--json"],
    );
    let played: Value = serde_json::from_str(&played).unwrap();
    assert_eq!(played["points"].as_array().unwrap().len(), 1);
}

#[test]
fn nothing_is_replaced_or_guessed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("incentive.toml");
    fs::write(&path, "mine").unwrap();
    program::fails(
        folder.path(),
        &["init", "subnet", "--defaults"],
        1,
        &["incentive.toml is there already", "--force"],
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    assert!(!folder.path().join("scenario.toml").exists(), "all files or none");
    program::prints(folder.path(), &["init", "subnet", "--defaults", "--force"]);
    assert!(fs::read_to_string(&path).unwrap().contains("[incentive]") && folder.path().join("scenario.toml").exists());

    let output = program::told(folder.path(), &["init", "validator"], "ws://127.0.0.1:9944\n");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("nobody answers for subnet.netuid") && said.contains("--defaults"), "{said}");
    assert!(!folder.path().join("validator.toml").exists());
    fn init<'a>(more: &[&'a str]) -> Vec<&'a str> {
        [&["init", "validator", "--defaults"], more].concat()
    }
    program::fails(
        folder.path(),
        &init(&["--set", "subnet.netuid=many"]),
        2,
        &["--set subnet.netuid=many", "whole number"],
    );
    program::fails(folder.path(), &init(&["--set", "validator.round_blocks=3"]), 2, &["that isn't asked", "chain.url"]);
    program::fails(folder.path(), &init(&["--set", "chain.url"]), 2, &["no KEY=VALUE"]);
    program::fails(folder.path(), &init(&["--out", "incentive.toml"]), 1, &["incentive.toml"]);
    assert!(!folder.path().join("validator.toml").exists());
}

#[test]
fn the_manual_and_completions_are_written() {
    let folder = TempDir::new().unwrap();
    let printed = program::prints(folder.path(), &["man", "man1", "--json"]);
    let document: Value = serde_json::from_str(&printed).unwrap();
    let pages = document["pages"].as_array().unwrap();
    assert_eq!(fs::read_dir(folder.path().join("man1")).unwrap().count(), pages.len());
    for name in ["assay.1", "assay-doctor.1", "assay-wallet-new-hotkey.1"] {
        assert!(fs::read_to_string(folder.path().join("man1").join(name)).unwrap().starts_with(".ie \\n(.g"), "{name}");
    }
    assert!(program::prints(folder.path(), &["completions", "bash"]).contains("complete -F _assay"));
    let output = program::run(folder.path(), &["completions", "dos"]);
    assert_eq!(output.status.code(), Some(2));
}
