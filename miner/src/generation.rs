//! One streamed answer, from its turn in the queue to its signed end.

use std::sync::Arc;

use futures::StreamExt;
use model::{Backend, Chunk, GenerateJob, ModelError};
use primitives::{Digest, GenerateRequest, Hotkey, Keypair};
use protos::{Event, Reason, ReceiptSigner, Refusal, wire::SignedEvent};
use scoring::{
    noise::sampling_seed,
    proof::{RowTree, Rows},
};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, timeout_at},
};
use tonic::Status;
use tracing::Instrument;

use crate::{
    access::Rank,
    kept_rows::KeptRows,
    metrics::Visit,
    outbox::Outbox,
    phase::{self, Phase},
    queue::Place,
    served::Served,
    tally::Tally,
};

/// Events on their way to the connection. What comes while all are taken is kept together in an [`Outbox`].
const BUFFERED_EVENTS: usize = 4;

/// What a stream is made of.
pub(crate) type Events = mpsc::Receiver<Result<SignedEvent, Status>>;

/// An answer to be made.
pub(crate) struct Generation {
    pub backend: Arc<dyn Backend>,
    pub key: Keypair,
    pub rows: Arc<KeptRows>,
    pub served: Served,
    pub tally: Tally,
    pub asker: Hotkey,
    pub digest: Digest,
    pub request: GenerateRequest,
    pub rank: Rank,
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
            let mut visit = Visit::begin(&self.tally, self.asker);
            let end = tokio::select! {
                () = events.closed() => Err(End::Gone),
                () = phase::reach(phases, Phase::Stopped) => {
                    Err(End::Refused(Refusal::new(Reason::Draining, "the miner was stopped")))
                }
                done = timeout_at(deadline, self.run(&events, &mut visit)) => done.unwrap_or_else(|_| {
                    Err(End::Refused(Refusal::new(Reason::DeadlineExceeded, "the request expired")))
                }),
            };
            match end {
                Ok(tokens) => {
                    tracing::info!(tokens, "answered");
                    visit.answered();
                }
                Err(End::Gone) => tracing::info!("client went away"),
                Err(End::Refused(refusal)) => {
                    tracing::info!(reason = %refusal.reason, detail = refusal.detail, "answer broken off");
                    visit.failed(refusal.reason);
                    last.send(Err(refusal.into()));
                }
            }
        };
        tokio::spawn(task.in_current_span());
        stream
    }

    async fn run(self, events: &mpsc::Sender<Result<SignedEvent, Status>>, visit: &mut Visit) -> Result<u32, End> {
        // Kept until the last event is handed over.
        let _place = self.place;
        self.served.begin(self.from_ms).await.map_err(End::Refused)?;
        let job = GenerateJob {
            request: self.request,
            seed: sampling_seed(&self.digest),
            deadline: Some(self.deadline.into_std()),
            priority: self.rank as u8,
        };
        let mut chunks = self.backend.generate(job).await.map_err(refused)?;
        let (kept, asker, digest) = (self.rows, self.asker, self.digest);
        let mut signer = ReceiptSigner::new(self.key, digest);
        let mut outbox = Outbox::default();
        let mut tokens = 0;
        loop {
            let chunk = tokio::select! {
                // What waits goes first, so that a client that keeps up gets each chunk as it is made.
                biased;
                place = events.reserve(), if !outbox.is_empty() => {
                    place.map_err(|_| Gone)?.send(Ok(signer.event(&outbox.take())));
                    continue;
                }
                chunk = chunks.next() => chunk.unwrap_or(Err(ModelError::Stopped)).map_err(refused)?,
            };
            match chunk {
                Chunk::Tokens { ids, text, logprobs } => {
                    if !ids.is_empty() {
                        visit.tokens(ids.len());
                    }
                    tokens += ids.len() as u32;
                    if !outbox.has_room(&ids, &text, &logprobs) {
                        send(events, &mut signer, &mut outbox).await?;
                    }
                    if !outbox.has_room(&ids, &text, &logprobs) {
                        return Err(End::Refused(Refusal::new(Reason::ModelFailed, "the model's chunk is too large")));
                    }
                    outbox.push(ids, &text, logprobs);
                }
                Chunk::Commitment(commitment) => outbox.push_commitment(commitment.encode()),
                Chunk::Finished { reason, rows } => {
                    if let Some(prompt) = chunks.prompt_tokens() {
                        visit.prompt(prompt);
                    }
                    send(events, &mut signer, &mut outbox).await?;
                    let rows_root = match rows {
                        Some(rows) => keep(&kept, digest, asker, rows).await,
                        None => None,
                    };
                    let capacity_used_ppm = Some(self.tally.capacity_used_ppm(Instant::now().into_std()));
                    let last = signer.event(&Event::Finished { reason, tokens, rows_root, capacity_used_ppm });
                    events.send(Ok(last)).await.map_err(|_| Gone)?;
                    return Ok(tokens);
                }
            }
        }
    }
}

/// Name the rows of an answer, and keep them.
async fn keep(kept: &KeptRows, request: Digest, asker: Hotkey, rows: Arc<Rows>) -> Option<Digest> {
    // Megabytes are hashed, so not where others wait to be polled.
    let named = rows.clone();
    let tree = tokio::task::spawn_blocking(move || RowTree::new(&named)).await.ok().flatten()?;
    let root = tree.root();
    kept.keep(request, asker, rows, tree, Instant::now());
    Some(root)
}

/// Send what waits, and wait for it.
async fn send(
    events: &mpsc::Sender<Result<SignedEvent, Status>>,
    signer: &mut ReceiptSigner,
    outbox: &mut Outbox,
) -> Result<(), Gone> {
    while !outbox.is_empty() {
        events.reserve().await.map_err(|_| Gone)?.send(Ok(signer.event(&outbox.take())));
    }
    Ok(())
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
        ModelError::Busy { retry_after } => {
            return Refusal::retry(Reason::QueueFull, error, *retry_after);
        }
        ModelError::Unavailable { retry_after, .. } => {
            tracing::warn!(%error, "model can't be asked");
            return Refusal::retry(Reason::ModelUnavailable, "the model can't be asked just now", *retry_after);
        }
        ModelError::Unsupported { .. } | ModelError::NoChatTemplate { .. } => Reason::Unsupported,
        ModelError::EmptyPrompt
        | ModelError::ChatRefused { .. }
        | ModelError::Script { .. }
        | ModelError::TooLong { .. }
        | ModelError::TokenOutOfRange { .. }
        | ModelError::Tokenise { .. } => Reason::BadPayload,
        ModelError::OutputTooLarge { .. } => Reason::Oversized,
        // What the other program says of it is for our log only.
        ModelError::Refused { .. } => {
            tracing::info!(%error, "model refuses the request");
            return Refusal::new(Reason::BadPayload, "the model refuses the request");
        }
        ModelError::Expired => Reason::DeadlineExceeded,
        _ => {
            tracing::error!(%error, "model failed");
            return Refusal::new(Reason::ModelFailed, "the model failed");
        }
    };
    Refusal::new(reason, error)
}
