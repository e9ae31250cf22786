//! What became of one request. A miner's failure is no error of ours: it is an outcome, told by types and codes, never
//! by the text of a message.

use std::{error::Error, time::Duration};

use primitives::Digest;
use protos::{Reason, Receipt, ReceiptError, Refusal, WireError};
use scoring::{
    Observation, Outcome, Output,
    proof::{Commitment, CommitmentError, Proof, Shown},
};
use tonic::{Code, Status, TimeoutExpired, transport};

use crate::pinned::NotVouched;

/// One request and what came back.
#[derive(Debug)]
pub struct Answer {
    /// Names the request; none where it was never sent.
    pub request_digest: Option<Digest>,
    /// The verified output, or what went wrong.
    pub result: Result<Output, Failure>,
    /// What came with the output, and afterwards.
    pub shown: Shown,
    /// The miner's signature under its answer.
    pub receipt: Option<Receipt>,
    /// How busy the miner says that it is, in millionths of its places. Its own word: it decides nothing.
    pub capacity_used_ppm: Option<u32>,
    /// From sending the request to the first token.
    pub first_token: Option<Duration>,
    /// From sending the request to the end of the answer, or to its failure.
    pub latency: Duration,
}

/// The proof that came with a generation; none from a miner that sees no hidden rows.
pub fn proof(answer: &protos::Answer) -> Result<Option<Proof>, CommitmentError> {
    let Some(root) = answer.rows_root else { return Ok(None) };
    let commitments = answer.commitments.iter().map(|bytes| Commitment::decode(bytes));
    Ok(Some(Proof { commitments: commitments.collect::<Result<_, _>>()?, root }))
}

/// Why there is no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The deadline passed.
    #[error("no complete answer within {0:?}")]
    Timeout(Duration),
    /// No connection.
    #[error("can't connect")]
    Unreachable(#[source] transport::Error),
    /// No TLS on this side.
    #[error("can't secure a connection")]
    Tls(#[source] rustls::Error),
    /// What answers can't show that it is the miner.
    #[error("the connection doesn't end at the miner: {0}")]
    NotVouched(#[from] NotVouched),
    /// The connection broke, or what answers speaks no gRPC.
    #[error("the connection broke")]
    Broken(#[source] Box<Status>),
    /// The miner refused, with a reason of the protocol.
    #[error("refused: {} ({})", .0.detail, .0.reason)]
    Refused(Refusal),
    /// Refused without such a reason.
    #[error("refused with status {}", .0.code())]
    Rejected(#[source] Box<Status>),
    /// Messages that aren't the protocol's, or too large.
    #[error("not the protocol: status {}", .0.code())]
    Protocol(#[source] Box<Status>),
    /// The answer is not signed as it must be, or makes no sense.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// A commitment that is none.
    #[error("malformed proof")]
    Proof(#[from] CommitmentError),
    /// The verified bytes are no answer to this request.
    #[error("malformed answer")]
    Wire(#[from] WireError),
}

impl Answer {
    /// The outcome before anybody looks at the output itself.
    pub fn outcome(&self) -> Outcome {
        self.result.as_ref().map_or_else(Failure::outcome, |_| Outcome::Ok)
    }

    /// What scoring needs to know of it.
    pub fn observation(&self) -> Observation {
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Observation {
            outcome: self.outcome(),
            output: self.result.as_ref().ok().cloned(),
            latency_us: micros(self.latency),
            first_token_us: self.first_token.map(micros),
        }
    }
}

impl Failure {
    /// How it is called in the score log.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Timeout(_) => Outcome::Timeout,
            Self::Unreachable(_) | Self::Tls(_) | Self::Broken(_) => Outcome::Unreachable,
            Self::Refused(_) | Self::Rejected(_) => Outcome::Refused,
            Self::NotVouched(_) => Outcome::BadSignature,
            Self::Receipt(ReceiptError::BadSignature(_) | ReceiptError::Unsigned | ReceiptError::SignedEarly) => {
                Outcome::BadSignature
            }
            Self::Protocol(_) | Self::Receipt(_) | Self::Wire(_) | Self::Proof(_) => Outcome::Malformed,
        }
    }

    /// From a status: sent by the miner, or made on this side where there was no answer. Those made here for a broken
    /// connection carry their source.
    pub(crate) fn from_status(status: Status, deadline: Duration) -> Self {
        if let Some(refusal) = Refusal::from_status(&status) {
            return match refusal.reason {
                Reason::DeadlineExceeded => Self::Timeout(deadline),
                _ => Self::Refused(refusal),
            };
        }
        if status.source().is_some() {
            return if timed_out(&status) { Self::Timeout(deadline) } else { Self::Broken(Box::new(status)) };
        }
        match status.code() {
            Code::DeadlineExceeded | Code::Cancelled => Self::Timeout(deadline),
            Code::Unavailable => Self::Broken(Box::new(status)),
            Code::Internal | Code::Unknown | Code::DataLoss | Code::OutOfRange | Code::Ok => {
                Self::Protocol(Box::new(status))
            }
            _ => Self::Rejected(Box::new(status)),
        }
    }

    /// Whether the connection should not be used again.
    pub(crate) fn spoils_connection(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::NotVouched(_) | Self::Broken(_) | Self::Protocol(_))
    }
}

fn timed_out(status: &Status) -> bool {
    let mut source = status.source();
    while let Some(error) = source {
        if error.is::<TimeoutExpired>() {
            return true;
        }
        source = error.source();
    }
    false
}
