//! The built program in a folder.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    io::Write as _,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

/// A process that goes on; killed when this is dropped.
pub struct Running(pub Child);

impl Running {
    /// Send it a signal, as "-TERM".
    pub fn signal(&self, name: &str) {
        let told = Command::new("kill").args([name, &self.0.id().to_string()]).status().unwrap();
        assert!(told.success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Started there; the tester's own settings have no say.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ASSAY__") || name == "RUST_LOG") {
        command.env_remove(name);
    }
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs it there.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder).args(arguments).output().unwrap()
}

/// The same with a text on stdin, all of which it need not read.
pub fn told(folder: &Path, arguments: &[&str], text: &str) -> Output {
    let mut command = command(folder);
    let piped = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
    child.wait_with_output().unwrap()
}

/// What it prints, which must be all well.
pub fn prints(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// One line on stderr that holds all of these, nothing on stdout, and this status.
pub fn fails(folder: &Path, arguments: &[&str], status: i32, holding: &[&str]) {
    let output = run(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
    assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    for part in holding {
        assert!(said.contains(part), "{arguments:?}: {said:?} lacks {part:?}");
    }
}
