//! A language model on a thread of its own.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Arc, OnceLock},
    thread,
};

use async_trait::async_trait;
use primitives::{Digest, GenerateRequest, Prompt};
use scoring::TokenCheck;
use tokio::sync::{mpsc, oneshot};

use crate::{
    Backend, Chunk, Device, GenerateJob, Manifest, ModelError, Options, Sampler, TokenStream, Tokenizer,
    config::LlamaConfig,
    folder::Folder,
    libtorch,
    llama::Llama,
    sequence::{Sequence, Start, floats, offer},
    weights::Weights,
};

/// Jobs that wait for the thread. Beyond that, callers wait.
const QUEUE: usize = 64;
/// Answers made at the same time. Each holds a cache, so their number bounds the memory.
const MAX_LIVE: usize = 64;

/// A loaded language model. Answers are made token by token in turn, so that a long one does not hold up a short one.
/// Dropping the engine ends its thread once the answers under way are whole.
#[derive(Debug)]
pub struct Engine {
    manifest: Manifest,
    tokenizer: Tokenizer,
    jobs: mpsc::Sender<Job>,
}

enum Job {
    Generate(Start),
    Check { prompt: Vec<u32>, tokens: Vec<u32>, sampler: Sampler, answer: oneshot::Sender<Checked> },
}

type Checked = Result<Vec<TokenCheck>, ModelError>;

impl Engine {
    /// Loads a Hugging Face folder: `config.json`, `model.safetensors`, `tokenizer.json`. Blocks until it is done.
    pub fn load(path: &Path, device: Device) -> Result<Self, ModelError> {
        Self::load_with(path, device, Options::default())
    }

    /// [`Self::load`] with other options.
    pub fn load_with(path: &Path, device: Device, options: Options) -> Result<Self, ModelError> {
        let folder = Folder::open(path)?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        // libtorch gives every thread that calls it a team of workers: tensors are made, used and dropped on this one
        let (manifest, tokenizer) = spawn_loaded("model", move |loaded| {
            options.apply();
            let _no_grad = tch::no_grad_guard();
            match contain(|| read(folder, device)) {
                Ok((model, manifest, tokenizer)) => {
                    let _ = loaded.send(Ok((manifest, tokenizer)));
                    run(&model, queue);
                }
                Err(error) => drop(loaded.send(Err(error))),
            }
        })?;
        tracing::info!(model = manifest.name, digest = %manifest.digest, %device, "model loaded");
        Ok(Self { manifest, tokenizer, jobs })
    }

    /// The model's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The prompt as this model's tokens, if the model can continue it.
    pub fn prompt_tokens(&self, prompt: &Prompt) -> Result<Vec<u32>, ModelError> {
        let ids = match prompt {
            Prompt::Text(text) => self.tokenizer.encode(text)?,
            Prompt::Tokens(ids) => ids.clone(),
            Prompt::Chat(_) => return Err(ModelError::NoChatTemplate { model: self.manifest.name.clone() }),
        };
        let Manifest { vocab_size, max_context, .. } = self.manifest;
        if ids.is_empty() {
            return Err(ModelError::EmptyPrompt);
        }
        // at least one token must fit behind it
        if ids.len() >= max_context {
            return Err(ModelError::TooLong { tokens: ids.len() + 1, max_context });
        }
        self.in_vocabulary(&ids, vocab_size)?;
        Ok(ids)
    }

    /// Runs the prompt and somebody's answer at once, and says of each token how far it is from what this model would
    /// have chosen with the same seed. The answer's text and its end are the caller's to judge.
    pub async fn check(&self, request: &GenerateRequest, seed: Digest, tokens: &[u32]) -> Checked {
        let prompt = self.prompt_tokens(&request.prompt)?;
        let Manifest { vocab_size, max_context, .. } = self.manifest;
        self.in_vocabulary(tokens, vocab_size)?;
        if prompt.len() + tokens.len() > max_context {
            return Err(ModelError::TooLong { tokens: prompt.len() + tokens.len(), max_context });
        }
        let sampler = Sampler::new(request.sampling.temperature_milli, seed);
        let (answer, checked) = oneshot::channel();
        let job = Job::Check { prompt, tokens: tokens.to_vec(), sampler, answer };
        self.jobs.send(job).await.map_err(|_| ModelError::Stopped)?;
        checked.await.map_err(|_| ModelError::Stopped)?
    }

