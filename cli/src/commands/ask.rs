//! `assay ask`: a user's request to one miner, the same message that a validator sends.

use std::{
    io::{self, Read as _, Write as _},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use clap::ArgGroup;
use primitives::{
    BlockHash, EmbedRequest, Endpoint, GenerateRequest, Hotkey, Metagraph, Prompt, Request, Sampling, Uid,
};
use protos::{Binding, Event};
use serde_json::json;
use validator::{Answer, MinerClient, Output};

use crate::{
    args::{ChainFlags, Global, KeyFlags, SubnetFlags},
    failure::Usage,
    identity,
    layers::Layer,
};

/// Ask a miner to continue a prompt
///
/// Prints what the miner says while it says it, and verifies its signature at the end. Miners answer hotkeys that are registered on their subnet.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("whom").args(["uid", "miner"]))]
pub struct Args {
    /// What to continue; - reads stdin
    #[arg(value_name = "PROMPT")]
    prompt: String,
    /// Ask the miner in this seat; without --uid and --miner, the one with the highest incentive
    #[arg(long, value_name = "UID", value_parser = uid)]
    uid: Option<Uid>,
    /// Ask the miner with this hotkey
    #[arg(long, value_name = "SS58")]
    miner: Option<Hotkey>,
    /// Ask here instead of where the chain says
    #[arg(long, value_name = "IP:PORT", requires = "miner")]
    endpoint: Option<Endpoint>,
    /// The chain's first block; with --endpoint, the chain isn't needed then
    #[arg(long, value_name = "HASH", requires = "endpoint")]
    genesis: Option<BlockHash>,
    /// At most so many new tokens
    #[arg(long, value_name = "TOKENS", default_value_t = 128)]
    max_new: u32,
    /// 0 always takes the likeliest token; 1 samples as the model was trained
    #[arg(long, default_value = "1.0", value_parser = temperature_milli)]
    temperature: u32,
    /// Embed the prompt instead of continuing it
    #[arg(long, conflicts_with_all = ["max_new", "temperature"])]
    embed: bool,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout_s: u64,
    /// Print one JSON document at the end
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    subnet: SubnetFlags,
    #[command(flatten)]
    key: KeyFlags,
}

fn uid(text: &str) -> Result<Uid, std::num::ParseIntError> {
    text.parse().map(Uid)
}

/// A temperature as it goes over the wire: in thousandths.
pub fn temperature_milli(text: &str) -> Result<u32, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    let milli = value * 1_000.0;
    if !(0.0..=f64::from(protos::MAX_TEMPERATURE_MILLI)).contains(&milli) {
        return Err(format!("not between 0 and {}", protos::MAX_TEMPERATURE_MILLI / 1_000));
    }
    Ok(milli.round() as u32)
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let mut flags = Layer::default();
    args.chain.put(&mut flags);
    args.subnet.put(&mut flags);
    args.key.put(&mut flags);
    let settings = global.settings(flags)?.settings;
    let netuid = settings.subnet.netuid;

    let (endpoint, binding, seen_by) = match (args.endpoint, args.miner, args.genesis) {
        (Some(endpoint), Some(receiver), Some(genesis)) => {
            (endpoint, Binding { receiver, netuid, genesis }, endpoint.to_string())
        }
        (endpoint, ..) => {
            let chain = settings.chain.connect().await?;
            let metagraph = chain.metagraph(netuid, None).await?;
            let (receiver, announced) = choose(&metagraph, args.uid, args.miner)?;
            let endpoint = endpoint.or(announced).with_context(|| format!("{receiver} announces no endpoint"))?;
            let binding = Binding { receiver, netuid, genesis: chain.genesis() };
            (endpoint, binding, settings.chain.furthest().to_owned())
        }
    };
    let key = identity::hotkey(&settings.wallet, args.key.key.as_deref(), &seen_by)?;

    let prompt = match args.prompt.as_str() {
        "-" => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).context("reading the prompt from stdin")?;
            text
        }
        text => text.to_owned(),
    };
    let request = if args.embed {
        Request::Embed(EmbedRequest { texts: vec![prompt] })
    } else {
        Request::Generate(GenerateRequest::new(Prompt::Text(prompt), args.max_new, Sampling::at(args.temperature)))
    };

    let timeout = Duration::from_secs(args.timeout_s);
    let client = MinerClient::new(key, timeout);
    let mut written = Ok(());
    let show = |event: &Event| {
        if let (Event::Tokens { text, .. }, false, true) = (event, args.json, written.is_ok()) {
            let mut out = io::stdout().lock();
            written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        }
    };
    let answer = client
        .infer_with(endpoint, &binding, &request, timeout, show)
        .await
        .map_err(|error| Usage(error.to_string()))?;
    written?;
    print(&answer, &binding.receiver, endpoint, args.json)?;
    match answer.result {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(failure) => Err(anyhow::Error::new(failure).context(format!("asking {} at {endpoint}", binding.receiver))),
    }
}

fn choose(
    metagraph: &Metagraph,
    uid: Option<Uid>,
    miner: Option<Hotkey>,
) -> anyhow::Result<(Hotkey, Option<Endpoint>)> {
    let netuid = metagraph.netuid;
    let neuron = match (uid, miner) {
        (Some(uid), _) => metagraph.neuron(uid).with_context(|| format!("subnet {netuid} has no uid {uid}"))?,
        (_, Some(hotkey)) => {
            metagraph.by_hotkey(&hotkey).with_context(|| format!("{hotkey} is not registered on subnet {netuid}"))?
        }
        (None, None) => {
            let serving = metagraph.neurons.iter().filter(|neuron| neuron.endpoint.is_some());
            serving
                .max_by_key(|neuron| (neuron.incentive, std::cmp::Reverse(neuron.uid)))
                .with_context(|| format!("nobody serves on subnet {netuid}"))?
        }
    };
    Ok((neuron.hotkey, neuron.endpoint))
}

fn print(answer: &Answer, miner: &Hotkey, endpoint: Endpoint, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let (generation, embeddings) = match &answer.result {
            Ok(Output::Generation(generation)) => (Some(generation), None),
            Ok(Output::Embeddings(vectors)) => (None, Some(vectors)),
            // nobody asked for tensors here
            Ok(Output::Tensors(_)) | Err(_) => (None, None),
        };
        let document = json!({
            "miner": miner,
            "endpoint": endpoint,
            "outcome": answer.outcome(),
            "generation": generation,
            "embeddings": embeddings,
            "request_digest": answer.request_digest,
            "first_token_us": answer.first_token.map(micros),
            "latency_us": micros(answer.latency),
        });
        serde_json::to_writer_pretty(&mut out, &document)?;
        writeln!(out)?;
        return Ok(());
    }
    match &answer.result {
        Ok(Output::Embeddings(vectors)) => {
            for vector in vectors {
                writeln!(out, "{}", serde_json::to_string(vector)?)?;
            }
        }
        // The text is there already.
        Ok(Output::Generation(_)) => writeln!(out)?,
        Ok(Output::Tensors(_)) | Err(_) => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::temperature_milli;

    #[test]
    fn temperatures_are_thousandths() {
        assert_eq!(temperature_milli("0"), Ok(0));
        assert_eq!(temperature_milli("0.7"), Ok(700));
        assert_eq!(temperature_milli("1"), Ok(1000));
        for nonsense in ["-1", "nan", "inf", "hot", "1e9"] {
            assert!(temperature_milli(nonsense).is_err(), "{nonsense}");
        }
    }
}
