//! What a validator puts on chain of its score log, once an epoch: the root of the last seal, and that of the one before.

use codec::{Decode, DecodeAll, Encode};
use primitives::Digest;
use serde::Serialize;

use crate::record::Seal;

/// What an anchor begins with: a hotkey's commitment may be anything.
const MARK: &[u8; 6] = b"assay\x01";

/// The root of a score log, as a hotkey publishes it: 90 bytes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Encode, Decode)]
pub struct Anchor {
    /// The epoch that the seal was made for.
    #[codec(compact)]
    pub epoch: u64,
    /// How many records the log has, the seal included.
    #[codec(compact)]
    pub records: u64,
    /// The head of the log after the seal.
    pub root: Digest,
    /// That of the seal before it; zeros for the first.
    pub previous: Digest,
}

impl Anchor {
    /// Of a seal and the head of the log after it.
    pub fn of(seal: &Seal, root: Digest) -> Self {
        let previous = seal.previous.unwrap_or(Digest([0; 32]));
        Self { epoch: seal.epoch, records: seal.records + 1, root, previous }
    }

    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&MARK[..], &self.encode()].concat()
    }

    /// From bytes, if these are an anchor's.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::decode_all(&mut bytes.strip_prefix(MARK)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_told_from_other_bytes_and_fit_a_field() {
        let anchor = Anchor { epoch: u64::MAX, records: u64::MAX, root: Digest([1; 32]), previous: Digest([2; 32]) };
        let bytes = anchor.to_bytes();
        assert!(bytes.len() <= 90, "{}", bytes.len());
        assert_eq!(Anchor::from_bytes(&bytes), Some(anchor));
        assert_eq!(Anchor::from_bytes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Anchor::from_bytes(b"https://example.com"), None);
    }
}
