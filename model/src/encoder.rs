//! A sentence encoder on a thread of its own.

use std::path::Path;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use crate::{
    Backend, Device, Dtype, GenerateJob, Manifest, ModelError, Options, TokenStream, Tokenizer,
    bert::Bert,
    config::BertConfig,
    containment::contain,
    engine::spawn_loaded,
    folder::Folder,
    libtorch,
    sentence::Sentences,
    tensors::{Tensors, floats},
};

/// Jobs that wait for the thread. Beyond that, callers wait.
const QUEUE: usize = 64;

/// Tokens that are run at once, filling included: enough to keep a processor busy, and a bound on the memory.
const BATCH_TOKENS: usize = 4_096;

/// A loaded sentence encoder, such as all-MiniLM-L6-v2. Pooling, scaling and the length to which texts are cut
/// ([`Manifest::max_context`]) are those of the folder's sentence-transformers files.
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

impl Encoder {
    /// Loads a Hugging Face folder: `config.json`, `model.safetensors`, `tokenizer.json`, and the files of
    /// sentence-transformers that are there. On the processor; blocks until it is done.
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
            match contain(|| read(folder, device, options.dtype)) {
                Ok((model, manifest, tokenizer, sentences)) => {
                    let _ = loaded.send(Ok((manifest, tokenizer)));
                    run(&model, sentences, queue);
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

type Loaded = (Bert, Manifest, Tokenizer, Sentences);

fn read(mut folder: Folder, device: Device, dtype: Option<Dtype>) -> Result<Loaded, ModelError> {
    let place = libtorch::open(device)?;
    let config = BertConfig::parse(&folder.path("config.json"), &folder.text("config.json")?)?;
    let sentences = Sentences::read(&mut folder, config.max_positions)?;
    let path = folder.path("tokenizer.json");
    let tokenizer = folder.tokenizer(config.vocab_size)?;
    let tokenizer = if sentences.lower_case { tokenizer.lower_cased() } else { Ok(tokenizer) };
    let tokenizer = tokenizer.and_then(|tokenizer| tokenizer.truncated(sentences.max_tokens));
    let tokenizer = tokenizer.map_err(|source| ModelError::Tokenizer { path, source })?;
    let mut report = |_| ();
    let weights = folder.weights(&mut report)?;
    let tensors = Tensors::new(&weights, place, dtype.unwrap_or(Dtype::F32), &mut report);
    let vocab_size = config.vocab_size;
    let model = Bert::load(config, &tensors)?;
    tensors.finish()?;
    Ok((model, folder.manifest("bert", vocab_size, sentences.max_tokens, Vec::new()), tokenizer, sentences))
}

fn run(model: &Bert, sentences: Sentences, mut queue: mpsc::Receiver<Job>) {
    while let Some(Job { texts, answer }) = queue.blocking_recv() {
        let mut vectors = vec![Vec::new(); texts.len()];
        // a caller that went away is noticed between two batches
        let result = batches(&texts).into_iter().try_for_each(|batch| {
            if answer.is_closed() {
                return Err(ModelError::Stopped);
            }
            let tokens: Vec<&[u32]> = batch.iter().map(|index| texts[*index].as_slice()).collect();
            let rows = contain(|| {
                let rows = model.embed(&tokens, sentences.pooling, sentences.normalise)?;
                let columns = rows.size()[1] as usize;
                Ok(floats(&rows)?.chunks_exact(columns).map(<[f32]>::to_vec).collect::<Vec<_>>())
            })?;
            for (index, row) in batch.into_iter().zip(rows) {
                vectors[index] = row;
            }
            Ok(())
        });
        let _ = answer.send(result.map(|()| vectors));
    }
}

/// Which texts are run together: neighbours in length, so that little is filled up, within [`BATCH_TOKENS`].
fn batches(texts: &[Vec<u32>]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|index| texts[*index].len());
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for index in order {
        // the longest so far
        let longest = texts[index].len();
        match batches.last_mut() {
            Some(batch) if (batch.len() + 1) * longest <= BATCH_TOKENS => batch.push(index),
            _ => batches.push(vec![index]),
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_bounded_and_hold_every_text_once() {
        let texts: Vec<Vec<u32>> = (0..300).map(|index| vec![0; 1 + (index * 7_919) % 512]).collect();
        let batches = batches(&texts);
        let mut seen: Vec<usize> = batches.concat();
        seen.sort_unstable();
        assert_eq!(seen, (0..texts.len()).collect::<Vec<_>>());
        for batch in &batches {
            let longest = batch.iter().map(|index| texts[*index].len()).max().expect("not empty");
            assert!(batch.len() * longest <= BATCH_TOKENS, "{} of {longest}", batch.len());
        }
        let tokens: usize = texts.iter().map(Vec::len).sum();
        assert!(batches.len() <= 2 * tokens / BATCH_TOKENS + 1, "{}", batches.len());
        assert_eq!(super::batches(&[vec![0; 2 * BATCH_TOKENS]]), [[0]]);
        assert!(super::batches(&[]).is_empty());
    }
}
