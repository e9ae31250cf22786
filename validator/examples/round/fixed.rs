//! A model that answers anything with the same text.

use assay_validator::Repetition;
use async_trait::async_trait;
use model::{Backend, Chunk, GenerateJob, Manifest, ModelError, TokenStream};
use primitives::{Digest, FinishReason, ProofKind};
use std::sync::Arc;
use tokio::sync::mpsc;

const TOKENS: [u32; 3] = [1, 2, 3];
const TEXT: &str = "By the touchstone";

pub struct Fixed(Manifest);

impl Fixed {
    pub fn new() -> Self {
        Self(Manifest {
            name: "fixed".into(),
            architecture: "none".into(),
            digest: Digest::of(TEXT.as_bytes()),
            files: Vec::new(),
            vocab_size: 4,
            max_context: 1_000,
            end_tokens: vec![3],
            proof: ProofKind::None,
            calibration: None,
        })
    }

    /// Who knows what the answer has to be.
    pub fn referee() -> Repetition {
        Repetition { backend: Arc::new(Self::new()) }
    }
}

#[async_trait]
impl Backend for Fixed {
    fn manifest(&self) -> &Manifest {
        &self.0
    }

    async fn generate(&self, _: GenerateJob) -> Result<TokenStream, ModelError> {
        let (chunks, stream) = mpsc::channel(2);
        let tokens = Chunk::Tokens { ids: TOKENS.to_vec(), text: TEXT.to_owned(), logprobs: Vec::new() };
        for chunk in [tokens, Chunk::Finished { reason: FinishReason::Stop, rows: None }] {
            chunks.send(Ok(chunk)).await.map_err(|_| ModelError::Stopped)?;
        }
        Ok(TokenStream::new(stream))
    }

    async fn embed(&self, _: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        Err(ModelError::Unsupported { model: "fixed".into(), what: "embed" })
    }
}
