//! `assay bench`: how fast a running miner answers, as its clients see it.

mod drive;
mod prompts;
mod report;
mod statistics;

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use serde_json::json;

use self::{
    drive::{Load, drive},
    prompts::Prompts,
    report::{Report, Samples},
};
use crate::{
    args::Global,
    failure::Usage,
    output,
    sampling::{SamplingFlags, temperature_milli},
    stop::Stop,
    whom::{Whom, WhomFlags},
};

/// Measure how fast something answers
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Miner(MinerArgs),
}

/// Measure a running miner over gRPC, as its clients see it
///
/// Keeps so many requests in flight, each with another prompt of random tokens, and verifies every answer by its receipt. A miner that refuses is left alone for as long as it says. Ctrl-C prints what was measured so far.
#[derive(Debug, clap::Args)]
struct MinerArgs {
    /// How many requests are in flight at a time; one measurement for each number
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', default_value = "1,8", value_parser = clap::value_parser!(u32).range(1..=4096))]
    concurrency: Vec<u32>,
    /// How many requests each measurement makes
    #[arg(long, value_name = "COUNT", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    requests: u32,
    /// Requests before each measurement that don't count
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    warmup: u32,
    /// Tokens of each prompt
    #[arg(long, value_name = "TOKENS", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=protos::MAX_PROMPT_TOKENS as i64))]
    prompt_tokens: u32,
    /// So many tokens at the start of each prompt are the same in all of them
    #[arg(long, value_name = "TOKENS", default_value_t = 0)]
    shared_prefix: u32,
    /// At most so many new tokens; a model may end its text earlier
    #[arg(long, value_name = "TOKENS", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=i64::from(protos::MAX_NEW_TOKENS)))]
    new_tokens: u32,
    /// 0 always takes the likeliest token; 1 samples as the model was trained
    #[arg(long, default_value = "0", value_parser = temperature_milli)]
    temperature: u32,
    #[command(flatten)]
    sampling: SamplingFlags,
    /// Decides the prompts
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Requests that share one connection
    #[arg(long, value_name = "COUNT", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    streams_per_connection: u32,
    /// Give a request up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout_s: u64,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whom: WhomFlags,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Miner(args) => miner(args, global).await,
    }
}

async fn miner(args: MinerArgs, global: &Global) -> anyhow::Result<ExitCode> {
    if args.shared_prefix >= args.prompt_tokens {
        // Then all prompts would be one.
        return Err(Usage("--shared-prefix must be shorter than --prompt-tokens".into()).into());
    }
    let stop = Stop::listen().context("listening for signals")?;
    let Whom { axon, binding, key } = args.whom.find(global).await?;
    let timeout = Duration::from_secs(args.timeout_s);
    let asking = format!("asking {} at {}", binding.receiver, axon.endpoint);
    let client = validator::MinerClient::new(key.clone(), timeout);
    let card = client.describe(axon, timeout).await.with_context(|| asking.clone())?;
    if (card.hotkey, card.netuid, card.genesis) != (binding.receiver, binding.netuid, binding.genesis) {
        bail!("{asking}: another miner answers there, {} on subnet {}", card.hotkey, card.netuid);
    }
    if card.vocab_size == 0 {
        bail!("{asking}: it doesn't say how many tokens its model knows, so that no prompt can be made for it");
    }
    let whole = args.prompt_tokens + args.new_tokens;
    if card.max_context != 0 && whole > card.max_context {
        let message = format!("prompt and answer have {whole} tokens, the model's context only {}", card.max_context);
        return Err(Usage(message).into());
    }
    let mut prompts = Prompts::new(args.seed, card.vocab_size, args.prompt_tokens, args.shared_prefix);
    let report = Report::default();
    let measure = async {
        for &concurrency in &args.concurrency {
            let mut load = Load {
                key: key.clone(),
                axon,
                binding,
                timeout,
                streams_per_connection: args.streams_per_connection,
                concurrency,
                new_tokens: args.new_tokens,
                sampling: args.sampling.at(args.temperature),
            };
            load.concurrency = concurrency.min(args.warmup.max(1));
            drive(&load, prompts.take(args.warmup), Samples::default()).await?;
            load.concurrency = concurrency;
            drive(&load, prompts.take(args.requests), report.level(concurrency)).await?;
        }
        anyhow::Ok(())
    };
    let interrupted = tokio::select! {
        result = measure => { result?; false }
        () = stop.requested() => true,
    };
    let document = json!({
        "miner": binding.receiver,
        "endpoint": axon.endpoint,
        "model": card.name,
        "model_digest": card.digest,
        "prompt_tokens": args.prompt_tokens,
        "shared_prefix_tokens": args.shared_prefix,
        "max_new_tokens": args.new_tokens,
        "temperature_milli": args.temperature,
        "seed": args.seed,
        "interrupted": interrupted,
        "levels": report.document(),
    });
    output::print(&report.table()?, &document, args.json)?;
    if report.answered() == 0 {
        bail!("{asking}: no answer was measured");
    }
    Ok(ExitCode::SUCCESS)
}
