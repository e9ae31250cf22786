//! Rounds of a validator that are timed: `cargo xtask bench round` asks the two programs in this one over their pipes.
//!
//! `round miners COUNT` is a subnet: a chain, and so many miners on it that answer anything with the same text. It says
//! where the chain is, and then makes a block for each line of stdin.
//!
//! `round validator URL [CONCURRENT]` says what it is, and then answers each line of stdin with a line about one round:
//! `"queries"` asks every miner the same question, over the connections of the time before; `"cold"` over new ones;
//! `"round"` closes those, and waits for the next round of a running validator, from the metagraph to the score log on
//! disk. All lines are JSON.
//!
//! They are two processes so that the processor time of asking is nobody else's.

mod asking;
mod fixed;
mod stopwatch;
mod subnet;

use std::io::{BufRead, Write};

use anyhow::{Context, bail};
use primitives::{Keypair, NetUid};
use serde_json::Value;
use tokio::sync::mpsc;

const NETUID: NetUid = NetUid(1);

/// The validator's. Everything here is on this machine.
fn validator() -> anyhow::Result<Keypair> {
    Ok(Keypair::from_uri("//Validator")?)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let lines = lines();
    match arguments[..] {
        ["miners", count] => subnet::serve(count.parse().context("how many miners?")?, lines).await,
        ["validator", url] => asking::answer(url, None, lines).await,
        ["validator", url, concurrent] => asking::answer(url, Some(concurrent.parse()?), lines).await,
        _ => bail!("usage: round miners COUNT | round validator URL [CONCURRENT]"),
    }
}

/// The lines of stdin, as they come.
fn lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// The next line, as JSON.
async fn asked(lines: &mut mpsc::Receiver<String>) -> anyhow::Result<Option<Value>> {
    let Some(line) = lines.recv().await else { return Ok(None) };
    Ok(Some(serde_json::from_str(&line).with_context(|| format!("{line} is no JSON"))?))
}

fn say(document: &Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{document}")?;
    Ok(out.flush()?)
}
