//! Turns a server's stream into an answer's chunks.

use std::{
    collections::VecDeque,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use primitives::GenerateRequest;
use tokio::sync::mpsc;

use super::{
    OpenAiError,
    events::Events,
    recount::Recount,
    reply::{self, Reply},
    server::Stream,
};
use crate::{Chunk, ModelError, Tokenizer};

/// One answer being read.
pub(crate) struct Reader {
    pub(crate) model: String,
    pub(crate) request: GenerateRequest,
    pub(crate) tokenizer: Option<Tokenizer>,
    pub(crate) says_ids: Arc<AtomicBool>,
    pub(crate) prompt_tokens: Arc<OnceLock<u32>>,
}

/// What is known of the answer so far.
#[derive(Default)]
struct Progress {
    tokens: usize,
    events: usize,
    recount: Option<Recount>,
}

type Chunks = mpsc::Sender<Result<Chunk, ModelError>>;

/// Nobody reads the answer any more. Dropping the connection tells the server.
struct Gone;

impl Reader {
    /// Read until the answer's end, its failure, or until nobody wants it.
    pub(crate) async fn read(self, stream: Stream, chunks: Chunks) {
        let failed = tokio::select! {
            () = chunks.closed() => return,
            result = self.run(stream, &chunks) => match result {
                Ok(Ok(())) | Err(Gone) => return,
                Ok(Err(error)) => error,
            }
        };
        // An error means that the reader has left, too.
        let _ = chunks.send(Err(failed)).await;
    }

    async fn run(&self, mut stream: Stream, chunks: &Chunks) -> Result<Result<(), ModelError>, Gone> {
        let (mut events, mut whole, mut progress) = (Events::default(), VecDeque::new(), Progress::default());
        let mut finish = None;
        macro_rules! attempt {
            ($result:expr) => {
                match $result {
                    Ok(value) => value,
                    Err(error) => return Ok(Err(ModelError::from(error))),
                }
            };
        }
        loop {
            let Some(data) = whole.pop_front() else {
                match attempt!(stream.next().await) {
                    Some(bytes) => attempt!(events.push(&bytes, &mut whole)),
                    // The end of the connection ends an answer that was finished, even without the mark.
                    None => break,
                }
                continue;
            };
            let Some(reply) = attempt!(reply::read(&data)) else { break };
            if let Some(tokens) = reply.prompt_tokens {
                let _ = self.prompt_tokens.set(tokens);
            }
            if finish.is_none() {
                finish = reply.finish;
                if let Some(chunk) = attempt!(self.chunk(reply, &mut progress)) {
                    chunks.send(Ok(chunk)).await.map_err(|_| Gone)?;
                }
            }
        }
        let Some(finish) = finish else { return Ok(Err(OpenAiError::Cut.into())) };
        if let Some(recount) = progress.recount.take() {
            let ids = attempt!(recount.finish());
            if let Some(chunk) = self.recounted(ids, String::new(), &mut progress) {
                chunks.send(Ok(chunk)).await.map_err(|_| Gone)?;
            }
        }
        chunks.send(Ok(Chunk::Finished { reason: finish, rows: None })).await.map_err(|_| Gone)?;
        Ok(Ok(()))
    }

    /// What an event adds to the answer.
    fn chunk(&self, reply: Reply, progress: &mut Progress) -> Result<Option<Chunk>, ModelError> {
        let Reply { text, ids, says_ids, logprobs, .. } = reply;
        let limit = self.request.max_new_tokens;
        if says_ids {
            self.says_ids.store(true, Ordering::Relaxed);
        }
        let Some(ids) = ids else {
            if text.is_empty() {
                return Ok(None);
            }
            if self.request.logprobs {
                // Logarithms belong to ids; without those nobody could tell of which token they speak.
                let what = "say how likely its tokens are: its server doesn't say which they are";
                return Err(ModelError::Unsupported { model: self.model.clone(), what });
            }
            // Each event is at least one token.
            progress.events += 1;
            if progress.events > limit as usize {
                return Err(OpenAiError::TooLong(limit).into());
            }
            let new = match (&mut progress.recount, &self.tokenizer) {
                (Some(recount), _) => recount.push(&text)?,
                (None, Some(tokenizer)) => progress.recount.insert(Recount::new(tokenizer.clone())).push(&text)?,
                (None, None) => Vec::new(),
            };
            return Ok(self.recounted(new, text, progress));
        };
        progress.tokens += ids.len();
        if progress.tokens > limit as usize {
            return Err(OpenAiError::TooLong(limit).into());
        }
        let logprobs = match logprobs {
            _ if !self.request.logprobs => Vec::new(),
            Some(values) if values.len() == ids.len() => values,
            _ => return Err(OpenAiError::Nonsense("logprobs").into()),
        };
        Ok((!ids.is_empty() || !text.is_empty()).then_some(Chunk::Tokens { ids, text, logprobs }))
    }

    /// A chunk of ids that were counted again. As they are a guess, so is their number: it is never above the limit.
    fn recounted(&self, mut ids: Vec<u32>, text: String, progress: &mut Progress) -> Option<Chunk> {
        ids.truncate((self.request.max_new_tokens as usize).saturating_sub(progress.tokens));
        progress.tokens += ids.len();
        (!ids.is_empty() || !text.is_empty()).then_some(Chunk::Tokens { ids, text, logprobs: Vec::new() })
    }
}
