//! Models that are made here, in the cache.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::checkpoint::Checkpoint;
use super::programs::Python;
use crate::cache::Cache;
use crate::run::{run, step};

/// The token that ends a text of theirs.
pub const END: u32 = 1;
/// Preset and seed of the models whose tokens are compared. The first is the one that is measured.
const MODELS: [(&str, u32); 4] = [("bench", 0), ("small", 1), ("small", 2), ("small", 3)];

pub struct Models {
    measured: PathBuf,
    converted: PathBuf,
    checked: Vec<PathBuf>,
}

impl Models {
    /// One of the user's, or those that `make_model.py` makes.
    pub fn get(own: Option<&Path>, peers: bool, root: &Path, cache: &Cache, python: &Python) -> Result<Models> {
        if let Some(own) = own {
            return Ok(Models { measured: own.to_owned(), converted: PathBuf::new(), checked: Vec::new() });
        }
        let maker = root.join("xtask/bench/make_model.py");
        let script = fs::read_to_string(&maker).with_context(|| format!("cannot read {}", maker.display()))?;
        let folder = cache.folder("bench-models", &script, |fresh| {
            step("models of random weights, 250 MB, once");
            for (preset, seed) in MODELS {
                let mut make = python.script(&maker);
                make.arg(fresh.join(name(preset, seed))).args(["--preset", preset, "--seed", &seed.to_string()]);
                run(&mut make).context("making models needs Python with numpy; --model names one that there is")?;
            }
            Ok(())
        })?;
        let measured = folder.join(name(MODELS[0].0, MODELS[0].1));
        let mut converted = PathBuf::new();
        if peers {
            converted = cache.folder("bench-ctranslate2", &script, |fresh| {
                let mut convert = python.script(&root.join("xtask/bench/peers.py"));
                run(convert.arg("convert").arg(&measured).arg(fresh))
            })?;
        }
        let checked = MODELS.iter().map(|(preset, seed)| folder.join(name(preset, *seed))).collect();
        Ok(Models { measured, converted, checked })
    }

    pub fn measured(&self) -> Result<Checkpoint> {
        Checkpoint::open(&self.measured)
    }

    /// For CTranslate2.
    pub fn converted(&self) -> PathBuf {
        self.converted.clone()
    }

    pub fn checked(&self) -> Result<Vec<Checkpoint>> {
        self.checked.iter().map(|path| Checkpoint::open(path)).collect()
    }
}

fn name(preset: &str, seed: u32) -> String {
    format!("{preset}-{seed}")
}
