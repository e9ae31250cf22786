//! `--help` of every command: as snapshots, and as the reference in `docs/cli.md`. `UPDATE=1 cargo test -p assay-cli`
//! writes the reference anew.
#![cfg(feature = "torch")]

use std::{fs, path::Path, process::Command};

/// Every command, as its words.
const COMMANDS: &[&[&str]] = &[
    &[],
    &["demo"],
    &["localnet"],
    &["miner"],
    &["validator"],
    &["ask"],
    &["run"],
    &["metagraph"],
    &["wallet"],
    &["wallet", "new-coldkey"],
    &["wallet", "new-hotkey"],
    &["wallet", "list"],
    &["wallet", "show"],
    &["wallet", "register"],
    &["wallet", "stake"],
    &["replay"],
    &["epoch"],
    &["config"],
    &["config", "show"],
    &["config", "check"],
];

fn help(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_assay")).args(words).arg("--help").output().unwrap();
    assert!(output.status.success(), "assay {} --help: {output:?}", words.join(" "));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn help_is_as_recorded() {
    for words in COMMANDS {
        let name = format!("help_{}", if words.is_empty() { "assay".to_owned() } else { words.join("_") });
        insta::assert_snapshot!(name, help(words));
    }
}

/// The list above misses no command: each one that a help page names is in it.
#[test]
fn every_command_is_listed() {
    for words in COMMANDS {
        let text = help(words);
        let Some((_, listed)) = text.split_once("\nCommands:\n") else { continue };
        for line in listed.lines().take_while(|line| !line.is_empty()) {
            let Some(name) = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')) else { continue };
            let name = name.split_whitespace().next().unwrap();
            let full: Vec<&str> = words.iter().copied().chain([name]).collect();
            assert!(COMMANDS.contains(&full.as_slice()), "assay {} isn't listed", full.join(" "));
        }
    }
}

#[test]
fn the_reference_is_current() {
    let mut text = String::from(
        "# Command line\n\nThis page is `assay --help` of every command; a test compares the two, and \
         `UPDATE=1 cargo test -p assay-cli` writes it anew.\n",
    );
    for words in COMMANDS {
        let title = [&["assay"], *words].concat().join(" ");
        text += &format!("\n## {title}\n\n```text\n{}```\n", help(words));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cli.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    let recorded = fs::read_to_string(&path).unwrap_or_default();
    assert!(recorded == text, "docs/cli.md differs from --help: run UPDATE=1 cargo test -p assay-cli");
}
