//! One streamed answer, from its turn in the queue to its signed end.

use std::sync::Arc;

use futures::StreamExt;
use model::{Backend, Chunk, GenerateJob, ModelError};
use primitives::{Digest, GenerateRequest, Keypair};
use protos::{Event, MAX_EVENT_BYTES, Reason, ReceiptSigner, Refusal, wire::SignedEvent};
use scoring::noise::sampling_seed;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, timeout_at},
};
use tonic::Status;
use tracing::Instrument;

use crate::{
    clock,
    phase::{self, Phase},
    queue::Place,
};

/// Events that wait for a client that reads slowly; then the model waits.
const BUFFERED_EVENTS: usize = 16;

/// What a stream is made of.
pub(crate) type Events = mpsc::Receiver<Result<SignedEvent, Status>>;

/// An answer to be made.
pub(crate) struct Generation {
    pub backend: Arc<dyn Backend>,
    pub key: Keypair,
    pub digest: Digest,
    pub request: GenerateRequest,
    pub from_ms: u64,
    pub deadline: Instant,
    pub place: Place,
}

/// The client has gone.
struct Gone;

enum End {
    Gone,
    Refused(Refusal),
}

impl Generation {
    /// Make the answer in a task of its own. It ends when the receiver is dropped, when the deadline has come, or when
    /// the miner stops; the model's work ends with it.
    pub(crate) fn start(self, phases: watch::Receiver<Phase>) -> Events {
        // One place is kept for the refusal that may have to end the stream while the client doesn't read.
        let (events, stream) = mpsc::channel(BUFFERED_EVENTS + 1);
        let Ok(last) = events.clone().try_reserve_owned() else { return stream };
        let task = async move {
            let deadline = self.deadline;
            let end = tokio::select! {
                () = events.closed() => Err(End::Gone),
                () = phase::reach(phases, Phase::Stopped) => {
                    Err(End::Refused(Refusal::new(Reason::Draining, "the miner was stopped")))
                }
                done = timeout_at(deadline, self.run(&events)) => done.unwrap_or_else(|_| {
                    Err(End::Refused(Refusal::new(Reason::DeadlineExceeded, "the request expired")))
                }),
            };
            match end {
                Ok(tokens) => tracing::info!(tokens, "answered"),
                Err(End::Gone) => tracing::info!("client went away"),
                Err(End::Refused(refusal)) => {
                    tracing::info!(reason = %refusal.reason, detail = refusal.detail, "answer broken off");
                    last.send(Err(refusal.into()));
                }
            }
        };
        tokio::spawn(task.in_current_span());
        stream
    }

    async fn run(self, events: &mpsc::Sender<Result<SignedEvent, Status>>) -> Result<u32, End> {
        let queued = tracing::info_span!("queued");
        let running = async {
            clock::reach(self.from_ms).await;
            self.place.turn().await
        }
        .instrument(queued)
        .await;

        let seed = sampling_seed(&self.digest);
        let mut chunks = self
            .backend
            .generate(GenerateJob { request: self.request, seed, deadline: None })
            .await
            .map_err(refused)?;
        let mut signer = ReceiptSigner::new(self.key, self.digest);
        let mut tokens = 0;
        while let Some(chunk) = chunks.next().await {
            let (event, ended) = match chunk.map_err(refused)? {
                Chunk::Tokens { ids, text, logprobs } => {
                    tokens += ids.len() as u32;
                    (Event::Tokens { ids, text, logprobs }, false)
                }
                Chunk::Finished(reason) => (Event::Finished { reason, tokens }, true),
            };
            let event = signer.event(&event);
            if event.payload.len() > MAX_EVENT_BYTES {
                return Err(End::Refused(Refusal::new(Reason::ModelFailed, "the model's chunk is too large")));
            }
            events.send(Ok(event)).await.map_err(|_| Gone)?;
            if ended {
                drop(running);
                return Ok(tokens);
            }
        }
        Err(refused(ModelError::Stopped))
    }
}

impl From<Gone> for End {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

fn refused(error: ModelError) -> End {
    End::Refused(refusal(&error))
}

/// What the client is told of a model's error: its own fault in full, ours as a fact.
pub(crate) fn refusal(error: &ModelError) -> Refusal {
    let reason = match error {
        ModelError::Unsupported { .. } | ModelError::NoChatTemplate { .. } => Reason::Unsupported,
        ModelError::EmptyPrompt
        | ModelError::ChatRefused { .. }
        | ModelError::Script { .. }
        | ModelError::TooLong { .. }
        | ModelError::TokenOutOfRange { .. }
        | ModelError::Tokenise { .. } => Reason::BadPayload,
        ModelError::OutputTooLarge { .. } => Reason::Oversized,
        _ => {
            tracing::error!(%error, "model failed");
            return Refusal::new(Reason::ModelFailed, "the model failed");
        }
    };
    Refusal::new(reason, error)
}
