//! A model that is timed: `cargo xtask bench` asks it, and other engines beside it, over a pipe.
//!
//! `throughput MODEL [--device D] [--dtype T] [--threads N] [--slots N] [--slot-tokens N] [--prefix-reuse true]` says on
//! its first line what it is, and then answers each line of stdin with one line:
//! `{"prompts": [[0, 17], [0, 9]], "new": 32}` runs the prompts at the same time, greedily, and says how long that took;
//! `{"copy_bytes": 1073741824}` says how fast the device's memory is; `{"audited": [[0, 17], [0, 9]], "new": 32}` samples
//! answers to these prompts, and says how long the first takes alone and an audit of all of them in one go;
//! `{"commit_width": 4096, "times": 100}` says how long so many commitments to 32 rows take. All lines are JSON.

mod memory;
mod proofs;
mod spans;

use std::{
    io::{BufRead, Write},
    num::NonZero,
    time::Instant,
};

use anyhow::{Context, bail};
use assay_model::{Backend, Device, Dtype, Engine, EngineOptions, GenerateJob};
use cpu_time::ProcessTime;
use primitives::{Digest, GenerateRequest, Prompt, Sampling};
use serde_json::{Value, json};

#[tokio::main(worker_threads = 1)]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().context("which model folder?")?;
    let mut options = EngineOptions { prefix_reuse: false, queue: 1024, ..EngineOptions::default() };
    while let Some(flag) = args.next() {
        let value = args.next().with_context(|| format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--device" => options.devices = vec![value.parse()?],
            "--dtype" => options.dtype = Some(value.parse()?),
            "--threads" => options.threads = Some(value.parse::<NonZero<usize>>()?),
            "--slots" => options.slots = value.parse()?,
            "--slot-tokens" => options.slot_tokens = value.parse()?,
            "--prefix-reuse" => options.prefix_reuse = value.parse()?,
            _ => bail!("unknown flag {flag}"),
        }
    }
    spans::listen()?;
    let device = options.devices[0];
    let engine = Engine::load_with(folder.as_ref(), &options, Box::new(|_| ()))?;
    answer(&json!({
        "engine": concat!("assay ", env!("CARGO_PKG_VERSION")),
        "dtype": options.dtype.unwrap_or(if device == Device::Cpu { Dtype::F32 } else { Dtype::Bf16 }).to_string(),
    }))?;
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let new = || serde_json::from_value(request["new"].clone()).context("new");
        answer(&if let Some(bytes) = request["copy_bytes"].as_u64() {
            json!({ "bytes_per_s": memory::bytes_per_s(device, bytes)? })
        } else if let Some(width) = request["commit_width"].as_u64() {
            proofs::commit(usize::try_from(width)?, request["times"].as_u64().context("times")?)?
        } else if let Some(prompts) = request.get("audited") {
            proofs::audit(&engine, serde_json::from_value(prompts.clone()).context("audited")?, new()?).await?
        } else {
            let prompts = serde_json::from_value(request["prompts"].clone()).context("prompts")?;
            generate(&engine, prompts, new()?).await?
        })?;
    }
    Ok(())
}

fn answer(document: &Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{document}")?;
    Ok(out.flush()?)
}

async fn generate(engine: &Engine, prompts: Vec<Vec<u32>>, new: u32) -> anyhow::Result<Value> {
    let spent = spans::spent();
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    let mut streams = Vec::new();
    for prompt in prompts {
        let request = GenerateRequest::new(Prompt::Tokens(prompt), new, Sampling::GREEDY);
        streams.push(engine.generate(GenerateJob::new(request, Digest::of(b""))).await?);
    }
    let mut tokens = Vec::new();
    for stream in streams {
        tokens.push(stream.collect().await?.tokens);
    }
    let (wall_s, cpu_s) = (wall.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
    Ok(json!({ "wall_s": wall_s, "cpu_s": cpu_s, "tokens": tokens, "spans": spans::spent() - spent }))
}
