//! How fast a model makes tokens here, as JSON lines that `xtask/bench/compare.py` puts beside other engines'.
//!
//! `cargo run --release -p assay-model --example throughput -- MODEL PROMPTS.json [--new N] [--reps N] [--threads N]
//! [--device D] [--dtype T] [--concurrency 1,8]`, where PROMPTS.json is a list of lists of token ids. Every measurement is
//! the best of its repetitions, on the wall's clock and on the process's own.

use std::{fs, num::NonZero, time::Instant};

use anyhow::{Context, bail};
use assay_model::{Backend, Engine, EngineOptions, GenerateJob};
use cpu_time::ProcessTime;
use primitives::{Digest, GenerateRequest, Prompt, Sampling};

#[tokio::main(worker_threads = 1)]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().context("which model folder?")?;
    let prompts: Vec<Vec<u32>> = serde_json::from_str(&fs::read_to_string(args.next().context("which prompts?")?)?)?;
    let mut options = EngineOptions { prefix_reuse: false, ..EngineOptions::default() };
    let (mut new, mut reps, mut concurrency) = (32, 3, vec![1, prompts.len()]);
    while let Some(flag) = args.next() {
        let value = args.next().with_context(|| format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--new" => new = value.parse()?,
            "--reps" => reps = value.parse()?,
            "--threads" => options.threads = Some(value.parse::<NonZero<usize>>()?),
            "--device" => options.devices = vec![value.parse()?],
            "--dtype" => options.dtype = Some(value.parse()?),
            "--concurrency" => concurrency = value.split(',').map(str::parse).collect::<Result<_, _>>()?,
            _ => bail!("unknown flag {flag}"),
        }
    }
    options.slots = concurrency.iter().copied().max().unwrap_or(1);
    let engine = Engine::load_with(folder.as_ref(), &options, Box::new(|_| ()))?;
    for requests in concurrency {
        let prompts = prompts.get(..requests).context("more requests than prompts")?;
        let mut runs = Vec::new();
        let mut tokens = Vec::new();
        for _ in 0..reps {
            let (_, prefill) = timed(&engine, prompts, 1).await?;
            let (made, whole) = timed(&engine, prompts, new).await?;
            runs.push((prefill, whole));
            tokens = made;
        }
        let best = |clock: fn(&Lap) -> f64| {
            let run = runs
                .iter()
                .min_by(|a, b| clock(&a.1).total_cmp(&clock(&b.1)))
                .map(|(prefill, whole)| (clock(prefill), clock(whole)));
            run.unwrap_or_default()
        };
        let made: usize = tokens.iter().map(Vec::len).sum();
        let rates = |(prefill, whole): (f64, f64)| (made as f64 / whole, (made - requests) as f64 / (whole - prefill));
        let (wall, cpu) = (best(|lap| lap.wall_s), best(|lap| lap.cpu_s));
        let document = serde_json::json!({
            "engine": "assay", "dtype": options.dtype.map_or("f32".to_owned(), |dtype| dtype.to_string()),
            "threads": options.threads.map(NonZero::get), "concurrency": requests,
            "prompt": prompts[0].len(), "new": new, "runs": reps,
            "prefill_s_wall": wall.0, "out_tok_s_wall": rates(wall).0, "decode_tok_s_wall": rates(wall).1,
            "prefill_s_cpu": cpu.0, "out_tok_s_cpu": rates(cpu).0, "decode_tok_s_cpu": rates(cpu).1,
            "first": tokens.iter().map(|tokens| &tokens[..tokens.len().min(16)]).collect::<Vec<_>>(),
        });
        println!("{document}");
    }
    Ok(())
}

struct Lap {
    wall_s: f64,
    cpu_s: f64,
}

async fn timed(engine: &Engine, prompts: &[Vec<u32>], new: u32) -> anyhow::Result<(Vec<Vec<u32>>, Lap)> {
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    let mut streams = Vec::new();
    for prompt in prompts {
        let request = GenerateRequest::new(Prompt::Tokens(prompt.clone()), new, Sampling::GREEDY);
        streams.push(engine.generate(GenerateJob { request, seed: Digest::of(b""), deadline: None }).await?);
    }
    let mut tokens = Vec::new();
    for stream in streams {
        tokens.push(stream.collect().await?.tokens);
    }
    Ok((tokens, Lap { wall_s: wall.elapsed().as_secs_f64(), cpu_s: cpu.elapsed().as_secs_f64() }))
}