    fn in_vocabulary(&self, ids: &[u32], vocab_size: usize) -> Result<(), ModelError> {
        match ids.iter().find(|id| **id as usize >= vocab_size) {
            Some(&token) => Err(ModelError::TokenOutOfRange { token, vocab_size }),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Backend for Engine {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn generate(&self, job: GenerateJob) -> Result<TokenStream, ModelError> {
        let prompt = self.prompt_tokens(&job.request.prompt)?;
        let prompt_count = u32::try_from(prompt.len()).unwrap_or(u32::MAX);
        let max_new = job.request.max_new_tokens;
        let longest = (max_new as usize).min(self.manifest.max_context);
        let (chunks, stream) = mpsc::channel(longest + 2);
        let sampler = Sampler::new(job.request.sampling.temperature_milli, job.seed);
        let detokeniser = self.tokenizer.detokeniser();
        let start = Start { prompt, max_new, sampler, detokeniser, chunks };
        self.jobs.send(Job::Generate(start)).await.map_err(|_| ModelError::Stopped)?;
        let prompt_tokens = Arc::new(OnceLock::from(prompt_count));
        Ok(TokenStream::counted(stream, prompt_tokens))
    }

    async fn embed(&self, _: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        Err(ModelError::Unsupported { model: self.manifest.name.clone(), what: "embed texts" })
    }
}

/// Starts a thread that loads something and then serves it; returns what it loaded, or why it could not.
pub(crate) fn spawn_loaded<T: Send + 'static>(
    name: &str,
    body: impl FnOnce(std::sync::mpsc::Sender<Result<T, ModelError>>) + Send + 'static,
) -> Result<T, ModelError> {
    let (loaded, result) = std::sync::mpsc::channel();
    let thread = thread::Builder::new().name(name.to_owned()).spawn(move || body(loaded));
    thread.map_err(|source| ModelError::Thread { source })?;
    result.recv().unwrap_or(Err(ModelError::Stopped))
}

fn read(mut folder: Folder, device: Device) -> Result<(Llama, Manifest, Tokenizer), ModelError> {
    let device = libtorch::open(device)?;
    let config = LlamaConfig::parse(&folder.path("config.json"), &folder.text("config.json")?)?;
    let tokenizer = folder.tokenizer(config.vocab_size)?;
    let bytes = folder.weights("model.safetensors")?;
    let weights = Weights::parse(&folder.path("model.safetensors"), &bytes, device)?;
    let (vocab_size, max_context, end_tokens) = (config.vocab_size, config.max_context, config.end_tokens());
    let model = Llama::load(config, &weights)?;
    Ok((model, folder.manifest("llama", vocab_size, max_context, end_tokens), tokenizer))
}

/// The thread's loop: a step of every live sequence, then whatever came in meanwhile.
fn run(model: &Llama, mut queue: mpsc::Receiver<Job>) {
    let mut live: Vec<Sequence> = Vec::new();
    let mut open = true;
    while open || !live.is_empty() {
        if live.is_empty() {
            match queue.blocking_recv() {
                Some(job) => live.extend(begin(model, job)),
                None => open = false,
            }
        }
        while live.len() < MAX_LIVE
            && let Ok(job) = queue.try_recv()
        {
            live.extend(begin(model, job));
        }
        live = live.into_iter().filter_map(|sequence| step(model, sequence)).collect();
    }
}

fn begin(model: &Llama, job: Job) -> Option<Sequence> {
    match job {
        Job::Generate(start) => {
            let chunks = start.chunks.clone();
            report(&chunks, contain(|| Sequence::new(model, start).map(Some)))
        }
        Job::Check { prompt, tokens, sampler, answer } => {
            if !answer.is_closed() {
                let _ = answer.send(contain(|| check(model, prompt, &tokens, &sampler)));
            }
            None
        }
    }
}

fn step(model: &Llama, sequence: Sequence) -> Option<Sequence> {
    let chunks = sequence.chunks();
    report(&chunks, contain(|| sequence.step(model)))
}

/// A failure ends its own answer only.
fn report(
    chunks: &mpsc::Sender<Result<Chunk, ModelError>>,
    result: Result<Option<Sequence>, ModelError>,
) -> Option<Sequence> {
    result.unwrap_or_else(|error| {
        tracing::warn!(%error, "job failed");
        offer(chunks, Err(error));
        None
    })
}

/// Runs a job; a panic in it is its error, and the thread lives on.
pub(crate) fn contain<T>(job: impl FnOnce() -> Result<T, ModelError>) -> Result<T, ModelError> {
    catch_unwind(AssertUnwindSafe(job)).unwrap_or_else(|panic| Err(ModelError::Panicked { reason: reason(&*panic) }))
}

fn reason(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no reason given").to_owned()
}

/// Rows whose logits are computed at once: they take `vocab_size` numbers each.
const LOGIT_ROWS: usize = 64;

fn check(model: &Llama, mut input: Vec<u32>, tokens: &[u32], sampler: &Sampler) -> Checked {
    let Some((_, run)) = tokens.split_last() else {
        return Ok(Vec::new());
    };
    let first = input.len() - 1;
    input.extend_from_slice(run);
    let rows = model.forward(&input, &mut model.cache(input.len())?)?;
    let mut checks = Vec::with_capacity(tokens.len());
    for (chunk, tokens) in tokens.chunks(LOGIT_ROWS).enumerate() {
        let start = first + chunk * LOGIT_ROWS;
        let logits = floats(&model.logits(&rows.f_narrow(0, start as i64, tokens.len() as i64)?)?)?;
        for (row, token) in logits.chunks_exact(model.config().vocab_size).zip(tokens) {
            let position = u32::try_from(checks.len()).unwrap_or(u32::MAX);
            checks.push(TokenCheck::new(sampler.margin(row, position, *token)?));
        }
    }
    Ok(checks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        let error = contain::<()>(|| panic!("at row {}", 7)).expect_err("contained");
        assert_eq!(error.to_string(), "the job panicked: at row 7");
        assert_eq!(contain(|| Ok(7)).expect("fine"), 7);
    }
}
