//! An answer while it is being made.

use futures::{Stream, StreamExt};
use primitives::{FinishReason, Generation};
use scoring::proof::{Commitment, Rows};
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
    /// To the next chunk of hidden rows, which is whole with the tokens so far: the prompt's, then one for every 32 rows.
    Commitment(Commitment),
    /// The last chunk.
    Finished {
        /// Why the answer ends.
        reason: FinishReason,
        /// The hidden rows of prompt and answer, whose parts were committed to. None from a backend that doesn't see
        /// them, and for an answer without tokens.
        rows: Option<Arc<Rows>>,
    },
}

/// A whole answer with what its maker shows of how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Proven {
    /// The answer.
    pub answer: Generation,
    /// To each chunk of the rows.
    pub commitments: Vec<Commitment>,
    /// The hidden rows of prompt and answer, if the backend sees them.
    pub rows: Option<Arc<Rows>>,
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
    pub async fn collect(self) -> Result<Generation, ModelError> {
        Ok(self.proven().await?.answer)
    }

    /// The same with its commitments and rows.
    pub async fn proven(mut self) -> Result<Proven, ModelError> {
        let mut commitments = Vec::new();
        let finish = FinishReason::Stop;
        let mut answer = Generation { tokens: Vec::new(), text: String::new(), logprobs: Vec::new(), finish };
        while let Some(chunk) = self.next().await {
            match chunk? {
                Chunk::Tokens { ids, text, logprobs } => {
                    answer.tokens.extend(ids);
                    answer.logprobs.extend(logprobs);
                    answer.text.push_str(&text);
                }
                Chunk::Commitment(commitment) => commitments.push(commitment),
                Chunk::Finished { reason, rows } => {
                    return Ok(Proven { answer: Generation { finish: reason, ..answer }, commitments, rows });
                }
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
