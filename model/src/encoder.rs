//! A sentence encoder on a thread of its own.

use std::path::Path;

use async_trait::async_trait;
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};

use crate::{
    Backend, Device, GenerateJob, Manifest, ModelError, Options, TokenStream, Tokenizer,
    bert::Bert,
    config::BertConfig,
    engine::{contain, spawn_loaded},
    folder::Folder,
    libtorch,
    tensors::{Tensors, floats},
};

/// Jobs that wait for the thread. Beyond that, callers wait.
const QUEUE: usize = 64;

/// A loaded sentence encoder, such as all-MiniLM-L6-v2: mean pooling, unit vectors. Longer texts are cut to
/// [`Manifest::max_context`] tokens, as sentence-transformers does.
#[derive(Debug)]
pub struct Encoder {
    manifest: Manifest,
    tokenizer: Tokenizer,
    jobs: mpsc::Sender<Job>,
}

struct Job {
    texts: Vec<Vec<u32>>,
    answer: oneshot::Sender<Result<Vec<Vec<f32>>, ModelError>>,
}

/// What sentence-transformers keeps beside the model.
#[derive(Deserialize)]
struct SentenceConfig {
    max_seq_length: Option<usize>,
}

impl Encoder {
    /// Loads a Hugging Face folder: `config.json`, `model.safetensors`, `tokenizer.json`, and
    /// `sentence_bert_config.json` if there is one. On the processor; blocks until it is done.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        Self::load_with(path, Device::Cpu, Options::default())
    }

    /// [`Self::load`] elsewhere, or with other options.
    pub fn load_with(path: &Path, device: Device, options: Options) -> Result<Self, ModelError> {
        let folder = Folder::open(path)?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (manifest, tokenizer) = spawn_loaded("encoder", move |loaded| {
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
        tracing::info!(model = manifest.name, digest = %manifest.digest, %device, "encoder loaded");
        Ok(Self { manifest, tokenizer, jobs })
    }
}

#[async_trait]
impl Backend for Encoder {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn generate(&self, _: GenerateJob) -> Result<TokenStream, ModelError> {
        Err(ModelError::Unsupported { model: self.manifest.name.clone(), what: "generate text" })
    }

    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        let texts = texts.iter().map(|text| self.tokenizer.encode(text)).collect::<Result<_, _>>()?;
        let (answer, vectors) = oneshot::channel();
        self.jobs.send(Job { texts, answer }).await.map_err(|_| ModelError::Stopped)?;
        vectors.await.map_err(|_| ModelError::Stopped)?
    }
}

fn read(mut folder: Folder, device: Device) -> Result<(Bert, Manifest, Tokenizer), ModelError> {
    let place = libtorch::open(device)?;
    let config = BertConfig::parse(&folder.path("config.json"), &folder.text("config.json")?)?;
    let max_context = max_context(&mut folder, config.max_positions)?;
    let path = folder.path("tokenizer.json");
    let tokenizer = folder
        .tokenizer(config.vocab_size)?
        .truncated(max_context)
        .map_err(|source| ModelError::Tokenizer { path, source })?;
    let mut report = |_| ();
    let weights = folder.weights(&mut report)?;
    let tensors = Tensors::new(&weights, place, device.usual_dtype(), &mut report);
    let vocab_size = config.vocab_size;
    let model = Bert::load(config, &tensors)?;
    tensors.finish()?;
    Ok((model, folder.manifest("bert", vocab_size, max_context, Vec::new()), tokenizer))
}

fn max_context(folder: &mut Folder, positions: usize) -> Result<usize, ModelError> {
    let name = "sentence_bert_config.json";
    let path = folder.path(name);
    if !path.exists() {
        return Ok(positions);
    }
    let config: SentenceConfig =
        serde_json::from_slice(&folder.text(name)?).map_err(|source| ModelError::Config { path, source })?;
    // two tokens are the special ones around the text
    Ok(config.max_seq_length.unwrap_or(positions).clamp(2, positions))
}

fn run(model: &Bert, mut queue: mpsc::Receiver<Job>) {
    while let Some(Job { texts, answer }) = queue.blocking_recv() {
        let mut vectors = Vec::with_capacity(texts.len());
        // a caller that went away is noticed between two texts
        let result = loop {
            if answer.is_closed() {
                break Err(ModelError::Stopped);
            }
            let Some(tokens) = texts.get(vectors.len()) else {
                break Ok(vectors);
            };
            match contain(|| floats(&model.embed(tokens)?)) {
                Ok(vector) => vectors.push(vector),
                Err(error) => break Err(error),
            }
        };
        let _ = answer.send(result);
    }
}
