//! Fixed-point numbers in the chain's encoding: an integer named `bits`.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

macro_rules! fixed {
    ($($(#[$doc:meta])* $name:ident($bits:ty),)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone,
            Copy,
            Debug,
            Default,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Encode,
            Decode,
            DecodeWithMemTracking,
            TypeInfo,
            MaxEncodedLen,
        )]
        pub struct $name {
            /// The number times two to the power of its fractional bits.
            pub bits: $bits,
        }
    )*};
}

fixed! {
    /// Signed, 32 fractional bits of 64.
    I32F32(i64),
    /// Signed, 32 fractional bits.
    I96F32(i128),
    /// Signed, 64 fractional bits.
    I64F64(i128),
    /// Unsigned, 32 fractional bits.
    U96F32(u128),
    /// Unsigned, 64 fractional bits.
    U64F64(u128),
}

impl U64F64 {
    /// A whole number.
    pub const fn from_int(value: u64) -> Self {
        Self { bits: (value as u128) << 64 }
    }

    /// `self * by`, rounded down, at most the largest integer.
    pub fn mul_int(self, by: u64) -> u64 {
        u64::try_from((sp_core::U256::from(self.bits) * sp_core::U256::from(by)) >> 64).unwrap_or(u64::MAX)
    }
}

impl I32F32 {
    /// A whole number.
    pub const fn from_int(value: i32) -> Self {
        Self { bits: (value as i64) << 32 }
    }
}

/// `mantissa * 10^exponent`: how shares of a hotkey's stake are stored.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct SafeFloat {
    /// At most 10^21.
    pub mantissa: u128,
    /// Of ten.
    pub exponent: i64,
}
