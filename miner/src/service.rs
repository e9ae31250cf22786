//! The gRPC methods.

use std::{sync::Arc, time::Duration};

use model::Backend;
use primitives::{EmbedRequest, Hotkey, InferRequest, Keypair, Request};
use protos::{
    EMBED, GENERATE, INFER, Miner, OPEN, OpenRequest, Reason, Refusal, WireError, decode_request, encode_embeddings,
    encode_openings, encode_tensors, receipt,
    wire::{DescribeRequest, SignedEvent, SignedRequest, SignedResponse},
};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status};
use tracing::Instrument;

use crate::{
    admission::{Admission, Admitted},
    clock,
    door::ServedTo,
    generation::{self, Generation},
    kept_rows::KeptRows,
    metrics::{self, Visit},
    phase::{self, Phase},
    queue::{Place, Queue},
    served::Served,
    tally::Tally,
};

/// The service: a gate, a queue and a model.
pub(crate) struct MinerService {
    pub key: Keypair,
    pub backend: Arc<dyn Backend>,
    pub admission: Admission,
    pub queue: Queue,
    pub tally: Tally,
    pub rows: Arc<KeptRows>,
    pub served: Served,
    pub phases: watch::Receiver<Phase>,
    /// Signed once: describing costs nothing, so strangers may ask.
    pub description: SignedResponse,
}

impl MinerService {
    fn admit<T>(
        &self,
        request: &SignedRequest,
        method: &str,
        decode: impl FnOnce(&[u8]) -> Result<T, WireError>,
    ) -> Result<(Admitted<T>, Place, Instant), Refusal> {
        if *self.phases.borrow() > Phase::Serving {
            return Err(Refusal::new(Reason::Draining, "the miner is going down"));
        }
        let now_ms = clock::now_ms();
        let admitted = self.admission.admit(request, method, now_ms, decode)?;
        let place = self.queue.enter(admitted.rank)?;
        // From here on time is measured, not read: a clock that is set doesn't move a deadline.
        let deadline = Instant::now() + Duration::from_millis(admitted.expires_ms.saturating_sub(now_ms));
        Ok((admitted, place, deadline))
    }

    /// Admit and open the request's span.
    fn enter<T>(
        &self,
        request: &SignedRequest,
        method: &'static str,
        decode: impl FnOnce(&[u8]) -> Result<T, WireError>,
    ) -> Result<(Admitted<T>, Place, Instant, tracing::Span), Refusal> {
        let (admitted, place, deadline) = self.admit(request, method, decode).inspect_err(|refusal| {
            tracing::debug!(method, reason = %refusal.reason, detail = refusal.detail, "request refused");
            metrics::refused(&self.tally, refusal.reason);
        })?;
        let nonce = u128::from_be_bytes(admitted.nonce);
        let span = tracing::info_span!("request", method, uid = admitted.uid.0, nonce = format_args!("{nonce:032x}"));
        Ok((admitted, place, deadline, span))
    }

    /// An answer in one piece.
    async fn respond(&self, admitted: Admitted<Request>, place: Place) -> Result<SignedResponse, Refusal> {
        let _place = place;
        self.served.begin(admitted.from_ms).await?;
        let payload = match admitted.request {
            Request::Embed(EmbedRequest { texts }) => self.embeddings(texts).await?,
            Request::Infer(InferRequest { tensors }) => {
                let tensors = self.backend.infer(tensors).await.map_err(|error| generation::refusal(&error))?;
                encode_tensors(tensors).map_err(unsendable)?
            }
            Request::Generate(_) => return Err(other_method()),
        };
        Ok(receipt::sign_response(&self.key, &admitted.digest, payload))
    }

    async fn embeddings(&self, texts: Vec<String>) -> Result<Vec<u8>, Refusal> {
        let asked = texts.len();
        let embeddings = self.backend.embed(texts).await.map_err(|error| generation::refusal(&error))?;
        if embeddings.len() != asked {
            tracing::error!(asked, embeddings = embeddings.len(), "model failed");
            return Err(Refusal::new(Reason::ModelFailed, "the model failed"));
        }
        encode_embeddings(embeddings).map_err(unsendable)
    }

