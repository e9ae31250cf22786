//! `cargo xtask test-subtensor`: the whole chain client against a node that is not ours.

use anyhow::Result;

use crate::run::{become_command, cargo, repository};

/// Build and become the program that does it: it needs no libtorch, and its arguments and exit code are its own. Returns
/// only on failure.
pub fn command(arguments: &[String]) -> Result<()> {
    let mut cargo = cargo(&repository()?);
    // Without `-p`: cargo then picks the same features as for the whole workspace, and nothing is built twice.
    cargo.args(["run", "--quiet", "--bin", "test-subtensor", "--"]).args(arguments);
    Err(become_command(&mut cargo))
}
