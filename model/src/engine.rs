//! A language model and the workers that run it.

use std::{
    num::NonZero,
    path::Path,
    sync::{Arc, OnceLock},
    thread,
    time::SystemTime,
};

use async_trait::async_trait;
use primitives::{Digest, GenerateRequest, Prompt, ProofKind};
use scoring::{
    TokenCheck,
    calibration::SignedCalibration,
    proof::{ProofRules, Rows},
};
use tokio::sync::oneshot;

use crate::{
    Audit, Backend, Device, Dtype, GenerateJob, LoadProgress, Manifest, ModelError, OnProgress, Sampler, Steps,
    TokenStream, Tokenizer, calibration,
    chat_template::ChatTemplate,
    config::LlamaConfig,
    containment::contain,
    cpu::CpuLlama,
    folder::Folder,
    forward::{Ask, Forward, Said},
    generation_config,
    isa::Isa,
    libtorch,
    prover::Prover,
    schedule::Limits,
    sequence::{self, Sequence},
    stop::Stops,
    tensors::Tensors,
    torch_llama::TorchLlama,
    waiting::{Job, Purpose, Questions, Told, Trace, Waiting},
    weights::Weights,
    worker::Worker,
};

/// How a model is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineOptions {
    /// Where it runs: a copy of the model, with a thread of its own, on each.
    pub devices: Vec<Device>,
    /// The number type it is computed in. By default f32 on the processor and bf16 elsewhere.
    pub dtype: Option<Dtype>,
    /// Threads that share an operation on the processor, for each copy. Half of the cores if not given: operations that
    /// wait for a core which somebody else has are slower than operations on fewer cores.
    ///
    /// On the number types that libtorch computes, a program that shares its machine should also start with
    /// `OMP_WAIT_POLICY=PASSIVE`; it can't be set here because OpenMP reads it before `main`.
    pub threads: Option<NonZero<usize>>,
    /// Answers that a copy makes at the same time.
    pub slots: usize,
    /// Prompt and answer together have at most so many tokens; the model's context may allow fewer. Memory for as many
    /// in each slot is set apart at the start on a GPU, and when it is needed on the processor.
    pub slot_tokens: usize,
    /// Tokens that a copy runs at once. More of them take a prompt in faster, and let answers under way wait longer.
    /// By default 256 on the processor and 2048 elsewhere.
    pub step_tokens: Option<usize>,
    /// Requests that wait for a slot; more are refused.
    pub queue: usize,
    /// Whether a prompt takes over what an earlier one that started alike has left.
    pub prefix_reuse: bool,
    /// Whether f32 on the processor does without the wider vector instructions, as on an older one. It is slower and
    /// rounds otherwise: a calibration measures how far apart that is.
    pub baseline_instructions: bool,
    /// Whether the calibration in the model's folder is read. Who makes it anew does without.
    pub calibration: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            devices: vec![Device::Cpu],
            dtype: None,
            threads: None,
            slots: 8,
            slot_tokens: 4096,
            step_tokens: None,
            queue: 64,
            prefix_reuse: true,
            baseline_instructions: false,
            calibration: true,
        }
    }
}

/// A loaded language model. A job that fails, fails alone. Dropping the engine ends its threads once the jobs that it
/// took are done.
#[derive(Debug)]
pub struct Engine {
    manifest: Manifest,
    calibration: Option<SignedCalibration>,
    tokenizer: Tokenizer,
    chat: Option<ChatTemplate>,
    /// Numbers in a hidden row.
    hidden: usize,
    waiting: Arc<Waiting>,
}

/// A folder that was read: all that is known of a model before it runs anywhere.
struct Checkpoint {
    config: LlamaConfig,
    tokenizer: Tokenizer,
    chat: Option<ChatTemplate>,
    weights: Weights,
    manifest: Manifest,
    calibration: Option<SignedCalibration>,
}

impl Checkpoint {
    fn read(
        path: &Path,
        slot_tokens: usize,
        with_calibration: bool,
        on_progress: &mut dyn FnMut(LoadProgress),
    ) -> Result<Self, ModelError> {
        let mut folder = Folder::open(path)?;
        let mut config = LlamaConfig::parse(&folder.path("config.json"), &folder.text("config.json")?)?;
        if let Some(ids) = generation_config::end_tokens(&mut folder, config.vocab_size)? {
            config.set_end_tokens(ids);
        }
        let tokenizer = folder.tokenizer(config.vocab_size)?;
        let chat = ChatTemplate::read(&mut folder)?;
        let weights = folder.weights(on_progress)?;
        let max_context = config.max_context.min(slot_tokens.max(1));
        let mut manifest = folder.manifest(config.model_type, config.vocab_size, max_context, config.end_tokens());
        manifest.proof = ProofKind::HiddenRows;
        let calibration = if with_calibration { calibration::read(path, &manifest.digest)? } else { None };
        manifest.calibration = calibration.as_ref().map(|signed| signed.calibration.digest());
        Ok(Self { config, tokenizer, chat, weights, manifest, calibration })
    }
}

