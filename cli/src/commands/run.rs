//! `assay run`: a model on this machine, without a network.

mod module;

use std::{
    io::{self, Read as _, Write as _},
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use futures::StreamExt as _;
use model::{Backend, Chunk, Encoder, Engine, EngineOptions, GenerateJob, Script};
use primitives::{Digest, FinishReason, GenerateRequest, Prompt, Sampling};
use serde_json::json;

use crate::{
    args::{Global, ModelFlags},
    layers::Layer,
    loading,
    sampling::temperature_milli,
    settings::ModelSettings,
};

/// Separates the seeds of this command from those of requests.
const SEED_CONTEXT: &str = "assay 2026 run seed v1";

/// Run a model on this machine, without a network
///
/// Continues a prompt and prints the text while it is made. The same seed gives the same tokens. A TorchScript module
/// (--model FILE.pt) is run on tensors instead (--input).
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to continue; - reads stdin
    #[arg(long, value_name = "TEXT", required_unless_present_any = ["token_ids", "input"])]
    prompt: Option<String>,
    /// What to continue, as the model's token ids
    #[arg(long, value_name = "ID,ID,…", value_delimiter = ',', conflicts_with = "prompt")]
    token_ids: Vec<u32>,
    /// At most so many new tokens
    #[arg(long, value_name = "TOKENS", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..))]
    max_new: u32,
    /// 0 always takes the likeliest token; 1 samples as the model was trained
    #[arg(long, default_value = "0", value_parser = temperature_milli)]
    temperature: u32,
    /// Decides what is sampled
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON document with the token ids at the end
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    module: module::ModuleArgs,
    #[command(flatten)]
    model: ModelFlags,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let mut flags = Layer::default();
    args.model.put(&mut flags);
    let settings = global.settings(flags)?.settings;
    if !args.module.input.is_empty() {
        return module::run(&args.module, args.json, &settings.model).await;
    }
    let prompt = match args.prompt.as_deref() {
        Some("-") => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).context("reading the prompt from stdin")?;
            Prompt::Text(text)
        }
        Some(text) => Prompt::Text(text.to_owned()),
        None => Prompt::Tokens(args.token_ids),
    };
    let engine = load(&settings.model.path, &settings.model.device)?;
    let request = GenerateRequest::new(prompt, args.max_new, Sampling::at(args.temperature));
    let seed = Digest::derive(SEED_CONTEXT, &[&args.seed.to_le_bytes()]);
    let mut chunks = engine.generate(GenerateJob::new(request, seed)).await?;

    let (mut tokens, mut text, mut finish) = (Vec::new(), String::new(), None);
    while let Some(chunk) = chunks.next().await {
        match chunk? {
            Chunk::Tokens { ids, text: piece, .. } => {
                tokens.extend(ids);
                text += &piece;
                if !args.json {
                    let mut out = io::stdout().lock();
                    out.write_all(piece.as_bytes())?;
                    out.flush()?;
                }
            }
            Chunk::Finished(reason) => finish = Some(reason),
        }
    }
    let finish: FinishReason = finish.ok_or(model::ModelError::Stopped)?;
    let mut out = io::stdout().lock();
    if args.json {
        let manifest = engine.manifest();
        let document = json!({
            "model": manifest.name,
            "model_digest": manifest.digest,
            "temperature_milli": args.temperature,
            "seed": args.seed,
            "tokens": tokens,
            "text": text,
            "finish": finish,
        });
        serde_json::to_writer_pretty(&mut out, &document)?;
    }
    writeln!(out)?;
    Ok(ExitCode::SUCCESS)
}

/// Load a model onto the device that the settings name.
pub fn load(path: &Path, device: &str) -> anyhow::Result<Engine> {
    let options = EngineOptions { devices: vec![device.parse()?], ..EngineOptions::default() };
    Ok(Engine::load_with(path, &options, loading::progress())?)
}

/// Load what the settings name: a folder's language model, or a TorchScript module.
pub fn load_backend(settings: &ModelSettings) -> anyhow::Result<Arc<dyn Backend>> {
    if Script::is_file(&settings.path) {
        return Ok(Arc::new(module::load(settings)?));
    }
    Ok(Arc::new(load(&settings.path, &settings.device)?))
}

/// Load the sentence encoder, where the settings name one.
pub fn load_encoder(settings: &ModelSettings) -> anyhow::Result<Option<Arc<dyn Backend>>> {
    let Some(path) = &settings.encoder_path else { return Ok(None) };
    Ok(Some(Arc::new(Encoder::load(path)?)))
}
