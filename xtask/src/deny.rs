//! Licences, sources, bans and advisories of our dependencies, by cargo-deny.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::cache::Cache;
use crate::run::{run, step};
use crate::tool::Tool;

const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };

/// Licences, bans and sources always. Advisories when their database can be had; the report says when it cannot.
pub fn check(root: &Path, cache: &Cache) -> Result<String> {
    let deny = DENY.find_or_install(root, cache)?;
    let command = |words: &[&str]| {
        let mut command = Command::new(&deny);
        command.current_dir(root).args(words);
        command
    };
    // Old spellings of licences in other people's manifests are not news.
    let quiet = ["--hide-inclusion-graph", "--allow", "parse-error"];
    run(command(&["--locked", "check"]).args(quiet).args(["licenses", "bans", "sources"]))?;

    step("cargo-deny fetch db");
    let fetched = command(&["--locked", "fetch", "db"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if fetched.is_ok_and(|status| status.success()) {
        run(&mut command(&["--locked", "check", "advisories"]))?;
        return Ok("licences, bans, sources, advisories".into());
    }
    if command(&["--locked", "check", "--disable-fetch", "advisories"]).output().is_ok_and(|out| out.status.success()) {
        return Ok("licences, bans, sources, advisories by an older database (the new one could not be fetched)".into());
    }
    let skipped = "licences, bans, sources; advisories SKIPPED (their database could not be fetched)";
    eprintln!("    {skipped}");
    Ok(skipped.into())
}
