//! The door of the service: what is decided about a request before a byte of it is read, and how long it may take to
//! arrive.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use http_body::{Body as HttpBody, Frame, SizeHint};
use primitives::Hotkey;
use protos::{Reason, Refusal};
use tokio::time::{Sleep, sleep};
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};

use crate::{incoming::Peer, metrics, tally::Tally, throttle::Throttle};

/// A request must have arrived so soon after its headers, however small the pieces in which it comes.
const ARRIVAL: Duration = Duration::from_secs(10);

/// Whom an answer is for, once a signature has said so: in the answer's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServedTo(pub Hotkey);

/// Puts a [`Door`] before a service.
#[derive(Clone, Debug)]
pub(crate) struct DoorLayer(pub Throttle, pub Tally);

/// Turns away whoever knocks too often.
#[derive(Clone, Debug)]
pub(crate) struct Door<S> {
    throttle: Throttle,
    tally: Tally,
    inner: S,
}

impl<S> Layer<S> for DoorLayer {
    type Service = Door<S>;

    fn layer(&self, inner: S) -> Door<S> {
        Door { throttle: self.0.clone(), tally: self.1.clone(), inner }
    }
}

type Answer = http::Response<Body>;

impl<S> Service<http::Request<Body>> for Door<S>
where
    S: Service<http::Request<Body>, Response = Answer>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Answer;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let peer = request.extensions().get::<Peer>().cloned();
        if let Some(peer) = &peer
            && let Err(refusal) = self.throttle.request(peer.address)
        {
            peer.strike();
            metrics::refused(&self.tally, refusal.reason);
            return Box::pin(std::future::ready(Ok(Status::from(refusal).into_http())));
        }
        let request = request.map(|body| Body::new(Arriving { body, late: Box::pin(sleep(ARRIVAL)) }));
        let throttle = self.throttle.clone();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            let Some(peer) = peer else { return Ok(answer) };
            match answer.extensions().get::<Status>().map(Status::code) {
                Some(Code::Unauthenticated) => {
                    peer.strike();
                    throttle.forgery(peer.address);
                }
                _ => peer.forgive(),
            }
            if let Some(ServedTo(hotkey)) = answer.extensions().get() {
                throttle.served(*hotkey, peer.address);
            }
            Ok(answer)
        })
    }
}

/// A body that fails when it has not come to its end in time.
struct Arriving {
    body: Body,
    late: Pin<Box<Sleep>>,
}

impl HttpBody for Arriving {
    type Data = <Body as HttpBody>::Data;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        ready!(self.late.as_mut().poll(context));
        let refusal = Refusal::new(Reason::DeadlineExceeded, "the request took too long to arrive");
        Poll::Ready(Some(Err(refusal.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
