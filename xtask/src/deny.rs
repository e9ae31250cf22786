//! Licences, sources, bans and advisories of our dependencies, by cargo-deny.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cache::Cache;
use crate::run::{cargo, run, step};

const VERSION: &str = "0.20.2";

/// Licences, bans and sources always. Advisories when their database can be had; the report says when it cannot.
pub fn check(root: &Path, cache: &Cache) -> Result<String> {
    let deny = find_or_install(root, cache)?;
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

/// cargo-deny of the user, or our own of a pinned version, built once into the cache.
fn find_or_install(root: &Path, cache: &Cache) -> Result<PathBuf> {
    let name = format!("cargo-deny-{VERSION}");
    let ours = cache.path(&name).join("bin/cargo-deny");
    let runs = |path: &Path| {
        let status = Command::new(path).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    for candidate in [Path::new("cargo-deny"), &ours] {
        if runs(candidate) {
            return Ok(candidate.to_owned());
        }
    }
    let _lock = cache.lock(&name)?;
    if runs(&ours) {
        return Ok(ours);
    }
    step(&format!("building {name} once, into {}", cache.root().display()));
    let fresh = cache.path(&format!("{name}.tmp"));
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    let mut install = cargo(root);
    install
        .args(["install", "--locked", "--debug", "--version", VERSION, "--root"])
        .arg(&fresh)
        .arg("cargo-deny")
        // It runs for a second; what counts is how long it takes to build.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_PROFILE_DEV_INCREMENTAL", "false")
        .env_remove("CARGO_TARGET_DIR");
    run(&mut install)?;
    let folder = cache.path(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::rename(&fresh, &folder).with_context(|| format!("cannot make {}", folder.display()))?;
    if !runs(&ours) {
        bail!("{} does not run", ours.display());
    }
    Ok(ours)
}
