//! The user's cache: where everything lives that is fetched once and shared by all checkouts.

use std::env;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// `$XDG_CACHE_HOME/assay`, or `~/.cache/assay`.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

/// Held while a folder of the cache is being made; given back on drop, also when the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Cache {
    /// The one that all checkouts of a user share.
    pub fn of_user() -> Result<Cache> {
        let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
        match base {
            Some(base) => Ok(Cache::at(base.join("assay"))),
            None => bail!("no place for a cache: neither XDG_CACHE_HOME nor HOME is an absolute path"),
        }
    }

    /// One in a folder.
    pub fn at(root: impl Into<PathBuf>) -> Cache {
        Cache { root: root.into() }
    }

    /// Where something of this name is kept, if it is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A folder that `make` fills, unless one made of the same `stamp` is there: whole, or not at all.
    pub fn folder(&self, name: &str, stamp: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let folder = self.path(name);
        let is_made = || fs::read_to_string(folder.join(".ok")).is_ok_and(|found| found == stamp);
        if is_made() {
            return Ok(folder);
        }
        let _lock = self.lock(name)?;
        if is_made() {
            return Ok(folder);
        }
        let fresh = self.path(&format!("{name}.tmp"));
        for stale in [&fresh, &folder] {
            if stale.exists() {
                fs::remove_dir_all(stale).with_context(|| format!("cannot remove {}", stale.display()))?;
            }
        }
        make(&fresh)?;
        fs::write(fresh.join(".ok"), stamp)?;
        fs::rename(&fresh, &folder)?;
        Ok(folder)
    }

    /// Wait until no other run makes the same thing.
    pub fn lock(&self, name: &str) -> Result<Lock> {
        let path = self.path(&format!("{name}.lock"));
        fs::create_dir_all(&self.root).with_context(|| format!("cannot make the cache {}", self.root.display()))?;
        let file = File::create(&path).with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                eprintln!("    another run holds {}; waiting for it", path.display());
                file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        Ok(Lock { _file: file })
    }
}

/// Make `link` point at `target`, in one step. A folder of the user's own in that place is left alone.
pub fn link(link: &Path, target: &Path) -> Result<()> {
    if fs::read_link(link).is_ok_and(|old| old == target) {
        return Ok(());
    }
    if fs::symlink_metadata(link).is_ok_and(|old| !old.is_symlink()) {
        bail!("{} is not a link: move it away", link.display());
    }
    if let Some(parent) = link.parent() {
        fs::create_dir_all(parent)?;
    }
    let fresh = link.with_extension(format!("{}.tmp", std::process::id()));
    let _ = fs::remove_file(&fresh);
    std::os::unix::fs::symlink(target, &fresh)
        .and_then(|()| fs::rename(&fresh, link))
        .with_context(|| format!("cannot link {} to {}", link.display(), target.display()))
}
