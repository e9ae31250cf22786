//! An answer while it is being made.

use futures::{Stream, StreamExt};
use primitives::{FinishReason, Generation};
use std::{
    pin::Pin,
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
pub struct TokenStream(mpsc::Receiver<Result<Chunk, ModelError>>);

impl TokenStream {
    /// A stream that is fed through a channel, for backends.
    pub fn new(chunks: mpsc::Receiver<Result<Chunk, ModelError>>) -> Self {
        Self(chunks)
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
        self.0.poll_recv(cx)
    }
}
