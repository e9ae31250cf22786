//! Programs from crates.io that a task runs: the user's own, or ours of a pinned version, built once into the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cache::Cache;
use crate::run::{cargo, run, step};

pub struct Tool {
    /// Of the crate and of its program.
    pub name: &'static str,
    pub version: &'static str,
}

impl Tool {
    /// Where it is. Built first, where neither the user nor the cache has it.
    pub fn find_or_install(&self, root: &Path, cache: &Cache) -> Result<PathBuf> {
        let name = format!("{}-{}", self.name, self.version);
        let ours = cache.path(&name).join("bin").join(self.name);
        for candidate in [Path::new(self.name), &ours] {
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
            .args(["install", "--locked", "--debug", "--version", self.version, "--root"])
            .arg(&fresh)
            .arg(self.name)
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
}

fn runs(path: &Path) -> bool {
    let status = Command::new(path).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
