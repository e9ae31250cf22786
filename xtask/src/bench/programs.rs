//! The programs that take part, built or installed.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::engine::Engine;
use super::service::output;
use crate::cache::Cache;
use crate::run::{python, run, step};
use crate::{libtorch, requirements};

/// What pip takes in, and what it leaves.
const SIZES: &str = "PyTorch with CUDA's libraries, transformers and CTranslate2: 2.8 GB to fetch, 7 GB on the disk";

pub struct Programs {
    pub assay: PathBuf,
    throughput: PathBuf,
    root: PathBuf,
    python: Python,
}

/// A Python, and where it finds packages that are not its own.
pub struct Python {
    program: PathBuf,
    packages: Option<PathBuf>,
}

impl Python {
    /// The user's own, or the usual one with the peers' packages in the cache.
    pub fn with_peers(own: Option<&Path>, root: &Path, cache: &Cache) -> Result<Python> {
        if let Some(own) = own {
            return Ok(Python { program: own.to_owned(), packages: None });
        }
        step(SIZES);
        let wanted = root.join("xtask/bench/requirements.txt");
        let packages = requirements::install(cache, &wanted, "bench").context(
            "the peers need CPython 3.11 to 3.14 and the packages; --no-peers goes without, --python names one that has them",
        )?;
        Ok(Python { program: python().into(), packages: Some(packages) })
    }

    /// With whatever it has.
    pub fn bare(own: Option<&Path>) -> Python {
        Python { program: own.map_or_else(|| python().into(), Path::to_owned), packages: None }
    }

    pub fn script(&self, path: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(path).env("PYTHONDONTWRITEBYTECODE", "1");
        if let Some(packages) = &self.packages {
            command.env("PYTHONPATH", packages).env("PYTHONNOUSERSITE", "1");
        }
        command
    }
}

impl Programs {
    pub fn build(root: &Path, python: Python) -> Result<Programs> {
        let folder = libtorch::ensure(false)?;
        let mut build = libtorch::cargo(root, &folder);
        run(build.args([
            "build",
            "--release",
            "--locked",
            "--workspace",
            "--bin",
            "assay",
            "--example",
            "throughput",
        ]))?;
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
        let release = target.join("release");
        Ok(Programs {
            assay: release.join("assay"),
            throughput: release.join("examples/throughput"),
            root: root.to_owned(),
            python,
        })
    }

    /// Our engine in a process of its own.
    pub fn ours(&self, model: &Path, threads: usize, slots: usize, reuse: bool) -> Result<Engine> {
        let mut command = Command::new(&self.throughput);
        command.arg(model).arg("--threads").arg(threads.to_string()).arg("--slots").arg(slots.to_string());
        Engine::start(command.arg("--prefix-reuse").arg(reuse.to_string()))
    }

    /// The same on a GPU, in whose memory there is room for sequences of so many tokens.
    pub fn ours_on(
        &self,
        model: &Path,
        device: &str,
        dtype: Option<&str>,
        slots: usize,
        tokens: usize,
    ) -> Result<Engine> {
        let mut command = Command::new(&self.throughput);
        command.arg(model).args(["--device", device]).arg("--slots").arg(slots.to_string());
        Engine::start(command.arg("--slot-tokens").arg(tokens.to_string()).args(["--dtype", dtype.unwrap_or("bf16")]))
    }

    pub fn peer(&self, name: &str, model: &Path, threads: usize) -> Result<Engine> {
        let mut command = self.python.script(&self.root.join("xtask/bench/peers.py"));
        Engine::start(command.arg(name).arg(model).arg("--threads").arg(threads.to_string()))
    }

    /// The reference of our commitments, where the Python has it.
    pub fn toploc(&self) -> Result<Engine> {
        Engine::start(self.python.script(&self.root.join("xtask/bench/peers.py")).arg("toploc"))
    }

    /// The tokens of `assay run`.
    pub fn run(&self, model: &Path, prompt: &[u32], new: u32) -> Result<Vec<u32>> {
        #[derive(Deserialize)]
        struct Document {
            tokens: Vec<u32>,
        }
        let ids: Vec<String> = prompt.iter().map(u32::to_string).collect();
        let mut command = Command::new(&self.assay);
        command.arg("run").arg(model).args(["--token-ids", &ids.join(",")]);
        command.args(["--max-new", &new.to_string(), "--temperature", "0", "--json"]);
        let document: Document = serde_json::from_slice(&output(&mut command)?).context("what assay run says")?;
        Ok(document.tokens)
    }
}
