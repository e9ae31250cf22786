//! An engine in a process of its own, asked over its stdin and stdout, a line of JSON each way.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::measure::{Lap, Run};
use crate::run::{line, step};

#[derive(Debug)]
pub struct Engine {
    pub name: String,
    pub dtype: String,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

#[derive(Deserialize)]
struct Hello {
    engine: String,
    dtype: String,
}

impl Engine {
    /// Returns when it has loaded what it will run.
    pub fn start(command: &mut Command) -> Result<Engine> {
        step(&line(command));
        // Threads that spin while they wait take the processor from whoever is measured at the moment.
        command.env("OMP_WAIT_POLICY", "passive").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot run {}", line(command)))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("no pipe to {}", line(command));
        };
        let name = line(command);
        let mut engine = Engine { name, dtype: String::new(), child, stdin, stdout: BufReader::new(stdout) };
        let hello: Hello = engine.read()?;
        (engine.name, engine.dtype) = (hello.engine, hello.dtype);
        Ok(engine)
    }

    pub fn ask<T: DeserializeOwned>(&mut self, request: &Value) -> Result<T> {
        writeln!(self.stdin, "{request}").with_context(|| format!("{} ended", self.name))?;
        self.read()
    }

    pub fn generate(&mut self, prompts: &[Vec<u32>], new: u32) -> Result<Lap> {
        self.ask(&json!({ "prompts": prompts, "new": new }))
    }

    /// The prefill by itself, then everything.
    pub fn measure(&mut self, round: usize, prompts: &[Vec<u32>], new: u32) -> Result<Run> {
        let (prefill, whole) = (self.generate(prompts, 1)?, self.generate(prompts, new)?);
        Ok(Run { engine: self.name.clone(), round, prefill, whole })
    }

    fn read<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut text = String::new();
        self.stdout.read_line(&mut text).with_context(|| format!("reading from {}", self.name))?;
        if text.is_empty() {
            bail!("{} failed ({})", self.name, self.child.wait()?);
        }
        serde_json::from_str(&text).with_context(|| format!("{} says {}", self.name, text.trim_end()))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Engine> {
        Engine::start(Command::new("sh").args(["-c", script]))
    }

    #[test]
    fn every_line_gets_one_line() -> Result<()> {
        let mut engine = shell(
            r#"echo '{"engine": "sh 1", "dtype": "f32"}'
            while read line; do n=$((n + 1)); echo "{\"wall_s\": $n, \"cpu_s\": 1, \"tokens\": [[7]]}"; done"#,
        )?;
        assert_eq!((engine.name.as_str(), engine.dtype.as_str()), ("sh 1", "f32"));
        let run = engine.measure(3, &[vec![0]], 4)?;
        assert_eq!((run.round, run.prefill.wall_s, run.whole.wall_s), (3, 1.0, 2.0));
        Ok(())
    }

    #[test]
    fn an_engine_that_ends_or_talks_nonsense_is_named() -> Result<()> {
        let error = shell("exit 3").map(|engine| engine.name.clone());
        assert!(error.is_err_and(|error| error.to_string().contains("exit status: 3")));
        let mut engine = shell(r#"echo '{"engine": "sh 1", "dtype": "f32"}'; read line; echo hm"#)?;
        let error = engine.generate(&[], 1).map(|lap| lap.wall_s);
        assert!(error.is_err_and(|error| error.to_string().contains("sh 1 says hm")));
        Ok(())
    }
}
