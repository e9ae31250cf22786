//! `cargo xtask interop`: Bittensor's own library against ours, each reading what the other wrote.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::cache::Cache;
use crate::requirements;
use crate::run::{cargo, python, repository, run};

const FOLDER: &str = "chain/examples";

pub fn command(arguments: &[String]) -> Result<()> {
    if !arguments.is_empty() {
        bail!("usage: cargo xtask interop");
    }
    let (root, cache) = (repository()?, Cache::of_user()?);
    let packages = install(&root, &cache)?;
    compare(&root, &packages)
}

/// The same among other checks: where the library can't be had, the report says so.
pub fn check(root: &Path, cache: &Cache) -> Result<String> {
    let packages = match install(root, cache) {
        Ok(packages) => packages,
        Err(error) => {
            eprintln!("    {error:#}");
            return Ok("SKIPPED (it could not be fetched)".into());
        }
    };
    compare(root, &packages)?;
    Ok("timelocked messages and rows, reveal blocks".into())
}

fn install(root: &Path, cache: &Cache) -> Result<PathBuf> {
    requirements::install(cache, &root.join(FOLDER).join("bittensor-core.txt"), "bittensor-core")
}

fn compare(root: &Path, packages: &Path) -> Result<()> {
    run(cargo(root).args(["build", "--workspace", "--locked", "--example", "interop"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
    let mut python = Command::new(python());
    python
        .arg(root.join(FOLDER).join("interop.py"))
        .arg(target.join("debug/examples/interop"))
        .env("PYTHONPATH", packages)
        .env("PYTHONNOUSERSITE", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    run(&mut python)
}
