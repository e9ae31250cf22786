//! What became of one request: one word for log lines, metric labels and the score log.

use std::fmt;

use codec::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// The end of one request to one miner. A bad peer is not an error of ours: it is one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A signed answer that passed the check.
    Ok,
    /// No complete answer before the deadline.
    Timeout,
    /// No endpoint, no connection, or one that broke.
    Unreachable,
    /// The miner said no.
    Refused,
    /// The answer is not signed by the miner, or the signature is not valid.
    BadSignature,
    /// The answer belongs to another request.
    Stale,
    /// A proof that came with the answer does not hold.
    BadProof,
    /// A well-formed, signed answer that the model would not have given.
    WrongOutput,
    /// Not an answer to this request: undecodable, too large, or of another shape.
    Malformed,
}

impl Outcome {
    /// All of them, in order.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::Timeout,
        Self::Unreachable,
        Self::Refused,
        Self::BadSignature,
        Self::Stale,
        Self::BadProof,
        Self::WrongOutput,
        Self::Malformed,
    ];

    /// The word, as in the score log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::BadSignature => "bad_signature",
            Self::Stale => "stale",
            Self::BadProof => "bad_proof",
            Self::WrongOutput => "wrong_output",
            Self::Malformed => "malformed",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_and_the_labels_use_one_word() {
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::to_string(&outcome).unwrap(), format!("\"{outcome}\""));
        }
    }
}
