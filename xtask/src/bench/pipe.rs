//! A program that is asked over its stdin and stdout, a line of JSON each way.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::run::{line, step};

/// Ends when it is dropped.
#[derive(Debug)]
pub struct Pipe {
    /// As it was started, or as it calls itself.
    pub name: String,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Pipe {
    pub fn start(command: &mut Command) -> Result<Pipe> {
        step(&line(command));
        // Threads that spin while they wait take the processor from whoever is measured at the moment.
        command.env("OMP_WAIT_POLICY", "passive").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot run {}", line(command)))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("no pipe to {}", line(command));
        };
        Ok(Pipe { name: line(command), child, stdin, stdout: BufReader::new(stdout) })
    }

    pub fn ask<T: DeserializeOwned>(&mut self, request: &Value) -> Result<T> {
        writeln!(self.stdin, "{request}").with_context(|| format!("{} ended", self.name))?;
        self.read()
    }

    /// The next line that it says by itself.
    pub fn read<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut text = String::new();
        self.stdout.read_line(&mut text).with_context(|| format!("reading from {}", self.name))?;
        if text.is_empty() {
            bail!("{} failed ({})", self.name, self.child.wait()?);
        }
        serde_json::from_str(&text).with_context(|| format!("{} says {}", self.name, text.trim_end()))
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
