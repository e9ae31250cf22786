//! Blocks, named by number and hash.

use std::{fmt, str::FromStr};

use codec::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A block's height.
pub type BlockNumber = u64;

/// A block's hash. The genesis hash names the chain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct BlockHash(pub [u8; 32]);

/// One block of one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Encode, Decode)]
pub struct BlockRef {
    /// Height.
    #[codec(compact)]
    pub number: BlockNumber,
    /// Hash.
    pub hash: BlockHash,
}

/// Why a text is not a 32-byte hash.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("not a hash of 32 bytes in hex")]
pub struct HashError(#[source] pub(crate) hex::FromHexError);

pub(crate) fn parse_hash(text: &str) -> Result<[u8; 32], HashError> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut bytes).map_err(HashError)?;
    Ok(bytes)
}

impl fmt::Display for BlockHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("0x{}", hex::encode(self.0)))
    }
}

impl fmt::Debug for BlockHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for BlockHash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        parse_hash(text).map(Self)
    }
}

impl Serialize for BlockHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BlockHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
