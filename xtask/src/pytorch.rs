//! An installed PyTorch of the right version, laid out as a libtorch folder of links.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::cache::Cache;
use crate::libtorch::{self, VERSION};
use crate::run::python;
use crate::toolchain;

const WHERE: &str =
    "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')";

/// The libtorch folder made of it, or `None` with the reason said: then the wheels are fetched.
pub fn find(cache: &Cache) -> Result<Option<PathBuf>> {
    let Some(torch) = installed() else {
        return Ok(None);
    };
    match version(&torch) {
        Some(found) if libtorch::is_wanted(&found) => {}
        Some(found) => {
            eprintln!("    PyTorch {found} in {} is not {VERSION}: not used", torch.display());
            return Ok(None);
        }
        None => return Ok(None),
    }
    let name = format!("libtorch-{VERSION}-pytorch");
    let _lock = cache.lock(&name)?;
    let folder = cache.path(&name);
    let fresh = cache.path(&format!("{name}.tmp"));
    for stale in [&fresh, &folder] {
        if stale.exists() {
            fs::remove_dir_all(stale).with_context(|| format!("cannot remove {}", stale.display()))?;
        }
    }
    lay_out(&torch, &fresh)?;
    match libtorch::check(&fresh).and_then(|()| toolchain::try_link(&fresh)) {
        Ok(()) => {
            fs::rename(&fresh, &folder)?;
            eprintln!("    using PyTorch {VERSION} in {}", torch.display());
            Ok(Some(folder))
        }
        Err(reason) => {
            eprintln!("    PyTorch {VERSION} in {} is not used: {reason:#}", torch.display());
            fs::remove_dir_all(&fresh)?;
            Ok(None)
        }
    }
}

/// `torch/version.py` says it without importing torch, which takes seconds.
pub fn version(torch: &Path) -> Option<String> {
    let text = fs::read_to_string(torch.join("version.py")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("__version__ = "))?;
    Some(line.trim().trim_matches(['\'', '"']).to_owned())
}

/// Links to the CPU part of `torch/` and to the two CUDA libraries which that part names, if it is a CUDA build.
pub fn lay_out(torch: &Path, folder: &Path) -> Result<()> {
    let lib = folder.join("lib");
    fs::create_dir_all(&lib).with_context(|| format!("cannot make {}", lib.display()))?;
    let link = |from: &Path, to: &Path| {
        std::os::unix::fs::symlink(from, to)
            .with_context(|| format!("cannot link {} to {}", to.display(), from.display()))
    };
    link(&torch.join("include"), &folder.join("include"))?;
    let site = torch.parent().unwrap_or(torch);
    let mut folders = vec![torch.join("lib"), site.join("torch.libs")];
    if let Ok(entries) = fs::read_dir(site.join("nvidia")) {
        folders.extend(entries.flatten().map(|entry| entry.path().join("lib")));
    }
    for from in folders {
        let Ok(entries) = fs::read_dir(&from) else { continue };
        for file in entries.flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            let to = lib.join(&name);
            if is_cpu_part(&name) && !to.exists() {
                link(&file.path(), &to)?;
            }
        }
    }
    // The wheel's own libtorch.so is an empty shim that asks for every CUDA library.
    link(Path::new("libtorch_cpu.so"), &lib.join("libtorch.so"))?;
    fs::write(folder.join("build-version"), format!("{VERSION}\n"))?;
    Ok(())
}

fn is_cpu_part(name: &str) -> bool {
    const STEMS: [&str; 8] = [
        "libtorch_cpu.",
        "libc10.",
        "libgomp",
        "libcudart",
        "libcupti",
        "libopenblas",
        "libgfortran",
        "libarm_compute",
    ];
    name.contains(".so") && STEMS.iter().any(|stem| name.starts_with(stem))
}

fn installed() -> Option<PathBuf> {
    let output = Command::new(python()).args(["-c", WHERE]).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim()).filter(|path| output.status.success() && !path.is_empty()).map(PathBuf::from)
}
