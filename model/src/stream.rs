//! An answer while it is being made.

use futures::{Stream, StreamExt};
use primitives::{FinishReason, Generation};
use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};
use tokio::sync::mpsc;

use crate::ModelError;

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Chunk {
    /// New tokens, and the text that became certain with them.
    Tokens {
        /// Their ids.
        ids: Vec<u32>,
        /// Whole characters only; may be empty while a character is unfinished.
        text: String,
        /// Natural logarithm of each token's probability, if it was asked for.
        logprobs: Vec<f32>,
    },
    /// The last chunk.
    Finished(FinishReason),
}

/// The chunks of one answer. Dropping it cancels the work.
#[derive(Debug)]
pub struct TokenStream {
    chunks: mpsc::Receiver<Result<Chunk, ModelError>>,
    prompt_tokens: Arc<OnceLock<u32>>,
}

impl TokenStream {
    /// A stream that is fed through a channel, for backends.
    pub fn new(chunks: mpsc::Receiver<Result<Chunk, ModelError>>) -> Self {
        Self::counted(chunks, Arc::default())
    }

    /// The same, for a backend that says how many tokens the prompt has, before the last chunk at the latest.
    pub fn counted(chunks: mpsc::Receiver<Result<Chunk, ModelError>>, prompt_tokens: Arc<OnceLock<u32>>) -> Self {
        Self { chunks, prompt_tokens }
    }

    /// How many tokens the prompt has, once the backend has said so.
    pub fn prompt_tokens(&self) -> Option<u32> {
        self.prompt_tokens.get().copied()
    }

    /// The whole answer. [`ModelError::Stopped`] if the stream ends before its last chunk.
    pub async fn collect(mut self) -> Result<Generation, ModelError> {
        let finish = FinishReason::Stop;
        let mut answer = Generation { tokens: Vec::new(), text: String::new(), logprobs: Vec::new(), finish };
        while let Some(chunk) = self.next().await {
            match chunk? {
                Chunk::Tokens { ids, text, logprobs } => {
                    answer.tokens.extend(ids);
                    answer.logprobs.extend(logprobs);
                    answer.text.push_str(&text);
                }
                Chunk::Finished(finish) => return Ok(Generation { finish, ..answer }),
            }
        }
        Err(ModelError::Stopped)
    }
}

impl Stream for TokenStream {
    type Item = Result<Chunk, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.chunks.poll_recv(cx)
    }
}
