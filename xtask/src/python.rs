//! `cargo xtask python`: build the Python package, and test what was built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cache::Cache;
use crate::requirements;
use crate::run::{python, repository, run};

/// `cargo xtask python`: build the Python package and run its tests.
pub fn command(arguments: &[String]) -> Result<()> {
    if !arguments.is_empty() {
        bail!("usage: cargo xtask python");
    }
    println!("{}", check(&repository()?, &Cache::of_user()?)?);
    Ok(())
}

/// Build the wheel, install it into a folder beside it, and run its tests there. Says what came of it.
pub fn check(root: &Path, cache: &Cache) -> Result<String> {
    let wanted = root.join("python/requirements.txt");
    let packages = requirements::install(cache, &wanted, "python").context("the Python package's tests need")?;
    let out = target(root).join("python");
    let (wheel, installed) = installed(root, &packages, &out)?;

    let mut tests = Command::new(python());
    tests
        .args(["-m", "pytest", "-p", "no:cacheprovider"])
        .arg(root.join("python/tests"))
        .current_dir(&out)
        .env("PYTHONPATH", std::env::join_paths([&installed, &packages])?)
        .env("PYTHONNOUSERSITE", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    run(&mut tests)?;
    Ok(format!("{}, its tests", wheel.file_name().unwrap_or_default().to_string_lossy()))
}

/// Build the wheel with the maturin among `packages`, and install it: the wheel, and the folder to import from, both in `out`.
pub fn installed(root: &Path, packages: &Path, out: &Path) -> Result<(PathBuf, PathBuf)> {
    let wheel = build(root, packages, &out.join("wheel"))?;
    let folder = out.join("installed");
    install(&wheel, &folder)?;
    Ok((wheel, folder))
}

/// The wheel, optimised, for every CPython from 3.10 on.
fn build(root: &Path, packages: &Path, folder: &Path) -> Result<PathBuf> {
    empty(folder)?;
    let mut maturin = Command::new(packages.join("bin/maturin"));
    maturin
        .args(["build", "--release", "--locked", "--interpreter", &python(), "--manifest-path"])
        .arg(root.join("python/Cargo.toml"))
        .arg("--out")
        .arg(folder)
        .current_dir(root);
    run(&mut maturin)?;
    let mut made = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let wheel = made.find(|path| path.extension().is_some_and(|end| end == "whl"));
    wheel.with_context(|| format!("maturin left no wheel in {}", folder.display()))
}

/// The wheel as pip installs it, without its dependencies: the tests' own are pinned.
fn install(wheel: &Path, folder: &Path) -> Result<()> {
    empty(folder)?;
    let mut pip = Command::new(python());
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", "--target"])
        .arg(folder)
        .arg(wheel);
    run(&mut pip)
}

fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

/// Where cargo builds.
pub fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}