impl Engine {
    /// Loads a Hugging Face folder of the Llama family onto the processor. Blocks until it is done.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        Self::load_with(path, &EngineOptions::default(), Box::new(|_| ()))
    }

    /// [`Self::load`] elsewhere or otherwise.
    pub fn load_with(path: &Path, options: &EngineOptions, mut on_progress: OnProgress) -> Result<Self, ModelError> {
        let Checkpoint { config, tokenizer, chat, weights, manifest, calibration } =
            Checkpoint::read(path, options.slot_tokens, options.calibration, &mut *on_progress)?;
        let (max_context, ends) = (manifest.max_context, manifest.end_tokens.clone());

        let waiting = Arc::new(Waiting::new(options.queue));
        // Closes the queue on every way out of here but the last: workers that were started end.
        let engine = Self { manifest, calibration, tokenizer, chat, hidden: config.hidden_size, waiting };
        let source = Arc::new(Source { config, weights, ends, max_context, options: options.clone() });
        for (index, device) in options.devices.iter().copied().enumerate() {
            let (source, waiting) = (source.clone(), engine.waiting.clone());
            // libtorch gives every thread that calls it a team of workers: tensors are made, used and dropped on one
            let report =
                if index == 0 { std::mem::replace(&mut on_progress, Box::new(|_| ())) } else { Box::new(|_| ()) };
            spawn_loaded(&format!("model-{index}"), move |loaded| {
                let worker = contain(|| source.worker(device, waiting, report));
                drop(source);
                match worker {
                    Ok(worker) => {
                        let _ = loaded.send(Ok(()));
                        worker.run();
                    }
                    Err(error) => drop(loaded.send(Err(error))),
                }
            })?;
        }
        let manifest = &engine.manifest;
        tracing::info!(model = manifest.name, digest = %manifest.digest, devices = options.devices.len(), "model loaded");
        Ok(engine)
    }

    /// What a folder would be loaded as, with the digests of all its files, and whether its calibration is there and its own.
    /// Blocks as long as reading every byte takes; nothing is placed, so it needs no memory for the model.
    pub fn identify(path: &Path, mut on_progress: OnProgress) -> Result<Manifest, ModelError> {
        Ok(Checkpoint::read(path, usize::MAX, true, &mut *on_progress)?.manifest)
    }

    /// What was measured of the model, if that lies in its folder.
    pub fn calibration(&self) -> Option<&SignedCalibration> {
        self.calibration.as_ref()
    }

    /// What the calibration demands of proofs.
    pub fn proof_rules(&self) -> Option<ProofRules> {
        self.calibration.as_ref()?.rules(&self.manifest.digest).ok()
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
            Prompt::Chat(messages) => match &self.chat {
                // the template writes the special tokens that the model wants
                Some(chat) => self.tokenizer.encode_bare(&chat.render(messages, SystemTime::now())?)?,
                None => return Err(ModelError::NoChatTemplate { model: self.manifest.name.clone() }),
            },
        };
        let max_context = self.manifest.max_context;
        if ids.is_empty() {
            return Err(ModelError::EmptyPrompt);
        }
        // at least one token must fit behind it
        if ids.len() >= max_context {
            return Err(ModelError::TooLong { tokens: ids.len() + 1, max_context });
        }
        self.in_vocabulary(&ids)?;
        Ok(ids)
    }

    /// Runs the prompt and somebody's answer at once, with the seed that the answer should be of. The answer's text and
    /// its end are the caller's to judge.
    pub async fn audit(&self, request: &GenerateRequest, seed: Digest, tokens: &[u32]) -> Result<Audit, ModelError> {
        let mut input = self.prompt_tokens(&request.prompt)?;
        self.in_vocabulary(tokens)?;
        let (prompt_tokens, max_context) = (input.len(), self.manifest.max_context);
        if prompt_tokens + tokens.len() > max_context {
            return Err(ModelError::TooLong { tokens: prompt_tokens + tokens.len(), max_context });
        }
        let mut told = Told::default();
        if let Some((_, run)) = tokens.split_last() {
            input.extend_from_slice(run);
            let sampler = Sampler::new(request.sampling, seed);
            let ask =
                |(position, token): (u32, &u32)| Ask::Margin { sampler: sampler.clone(), position, token: *token };
            told = self.ask(input, (0..).zip(tokens).map(ask).collect(), true).await?;
        }
        let (mut tokens, mut logprobs) = (Vec::with_capacity(tokens.len()), Vec::with_capacity(tokens.len()));
        for said in told.said {
            let Said::Margin { margin, logprob } = said else { return Err(ModelError::Stopped) };
            tokens.push(TokenCheck::new(margin));
            logprobs.push(logprob);
        }
        let rows = Rows::new(self.hidden, told.rows).ok_or(ModelError::Stopped)?;
        Ok(Audit { prompt_tokens, tokens, logprobs, rows })
    }

    /// The logits behind each of the last `count` tokens: `[count][vocabulary]`.
    pub async fn logits(&self, tokens: &[u32], count: usize) -> Result<Vec<Vec<f32>>, ModelError> {
        self.prompt_tokens(&Prompt::Tokens(tokens.to_vec()))?;
        let told = self.ask(tokens.to_vec(), vec![Ask::Logits; count.min(tokens.len())], false).await?;
        let logits = |said| match said {
            Said::Logits(logits) => Ok(logits),
            _ => Err(ModelError::Stopped),
        };
        told.said.into_iter().map(logits).collect()
    }

    async fn ask(&self, tokens: Vec<u32>, asks: Vec<Ask>, rows: bool) -> Result<Told, ModelError> {
        let (answer, told) = oneshot::channel();
        let (room, reusable) = (tokens.len(), tokens.len() - asks.len());
        let purpose = Purpose::Ask(Questions::new(asks, rows, answer));
        self.waiting.push(Job {
            tokens,
            room,
            reusable,
            deadline: None,
            priority: 0,
            purpose,
            trace: Trace::queued(),
        })?;
        told.await.map_err(|_| ModelError::Stopped)?
    }

    fn in_vocabulary(&self, ids: &[u32]) -> Result<(), ModelError> {
        let vocab_size = self.manifest.vocab_size;
        match ids.iter().find(|id| **id as usize >= vocab_size) {
            Some(&token) => Err(ModelError::TokenOutOfRange { token, vocab_size }),
            None => Ok(()),
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.waiting.close();
    }
}

