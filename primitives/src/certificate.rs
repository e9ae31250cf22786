//! The key that a neuron announces for TLS.

use serde::{Deserialize, Serialize};

/// What `serve_axon_tls` announced: a key that a client can pin.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Certificate {
    /// Which algorithm: the neuron's own affair.
    pub algorithm: u8,
    /// At most 64 bytes; in hex as text.
    #[serde(with = "hex::serde")]
    pub public_key: Vec<u8>,
}
