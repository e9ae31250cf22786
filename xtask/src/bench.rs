//! `cargo xtask bench`: how fast our engine is, beside others in the same run.
//!
//! Every engine is a process that stays, and they take turns: what disturbs the machine for a while disturbs all of them,
//! and each round gives a ratio of its own.

mod checkpoint;
mod cpu;
mod engine;
mod gpu;
mod machine;
mod measure;
mod models;
mod options;
mod pipe;
mod programs;
mod proofs;
mod report;
mod round;
mod service;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use self::models::Models;
use self::options::Options;
use self::programs::{Programs, Python};
use crate::cache::Cache;
use crate::run::{repository, step};

/// `cargo xtask bench`: how fast a model is served, beside other engines.
pub fn command(arguments: &[String]) -> Result<()> {
    if let Some((what, rest)) = arguments.split_first()
        && what == "round"
    {
        return round::command(rest);
    }
    let options = Options::parse(arguments)?;
    if let Some(device) = &options.device {
        gpu::require(device)?;
    }
    let (root, cache) = (repository()?, Cache::of_user()?);
    let own = options.python.as_deref();
    let python = if options.peers { Python::with_peers(own, &root, &cache)? } else { Python::bare(own) };
    let models = Models::get(options.model.as_deref(), options.peers, &root, &cache, &python)?;
    let programs = Programs::build(&root, python)?;
    let load_before = machine::load();

    let (section, what, findings, figures) = match &options.device {
        None => {
            let found = cpu::measure(&options, &programs, &models)?;
            let what = format!(
                "f32, {} thread(s), prompts of {} tokens, {} new",
                options.threads, options.prompt, options.new
            );
            ("cargo xtask bench", what, found.document(), found.markdown(&options))
        }
        Some(device) => {
            let found = gpu::measure(&options, device, &programs, &models.measured()?)?;
            let what = format!("{device}, prompts of {} tokens, {} new", options.prompt, options.new);
            ("cargo xtask bench --device", what, found.document(), found.markdown())
        }
    };
    let machine = machine::describe();
    let text = format!(
        "{machine}; {what}; {} rounds, medians, with the range in brackets; load before the run {load_before:.1}.\n\n{figures}",
        options.rounds
    );
    println!("{text}");
    if let Some(file) = &options.json {
        write_json(file, &json!({ "machine": machine, "load": load_before, "what": what, "findings": findings }))?;
    }
    if let Some(file) = &options.write {
        let document = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let document =
            report::replace_section(&document, section, &text).with_context(|| file.display().to_string())?;
        fs::write(file, document).with_context(|| format!("cannot write {}", file.display()))?;
        step(&format!("{} holds these figures now", file.display()));
    }
    Ok(())
}

fn write_json(file: &Path, document: &Value) -> Result<()> {
    fs::write(file, format!("{document:#}\n")).with_context(|| format!("cannot write {}", file.display()))
}
