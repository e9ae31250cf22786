//! `cargo xtask interop`: other people's programs against ours. Bittensor's own library, each reading what the other wrote;
//! llama.cpp's server behind a miner, asked by us and by a gRPC client that has only reflection to go by.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::cache::Cache;
use crate::libtorch;
use crate::requirements;
use crate::run::{cargo, python, repository, run};

/// A counterpart, and the script that brings both together.
struct Counterpart {
    /// Its packages' name in the cache.
    name: &'static str,
    folder: &'static str,
    requirements: &'static str,
    /// What is compared, for the report.
    what: &'static str,
}

const BITTENSOR: Counterpart = Counterpart {
    name: "bittensor-core",
    folder: "chain/examples",
    requirements: "bittensor-core.txt",
    what: "timelocked messages and rows, reveal blocks",
};

const LLAMA_CPP: Counterpart = Counterpart {
    name: "llama-cpp-server",
    folder: "cli/tests/openai",
    requirements: "requirements.txt",
    what: "llama.cpp's server behind a miner",
};

/// `cargo xtask interop`: other people's programs against ours.
pub fn command(arguments: &[String]) -> Result<()> {
    if !arguments.is_empty() {
        bail!("usage: cargo xtask interop");
    }
    let (root, cache) = (repository()?, Cache::of_user()?);
    bittensor(&root, &BITTENSOR.install(&root, &cache)?)?;
    llama_cpp(&root, &LLAMA_CPP.install(&root, &cache)?)
}

/// The same among other checks: where a counterpart can't be had, the report says so.
pub fn check(root: &Path, cache: &Cache) -> Result<String> {
    let mut report = Vec::new();
    for (counterpart, compare) in [(BITTENSOR, bittensor as fn(&Path, &Path) -> Result<()>), (LLAMA_CPP, llama_cpp)] {
        match counterpart.install(root, cache) {
            Ok(packages) => {
                compare(root, &packages)?;
                report.push(counterpart.what.to_owned());
            }
            Err(error) => {
                eprintln!("    {error:#}");
                report.push(format!("SKIPPED {} (it could not be fetched)", counterpart.what));
            }
        }
    }
    Ok(report.join("; "))
}

impl Counterpart {
    fn install(&self, root: &Path, cache: &Cache) -> Result<PathBuf> {
        requirements::install(cache, &root.join(self.folder).join(self.requirements), self.name)
    }

    fn script(&self, root: &Path, packages: &Path) -> Command {
        let mut python = Command::new(python());
        python
            .arg(root.join(self.folder).join("interop.py"))
            .env("PYTHONPATH", packages)
            .env("PYTHONNOUSERSITE", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        python
    }
}

fn bittensor(root: &Path, packages: &Path) -> Result<()> {
    run(cargo(root).args(["build", "--workspace", "--locked", "--example", "interop"]))?;
    run(BITTENSOR.script(root, packages).arg(target(root).join("debug/examples/interop")))
}

fn llama_cpp(root: &Path, packages: &Path) -> Result<()> {
    let folder = libtorch::ensure(false)?;
    run(libtorch::cargo(root, &folder).args(["build", "--workspace", "--locked", "--bin", "assay"]))?;
    run(LLAMA_CPP.script(root, packages).arg(target(root).join("debug/assay")).arg(root.join("models/tiny")))
}

fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}
