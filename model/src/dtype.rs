//! The number types that weights are stored and computed in.

use std::{fmt, str::FromStr};

/// A number type, written `f32`, `bf16` or `f16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// 32 bits, the type that answers are compared in.
    F32,
    /// 16 bits with the range of f32.
    Bf16,
    /// 16 bits with more precision than bf16 and less range.
    F16,
}

impl Dtype {
    /// Bytes that one number takes.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 | Self::F16 => 2,
        }
    }
}

/// The text names no number type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a number type: write f32, bf16 or f16")]
pub struct DtypeError(String);

impl FromStr for Dtype {
    type Err = DtypeError;

    fn from_str(text: &str) -> Result<Self, DtypeError> {
        match text {
            "f32" => Ok(Self::F32),
            "bf16" => Ok(Self::Bf16),
            "f16" => Ok(Self::F16),
            _ => Err(DtypeError(text.to_owned())),
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsed_and_written() {
        for (text, dtype, bytes) in [("f32", Dtype::F32, 4), ("bf16", Dtype::Bf16, 2), ("f16", Dtype::F16, 2)] {
            assert_eq!(text.parse(), Ok(dtype));
            assert_eq!((dtype.to_string().as_str(), dtype.bytes()), (text, bytes));
        }
        for text in ["", "F32", "float32", "int8", "f16 "] {
            assert_eq!(text.parse::<Dtype>(), Err(DtypeError(text.to_owned())));
        }
    }
}