    /// [`Self::respond`] to a request of `method`, on time.
    async fn unary(&self, request: &SignedRequest, method: &'static str) -> Result<Response<SignedResponse>, Status> {
        let decode = |payload: &[u8]| decode_request(method, payload);
        let (admitted, place, deadline, span) = self.enter(request, method, decode)?;
        // When the client goes away this future is dropped, and the work with it.
        let asker = admitted.asker;
        let visit = Visit::begin(&self.tally, asker);
        let answer = async {
            tokio::select! {
                () = phase::reach(self.phases.clone(), Phase::Stopped) => {
                    Err(Refusal::new(Reason::Draining, "the miner was stopped"))
                }
                answer = timeout_at(deadline, self.respond(admitted, place)) => answer.unwrap_or_else(|_| {
                    Err(Refusal::new(Reason::DeadlineExceeded, "the request expired"))
                }),
            }
        };
        let answer: Result<_, Refusal> = answer.instrument(span).await;
        match &answer {
            Ok(_) => visit.answered(),
            Err(refusal) => visit.failed(refusal.reason),
        }
        Ok(answer.map(|answer| served_to(asker, answer))?)
    }
}

/// What goes to somebody who has a seat: the door hears of it.
fn served_to<T>(asker: Hotkey, message: T) -> Response<T> {
    let mut response = Response::new(message);
    response.extensions_mut().insert(ServedTo(asker));
    response
}

#[async_trait::async_trait]
impl Miner for MinerService {
    type GenerateStream = ReceiverStream<Result<SignedEvent, Status>>;

    async fn describe(&self, _: tonic::Request<DescribeRequest>) -> Result<Response<SignedResponse>, Status> {
        Ok(Response::new(self.description.clone()))
    }

    async fn generate(&self, request: tonic::Request<SignedRequest>) -> Result<Response<Self::GenerateStream>, Status> {
        let decode = |payload: &[u8]| decode_request(GENERATE, payload);
        let (admitted, place, deadline, span) = self.enter(request.get_ref(), GENERATE, decode)?;
        let Request::Generate(request) = admitted.request else { return Err(other_method().into()) };
        let Admitted { asker, digest, rank, from_ms, .. } = admitted;
        let (backend, key, rows) = (self.backend.clone(), self.key.clone(), self.rows.clone());
        let (served, tally) = (self.served.clone(), self.tally.clone());
        let generation =
            Generation { backend, key, rows, served, tally, asker, digest, request, rank, from_ms, deadline, place };
        let events = span.in_scope(|| generation.start(self.phases.clone()));
        Ok(served_to(asker, ReceiverStream::new(events)))
    }

    async fn embed(&self, request: tonic::Request<SignedRequest>) -> Result<Response<SignedResponse>, Status> {
        self.unary(request.get_ref(), EMBED).await
    }

    async fn infer(&self, request: tonic::Request<SignedRequest>) -> Result<Response<SignedResponse>, Status> {
        self.unary(request.get_ref(), INFER).await
    }

    async fn open(&self, request: tonic::Request<SignedRequest>) -> Result<Response<SignedResponse>, Status> {
        // It takes no place: rows are read, nothing is computed, and a full house must not cost an answer its proof.
        let open = || {
            // While the miner drains too: an answer whose rows can't be seen is worth nothing to whoever gave it.
            if *self.phases.borrow() >= Phase::Closing {
                return Err(Refusal::new(Reason::Draining, "the miner is going down"));
            }
            let admitted = self.admission.admit(request.get_ref(), OPEN, clock::now_ms(), OpenRequest::decode)?;
            let rows = self.rows.open(&admitted.request, &admitted.asker, Instant::now())?;
            let payload = encode_openings(rows).map_err(unsendable)?;
            Ok(receipt::sign_response(&self.key, &admitted.digest, payload))
        };
        let answer = open().inspect_err(|refusal: &Refusal| {
            tracing::debug!(method = OPEN, reason = %refusal.reason, detail = refusal.detail, "request refused");
        });
        metrics::opened(answer.as_ref().err().map(|refusal| refusal.reason));
        Ok(answer.map(Response::new)?)
    }
}

/// An answer of the model's that the protocol has no room for.
fn unsendable(error: WireError) -> Refusal {
    if error.is_oversized() {
        return Refusal::new(Reason::Oversized, format_args!("the answer's {error}"));
    }
    tracing::error!(%error, "model failed");
    Refusal::new(Reason::ModelFailed, "the model failed")
}

fn other_method() -> Refusal {
    Refusal::new(Reason::BadPayload, "the payload is another method's")
}