#[async_trait]
impl Backend for Engine {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn steps(&self) -> Option<Steps> {
        Some(self.waiting.steps.read())
    }

    async fn generate(&self, job: GenerateJob) -> Result<TokenStream, ModelError> {
        let GenerateJob { request, seed, deadline, priority } = job;
        let tokens = self.prompt_tokens(&request.prompt)?;
        let left = self.manifest.max_context - tokens.len();
        let max_new = request.max_new_tokens.min(u32::try_from(left).unwrap_or(u32::MAX));
        let (chunks, stream) = sequence::channel(max_new);
        let prompt_tokens = Arc::new(OnceLock::from(u32::try_from(tokens.len()).unwrap_or(u32::MAX)));
        let stream = TokenStream::counted(stream, prompt_tokens);
        let sequence = Sequence {
            sampler: Sampler::new(request.sampling, seed),
            logprobs: request.logprobs,
            detokeniser: self.tokenizer.detokeniser(),
            stops: Stops::new(request.stop),
            prover: Prover::new(tokens.len(), self.hidden),
            max_new,
            chunks,
            made: 0,
        };
        if max_new == 0 {
            sequence.finish_empty();
            return Ok(stream);
        }
        let (room, reusable) = (tokens.len() + max_new as usize, tokens.len() - 1);
        let purpose = Purpose::Answer(Box::new(sequence));
        self.waiting.push(Job { tokens, room, reusable, deadline, priority, purpose, trace: Trace::queued() })?;
        Ok(stream)
    }

    async fn embed(&self, _: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        Err(ModelError::Unsupported { model: self.manifest.name.clone(), what: "embed texts" })
    }
}

/// What workers are made of.
struct Source {
    config: LlamaConfig,
    weights: Weights,
    ends: Vec<u32>,
    max_context: usize,
    options: EngineOptions,
}

impl Source {
    /// On the thread that will run it.
    fn worker(&self, device: Device, waiting: Arc<Waiting>, mut report: OnProgress) -> Result<Worker, ModelError> {
        let EngineOptions { dtype, threads, slots, step_tokens, prefix_reuse, .. } = self.options;
        let (place, dtype) = (libtorch::open(device)?, dtype.unwrap_or(device.usual_dtype()));
        let (threads, slots) = (threads.unwrap_or_else(libtorch::usual_threads), slots.max(1));
        let model: Box<dyn Forward> = if device == Device::Cpu && dtype == Dtype::F32 {
            let isa = if self.options.baseline_instructions { Isa::Baseline } else { Isa::detect() };
            Box::new(CpuLlama::load(self.config.clone(), &self.weights, slots, threads, isa, &mut *report)?)
        } else {
            libtorch::use_threads(threads);
            // for as long as the thread lives
            std::mem::forget(tch::no_grad_guard());
            let tensors = Tensors::new(&self.weights, place, dtype, &mut *report);
            let model = TorchLlama::load(self.config.clone(), &tensors, slots, self.max_context)?;
            tensors.finish()?;
            Box::new(model)
        };
        let usual = if device == Device::Cpu { 256 } else { 2048 };
        let limits = Limits {
            slots,
            step_tokens: step_tokens.unwrap_or(usual).max(slots + 1),
            cache_tokens: slots * self.max_context.next_multiple_of(32),
            reuse: prefix_reuse,
        };
        Ok(Worker::new(model, limits, self.ends.clone(), waiting))
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
