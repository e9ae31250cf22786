//! `cargo xtask bench`: how fast this machine runs the model in the repository, and any crate's own benchmarks.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::libtorch;
use crate::run::{line, repository, run};

const ROUNDS: usize = 5;
const MODEL: &str = "models/tiny";

/// Benchmarks of the crates where there are any; then `assay run`, timed from outside in a release build.
pub fn command(arguments: &[String]) -> Result<()> {
    if let Some(unknown) = arguments.first() {
        bail!("unknown argument {unknown}: cargo xtask bench takes none");
    }
    let root = repository()?;
    let folder = libtorch::ensure(false)?;
    let cargo = |words: &[&str]| {
        let mut command = libtorch::cargo(&root, &folder);
        command.args(words);
        command
    };
    if has_benches(&root) {
        run(&mut cargo(&["bench", "--workspace", "--benches"]))?;
    } else {
        eprintln!("    no crate has benchmarks of its own");
    }
    run(&mut cargo(&["build", "--release", "--bin", "assay"]))?;

    let generate = |tokens: &str| {
        let mut runs = Vec::new();
        for _ in 0..ROUNDS {
            runs.push(timed(&mut cargo(&[
                "run",
                "--release",
                "--quiet",
                "--bin",
                "assay",
                "--",
                "run",
                "--json",
                "--model",
                MODEL,
                "--prompt",
                "The",
                "--temperature",
                "1",
                "--max-new",
                tokens,
            ]))?);
        }
        runs.sort_by(|a, b| a.1.total_cmp(&b.1));
        Ok::<_, anyhow::Error>(runs[ROUNDS / 2])
    };
    let (_, start) = generate("1")?;
    let (tokens, whole) = generate("256")?;
    println!("start, load and one token: {start:.2} s (median of {ROUNDS})");
    if tokens > 1 {
        println!(
            "then {:.0} tokens/s over {tokens} tokens, one request at a time",
            (tokens - 1) as f64 / (whole - start)
        );
    }
    Ok(())
}

/// How many tokens came, and after how many seconds the program was done.
fn timed(command: &mut Command) -> Result<(usize, f64)> {
    let began = Instant::now();
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot run {}", line(command)))?;
    let took = began.elapsed().as_secs_f64();
    if !output.status.success() {
        bail!("{} failed ({})", line(command), output.status);
    }
    Ok((count_tokens(&String::from_utf8_lossy(&output.stdout)), took))
}

/// Length of the array `tokens` in the document that `assay run --json` prints.
fn count_tokens(document: &str) -> usize {
    let Some((_, rest)) = document.split_once("\"tokens\"") else { return 0 };
    let Some((_, rest)) = rest.split_once('[') else { return 0 };
    let Some((array, _)) = rest.split_once(']') else { return 0 };
    array.split(',').filter(|item| !item.trim().is_empty()).count()
}

fn has_benches(root: &Path) -> bool {
    let Ok(entries) = fs::read_dir(root) else { return false };
    entries.flatten().any(|entry| entry.path().join("Cargo.toml").is_file() && entry.path().join("benches").is_dir())
}

#[cfg(test)]
mod tests {
    use super::count_tokens;

    #[test]
    fn tokens_are_counted_in_any_layout() {
        assert_eq!(
            count_tokens("{\n  \"seed\": 0,\n  \"tokens\": [\n    5,\n    17\n  ],\n  \"text\": \"a, [b]\"\n}"),
            2
        );
        assert_eq!(count_tokens(r#"{"tokens":[1,2,3]}"#), 3);
        assert_eq!(count_tokens(r#"{"tokens":[]}"#), 0);
        assert_eq!(count_tokens("error"), 0);
    }
}
