//! What `cargo xtask bench round` was asked for.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::bench::options::count;

pub const USAGE: &str = "\
usage: cargo xtask bench round [--miners N,N,…] [--rounds N] [--concurrent N] [--no-peers] [--json FILE] [--write FILE]";

#[derive(Debug, Eq, PartialEq)]
pub struct Options {
    /// Sizes of subnets; the SDK runs beside the first.
    pub miners: Vec<u16>,
    pub rounds: usize,
    /// Miners that are asked at once; the validator's default where none is given.
    pub concurrent: Option<usize>,
    pub peers: bool,
    /// Where all measurements go.
    pub json: Option<PathBuf>,
    /// The document whose marked section is replaced.
    pub write: Option<PathBuf>,
}

impl Options {
    pub fn parse(words: &[String]) -> Result<Options> {
        let mut found =
            Options { miners: vec![256, 4096], rounds: 5, concurrent: None, peers: true, json: None, write: None };
        let mut words = words.iter();
        while let Some(flag) = words.next() {
            if flag == "--no-peers" {
                found.peers = false;
                continue;
            }
            let value = words.next().with_context(|| format!("{flag}: no such flag, or no value\n{USAGE}"))?;
            match flag.as_str() {
                "--miners" => {
                    found.miners = value.split(',').map(|part| count(flag, part)).collect::<Result<_>>()?;
                }
                "--rounds" => found.rounds = count(flag, value)?,
                "--concurrent" => found.concurrent = Some(count(flag, value)?),
                "--json" => found.json = Some(value.into()),
                "--write" => found.write = Some(value.into()),
                _ => bail!("{flag}: no such flag\n{USAGE}"),
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options> {
        Options::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn sizes_are_given_or_usual() -> Result<()> {
        assert_eq!(parse("")?.miners, [256, 4096]);
        let own = parse("--miners 8,16 --rounds 2 --concurrent 64 --no-peers")?;
        assert_eq!((own.miners, own.rounds, own.concurrent, own.peers), (vec![8, 16], 2, Some(64), false));
        for wrong in ["--miners 0", "--miners 8,x", "--miners 70000", "--rounds", "--threads 2"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        Ok(())
    }
}
