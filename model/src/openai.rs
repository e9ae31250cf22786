//! A model that another program runs: any server that speaks OpenAI's API, such as vLLM, SGLang or llama.cpp. The miner
//! keeps its door, its queue and its receipts; tokens, their probabilities and the text come from there.

mod body;
mod config;
mod error;
mod events;
mod pulse;
mod reader;
mod recount;
mod reply;
mod server;

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use async_trait::async_trait;
use primitives::{Digest, ProofKind};
use tokio::{
    sync::{mpsc, watch},
    task::AbortHandle,
};

pub use config::OpenAiConfig;
pub use error::OpenAiError;

use crate::{Backend, FileDigest, GenerateJob, Manifest, ModelError, TokenStream, Tokenizer, folder::Folder};
use reader::Reader;
use server::Server;

/// Separates the digest of a model that is known by its name only from that of one whose files were read.
const MANIFEST: &str = "assay 2026 openai model v1";
/// Chunks between the server's connection and the reader. When they are all taken, the connection waits.
const BUFFERED_CHUNKS: usize = 64;

/// A server that answers, and the model it is asked for. Dropping it stops looking after the server.
#[derive(Debug)]
pub struct OpenAi {
    config: OpenAiConfig,
    manifest: Manifest,
    server: Arc<Server>,
    tokenizer: Option<Tokenizer>,
    /// The server says ids by themselves; then logarithms need not be asked for, to get them.
    says_ids: Arc<AtomicBool>,
    up: watch::Receiver<bool>,
    pulse: AbortHandle,
}

impl OpenAi {
    /// Ask the server for its models, once, and look after it from then on. A server that doesn't answer or has another
    /// model is an error here.
    pub async fn connect(config: OpenAiConfig) -> Result<Self, ModelError> {
        let server = Arc::new(Server::new(&config)?);
        let mut files = Vec::new();
        let tokenizer = match &config.tokenizer {
            Some(path) => {
                let mut folder = Folder::open(path)?;
                let tokenizer = folder.tokenizer(usize::MAX)?;
                files = folder.manifest("", 0, 0, Vec::new()).files;
                Some(tokenizer)
            }
            None => None,
        };
        let card = server.card(&config.model).await?;
        let manifest = manifest(&config, files, tokenizer.as_ref(), &card);
        let (pulse, up) = pulse::follow(server.clone(), config.poll());
        tracing::info!(model = manifest.name, url = config.url, digest = %manifest.digest, "server answers");
        Ok(Self { config, manifest, server, tokenizer, says_ids: Arc::default(), up, pulse })
    }
}

/// The digest says which name was asked for and how texts are split. What computes the answers isn't known here.
fn manifest(
    config: &OpenAiConfig,
    files: Vec<FileDigest>,
    tokenizer: Option<&Tokenizer>,
    card: &server::Card,
) -> Manifest {
    let split = files.iter().find(|file| file.name == "tokenizer.json").map_or([0; 32], |file| file.digest.0);
    Manifest {
        name: config.model.clone(),
        architecture: "openai".to_owned(),
        digest: Digest::derive(MANIFEST, &[config.model.as_bytes(), &split]),
        files,
        vocab_size: tokenizer.map(Tokenizer::vocab_size).or(card.vocab_size).unwrap_or(0),
        max_context: card.max_context.unwrap_or(0),
        end_tokens: Vec::new(),
        proof: ProofKind::Logprobs,
        calibration: None,
    }
}

#[async_trait]
impl Backend for OpenAi {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn generate(&self, job: GenerateJob) -> Result<TokenStream, ModelError> {
        if job.is_expired(Instant::now()) {
            return Err(ModelError::Expired);
        }
        let says_ids = self.says_ids.load(Ordering::Relaxed);
        let (path, body) = body::of(&self.config.model, &job, job.request.logprobs || !says_ids);
        let events = self.server.stream(path, body).await?;
        let (chunks, stream) = mpsc::channel(BUFFERED_CHUNKS);
        let prompt_tokens = Arc::new(OnceLock::new());
        let reader = Reader {
            model: self.manifest.name.clone(),
            request: job.request,
            tokenizer: self.tokenizer.clone(),
            says_ids: self.says_ids.clone(),
            prompt_tokens: prompt_tokens.clone(),
        };
        tokio::spawn(reader.read(events, chunks));
        Ok(TokenStream::counted(stream, prompt_tokens))
    }

    async fn embed(&self, _: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        Err(ModelError::Unsupported { model: self.manifest.name.clone(), what: "embed texts" })
    }

    fn up(&self) -> Option<watch::Receiver<bool>> {
        Some(self.up.clone())
    }
}

impl Drop for OpenAi {
    fn drop(&mut self) {
        self.pulse.abort();
    }
}
