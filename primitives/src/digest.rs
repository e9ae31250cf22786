//! BLAKE3 digests.

use std::{fmt, str::FromStr};

use blake3::hazmat::{ContextKey, HasherExt as _, hash_derive_key_context};
use codec::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{HashError, block::parse_hash};

/// A BLAKE3 digest, written as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of `bytes`, with no domain.
    pub fn of(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes).into())
    }

    /// The digest of the concatenated `parts` in a domain of its own (BLAKE3's key derivation). Parts of variable
    /// length must carry their lengths: the digest does not separate them.
    pub fn derive(context: &str, parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(context);
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }
}

/// A domain of digests, ready to use. [`Digest::derive`] hashes the context anew each time, which is most of the work where
/// what is digested is short.
#[derive(Clone, Copy, Debug)]
pub struct Domain(ContextKey);

impl Domain {
    /// The domain of a context.
    pub fn new(context: &str) -> Self {
        Self(hash_derive_key_context(context))
    }

    /// The digest of the concatenated `parts`, as [`Digest::derive`] has it.
    pub fn digest(&self, parts: &[&[u8]]) -> Digest {
        let mut hasher = self.hasher();
        for part in parts {
            hasher.update(part);
        }
        Digest(hasher.finalize().into())
    }

    /// To be fed piece by piece.
    pub fn hasher(&self) -> blake3::Hasher {
        blake3::Hasher::new_from_context_key(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        parse_hash(text).map(Self)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blake3_of_nothing() {
        let empty = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        assert_eq!(Digest::of(b"").to_string(), empty);
        assert_eq!(empty.parse(), Ok(Digest::of(b"")));
        assert!("af13".parse::<Digest>().is_err());
    }

    #[test]
    fn domains_are_apart() {
        assert_ne!(Digest::derive("assay test a", &[b"x"]), Digest::derive("assay test b", &[b"x"]));
        assert_eq!(Digest::derive("assay test a", &[b"x", b"y"]), Digest::derive("assay test a", &[b"xy"]));
        assert_eq!(Domain::new("assay test a").digest(&[b"x", b"y"]), Digest::derive("assay test a", &[b"xy"]));
    }
}
