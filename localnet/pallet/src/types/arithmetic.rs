//! Arithmetic of the unsigned fixed-point numbers. Every operation rounds down and stops at the largest number; to
//! divide by zero gives zero.

use sp_core::U256;

use super::{I96F32, U64F64, U96F32};

macro_rules! unsigned {
    ($($name:ident: $fraction:literal,)*) => {$(
        impl $name {
            /// 0.
            pub const ZERO: Self = Self { bits: 0 };
            /// 1.
            pub const ONE: Self = Self { bits: 1 << $fraction };

            /// `part / whole` of whole numbers.
            pub fn ratio(part: u128, whole: u128) -> Self {
                Self { bits: divided(U256::from(part) << $fraction, whole) }
            }

            /// `self + other`.
            pub fn plus(self, other: Self) -> Self {
                Self { bits: self.bits.saturating_add(other.bits) }
            }

            /// `self - other`, at least 0.
            pub fn minus(self, other: Self) -> Self {
                Self { bits: self.bits.saturating_sub(other.bits) }
            }

            /// `self * other`.
            pub fn times(self, other: Self) -> Self {
                Self { bits: narrow((U256::from(self.bits) * U256::from(other.bits)) >> $fraction) }
            }

            /// `self / other`.
            pub fn over(self, other: Self) -> Self {
                Self { bits: divided(U256::from(self.bits) << $fraction, other.bits) }
            }

            /// The whole part.
            pub fn floor(self) -> u64 {
                u64::try_from(self.bits >> $fraction).unwrap_or(u64::MAX)
            }
        }
    )*};
}

unsigned! {
    U64F64: 64,
    U96F32: 32,
}

impl U96F32 {
    /// A whole number.
    pub const fn from_int(value: u64) -> Self {
        Self { bits: (value as u128) << 32 }
    }
}

impl From<U64F64> for U96F32 {
    fn from(value: U64F64) -> Self {
        Self { bits: value.bits >> 32 }
    }
}

impl From<U96F32> for U64F64 {
    fn from(value: U96F32) -> Self {
        Self { bits: widened(value.bits) }
    }
}

impl From<I96F32> for U64F64 {
    /// 0 for what is below.
    fn from(value: I96F32) -> Self {
        Self { bits: widened(u128::try_from(value.bits).unwrap_or(0)) }
    }
}

impl From<U64F64> for I96F32 {
    fn from(value: U64F64) -> Self {
        // 96 bits always fit.
        Self { bits: i128::try_from(value.bits >> 32).unwrap_or(i128::MAX) }
    }
}

/// From 32 bits behind the point to 64.
fn widened(bits: u128) -> u128 {
    bits.saturating_mul(1 << 32)
}

fn divided(value: U256, by: u128) -> u128 {
    if by == 0 { 0 } else { narrow(value / U256::from(by)) }
}

fn narrow(value: U256) -> u128 {
    u128::try_from(value).unwrap_or(u128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_round_down_and_saturate() {
        let third = U96F32::ratio(1, 3);
        assert_eq!(third.bits, 1_431_655_765);
        assert_eq!(third.times(U96F32::from_int(3)).floor(), 0);
        assert_eq!(U96F32::ONE.over(third).bits, 12_884_901_891);
        assert_eq!(U64F64::ONE.minus(U64F64::from_int(2)), U64F64::ZERO);
        assert_eq!(U64F64::ratio(7, 0), U64F64::ZERO);
        assert_eq!(U64F64::from_int(u64::MAX).times(U64F64::from_int(2)).floor(), u64::MAX);
        assert_eq!(U64F64::from(U96F32 { bits: u128::MAX }).bits, u128::MAX);
        assert_eq!(U64F64::from(I96F32 { bits: -1 }), U64F64::ZERO);
        assert_eq!(I96F32::from(U64F64::from_int(5)).bits, 5 << 32);
    }
}
