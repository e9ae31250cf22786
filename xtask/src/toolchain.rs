//! The C++ compiler: the one thing besides rustup and Python that a machine must bring.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

fn cxx() -> String {
    env::var("CXX").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "c++".into())
}

/// That there is a compiler for C++, or what to install.
pub fn require_cxx() -> Result<()> {
    let status = Command::new(cxx()).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        _ => bail!(
            "no C++ compiler: {} does not run; install one (Debian, Ubuntu: apt install g++) or name it in CXX",
            cxx()
        ),
    }
}

/// Link an empty program to the libtorch in `folder` and run it: shows any library that is missing or does not fit.
pub fn try_link(folder: &Path) -> Result<()> {
    let (source, program, lib) = (folder.join("try.cpp"), folder.join("try"), folder.join("lib"));
    fs::write(&source, "int main() { return 0; }\n")?;
    let output = Command::new(cxx())
        .arg(&source)
        .arg("-o")
        .arg(&program)
        .arg(format!("-Wl,--no-as-needed,-rpath,{}", lib.display()))
        .arg("-L")
        .arg(&lib)
        .args(["-ltorch_cpu", "-ltorch", "-lc10"])
        .output()
        .with_context(|| format!("cannot run {}", cxx()))?;
    if !output.status.success() {
        bail!("it does not link ({})", first_line(&output.stderr));
    }
    let output = Command::new(&program).output()?;
    if !output.status.success() {
        bail!("a program linked to it does not start ({})", first_line(&output.stderr));
    }
    fs::remove_file(source)?;
    fs::remove_file(program)?;
    Ok(())
}

fn first_line(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or("no message").trim().to_owned()
}
