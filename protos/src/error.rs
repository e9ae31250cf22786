//! What can be wrong with a message.

/// Why bytes that a peer sent are not what they should be.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Not the message.
    #[error("not an encoded {message}")]
    Decode {
        /// Which.
        message: &'static str,
        /// What the decoder met.
        #[source]
        source: prost::DecodeError,
    },
    /// A field that must be there isn't.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Above its limit.
    #[error("{field} has {actual}, at most {limit} is allowed")]
    TooLarge {
        /// Which field.
        field: &'static str,
        /// Its size or value.
        actual: u64,
        /// What is allowed.
        limit: u64,
    },
    /// Not of its one length.
    #[error("{field} has {actual} bytes, not {expected}")]
    Length {
        /// Which field.
        field: &'static str,
        /// Its length.
        actual: usize,
        /// The length.
        expected: usize,
    },
    /// A value that the field doesn't have.
    #[error("{field} can't be {value}")]
    Value {
        /// Which field.
        field: &'static str,
        /// The value.
        value: i64,
    },
    /// Numbers that are none, or can't be what they are said to be.
    #[error("{field} {index} is out of range or not finite")]
    NotFinite {
        /// What it is one of.
        field: &'static str,
        /// Which, from 0.
        index: usize,
    },
    /// Numbers that don't fit their shape.
    #[error(transparent)]
    Tensor(#[from] primitives::TensorError),
    /// Another number of embeddings than of texts, or vectors of different lengths.
    #[error("{field}: {actual} for {expected}")]
    Count {
        /// Of what.
        field: &'static str,
        /// How many there are.
        actual: usize,
        /// How many there should be.
        expected: usize,
    },
}

impl WireError {
    /// Whether the message is too big rather than wrong.
    pub fn is_oversized(&self) -> bool {
        matches!(self, Self::TooLarge { .. })
    }
}

pub(crate) fn at_most(field: &'static str, actual: usize, limit: usize) -> Result<(), WireError> {
    if actual <= limit {
        return Ok(());
    }
    Err(WireError::TooLarge { field, actual: actual as u64, limit: limit as u64 })
}

pub(crate) fn fixed<const N: usize>(field: &'static str, bytes: &[u8]) -> Result<[u8; N], WireError> {
    bytes.try_into().map_err(|_| WireError::Length { field, actual: bytes.len(), expected: N })
}
