//! Python packages of a requirements file, in a folder of the cache. No virtual environment: Debian's Python cannot make
//! one as it comes, and a folder on `PYTHONPATH` is all that is needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cache::Cache;
use crate::run::{python, run, step};

/// The folder, made unless it is there already. `name` is its name in the cache, but for the version of Python.
pub fn install(cache: &Cache, wanted: &Path, name: &str) -> Result<PathBuf> {
    let output = Command::new(python())
        .args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
        .output()
        .with_context(|| format!("cannot run {}: install Python 3, or name it in PYTHON", python()))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let stamp = fs::read_to_string(wanted).with_context(|| format!("cannot read {}", wanted.display()))?;
    cache.folder(&format!("{name}-py{version}"), &stamp, |fresh| {
        step(&format!("Python packages of {name}, once"));
        let mut pip = Command::new(python());
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-warn-script-location"])
            .args(["--require-hashes", "--only-binary=:all:", "--no-deps", "--target"])
            .arg(fresh)
            .arg("-r")
            .arg(wanted);
        run(&mut pip).context("packages of the Python package index")
    })
}
