//! The two sides: a subnet of ours with a validator, and axons of the SDK with a dendrite.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use super::findings::Lap;
use crate::bench::pipe::Pipe;
use crate::cache::Cache;
use crate::python::target;
use crate::requirements;
use crate::run::{cargo, python, run};

/// Processes that the SDK's axons share: more than cores, so that none waits for another's lock.
const AXON_PROCESSES: u16 = 4;

pub struct Ours {
    subnet: Pipe,
    validator: Pipe,
    whole: String,
    /// Whether the validator has made its first round, which needs no new block.
    begun: bool,
}

impl Ours {
    /// Build what is run, and say where it is. It needs no libtorch.
    pub fn build(root: &Path) -> Result<PathBuf> {
        let package = ["--package", "assay-validator", "--no-default-features", "--example", "round"];
        run(cargo(root).args(["build", "--release", "--locked"]).args(package))?;
        Ok(target(root).join("release/examples/round"))
    }

    pub fn start(program: &Path, miners: u16, concurrent: Option<usize>) -> Result<Ours> {
        #[derive(Deserialize)]
        struct Subnet {
            url: String,
        }
        #[derive(Deserialize)]
        struct Hello {
            engine: String,
            concurrent: usize,
            miners: u16,
        }
        let count = miners.to_string();
        let mut subnet = Pipe::start(&mut with_files(program, ["miners", &count]))?;
        let Subnet { url } = subnet.read()?;
        let mut validator = with_files(program, ["validator", &url]);
        let mut validator = Pipe::start(validator.args(concurrent.map(|count| count.to_string())))?;
        let hello: Hello = validator.read()?;
        if hello.miners != miners {
            bail!("{} of {miners} miners are announced", hello.miners);
        }
        validator.name = format!("{}, {} at a time", hello.engine, hello.concurrent);
        let whole = format!("{}, scored and stored", validator.name);
        Ok(Ours { subnet, validator, whole, begun: false })
    }

    pub fn name(&self) -> &str {
        &self.validator.name
    }

    pub fn whole_name(&self) -> &str {
        &self.whole
    }

    /// A question to each miner, over new connections or those of the time before.
    pub fn queries(&mut self, cold: bool) -> Result<Lap> {
        self.validator.ask(&json!(if cold { "cold" } else { "queries" }))
    }

    /// A whole round.
    pub fn round(&mut self) -> Result<Lap> {
        if self.begun {
            self.subnet.ask::<Value>(&json!("block"))?;
        }
        self.begun = true;
        self.validator.ask(&json!("round"))
    }
}

pub struct Peers {
    dendrite: Pipe,
    /// Serve while they are held.
    _axons: Vec<Pipe>,
}

impl Peers {
    pub fn start(root: &Path, cache: &Cache, miners: u16) -> Result<Peers> {
        #[derive(Deserialize)]
        struct Serving {
            axons: Vec<Value>,
        }
        #[derive(Deserialize)]
        struct Hello {
            engine: String,
        }
        #[derive(Deserialize)]
        struct Ready {
            axons: u16,
        }
        let packages = requirements::install(cache, &root.join("localnet/clients/requirements-10.txt"), "clients-10")
            .context("the SDK needs CPython 3.10 to 3.14 and its packages; --no-peers goes without")?;
        // The library writes where it is at home.
        let home = cache.path("bench-home");
        fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
        let script = |words: &[&str]| {
            let script = root.join("xtask/bench/axons.py");
            let mut command = with_files(python(), [script.as_os_str()]);
            command
                .args(words)
                .env("PYTHONPATH", &packages)
                .env("PYTHONNOUSERSITE", "1")
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .env("HOME", &home);
            command
        };
        let (mut first, mut pipes) = (0, Vec::new());
        for left in (1..=AXON_PROCESSES.min(miners)).rev() {
            let count = (miners - first) / left;
            let words = ["miners", "--count", &count.to_string(), "--from", &first.to_string()];
            pipes.push(Pipe::start(&mut script(&words))?);
            first += count;
        }
        let mut axons = Vec::new();
        for pipe in &mut pipes {
            let serving: Serving = pipe.read()?;
            axons.extend(serving.axons);
        }
        let mut dendrite = Pipe::start(&mut script(&["validator"]))?;
        let Hello { engine } = dendrite.read()?;
        let Ready { axons } = dendrite.ask(&json!({ "axons": axons }))?;
        if axons != miners {
            bail!("{axons} of {miners} axons serve");
        }
        dendrite.name = format!("{engine}, `dendrite.forward`");
        Ok(Peers { dendrite, _axons: pipes })
    }

    pub fn name(&self) -> &str {
        &self.dendrite.name
    }

    pub fn round(&mut self) -> Result<Lap> {
        self.dendrite.ask(&json!("round"))
    }
}

/// A program with as many open files as it is allowed: every connection is one.
fn with_files<Word: AsRef<OsStr>>(program: impl AsRef<OsStr>, words: impl IntoIterator<Item = Word>) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", r#"ulimit -n "$(ulimit -H -n)" && exec "$@""#, "sh"]).arg(program).args(words);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_arrive_as_they_are() -> Result<()> {
        let output = with_files("printf", ["%s|", "a b", "$HOME"]).output()?;
        assert_eq!(String::from_utf8(output.stdout)?, "a b|$HOME|");
        Ok(())
    }
}
