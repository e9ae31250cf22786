//! libtorch of the one version that `tch` is built against, where every cargo command of this repository finds it.
//!
//! In this order: an exported `LIBTORCH`; what `.libtorch` points at; an installed PyTorch; wheels from the Python
//! package index, fetched once into the user's cache. `.libtorch` then points at it, and `.cargo/config.toml` names
//! that.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cache::{self, Cache};
use crate::package::{Package, Wheel};
use crate::run::{self, repository, step};
use crate::{pytorch, toolchain};

/// The version that everything is built for.
pub const VERSION: &str = "2.11.0";

/// The CUDA build's CPU part, and the two small CUDA libraries that it names: enough to link and to run on a CPU.
const LIBRARIES: [(&str, u64); 5] = [
    ("libc10.so", 1_498_969),
    ("libcudart.so.13", 704_288),
    ("libcupti.so.13", 4_152_208),
    ("libgomp.so.1", 254_009),
    ("libtorch_cpu.so", 451_209_129),
];

/// The wheels that it comes from.
pub const PACKAGE: Package = Package {
    name: "libtorch-2.11.0",
    stamp: ".ok-2.11.0-1",
    wheels: &[
        Wheel {
            requirement: "torch==2.11.0",
            sha256: "0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756",
            file: "torch-2.11.0-cp312-cp312-manylinux_2_28_x86_64.whl",
        },
        Wheel {
            requirement: "nvidia-cuda-cupti==13.0.85",
            sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
            file: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
        },
        Wheel {
            requirement: "nvidia-cuda-runtime==13.0.96",
            sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
            file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        },
    ],
    rules: &[
        "torch/include/=include/",
        "torch/lib/libtorch_cpu.so=lib/libtorch_cpu.so",
        "torch/lib/libc10.so=lib/libc10.so",
        "torch/lib/libgomp.so.1=lib/libgomp.so.1",
        "nvidia/cu13/lib/libcupti.so.13=lib/libcupti.so.13",
        "nvidia/cu13/lib/libcudart.so.13=lib/libcudart.so.13",
    ],
    bytes_during: 1_150_000_000,
};

/// `cargo xtask libtorch [--force]`: find or fetch it, link `.libtorch` to it, and say where it is.
pub fn ensure(force: bool) -> Result<PathBuf> {
    let root = repository()?;
    let link = root.join(".libtorch");
    if env::var_os("LIBTORCH_USE_PYTORCH").is_some() {
        bail!("LIBTORCH_USE_PYTORCH is set, and the build would follow it instead of LIBTORCH: unset it");
    }
    toolchain::require_cxx()?;
    if let Some(folder) = exported(env::var_os("LIBTORCH").map(PathBuf::from), &link) {
        check_exported(&folder)?;
        if force {
            eprintln!("    LIBTORCH is exported and is used as it is: unset it to fetch");
        }
        cache::link(&link, &folder)?;
        return Ok(folder);
    }
    let cache = Cache::of_user()?;
    if !force
        && let Ok(folder) = fs::canonicalize(&link)
        && is_usable(&folder, &cache)
    {
        return Ok(folder);
    }
    step(&format!("libtorch {VERSION}"));
    let found = if force { None } else { pytorch::find(&cache)? };
    let folder = match found {
        Some(folder) => folder,
        None => fetch(&cache, force)?,
    };
    cache::link(&link, &folder)?;
    eprintln!("    .libtorch -> {}", folder.display());
    Ok(folder)
}

/// The user's own `LIBTORCH`. Cargo hands us the value of `.cargo/config.toml` too; that is not an export.
pub fn exported(value: Option<PathBuf>, link: &Path) -> Option<PathBuf> {
    value.filter(|path| !path.as_os_str().is_empty() && path != link)
}

/// That a folder has the libraries and headers that a build needs.
pub fn check_exported(folder: &Path) -> Result<()> {
    let named = || format!("LIBTORCH is set to {}", folder.display());
    if !folder.is_absolute() {
        bail!("{}: it must be an absolute path", named());
    }
    check(folder).with_context(named)?;
    Ok(())
}

/// Any libtorch folder: the right version, with headers and libraries.
pub fn check(folder: &Path) -> Result<()> {
    if !folder.is_dir() {
        bail!("there is no such folder");
    }
    let found = version(folder)?;
    if !is_wanted(&found) {
        bail!("libtorch {found} found, {VERSION} wanted; unset LIBTORCH to let `cargo xtask libtorch` fetch it");
    }
    for file in
        ["include/torch/csrc/api/include/torch/torch.h", "lib/libtorch.so", "lib/libtorch_cpu.so", "lib/libc10.so"]
    {
        if !folder.join(file).is_file() {
            bail!("{file} is missing in it: not a whole libtorch");
        }
    }
    Ok(())
}

/// The folder that we made: as above, and every library of exactly the size that was pinned.
pub fn check_fetched(folder: &Path) -> Result<()> {
    check(folder)?;
    for (name, size) in LIBRARIES {
        let found = fs::metadata(folder.join("lib").join(name)).map(|file| file.len()).unwrap_or(0);
        if found != size {
            bail!("lib/{name} has {found} bytes, {size} wanted");
        }
    }
    Ok(())
}

/// `2.11.0+cu130` is 2.11.0.
pub fn is_wanted(version: &str) -> bool {
    version.split('+').next() == Some(VERSION)
}

fn version(folder: &Path) -> Result<String> {
    if let Ok(text) = fs::read_to_string(folder.join("build-version")) {
        return Ok(text.trim().to_owned());
    }
    match pytorch::version(folder) {
        Some(version) => Ok(version),
        None => bail!("it has no build-version: not a libtorch folder"),
    }
}

fn is_usable(folder: &Path, cache: &Cache) -> bool {
    let ours = fs::canonicalize(cache.path(PACKAGE.name)).is_ok_and(|ours| ours == folder);
    if ours { PACKAGE.is_complete(folder, check_fetched) } else { check(folder).is_ok() }
}

fn fetch(cache: &Cache, force: bool) -> Result<PathBuf> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("libtorch is pinned for Linux on x86-64 only; here, install libtorch {VERSION} and export LIBTORCH");
    }
    let finish = |folder: &Path| {
        // The wheel's libtorch.so is an empty shim that asks for the CUDA libraries.
        std::os::unix::fs::symlink("libtorch_cpu.so", folder.join("lib/libtorch.so"))?;
        fs::write(folder.join("build-version"), format!("{VERSION}\n"))?;
        Ok(())
    };
    PACKAGE.fetch(cache, force, finish, check_fetched)
}

/// A cargo command that builds with it. In a target folder that several checkouts share, `.libtorch` would be another
/// path for each of them and rebuild the bindings each time; there the folder itself is named.
pub fn cargo(root: &Path, libtorch: &Path) -> Command {
    let mut command = run::cargo(root);
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    if target.is_some_and(|target| target.is_absolute() && !target.starts_with(root)) {
        command.env("LIBTORCH", libtorch);
    }
    command
}
