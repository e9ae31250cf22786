//! Why a miner refuses, as a code that both sides share.

use std::{fmt, str::FromStr, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::{EnvelopeError, NonceError, WireError};

/// The domain of a refusal's `google.rpc.ErrorInfo`.
pub const REFUSAL_DOMAIN: &str = "assay.miner.v1";

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $code:ident;)*) => {
        /// Why a request is refused: the `reason` of a `google.rpc.ErrorInfo`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// As it is on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The gRPC status that goes with it.
            pub const fn code(self) -> Code {
                match self {
                    $(Self::$name => Code::$code,)*
                }
            }
        }
    };
}

reasons! {
    /// No envelope or no signature.
    Unsigned = "UNSIGNED", Unauthenticated;
    /// An envelope's field has the wrong length.
    BadEnvelope = "BAD_ENVELOPE", InvalidArgument;
    /// The signature doesn't verify.
    BadSignature = "BAD_SIGNATURE", Unauthenticated;
    /// Addressed to another miner.
    Misaddressed = "MISADDRESSED", FailedPrecondition;
    /// Another subnet.
    WrongSubnet = "WRONG_SUBNET", FailedPrecondition;
    /// Another chain.
    WrongChain = "WRONG_CHAIN", FailedPrecondition;
    /// Issued too long ago, or before the miner's memory begins.
    Stale = "STALE", Unauthenticated;
    /// Issued in the future.
    FutureDated = "FUTURE_DATED", Unauthenticated;
    /// Its time is over.
    Expired = "EXPIRED", Unauthenticated;
    /// It would live too long.
    Lifetime = "LIFETIME", Unauthenticated;
    /// Served already.
    Replayed = "REPLAYED", AlreadyExists;
    /// The signer isn't registered on the subnet.
    Unregistered = "UNREGISTERED", PermissionDenied;
    /// The operator doesn't serve this signer.
    NotAllowed = "NOT_ALLOWED", PermissionDenied;
    /// More requests of this address or signer than it is granted.
    TooManyRequests = "TOO_MANY_REQUESTS", ResourceExhausted;
    /// Above a limit.
    Oversized = "OVERSIZED", ResourceExhausted;
    /// The payload isn't a request of this method.
    BadPayload = "BAD_PAYLOAD", InvalidArgument;
    /// All places in the queue are taken.
    QueueFull = "QUEUE_FULL", ResourceExhausted;
    /// The rows of this answer aren't kept: never were, not for this signer, or not any more.
    NotKept = "NOT_KEPT", NotFound;
    /// The miner can't write down that it serves this, so it doesn't.
    Unrecorded = "UNRECORDED", Internal;
    /// Going down.
    Draining = "DRAINING", Unavailable;
    /// Not ready: the subnet wasn't read yet.
    Starting = "STARTING", Unavailable;
    /// The model can't do what is asked.
    Unsupported = "UNSUPPORTED", Unimplemented;
    /// The answer wasn't ready when the request expired.
    DeadlineExceeded = "DEADLINE_EXCEEDED", DeadlineExceeded;
    /// The model can't be asked just now: it runs elsewhere, and is away.
    ModelUnavailable = "MODEL_UNAVAILABLE", Unavailable;
    /// The model failed.
    ModelFailed = "MODEL_FAILED", Internal;
}

/// A refusal: the reason, a line for people, and when to come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// For people; programs read `reason`.
    pub detail: String,
    /// When it may help to ask again.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal that asking again doesn't change.
    pub fn new(reason: Reason, detail: impl fmt::Display) -> Self {
        Self { reason, detail: detail.to_string(), retry_after: None }
    }

    /// A refusal for now.
    pub fn retry(reason: Reason, detail: impl fmt::Display, after: Duration) -> Self {
        Self { retry_after: Some(after), ..Self::new(reason, detail) }
    }

    /// The refusal in a status, if a miner of this protocol sent it.
    pub fn from_status(status: &Status) -> Option<Self> {
        let info = status.get_details_error_info().filter(|info| info.domain == REFUSAL_DOMAIN)?;
        let reason = info.reason.parse().ok()?;
        let retry_after = status.get_details_retry_info().and_then(|info| info.retry_delay);
        Some(Self { reason, detail: status.message().to_owned(), retry_after })
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let mut details = ErrorDetails::with_error_info(refusal.reason.as_str(), REFUSAL_DOMAIN, []);
        if refusal.retry_after.is_some() {
            details.set_retry_info(refusal.retry_after);
        }
        Self::with_error_details(refusal.reason.code(), refusal.detail, details)
    }
}

impl From<EnvelopeError> for Refusal {
    fn from(error: EnvelopeError) -> Self {
        let reason = match &error {
            EnvelopeError::Unsigned => Reason::Unsigned,
            EnvelopeError::Length { .. } => Reason::BadEnvelope,
            EnvelopeError::Oversized { .. } => Reason::Oversized,
            EnvelopeError::Misaddressed { .. } => Reason::Misaddressed,
            EnvelopeError::WrongSubnet(_) => Reason::WrongSubnet,
            EnvelopeError::WrongChain(_) => Reason::WrongChain,
            EnvelopeError::Stale(_) => Reason::Stale,
            EnvelopeError::FutureDated(_) => Reason::FutureDated,
            EnvelopeError::Expired(_) => Reason::Expired,
            EnvelopeError::Lifetime { .. } => Reason::Lifetime,
            EnvelopeError::BadSignature(_) => Reason::BadSignature,
        };
        Self::new(reason, error)
    }
}

impl From<NonceError> for Refusal {
    fn from(error: NonceError) -> Self {
        let reason = match error {
            NonceError::Replayed => Reason::Replayed,
            NonceError::BeforeMemory { .. } => Reason::Stale,
            NonceError::Full(_) => Reason::TooManyRequests,
        };
        Self::new(reason, error)
    }
}

impl From<WireError> for Refusal {
    fn from(error: WireError) -> Self {
        let reason = if error.is_oversized() { Reason::Oversized } else { Reason::BadPayload };
        Self::new(reason, error)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Not a reason of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a reason of this protocol")]
pub struct UnknownReason;

impl FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(text: &str) -> Result<Self, UnknownReason> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == text).ok_or(UnknownReason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_survives_the_wire() {
        for &reason in Reason::ALL {
            let refusal = Refusal::retry(reason, "why", Duration::from_millis(1_500));
            let status = Status::from(refusal.clone());
            assert_eq!(status.code(), reason.code());
            assert_eq!(Refusal::from_status(&status), Some(refusal));
        }
        assert_eq!(Refusal::from_status(&Status::unavailable("QUEUE_FULL")), None);
    }
}
