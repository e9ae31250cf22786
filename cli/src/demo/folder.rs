//! The demo's files: a folder that only a demo wrote and only one demo uses.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use validator::Store;

use super::{Args, crew::Member, report::Report, stage::NETUID};

/// Marks a folder as a demo's: only such a folder is replaced.
const MARK: &str = "demo.lock";

/// A demo's folder, held until it is dropped.
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

/// A validator's settings, on disk.
pub struct ValidatorFiles {
    config: PathBuf,
    log: PathBuf,
    /// Where it writes the address of its dashboard.
    dashboard: PathBuf,
}

impl Folder {
    /// Make the folder, or empty the one that a former demo left. A folder with anything else in it is refused.
    pub fn take(path: &Path) -> anyhow::Result<Self> {
        let doing = |what: &str| format!("{what} {}", path.display());
        fs::create_dir_all(path).with_context(|| doing("creating"))?;
        let mark = path.join(MARK);
        let occupied = fs::read_dir(path).with_context(|| doing("reading"))?.next().is_some();
        anyhow::ensure!(
            mark.exists() || !occupied,
            "{} holds files that no demo wrote: choose another with --folder",
            path.display()
        );
        let lock =
            File::options().create(true).truncate(false).write(true).open(&mark).with_context(|| doing("marking"))?;
        if let Err(error) = lock.try_lock() {
            anyhow::bail!("{}: another demo runs there ({error}); choose another with --folder", path.display());
        }
        for entry in fs::read_dir(path).with_context(|| doing("reading"))? {
            let entry = entry.with_context(|| doing("reading"))?;
            let old = entry.path();
            if old == mark {
                continue;
            }
            let removed = if old.is_dir() { fs::remove_dir_all(&old) } else { fs::remove_file(&old) };
            removed.with_context(|| format!("removing {}", old.display()))?;
        }
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn of(&self, index: usize) -> PathBuf {
        self.path.join(format!("validator-{index}"))
    }

    /// The stores of the first `count` validators.
    pub fn stores(&self, count: usize) -> Vec<PathBuf> {
        (0..count).map(|index| self.of(index).join("store.sqlite")).collect()
    }

    /// Where a validator's log is exported to.
    pub fn log(&self, index: usize) -> PathBuf {
        self.of(index).join("score-log.jsonl")
    }

    /// Write the settings of a validator.
    pub fn validator(&self, index: usize, args: &Args) -> anyhow::Result<ValidatorFiles> {
        let folder = self.of(index);
        fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        let config = folder.join("validator.toml");
        let mut settings = toml::toml! {
            [validator]
            round_blocks = 6
            request_deadline_ms = 4000
            connect_deadline_ms = 1000

            [incentive]
            speed = { kind = "latency", start_us = 200000, unit_us = 8000, least_ppm = 500000 }
            smoothing = { kind = "ema", success_rate_ppm = 100000, failure_rate_ppm = 500000 }

            [incentive.gate]
            audit_probability_ppm = 900000
            penalty_answers = 20
        };
        if let Some(table) = settings.get_mut("validator").and_then(|value| value.as_table_mut()) {
            let store = folder.join("store.sqlite").display().to_string();
            table.insert("store_path".into(), store.into());
            table.insert("weights_margin_blocks".into(), i64::from(args.tempo / 2).into());
        }
        fs::write(&config, toml::to_string(&settings)?).with_context(|| format!("writing {}", config.display()))?;
        Ok(ValidatorFiles { config, log: folder.join("validator.log"), dashboard: folder.join("dashboard.txt") })
    }

    /// Write the summary and export the logs. Returns the summary's path.
    pub fn summarise(&self, report: &Report, validators: usize) -> anyhow::Result<PathBuf> {
        for (index, store) in self.stores(validators).iter().enumerate() {
            let path = self.log(index);
            let mut file = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
            Store::open_read_only(store)?
                .export_jsonl(&mut file)
                .with_context(|| format!("exporting to {}", path.display()))?;
            file.flush()?;
        }
        let path = self.path.join("summary.json");
        fs::write(&path, serde_json::to_vec_pretty(report)?).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }
}

impl ValidatorFiles {
    /// Start the validator with the development key `uri`.
    pub fn start(self, uri: &str, chain_url: &str, model: &Path) -> anyhow::Result<Member> {
        let arguments = [
            "validator",
            "--config",
            &self.config.display().to_string(),
            "--chain-url",
            chain_url,
            "--netuid",
            &NETUID.to_string(),
            "--key",
            uri,
            "--model",
            &model.display().to_string(),
            "--dashboard-listen",
            "127.0.0.1:0",
            "--dashboard-address-file",
            &self.dashboard.display().to_string(),
            "--stop-with-stdin",
        ];
        Member::start(arguments.map(str::to_owned).to_vec(), &self.log, &self.dashboard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_a_demos_folder_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("demo");
        let folder = Folder::take(&path).unwrap();
        fs::write(path.join("summary.json"), "{}").unwrap();
        // Held: a second demo must not empty it.
        assert!(Folder::take(&path).is_err());
        assert!(path.join("summary.json").exists());
        drop(folder);
        drop(Folder::take(&path).unwrap());
        assert!(!path.join("summary.json").exists());

        let precious = parent.path().join("precious");
        fs::create_dir(&precious).unwrap();
        fs::write(precious.join("thesis.txt"), "x").unwrap();
        assert!(Folder::take(&precious).is_err());
        assert!(precious.join("thesis.txt").exists());
    }
}
