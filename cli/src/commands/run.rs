//! `assay run`: a model on this machine, without a network.

mod embedding;
mod module;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::ArgGroup;
use futures::StreamExt as _;
use model::{Backend, Chunk, Engine, GenerateJob};
use primitives::{Digest, FinishReason, GenerateRequest, Generation, Prompt};
use serde_json::json;

use crate::{
    args::{Global, ModelFlags},
    layers::Layer,
    loading,
    prompt::{self, TokenIds},
    sampling::{SamplingFlags, temperature_milli},
    settings::ModelSettings,
};

/// Separates the seeds of this command from those of requests.
const SEED_CONTEXT: &str = "assay 2026 run seed v1";

/// Run a model on this machine, without a network
///
/// Continues a prompt and prints the text while it is made. The same seed gives the same tokens. A sentence encoder's folder embeds texts (--embed), a TorchScript module is run on tensors (--input).
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("what").args(["prompt", "token_ids", "embed", "input"]).required(true).multiple(true))]
pub struct Args {
    /// Model folder with config.json, *.safetensors and tokenizer.json, or a TorchScript module, FILE.pt; as --model
    #[arg(value_name = "MODEL", conflicts_with = "model")]
    folder: Option<PathBuf>,
    /// What to continue; - reads stdin
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,
    /// What to continue, as the model's token ids
    #[arg(long, value_name = "ID,ID,…", conflicts_with = "prompt")]
    token_ids: Option<TokenIds>,
    /// The prompt is what a user says, and the model answers as its chat template has it
    #[arg(long, requires = "prompt")]
    chat: bool,
    /// Say this to the model before the user speaks
    #[arg(long, value_name = "TEXT", requires = "chat")]
    system: Option<String>,
    /// At most so many new tokens
    #[arg(long, value_name = "TOKENS", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..))]
    max_new: u32,
    /// 0 always takes the likeliest token; 1 samples as the model was trained
    #[arg(long, default_value = "0", value_parser = temperature_milli)]
    temperature: u32,
    #[command(flatten)]
    sampling: SamplingFlags,
    /// End the answer before this text; may be repeated
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
    /// Decides what is sampled
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Say in the document how likely each token was
    #[arg(long, requires = "json")]
    logprobs: bool,
    /// Put the logits behind the prompt's last token into the document
    #[arg(long, requires = "json")]
    logits: bool,
    /// Print one JSON document with the token ids at the end
    #[arg(long)]
    json: bool,
    /// A text to embed with a sentence encoder; may be repeated
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["prompt", "token_ids", "input"])]
    embed: Vec<String>,
    #[command(flatten)]
    module: module::ModuleArgs,
    #[command(flatten)]
    model: ModelFlags,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let mut flags = Layer::default();
    args.model.put(&mut flags);
    flags.flag("MODEL", "model.path", args.folder.as_ref().map(|path| path.display()));
    let settings = global.settings(flags)?.settings.model;
    if !args.module.input.is_empty() {
        return module::run(&args.module, args.json, &settings).await;
    }
    if !args.embed.is_empty() {
        return embedding::run(args.embed, args.json, settings).await;
    }
    let prompt = args.prompt()?;
    // one request needs one slot
    let engine = loading::engine(&ModelSettings { slots: 1, ..settings }, 1)?;
    let logits = match args.logits {
        true => Some(engine.logits(&engine.prompt_tokens(&prompt)?, 1).await?.remove(0)),
        false => None,
    };
    let answer = args.answer(&engine, prompt).await?;
    let mut out = io::stdout().lock();
    if args.json {
        let manifest = engine.manifest();
        let mut document = json!({
            "model": manifest.name,
            "model_digest": manifest.digest,
            "sampling": args.sampling.at(args.temperature),
            "seed": args.seed,
            "tokens": answer.tokens,
            "text": answer.text,
            "finish": answer.finish,
        });
        if args.logprobs {
            document["logprobs"] = json!(answer.logprobs);
        }
        if let Some(logits) = logits {
            document["logits"] = json!(logits);
        }
        serde_json::to_writer_pretty(&mut out, &document)?;
    }
    writeln!(out)?;
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn prompt(&self) -> anyhow::Result<Prompt> {
        Ok(match (&self.prompt, &self.token_ids) {
            (Some(word), _) if self.chat => prompt::conversation(self.system.clone(), prompt::text(word)?),
            (Some(word), _) => Prompt::Text(prompt::text(word)?),
            (None, ids) => Prompt::Tokens(ids.clone().map_or_else(Vec::new, |TokenIds(ids)| ids)),
        })
    }

    /// The answer, whose text is printed while it is made if no document is asked for.
    async fn answer(&self, engine: &Engine, prompt: Prompt) -> anyhow::Result<Generation> {
        let request = GenerateRequest {
            prompt,
            max_new_tokens: self.max_new,
            sampling: self.sampling.at(self.temperature),
            stop: self.stop.iter().filter(|text| !text.is_empty()).cloned().collect(),
            logprobs: self.logprobs,
        };
        let seed = Digest::derive(SEED_CONTEXT, &[&self.seed.to_le_bytes()]);
        let mut chunks = engine.generate(GenerateJob::new(request, seed)).await?;
        let finish = FinishReason::Stop;
        let mut answer = Generation { tokens: Vec::new(), text: String::new(), logprobs: Vec::new(), finish };
        while let Some(chunk) = chunks.next().await {
            match chunk? {
                Chunk::Tokens { ids, text, logprobs } => {
                    answer.tokens.extend(ids);
                    answer.logprobs.extend(logprobs);
                    answer.text += &text;
                    if !self.json {
                        let mut out = io::stdout().lock();
                        out.write_all(text.as_bytes())?;
                        out.flush()?;
                    }
                }
                Chunk::Commitment(_) => {}
                Chunk::Finished { reason, .. } => return Ok(Generation { finish: reason, ..answer }),
            }
        }
        Err(model::ModelError::Stopped.into())
    }
}
