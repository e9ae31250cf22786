//! What `cargo xtask bench` was asked for.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result, bail};

pub const USAGE: &str = "\
usage: cargo xtask bench [--rounds N] [--threads N] [--prompt TOKENS] [--new TOKENS] [--concurrency N,N,…]
                         [--python FILE | --no-peers] [--model FOLDER] [--json FILE] [--write FILE]
       cargo xtask bench --device cuda:0 [--dtype TYPE] [the same, but for --python and --no-peers]
       cargo xtask bench round [--miners N,N,…] [--rounds N] [--concurrent N] [--no-peers] [--json FILE] [--write FILE]";

#[derive(Debug, Eq, PartialEq)]
pub struct Options {
    /// None is the processor, with other engines beside ours.
    pub device: Option<String>,
    pub dtype: Option<String>,
    pub rounds: usize,
    pub threads: usize,
    pub prompt: usize,
    pub new: u32,
    pub concurrency: Vec<usize>,
    /// A model of the user's own.
    pub model: Option<PathBuf>,
    /// A Python that has the peers' packages.
    pub python: Option<PathBuf>,
    pub peers: bool,
    /// Where all measurements go.
    pub json: Option<PathBuf>,
    /// The document whose marked section is replaced.
    pub write: Option<PathBuf>,
}

impl Options {
    pub fn parse(words: &[String]) -> Result<Options> {
        let mut found = Options {
            device: None,
            dtype: None,
            rounds: 3,
            threads: 1,
            prompt: 128,
            new: 0,
            concurrency: Vec::new(),
            model: None,
            python: None,
            peers: true,
            json: None,
            write: None,
        };
        let mut words = words.iter();
        while let Some(flag) = words.next() {
            if flag == "--no-peers" {
                found.peers = false;
                continue;
            }
            let value = words.next().with_context(|| format!("{flag}: no such flag, or no value\n{USAGE}"))?;
            match flag.as_str() {
                "--device" => found.device = Some(value.clone()).filter(|device| device != "cpu"),
                "--dtype" => found.dtype = Some(value.clone()),
                "--rounds" => found.rounds = count(flag, value)?,
                "--threads" => found.threads = count(flag, value)?,
                "--prompt" => found.prompt = count(flag, value)?,
                "--new" => found.new = count(flag, value)?,
                "--concurrency" => {
                    found.concurrency = value.split(',').map(|part| count(flag, part)).collect::<Result<_>>()?;
                }
                "--model" => found.model = Some(value.into()),
                "--python" => found.python = Some(value.into()),
                "--json" => found.json = Some(value.into()),
                "--write" => found.write = Some(value.into()),
                _ => bail!("{flag}: no such flag\n{USAGE}"),
            }
        }
        let on_gpu = found.device.is_some();
        if found.new == 0 {
            found.new = if on_gpu { 128 } else { 32 };
        }
        if found.concurrency.is_empty() {
            found.concurrency = if on_gpu { vec![1, 8, 32, 128] } else { vec![1, 8] };
        }
        if found.new < 2 {
            bail!("--new 1 leaves nothing to measure after the prefill");
        }
        found.peers &= !on_gpu;
        if found.peers && found.model.is_some() {
            bail!("--model goes with --no-peers or --device: the peers run the model that is made here");
        }
        if !on_gpu && found.dtype.is_some() {
            bail!("--dtype goes with --device: on the processor all engines compute in f32");
        }
        Ok(found)
    }
}

pub fn count<T: FromStr + PartialOrd + From<u8>>(flag: &str, text: &str) -> Result<T> {
    match text.parse() {
        Ok(number) if number >= T::from(1) => Ok(number),
        _ => bail!("{flag} {text}: a whole number from 1 on is wanted"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options> {
        Options::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn devices_have_usual_loads() -> Result<()> {
        let cpu = parse("")?;
        assert_eq!((cpu.concurrency, cpu.new, cpu.peers), (vec![1, 8], 32, true));
        assert_eq!(parse("--device cpu")?, parse("")?);
        let gpu = parse("--device cuda:1 --concurrency 4,16")?;
        assert_eq!((gpu.device.as_deref(), gpu.concurrency, gpu.new), (Some("cuda:1"), vec![4, 16], 128));
        assert!(!gpu.peers);
        Ok(())
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for wrong in [
            "--rounds 0",
            "--new 1",
            "--concurrency 1,x",
            "--speed 3",
            "--json",
            "--model somewhere",
            "--dtype bf16",
            "quick",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse("--model somewhere --no-peers").is_ok());
    }
}
