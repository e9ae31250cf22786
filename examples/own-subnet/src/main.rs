//! The `assay` command of this subnet: for its validators, its miners, and everybody who replays a log.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(own_subnet::registry())
}
