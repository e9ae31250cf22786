//! `cargo xtask notebooks`: execute the notebooks against the log of a demo.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cache::Cache;
use crate::libtorch;
use crate::run::{python, repository, run, step};

/// Where `assay demo` leaves what the notebook reads.
const LOG: &str = ".assay/demo/validator-0/score-log.jsonl";
const SUMMARY: &str = ".assay/demo/summary.json";
const NOTEBOOKS: [&str; 1] = ["replay"];

pub fn command(arguments: &[String]) -> Result<()> {
    let log = match arguments {
        [] => None,
        [flag, file] if flag == "--log" => Some(PathBuf::from(file)),
        _ => bail!("usage: cargo xtask notebooks [--log FILE]"),
    };
    let root = repository()?;
    let folder = match &log {
        // A log that is given needs nothing built.
        Some(_) => PathBuf::new(),
        None => libtorch::ensure(false)?,
    };
    println!("{}", execute(&root, &folder, log.as_deref())?);
    Ok(())
}

/// Every notebook, against `log` or the last demo's; without one, a short demo is run first.
pub fn execute(root: &Path, libtorch: &Path, log: Option<&Path>) -> Result<String> {
    let (log, summary) = match log {
        Some(log) => {
            let log = fs::canonicalize(log).with_context(|| format!("cannot read the log {}", log.display()))?;
            (log, None)
        }
        None => {
            if !root.join(LOG).is_file() {
                eprintln!("    there is no {LOG}: running a short demo");
                let mut demo = libtorch::cargo(root, libtorch);
                run(demo.args(["run", "--bin", "assay", "--", "demo"]))?;
            }
            (root.join(LOG), Some(root.join(SUMMARY)))
        }
    };
    let packages = packages(root, &Cache::of_user()?)?;
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

/// The pinned Python packages, in a folder of the cache. No virtual environment: Debian's Python cannot make one as it
/// comes, and a folder on `PYTHONPATH` is all that is needed.
fn packages(root: &Path, cache: &Cache) -> Result<PathBuf> {
    let wanted = root.join("notebooks/requirements.txt");
    let output = Command::new(python())
        .args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
        .output()
        .with_context(|| format!("cannot run {}: install Python 3, or name it in PYTHON", python()))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let stamp = fs::read_to_string(&wanted).with_context(|| format!("cannot read {}", wanted.display()))?;
    let name = format!("notebooks-py{version}");
    let folder = cache.path(&name);
    let is_made = || fs::read_to_string(folder.join(".ok")).is_ok_and(|found| found == stamp);
    if is_made() {
        return Ok(folder);
    }
    let _lock = cache.lock(&name)?;
    if is_made() {
        return Ok(folder);
    }
    step(&format!("Python packages of the notebooks, once, into {}", folder.display()));
    let fresh = cache.path(&format!("{name}.tmp"));
    for stale in [&fresh, &folder] {
        if stale.exists() {
            fs::remove_dir_all(stale).with_context(|| format!("cannot remove {}", stale.display()))?;
        }
    }
    let mut pip = Command::new(python());
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-warn-script-location"])
        .args(["--require-hashes", "--only-binary=:all:", "--no-deps", "--target"])
        .arg(&fresh)
        .arg("-r")
        .arg(&wanted);
    run(&mut pip).context("the notebooks need packages from the Python package index")?;
    fs::write(fresh.join(".ok"), stamp)?;
    fs::rename(&fresh, &folder)?;
    Ok(folder)
}
