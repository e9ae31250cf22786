//! One answer being made: what happens to each token between the model and the reader.

use std::ops::Range;

use primitives::FinishReason;
use scoring::proof::CHUNK_ROWS;
use tokio::sync::mpsc::{self, error::TrySendError};

use crate::{Chunk, Detokeniser, ModelError, Sampler, forward::Ask, prover::Prover, stop::Stops};

/// Where an answer goes. There is room for all of it: the tensors' thread never waits for a reader.
pub(crate) type Chunks = mpsc::Sender<Result<Chunk, ModelError>>;

/// Of an answer of at most so many tokens: its tokens, the commitments to the prompt and to the rows behind it, its end,
/// and what goes wrong.
pub(crate) fn channel(max_new: u32) -> (Chunks, mpsc::Receiver<Result<Chunk, ModelError>>) {
    let tokens = max_new as usize;
    mpsc::channel(tokens + 1 + tokens.div_ceil(CHUNK_ROWS) + 2)
}

/// An answer under way.
#[derive(Debug)]
pub(crate) struct Sequence {
    pub(crate) sampler: Sampler,
    pub(crate) logprobs: bool,
    pub(crate) detokeniser: Detokeniser,
    pub(crate) stops: Stops,
    pub(crate) prover: Prover,
    pub(crate) max_new: u32,
    pub(crate) chunks: Chunks,
    /// Tokens made.
    pub(crate) made: u32,
}

impl Sequence {
    /// What is to be asked of the model for the next token.
    pub(crate) fn ask(&self) -> Ask {
        Ask::Choose { sampler: self.sampler.clone(), position: self.made, logprob: self.logprobs }
    }

    /// Whether somebody still waits for it.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.chunks.is_closed()
    }

    /// Takes the chosen token. `read` gives hidden rows of what ran so far. Whether the answer goes on.
    pub(crate) fn take(
        &mut self,
        token: u32,
        logprob: Option<f32>,
        is_end: bool,
        read: impl FnMut(Range<usize>) -> Result<Vec<u16>, ModelError>,
    ) -> Result<bool, ModelError> {
        self.made += 1;
        let (mut text, stopped) = self.stops.push(&self.detokeniser.push(token)?);
        let finish = match () {
            () if stopped || is_end => Some(FinishReason::Stop),
            () if self.made == self.max_new => Some(FinishReason::Length),
            () => None,
        };
        let mut finish = finish;
        if finish.is_some() && !stopped {
            // the end may complete a character that can't be, and that a stop text
            let (rest, stopped) = self.stops.push(&self.detokeniser.finish()?);
            text.push_str(&rest);
            match stopped {
                true => finish = Some(FinishReason::Stop),
                false => text.push_str(&self.stops.finish()),
            }
        }
        let on = self.send(Chunk::Tokens { ids: vec![token], text, logprobs: logprob.into_iter().collect() });
        if !on {
            return Ok(false);
        }
        let prove = || self.prover.commit(self.made as usize, finish.is_some(), read);
        for commitment in tracing::trace_span!("prove").in_scope(prove)? {
            self.send(Chunk::Commitment(commitment));
        }
        if let Some(reason) = finish {
            let rows = self.prover.take_rows();
            self.send(Chunk::Finished { reason, rows });
        }
        Ok(finish.is_none())
    }

    /// Ends an answer that has no tokens.
    pub(crate) fn finish_empty(&self) {
        self.send(Chunk::Finished { reason: FinishReason::Length, rows: None });
    }

    /// Ends it with what went wrong.
    pub(crate) fn fail(&self, error: ModelError) {
        offer(&self.chunks, Err(error));
    }

    fn send(&self, chunk: Chunk) -> bool {
        offer(&self.chunks, Ok(chunk))
    }
}

/// Whether the reader is still there.
fn offer(chunks: &Chunks, chunk: Result<Chunk, ModelError>) -> bool {
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
