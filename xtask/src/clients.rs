//! `cargo xtask clients`: genuine clients, installed from their registries, against the embedded chain.

mod chain;
mod table;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

pub use table::{Line, table};

use crate::cache::Cache;
use crate::requirements;
use crate::run::{line, python, repository, run, step};
use chain::Chain;

const USAGE: &str = "cargo xtask clients [--require] [--write]
--require fails where a client cannot be installed, --write puts the table into docs/localnet.md";
const FOLDER: &str = "localnet/clients";
const DOCUMENT: &str = "docs/localnet.md";
/// The table stands between these.
const BEGIN: &str = "<!-- written by `cargo xtask clients --write` -->\n";
const END: &str = "<!-- end of what is written -->\n";
const SUBXT: &str = "subxt 0.51.1";

/// `cargo xtask clients`: how far clients of other people come with the embedded chain.
pub fn command(arguments: &[String]) -> Result<()> {
    let (mut require, mut write) = (false, false);
    for argument in arguments {
        match argument.as_str() {
            "--require" => require = true,
            "--write" => write = true,
            _ => bail!("usage: {USAGE}"),
        }
    }
    let root = repository()?;
    let cache = Cache::of_user()?;
    let scripts = [
        script(&root, &cache, "sdk10.py", "requirements-10.txt"),
        script(&root, &cache, "sdk11.py", "requirements-11.txt"),
        script(&root, &cache, "btcli.py", "requirements-11.txt"),
        polkadot(&root, &cache),
    ];
    let assay = chain::build(&root)?;

    let (mut lines, mut skipped) = (Vec::new(), Vec::new());
    for (name, command) in scripts {
        match command {
            Ok(mut command) => {
                let chain = Chain::start(&assay)?;
                lines.extend(follow(command.arg(&chain.url), Line::read)?);
            }
            Err(error) => skipped.push(format!("SKIPPED {name}: {error:#}")),
        }
    }
    let mut cargo = crate::run::cargo(&root);
    cargo.args(["test", "--package", "assay-localnet", "--test", "subxt"]);
    lines.extend(follow(&mut cargo, |line| Line::of_test(SUBXT, line))?);

    let table = table(&lines);
    println!("{table}");
    skipped.iter().for_each(|reason| println!("{reason}"));
    if write && !skipped.is_empty() {
        bail!("{DOCUMENT} stays as it is: it would lose a column");
    }
    if write {
        insert(&root.join(DOCUMENT), &table)?;
    }
    let failed = lines.iter().filter(|line| line.is_failure()).count();
    if failed > 0 {
        bail!("{failed} of {} steps failed", lines.len());
    }
    if require && !skipped.is_empty() {
        bail!("{} clients could not be installed", skipped.len());
    }
    Ok(())
}

/// A script in Python and the command that runs it, but for the chain's address.
fn script<'a>(root: &Path, cache: &Cache, file: &'a str, requirements: &str) -> (&'a str, Result<Command>) {
    let folder = root.join(FOLDER);
    let name = requirements.trim_end_matches(".txt").replace("requirements", "clients");
    let command = requirements::install(cache, &folder.join(requirements), &name).and_then(|packages| {
        let home = fresh(cache, "clients-home")?;
        let mut command = Command::new(python());
        command
            .arg(folder.join(file))
            .env("PYTHONPATH", packages)
            .env("PYTHONNOUSERSITE", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            // Wallets and caches of the user's have no say, and the SDK's cache of metadata outlives a change of ours.
            .env("HOME", &home)
            .env("BITTENSOR_RUNTIME_CACHE_DIR", home.join(file));
        Ok(command)
    });
    (file, command)
}

/// The script for Node.js, with the packages of the lock file.
fn polkadot<'a>(root: &Path, cache: &Cache) -> (&'a str, Result<Command>) {
    let file = "polkadot.mjs";
    let folder = root.join(FOLDER);
    let lock = folder.join("package-lock.json");
    let install = || {
        let stamp = fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
        let modules = cache.folder("clients-npm", &stamp, |fresh| {
            step("npm packages of the clients, once");
            fs::create_dir_all(fresh)?;
            for name in ["package.json", "package-lock.json"] {
                fs::copy(folder.join(name), fresh.join(name))?;
            }
            run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(fresh))
                .context("packages of the npm registry")
        })?;
        let mut command = Command::new("node");
        command.arg(folder.join(file)).env("NODE_PATH", modules.join("node_modules"));
        Ok(command)
    };
    (file, install())
}

/// An empty folder of the cache.
fn fresh(cache: &Cache, name: &str) -> Result<PathBuf> {
    let folder = cache.path(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// Run a client and read its steps as they come. What it says besides goes to stderr.
fn follow(command: &mut Command, read: impl Fn(&str) -> Option<Line>) -> Result<Vec<Line>> {
    step(&line(command));
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot run {}", line(command)))?;
    let mut lines = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        for text in BufReader::new(stdout).lines() {
            let text = text?;
            match read(&text) {
                Some(line) => lines.push(line),
                None => eprintln!("{text}"),
            }
        }
    }
    let status = child.wait()?;
    // A client that says nothing wrong and yet ends badly did not get through its steps.
    if lines.is_empty() || !(status.success() || lines.iter().any(Line::is_failure)) {
        bail!("{} ended before its steps did ({status})", line(command));
    }
    Ok(lines)
}

fn insert(document: &Path, table: &str) -> Result<()> {
    let text = fs::read_to_string(document).with_context(|| format!("cannot read {}", document.display()))?;
    let (Some((before, _)), Some((_, after))) = (text.split_once(BEGIN), text.split_once(END)) else {
        bail!("{} has no place for the table", document.display());
    };
    fs::write(document, format!("{before}{BEGIN}\n{table}\n{END}{after}"))?;
    Ok(())
}
