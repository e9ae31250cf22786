//! `cargo xtask demo`: from a fresh clone to a running subnet.

use anyhow::Result;

use crate::libtorch;
use crate::run::{become_command, repository};

/// Make sure of libtorch, then build and become `assay demo`. Returns only on failure.
pub fn command(arguments: &[String]) -> Result<()> {
    let root = repository()?;
    let folder = libtorch::ensure(false)?;
    let mut cargo = libtorch::cargo(&root, &folder);
    // Without `-p`: cargo then picks the same features as for the whole workspace, and nothing is built twice.
    cargo.args(["run", "--bin", "assay", "--", "demo"]).args(arguments);
    Err(become_command(&mut cargo))
}
