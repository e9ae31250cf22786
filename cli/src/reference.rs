//! `--help` of every command: as snapshots, and as the reference in `docs/cli.md`. `UPDATE=1 cargo test -p assay-cli`
//! writes the reference anew.

use std::{fs, path::Path};

use clap::{Command, CommandFactory as _};

use crate::args::Cli;

/// The help of a command and of those below it, by their words, in the order in which help names them.
fn pages() -> Vec<(String, String)> {
    fn walk(command: &mut Command, above: &str, pages: &mut Vec<(String, String)>) {
        let words = format!("{above}{}", command.get_name());
        let text = command.render_long_help().to_string();
        pages.push((words.clone(), text.lines().map(|line| format!("{}\n", line.trim_end())).collect()));
        for below in command.get_subcommands_mut() {
            walk(below, &format!("{words} "), pages);
        }
    }
    let mut command = Cli::command();
    command.build();
    let mut pages = Vec::new();
    walk(&mut command, "", &mut pages);
    pages
}

#[test]
fn help_is_as_recorded() {
    for (words, text) in pages() {
        insta::assert_snapshot!(words.replace(' ', "_"), text);
    }
}

#[test]
fn the_reference_is_current() {
    let mut text = String::from(
        "# Command line\n\nThis page is `assay --help` of every command; a test compares the two, and \
         `UPDATE=1 cargo test -p assay-cli` writes it anew.\n",
    );
    for (words, help) in pages() {
        text += &format!("\n## {words}\n\n```text\n{help}```\n");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cli.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let recorded = fs::read_to_string(&path).unwrap_or_default();
    assert!(recorded == text, "docs/cli.md differs from --help: run UPDATE=1 cargo test -p assay-cli");
}
