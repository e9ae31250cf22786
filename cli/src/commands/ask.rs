//! `assay ask`: a user's request to one miner, the same message that a validator sends.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use primitives::{EmbedRequest, Endpoint, GenerateRequest, Hotkey, Prompt, Request};
use protos::{Event, WireError, encode_request, envelope, request_json};
use serde_json::json;
use validator::{Answer, MinerClient, Output};

use crate::{
    args::Global,
    failure::Usage,
    output, prompt,
    sampling::{SamplingFlags, temperature_milli},
    whole_file::WholeFile,
    whom::{Whom, WhomFlags},
};

/// Ask a miner to continue a prompt
///
/// Prints what the miner says while it says it, and verifies its signature at the end. Miners answer hotkeys that are registered on their subnet.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to continue; - reads stdin
    #[arg(value_name = "PROMPT")]
    prompt: String,
    /// At most so many new tokens
    #[arg(long, value_name = "TOKENS", default_value_t = 128)]
    max_new: u32,
    /// 0 always takes the likeliest token; 1 samples as the model was trained
    #[arg(long, default_value = "1.0", value_parser = temperature_milli)]
    temperature: u32,
    #[command(flatten)]
    sampling: SamplingFlags,
    /// End the answer before this text; may be repeated
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
    /// The prompt is what a user says, and the model answers as its chat template has it
    #[arg(long)]
    chat: bool,
    /// Say this to the model before the user speaks
    #[arg(long, value_name = "TEXT", requires = "chat")]
    system: Option<String>,
    /// Ask how likely each token was; --json shows it
    #[arg(long)]
    logprobs: bool,
    /// Embed the prompt instead of continuing it
    #[arg(
        long,
        conflicts_with_all = ["max_new", "temperature", "top_p", "top_k", "stop", "chat", "logprobs"]
    )]
    embed: bool,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout_s: u64,
    /// Print one JSON document at the end
    #[arg(long)]
    json: bool,
    /// Print the signed request instead of sending it, as JSON for `grpcurl -d @`
    ///
    /// A miner takes it once, within 5 s of its making, and answers until --timeout-s have passed.
    #[arg(long, conflicts_with = "json")]
    print_request: bool,
    /// Keep the signed request and the whole signed answer in this file: evidence that `assay verify` checks
    #[arg(long, value_name = "FILE", conflicts_with_all = ["embed", "print_request"])]
    receipt: Option<PathBuf>,
    /// Have so many hidden rows of the answer opened, and keep them in the receipt
    #[arg(long, value_name = "COUNT", requires = "receipt", value_parser = clap::value_parser!(u32).range(1..=16))]
    open: Option<u32>,
    #[command(flatten)]
    whom: WhomFlags,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let Whom { axon, binding, key } = args.whom.find(global).await?;
    let request = args.request()?;
    let timeout = Duration::from_secs(args.timeout_s);
    if args.print_request {
        let (method, payload) = encode_request(&request).map_err(|error| Usage(error.to_string()))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock stands before 1970")?;
        let (now_ms, ttl_ms) = (u64::try_from(now.as_millis())?, args.timeout_s * 1_000);
        let signed = envelope::seal(&key, &binding, method, payload, now_ms, ttl_ms, envelope::fresh_nonce());
        output::print("", &request_json(&signed), true)?;
        return Ok(ExitCode::SUCCESS);
    }
    // Before anybody is asked for something that can't be kept.
    let receipt = args.receipt.as_deref().map(WholeFile::create).transpose()?;
    let client = MinerClient::new(key, timeout);
    let mut written = Ok(());
    let show = |event: &Event| {
        if let (Event::Tokens { text, .. }, false, true) = (event, args.json, written.is_ok()) {
            let mut out = io::stdout().lock();
            written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        }
    };
    let usage = |error: WireError| Usage(error.to_string());
    let (answer, transcript) = match (&request, &receipt) {
        (Request::Generate(request), Some(_)) => {
            client.infer_recorded(axon, &binding, request, timeout, show).await.map_err(usage)?
        }
        _ => (client.infer_with(axon, &binding, &request, timeout, show).await.map_err(usage)?, None),
    };
    written?;
    print(&answer, &binding.receiver, axon.endpoint, args.json)?;
    let asking = || format!("asking {} at {}", binding.receiver, axon.endpoint);
    if let Err(failure) = answer.result {
        return Err(anyhow::Error::new(failure).context(asking()));
    }
    if let (Some(file), Some(mut transcript)) = (receipt, transcript) {
        if let (Some(count), Some(digest)) = (args.open, &answer.request_digest) {
            let positions = validator::draw_rows(rows(&answer), count);
            let opening = client.open_recorded(axon, &binding, digest, &positions, timeout).await;
            // The answer is evidence all the same.
            match opening {
                Ok((_, opening)) => transcript.opening = Some(opening),
                Err(failure) => {
                    file.write(&transcript.encode())?;
                    return Err(anyhow::Error::new(failure).context("opening hidden rows").context(asking()));
                }
            }
        }
        file.write(&transcript.encode())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Rows that the answer has for sure: as many as tokens. How many the prompt adds is for the model's tokenizer to say.
fn rows(answer: &Answer) -> u32 {
    match &answer.result {
        Ok(Output::Generation(generation)) => u32::try_from(generation.tokens.len()).unwrap_or(u32::MAX),
        _ => 0,
    }
}

impl Args {
    fn request(&self) -> anyhow::Result<Request> {
        let prompt = prompt::text(&self.prompt)?;
        if self.embed {
            return Ok(Request::Embed(EmbedRequest { texts: vec![prompt] }));
        }
        let prompt = match self.chat {
            true => prompt::conversation(self.system.clone(), prompt),
            false => Prompt::Text(prompt),
        };
        Ok(Request::Generate(GenerateRequest {
            prompt,
            max_new_tokens: self.max_new,
            sampling: self.sampling.at(self.temperature),
            stop: self.stop.clone(),
            logprobs: self.logprobs,
        }))
    }
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
