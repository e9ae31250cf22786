//! One answer being made: the state between two tokens.

use primitives::FinishReason;
use tokio::sync::mpsc::{self, error::TrySendError};

use crate::{Chunk, Detokeniser, ModelError, Sampler, kv::KvCache, llama::Llama, tensors::floats};

/// What a sequence starts from.
pub(crate) struct Start {
    pub(crate) prompt: Vec<u32>,
    pub(crate) max_new: u32,
    pub(crate) sampler: Sampler,
    pub(crate) detokeniser: Detokeniser,
    /// Has room for the whole answer, so that a slow reader never holds up the thread.
    pub(crate) chunks: mpsc::Sender<Result<Chunk, ModelError>>,
}

/// A live sequence.
pub(crate) struct Sequence {
    sampler: Sampler,
    detokeniser: Detokeniser,
    chunks: mpsc::Sender<Result<Chunk, ModelError>>,
    cache: KvCache,
    /// What the next step runs: the prompt, then the last token.
    input: Vec<u32>,
    position: u32,
    max_new: u32,
}

impl Sequence {
    /// Reserves the cache. The prompt was checked to leave room for a token.
    pub(crate) fn new(model: &Llama, start: Start) -> Result<Self, ModelError> {
        let Start { prompt, max_new, sampler, detokeniser, chunks } = start;
        let room = model.config().max_context - prompt.len();
        let max_new = max_new.min(u32::try_from(room).unwrap_or(u32::MAX));
        let cache = model.cache(prompt.len() + max_new as usize)?;
        Ok(Self { sampler, detokeniser, chunks, cache, input: prompt, position: 0, max_new })
    }

    /// Makes a token. `None` when the answer is whole or nobody waits for it any more.
    pub(crate) fn step(mut self, model: &Llama) -> Result<Option<Self>, ModelError> {
        if self.chunks.is_closed() {
            return Ok(None);
        }
        if self.max_new == 0 {
            self.send(Chunk::Finished(FinishReason::Length));
            return Ok(None);
        }
        let rows = model.forward(&self.input, &mut self.cache)?;
        let last = rows.f_narrow(0, self.input.len() as i64 - 1, 1)?;
        let logits = floats(&model.logits(&last)?)?;
        let token = self.sampler.choose(&logits, self.position)?;
        self.position += 1;
        let mut text = self.detokeniser.push(token)?;
        let finish = if model.config().end_tokens().contains(&token) {
            FinishReason::Stop
        } else if self.position == self.max_new {
            FinishReason::Length
        } else {
            self.input = vec![token];
            return Ok(self.send(Chunk::Tokens { ids: vec![token], text, logprobs: Vec::new() }).then_some(self));
        };
        text.push_str(&self.detokeniser.finish()?);
        let Self { chunks, .. } = self;
        for chunk in [Chunk::Tokens { ids: vec![token], text, logprobs: Vec::new() }, Chunk::Finished(finish)] {
            offer(&chunks, Ok(chunk));
        }
        Ok(None)
    }

    /// Where its failure is told.
    pub(crate) fn chunks(&self) -> mpsc::Sender<Result<Chunk, ModelError>> {
        self.chunks.clone()
    }

    fn send(&self, chunk: Chunk) -> bool {
        offer(&self.chunks, Ok(chunk))
    }
}

/// Whether the reader is still there.
pub(crate) fn offer(chunks: &mpsc::Sender<Result<Chunk, ModelError>>, chunk: Result<Chunk, ModelError>) -> bool {
    match chunks.try_send(chunk) {
        Ok(()) => true,
        Err(TrySendError::Closed(_)) => false,
        Err(TrySendError::Full(_)) => {
            // can't be: the channel has room for the whole answer. A gap in an answer would be worse than its end.
            tracing::error!("answer longer than its channel");
            false
        }
    }
}
