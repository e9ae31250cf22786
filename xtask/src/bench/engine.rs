//! An engine in a process of its own, asked over its stdin and stdout.

use std::process::Command;

use anyhow::Result;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::measure::{Lap, Run};
use super::pipe::Pipe;

#[derive(Debug)]
pub struct Engine {
    pub name: String,
    pub dtype: String,
    pipe: Pipe,
}

#[derive(Deserialize)]
struct Hello {
    engine: String,
    dtype: String,
}

impl Engine {
    /// Returns when it has loaded what it will run.
    pub fn start(command: &mut Command) -> Result<Engine> {
        let mut pipe = Pipe::start(command)?;
        let hello: Hello = pipe.read()?;
        pipe.name.clone_from(&hello.engine);
        Ok(Engine { name: hello.engine, dtype: hello.dtype, pipe })
    }

    pub fn ask<T: DeserializeOwned>(&mut self, request: &Value) -> Result<T> {
        self.pipe.ask(request)
    }

    pub fn generate(&mut self, prompts: &[Vec<u32>], new: u32) -> Result<Lap> {
        self.ask(&json!({ "prompts": prompts, "new": new }))
    }

    /// The prefill by itself, then everything.
    pub fn measure(&mut self, round: usize, prompts: &[Vec<u32>], new: u32) -> Result<Run> {
        let (prefill, whole) = (self.generate(prompts, 1)?, self.generate(prompts, new)?);
        Ok(Run { engine: self.name.clone(), round, prefill, whole })
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
