//! `cargo xtask notebooks`: execute the notebooks against the log of a demo.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cache::Cache;
use crate::run::{python, repository, run};
use crate::{libtorch, requirements};

const NOTEBOOKS: [&str; 1] = ["replay"];

/// What the notebooks read.
#[derive(Clone, Debug)]
pub enum Source {
    /// The last demo in its usual folder, or a short one run now.
    LastDemo,
    /// A short demo run now, in a folder of its own: it shows that the program as it stands is read.
    FreshDemo,
    /// A log from anywhere; nothing is built.
    Log(PathBuf),
}

pub fn command(arguments: &[String]) -> Result<()> {
    let source = match arguments {
        [] => Source::LastDemo,
        [flag, file] if flag == "--log" => Source::Log(PathBuf::from(file)),
        _ => bail!("usage: cargo xtask notebooks [--log FILE]"),
    };
    println!("{}", execute(&repository()?, source)?);
    Ok(())
}

/// Execute every notebook. Says what came of it.
pub fn execute(root: &Path, source: Source) -> Result<String> {
    let (log, summary) = match source {
        Source::Log(log) => {
            let log = fs::canonicalize(&log).with_context(|| format!("cannot read the log {}", log.display()))?;
            (log, None)
        }
        Source::LastDemo if root.join(".assay/demo/summary.json").is_file() => of_demo(root, ".assay/demo"),
        Source::LastDemo => demo(root, ".assay/demo")?,
        Source::FreshDemo => demo(root, ".assay/notebooks")?,
    };
    let wanted = root.join("notebooks/requirements.txt");
    let packages = requirements::install(&Cache::of_user()?, &wanted, "notebooks").context("the notebooks need")?;
    let out = root.join("notebooks/out");
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    for name in NOTEBOOKS {
        let mut execute = Command::new(python());
        execute
            .arg(root.join("notebooks/execute.py"))
            .arg(root.join(format!("notebooks/{name}.ipynb")))
            .arg(out.join(format!("{name}.ipynb")))
            .current_dir(root)
            .env("PYTHONPATH", &packages)
            .env("PYTHONNOUSERSITE", "1")
            .env("ASSAY_LOG", &log);
        match &summary {
            Some(summary) => execute.env("ASSAY_SUMMARY", summary),
            None => execute.env_remove("ASSAY_SUMMARY"),
        };
        run(&mut execute)?;
    }
    Ok(format!("{} executed, in notebooks/out", NOTEBOOKS.join(", ")))
}

/// Run a short demo. It fails where honest miners are not paid more than others.
fn demo(root: &Path, folder: &str) -> Result<(PathBuf, Option<PathBuf>)> {
    let mut cargo = libtorch::cargo(root, &libtorch::ensure(false)?);
    run(cargo.args(["run", "--bin", "assay", "--", "demo", "--epochs", "1", "--folder", folder]))?;
    Ok(of_demo(root, folder))
}

/// Where `assay demo` leaves the first validator's log and its summary.
fn of_demo(root: &Path, folder: &str) -> (PathBuf, Option<PathBuf>) {
    let folder = root.join(folder);
    (folder.join("validator-0/score-log.jsonl"), Some(folder.join("summary.json")))
}
