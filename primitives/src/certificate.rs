//! The key that a neuron announces for TLS.

use std::fmt;

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

/// Names the key of a TLS server: SHA-256 of the certificate's `SubjectPublicKeyInfo` in DER, 32 bytes. It is what
/// `curl --pinnedpubkey` and RFC 7469 pin. Text is hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TlsPin(pub [u8; 32]);

impl TlsPin {
    /// The algorithm byte of a certificate on chain whose key is a pin.
    pub const ALGORITHM: u8 = 0x50;

    /// As it is announced on chain.
    pub fn certificate(&self) -> Certificate {
        Certificate { algorithm: Self::ALGORITHM, public_key: self.0.to_vec() }
    }
}

impl Certificate {
    /// The pin, if this is one; other neurons announce other things.
    pub fn pin(&self) -> Option<TlsPin> {
        let key = self.public_key.as_slice().try_into().ok().filter(|_| self.algorithm == TlsPin::ALGORITHM)?;
        Some(TlsPin(key))
    }
}

impl fmt::Display for TlsPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&hex::encode(self.0))
    }
}

impl fmt::Debug for TlsPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsPin({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_survives_the_chain_and_nothing_else_is_one() {
        let pin = TlsPin([7; 32]);
        assert_eq!(pin.certificate().pin(), Some(pin));
        let other = Certificate { algorithm: 0, ..pin.certificate() };
        assert_eq!(other.pin(), None);
        let short = Certificate { public_key: vec![7; 31], ..pin.certificate() };
        assert_eq!(short.pin(), None);
    }
}
