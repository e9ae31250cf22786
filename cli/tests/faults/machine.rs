//! A machine for one process, whose clock jumps and whose disk fills up when the test says so. The program is the built one:
//! a library that is loaded before it stands between it and the system.

use std::{fs::File, os::unix::fs::FileExt as _, path::PathBuf, process, time::Duration};

use tempfile::TempDir;
use tokio::process::Command;

/// Behind a file that `machine.c` maps.
pub struct Machine {
    state: File,
    folder: TempDir,
}

impl Machine {
    /// With the right time and an empty disk. A C compiler is there: the program is built with one.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/faults/machine.c");
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
        let mut command = process::Command::new(compiler);
        command.args(["-shared", "-fPIC", "-O1", "-o"]).arg(folder.path().join("machine.so")).arg(source);
        assert!(command.status().unwrap().success());
        let state = File::options().read(true).write(true).create_new(true).open(folder.path().join("state")).unwrap();
        let machine = Self { state, folder };
        machine.set_clock(0);
        machine.empty_disk();
        machine
    }

    /// Run a program on it.
    pub fn run<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("LD_PRELOAD", self.folder.path().join("machine.so"));
        command.env("ASSAY_TEST_MACHINE", self.folder.path().join("state"))
    }

    /// Its wall clock is so many milliseconds ahead of the right time.
    pub fn set_clock(&self, ahead_ms: i64) {
        self.state.write_all_at(&ahead_ms.to_ne_bytes(), 0).unwrap();
    }

    /// Its files may grow by so many bytes more, all of them together.
    pub fn fill_disk(&self, room: u64) {
        self.state.write_all_at(&i64::try_from(room).unwrap().to_ne_bytes(), 8).unwrap();
    }

    /// Its disk has room for all.
    pub fn empty_disk(&self) {
        self.state.write_all_at(&(-1i64).to_ne_bytes(), 8).unwrap();
    }
}

/// One hour, either way.
pub const HOUR_MS: i64 = Duration::from_secs(3600).as_millis() as i64;
