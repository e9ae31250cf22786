//! A chain in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::libtorch;
use crate::run::{line, step};

/// Runs until dropped. It keeps nothing, so it is not asked to stop.
pub struct Chain {
    child: Child,
    pub url: String,
}

impl Chain {
    pub fn start(assay: &Path) -> Result<Self> {
        let mut command = Command::new(assay);
        // Quicknet is the only beacon that the SDKs lock to.
        command.args(["localnet", "--listen", "127.0.0.1:0", "--block-time", "250ms", "--beacon", "quicknet"]);
        step(&line(&command));
        let mut child = command.stdout(Stdio::piped()).spawn().context("cannot run assay")?;
        let mut url = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut url)?;
        }
        let url = url.trim().to_owned();
        let chain = Self { child, url };
        if chain.url.is_empty() {
            bail!("the chain ended before it listened");
        }
        Ok(chain)
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        // Dead already is what we want.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Build the program and say where it is.
pub fn build(root: &Path) -> Result<PathBuf> {
    let mut cargo = libtorch::cargo(root, &libtorch::ensure(false)?);
    cargo.args(["build", "--bin", "assay", "--message-format", "json-render-diagnostics"]).stderr(Stdio::inherit());
    step(&line(&cargo));
    let output = cargo.output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("assay does not build");
    }
    executable(&String::from_utf8_lossy(&output.stdout)).context("cargo does not say where it put assay")
}

/// What cargo's messages say that it built last.
fn executable(messages: &str) -> Option<PathBuf> {
    let named = |message: &str| {
        let message: serde_json::Value = serde_json::from_str(message).ok()?;
        message.get("executable")?.as_str().map(PathBuf::from)
    };
    messages.lines().rev().find_map(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_names_what_it_built() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
                        {\"reason\":\"compiler-artifact\",\"executable\":\"/t/debug/assay\"}\n\
                        {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable(messages), Some(PathBuf::from("/t/debug/assay")));
        assert_eq!(executable("no json"), None);
    }
}
