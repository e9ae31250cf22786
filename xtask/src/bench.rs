//! `cargo xtask bench`: how fast this machine runs the model in the repository, and any crate's own benchmarks.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::libtorch;
use crate::run::{repository, run};

const ROUNDS: u32 = 3;

/// Benchmarks of the crates where there are any; then generation by `assay run`, timed from outside.
pub fn command(arguments: &[String]) -> Result<()> {
    if let Some(unknown) = arguments.first() {
        bail!("unknown argument {unknown}: cargo xtask bench takes none");
    }
    let root = repository()?;
    let folder = libtorch::ensure(false)?;
    if has_benches(&root) {
        run(libtorch::cargo(&root, &folder).args(["bench", "--workspace", "--benches"]))?;
    } else {
        eprintln!("    no crate has benchmarks of its own");
    }
    let assay = |program: &[&str]| {
        let mut cargo = libtorch::cargo(&root, &folder);
        cargo.args(["run", "--release", "--quiet", "--bin", "assay", "--"]).args(program);
        cargo
    };
    run(libtorch::cargo(&root, &folder).args(["build", "--release", "--bin", "assay"]))?;
    for tokens in ["1", "256"] {
        for _ in 0..ROUNDS {
            let began = std::time::Instant::now();
            let mut command = assay(&["run", "--prompt", "Once upon a time", "--max-new", tokens]);
            run(command.stdout(std::process::Stdio::null()))?;
            println!("assay run, {tokens:>3} tokens: {:.2} s with start and load", began.elapsed().as_secs_f64());
        }
    }
    Ok(())
}

fn has_benches(root: &Path) -> bool {
    let Ok(entries) = fs::read_dir(root) else { return false };
    entries.flatten().any(|entry| entry.path().join("Cargo.toml").is_file() && entry.path().join("benches").is_dir())
}
