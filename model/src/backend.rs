//! What the miner's service runs on.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use primitives::{Digest, GenerateRequest, Tensor};
use tokio::sync::watch;

use crate::{Manifest, ModelError, Steps, TokenStream};

/// A request to continue a prompt, with the seed of its randomness and the time that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerateJob {
    /// What is asked.
    pub request: GenerateRequest,
    /// Decides every draw, so that anyone with the same model can repeat the answer.
    pub seed: Digest,
    /// When the answer is worth nothing any more: work that is late by then is dropped before it costs anything.
    pub deadline: Option<Instant>,
    /// While jobs wait, those of a higher priority go first; among equals, whoever came first.
    pub priority: u8,
}

impl GenerateJob {
    /// A job that may take its time.
    pub fn new(request: GenerateRequest, seed: Digest) -> Self {
        Self { request, seed, deadline: None, priority: 0 }
    }

    /// Whether its time is over.
    pub fn is_expired(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
    }
}

/// Something that answers requests.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// The model that answers.
    fn manifest(&self) -> &Manifest;

    /// Starts an answer. What is wrong with the request is said here, before the first chunk.
    async fn generate(&self, job: GenerateJob) -> Result<TokenStream, ModelError>;

    /// One unit vector for each text.
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError>;

    /// What a module returns for these arguments. Models of texts don't.
    async fn infer(&self, _: Vec<Tensor>) -> Result<Vec<Tensor>, ModelError> {
        Err(ModelError::Unsupported { model: self.manifest().name.clone(), what: "take tensors" })
    }

    /// How full its steps were so far; none where another program computes, or where there are no steps.
    fn steps(&self) -> Option<Steps> {
        None
    }

    /// Whether it can be asked just now, for one that may be away. None is always there.
    fn up(&self) -> Option<watch::Receiver<bool>> {
        None
    }
}

/// A language model and a sentence encoder behind one door. The manifest is the language model's.
pub struct Combined {
    /// Answers [`Backend::generate`].
    pub generator: Arc<dyn Backend>,
    /// Answers [`Backend::embed`].
    pub encoder: Arc<dyn Backend>,
}

#[async_trait]
impl Backend for Combined {
    fn manifest(&self) -> &Manifest {
        self.generator.manifest()
    }

    async fn generate(&self, job: GenerateJob) -> Result<TokenStream, ModelError> {
        self.generator.generate(job).await
    }

    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        self.encoder.embed(texts).await
    }

    async fn infer(&self, tensors: Vec<Tensor>) -> Result<Vec<Tensor>, ModelError> {
        self.generator.infer(tensors).await
    }

    fn steps(&self) -> Option<Steps> {
        self.generator.steps()
    }

    fn up(&self) -> Option<watch::Receiver<bool>> {
        self.generator.up()
    }
}
