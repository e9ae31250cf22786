//! Arithmetic of the decimal numbers that shares are stored in. A number other than zero has 21 or 22 digits, or it
//! would not notice a rao of a large stake.

use sp_core::U256;

use super::{SafeFloat, U64F64};

/// The largest mantissa. The smallest is a tenth of it, and more.
const LARGEST: u128 = 1_000_000_000_000_000_000_000;
/// Further apart than this, the smaller of two numbers leaves no trace in their sum.
const DIGITS: u64 = 22;

impl SafeFloat {
    /// 0.
    pub const ZERO: Self = Self { mantissa: 0, exponent: 0 };

    /// A whole number.
    pub fn from_int(value: u64) -> Self {
        Self::normal(value.into(), 0).unwrap_or_default()
    }

    /// Whether it is 0.
    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// The whole part, at most the largest integer.
    pub fn floor(self) -> u64 {
        let scale = power_of_ten(self.exponent.unsigned_abs());
        let mantissa = U256::from(self.mantissa);
        let whole = if self.exponent < 0 { mantissa / scale } else { mantissa.saturating_mul(scale) };
        u64::try_from(whole).unwrap_or(u64::MAX)
    }

    /// `self + other`. None where the exponent has no room.
    pub fn plus(self, other: Self) -> Option<Self> {
        let (exponent, one, two) = aligned(self, other);
        Self::normal(one + two, exponent)
    }

    /// `self - other`, at least 0. None where the exponent has no room.
    pub fn minus(self, other: Self) -> Option<Self> {
        let (exponent, one, two) = aligned(self, other);
        Self::normal(one.saturating_sub(two), exponent)
    }

    /// `self * by / over`. None to divide by zero, or where the exponent has no room.
    pub fn scaled(self, by: Self, over: Self) -> Option<Self> {
        if over.is_zero() {
            return None;
        }
        let exponent = self.exponent.checked_add(by.exponent)?.checked_sub(over.exponent)?;
        Self::normal(U256::from(self.mantissa) * U256::from(by.mantissa) / U256::from(over.mantissa), exponent)
    }

    fn normal(mut mantissa: U256, mut exponent: i64) -> Option<Self> {
        if mantissa.is_zero() {
            return Some(Self::ZERO);
        }
        while mantissa > U256::from(LARGEST) {
            mantissa /= 10;
            exponent = exponent.checked_add(1)?;
        }
        while mantissa <= U256::from(LARGEST / 10) {
            mantissa *= 10;
            exponent = exponent.checked_sub(1)?;
        }
        Some(Self { mantissa: mantissa.low_u128(), exponent })
    }
}

impl From<U64F64> for SafeFloat {
    fn from(value: U64F64) -> Self {
        let fraction = Self::normal(U256::from(value.bits & u128::from(u64::MAX)), 0).unwrap_or_default();
        let one = Self::normal(U256::one() << 64, 0).unwrap_or_default();
        // 2^-64 is far from where exponents end.
        let fraction = fraction.scaled(Self::from_int(1), one).unwrap_or_default();
        Self::from_int(value.floor()).plus(fraction).unwrap_or_default()
    }
}

/// Two mantissas of one exponent, the larger. Of the number that had the smaller, digits are cut off.
fn aligned(one: SafeFloat, two: SafeFloat) -> (i64, U256, U256) {
    let mantissas = (U256::from(one.mantissa), U256::from(two.mantissa));
    let apart = power_of_ten(one.exponent.abs_diff(two.exponent));
    match (one.is_zero(), two.is_zero()) {
        (true, _) => (two.exponent, mantissas.0, mantissas.1),
        (_, true) => (one.exponent, mantissas.0, mantissas.1),
        _ if one.exponent >= two.exponent => (one.exponent, mantissas.0, mantissas.1 / apart),
        _ => (two.exponent, mantissas.0 / apart, mantissas.1),
    }
}

fn power_of_ten(exponent: u64) -> U256 {
    U256::from(10).pow(exponent.min(DIGITS).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_come_back() {
        for value in [0, 1, 9, 10, 1_000_000_007, u64::MAX] {
            assert_eq!(SafeFloat::from_int(value).floor(), value);
        }
        assert_eq!(SafeFloat::from_int(1), SafeFloat { mantissa: LARGEST, exponent: -21 });
    }

    #[test]
    fn a_rao_counts_in_the_largest_stake() {
        let supply = SafeFloat::from_int(21_000_000_000_000_000);
        let one = SafeFloat::from_int(1);
        assert_eq!(supply.plus(one).unwrap().floor(), 21_000_000_000_000_001);
        assert_eq!(supply.minus(one).unwrap().floor(), 20_999_999_999_999_999);
        assert_eq!(one.minus(supply), Some(SafeFloat::ZERO));
    }

    #[test]
    fn shares_of_a_value_round_down() {
        let (two, three, ten) = (SafeFloat::from_int(2), SafeFloat::from_int(3), SafeFloat::from_int(10));
        assert_eq!(ten.scaled(two, three).unwrap().floor(), 6);
        assert_eq!(ten.scaled(three, SafeFloat::ZERO), None);
        let extreme = SafeFloat { mantissa: LARGEST, exponent: i64::MAX };
        assert_eq!(extreme.plus(extreme), None);
        assert_eq!((extreme.floor(), SafeFloat { mantissa: LARGEST, exponent: i64::MIN }.floor()), (u64::MAX, 0));
    }

    #[test]
    fn old_shares_are_read() {
        assert_eq!(SafeFloat::from(U64F64::from_int(5)), SafeFloat::from_int(5));
        let half = SafeFloat::from(U64F64 { bits: 1 << 63 });
        assert_eq!(SafeFloat::from_int(2).scaled(half, SafeFloat::from_int(1)).unwrap().floor(), 1);
    }
}
