//! `cargo xtask notebooks`: execute the notebooks against the log of a demo.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::cache::Cache;
use crate::run::{python, repository, run};
use crate::{libtorch, python as package, requirements};

/// What the notebooks read.
#[derive(Clone, Debug)]
pub enum Source {
    /// The last demo in its usual folder, or a short one run now.
    LastDemo,
    /// A short demo run now, in a folder of its own: it shows that the program as it stands is read.
    FreshDemo,
    /// A log from anywhere; only the Python package is built.
    Log(PathBuf),
}

/// `cargo xtask notebooks`: execute them, and with them what they say that they found.
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
    let (_, assay) = package::installed(root, &packages, &package::target(root).join("notebooks"))?;
    let out = root.join("notebooks/out");
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let (notebooks, began) = (all(&root.join("notebooks"))?, Instant::now());
    let mut execute = Command::new(python());
    execute
        .arg(root.join("notebooks/execute.py"))
        .arg(&out)
        .args(&notebooks)
        .current_dir(root)
        .env("PYTHONPATH", std::env::join_paths([&assay, &packages])?)
        .env("PYTHONNOUSERSITE", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("ASSAY_LOG", &log);
    match &summary {
        Some(summary) => execute.env("ASSAY_SUMMARY", summary),
        None => execute.env_remove("ASSAY_SUMMARY"),
    };
    run(&mut execute)?;
    let names: Vec<_> = notebooks.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
    let seconds = began.elapsed().as_secs_f64();
    Ok(format!("{} executed in {seconds:.0} s, in notebooks/out", names.join(", ")))
}

/// Every notebook in the folder, by name: none is left out for want of an entry in a list.
fn all(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let mut notebooks: Vec<_> = paths.into_iter().filter(|path| path.extension() == Some("ipynb".as_ref())).collect();
    notebooks.sort();
    Ok(notebooks)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notebooks_are_stored_without_outputs() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../notebooks");
        let notebooks = all(&folder).unwrap();
        let names: Vec<_> = notebooks.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
        assert_eq!(names, ["concentration", "incentives", "replay", "verification"]);
        for path in &notebooks {
            let notebook: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            for cell in notebook["cells"].as_array().unwrap() {
                let stale = cell["outputs"].as_array().is_some_and(|outputs| !outputs.is_empty());
                assert!(!stale && cell["execution_count"].is_null(), "{}: cell {}", path.display(), cell["id"]);
            }
        }
    }
}
