//! Running other programs and saying so.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The repository's root: where xtask was started from by cargo, whichever checkout that is.
pub fn repository() -> Result<PathBuf> {
    let here = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let here = Path::new(&here);
    here.parent().map(Path::to_owned).with_context(|| format!("{} has no parent folder", here.display()))
}

/// The Python to use: `$PYTHON`, or `python3`.
pub fn python() -> String {
    env::var("PYTHON").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "python3".into())
}

/// The cargo that started us.
pub fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(root);
    // What cargo tells about xtask is not about the packages built from here on.
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    command
}

pub fn step(what: &str) {
    eprintln!("==> {what}");
}

/// The command as a person would type it.
pub fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let words = command.get_args().map(|word| word.to_string_lossy().into_owned());
    std::iter::once(program).chain(words).collect::<Vec<_>>().join(" ")
}

pub fn run(command: &mut Command) -> Result<()> {
    step(&line(command));
    let status = command.status().with_context(|| format!("cannot run {}", line(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", line(command));
    }
    Ok(())
}

/// Become the command, so that signals and the exit code are its own. Returns only on failure.
pub fn become_command(command: &mut Command) -> anyhow::Error {
    step(&line(command));
    let error = command.exec();
    anyhow::Error::new(error).context(format!("cannot run {}", line(command)))
}
