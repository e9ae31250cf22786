//! `cargo xtask bench round`: rounds of a validator that asks every miner of a subnet, ours beside those of Bittensor's
//! Python SDK 10 with its axons and its dendrite.
//!
//! Answers are trivial, so that what is measured is the asking. The sides take turns, and on both the miners are processes of
//! their own: the processor time is the asking side's alone.

mod findings;
mod options;
mod sides;

use std::fs;

use anyhow::{Context, Result};
use serde_json::json;

use self::findings::Findings;
use self::options::Options;
use self::sides::{Ours, Peers};
use super::{machine, report, write_json};
use crate::cache::Cache;
use crate::run::{repository, step};

const SECTION: &str = "cargo xtask bench round";

pub fn command(words: &[String]) -> Result<()> {
    let options = Options::parse(words)?;
    let (root, cache) = (repository()?, Cache::of_user()?);
    let program = Ours::build(&root)?;
    let load = machine::load();
    let mut findings = Findings::default();
    for (at, &miners) in options.miners.iter().enumerate() {
        // Its servers on one machine, all of them Python's, are what bounds the SDK: one size is enough to compare.
        let mut peers = match at {
            0 if options.peers => Some(Peers::start(&root, &cache, miners)?),
            _ => None,
        };
        let mut ours = Ours::start(&program, miners, options.concurrent)?;
        for round in 0..=options.rounds {
            let queries = ours.queries(round == 0)?;
            findings.add(round, miners, ours.name(), queries);
            if let Some(peers) = &mut peers {
                let lap = peers.round()?;
                findings.add(round, miners, peers.name(), lap);
            }
        }
        // After the questions: a validator has connections of its own, and twice as many are more than a machine may allow.
        for round in 0..=options.rounds {
            let whole = ours.round()?;
            findings.add(round, miners, ours.whole_name(), whole);
        }
    }
    let machine = machine::describe();
    let text = format!(
        "{machine}; {} rounds after the first, medians, with the range in brackets; load before the run {load:.1}.\n\n{}",
        options.rounds,
        findings.markdown()
    );
    println!("{text}");
    if let Some(file) = &options.json {
        write_json(file, &json!({ "machine": machine, "load": load, "findings": findings }))?;
    }
    if let Some(file) = &options.write {
        let document = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let document =
            report::replace_section(&document, SECTION, &text).with_context(|| file.display().to_string())?;
        fs::write(file, document).with_context(|| format!("cannot write {}", file.display()))?;
        step(&format!("{} holds these figures now", file.display()));
    }
    Ok(())
}
