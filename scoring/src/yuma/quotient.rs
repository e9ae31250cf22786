//! Division of many numbers by one.

use substrate_fixed::types::I32F32;

use super::fixed::{ZERO, safe_div};

/// What a quotient's estimate has below its last place.
const BELOW: u32 = 31;
const ALL_BELOW: u64 = (1 << BELOW) - 1;

/// A divisor, prepared: the same quotients as [`safe_div`], without a division for each.
///
/// Shares of a sum are nearly all that an epoch divides, and they are at most 1. For these a product gives the quotient
/// with 31 bits more than it has. It is too small by less than one unit of the last of them, so that it can only
/// be wrong where all of them are set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Divisor {
    value: I32F32,
    /// The largest number that is a share of this, in bits: those of the divisor, or 0 where it isn't positive.
    largest: u64,
    /// 2^127 over the divisor's bits, raised by `raise` places; rounded down, and at most 2^64 - 1.
    reciprocal: u64,
    /// By how many places the divisor's bits can be raised.
    raise: u32,
}

impl Divisor {
    #[inline]
    pub(crate) fn new(value: I32F32) -> Self {
        let largest = u64::try_from(value.to_bits()).unwrap_or(0);
        if largest == 0 {
            return Self { value, largest, reciprocal: 0, raise: 0 };
        }
        let raise = largest.leading_zeros();
        let reciprocal = (1 << 127) / u128::from(largest << raise);
        Self { value, largest, reciprocal: u64::try_from(reciprocal).unwrap_or(u64::MAX), raise }
    }

    /// `number` divided by this, or as it is where this is 0.
    #[inline]
    pub(crate) fn divide(self, number: I32F32) -> I32F32 {
        // A negative number is a large one.
        let bits = number.to_bits() as u64;
        if bits > self.largest {
            return self.divide_any(number);
        }
        let estimate = ((u128::from(bits << self.raise) * u128::from(self.reciprocal)) >> 64) as u64;
        let quotient = estimate >> BELOW;
        if estimate & ALL_BELOW == ALL_BELOW {
            return self.corrected(bits, quotient);
        }
        I32F32::from_bits(quotient as i64)
    }

    /// The quotient, or the one above it.
    #[cold]
    #[inline(never)]
    fn corrected(self, bits: u64, quotient: u64) -> I32F32 {
        let above = quotient + 1;
        let fits = u128::from(above) * u128::from(self.largest) <= u128::from(bits) << 32;
        I32F32::from_bits(if fits { above } else { quotient } as i64)
    }

    #[cold]
    #[inline(never)]
    fn divide_any(self, number: I32F32) -> I32F32 {
        if self.value == ZERO { number } else { safe_div(number, self.value) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::yuma::fixed::tests::numbers;

    fn same(number: I32F32, divisor: I32F32) -> Result<(), TestCaseError> {
        let expected = if divisor == ZERO { number } else { number.checked_div(divisor).unwrap_or(ZERO) };
        prop_assert_eq!(Divisor::new(divisor).divide(number), expected, "{:?} / {:?}", number, divisor);
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16_384))]

        #[test]
        fn quotients_are_the_crates(number in numbers(), divisor in numbers()) {
            same(number, divisor)?;
        }

        #[test]
        fn shares_are_the_crates(divisor in 1..=i64::MAX, shift in 0u32..63, part in any::<u64>(), off in -2i64..3) {
            let divisor = (divisor >> shift).max(1);
            let part = ((u128::from(part) * divisor as u128) >> 64) as i64;
            same(I32F32::from_bits(part), I32F32::from_bits(divisor))?;
            // Quotients that are whole units, and their neighbours.
            let whole = ((i128::from(part) << 32) / i128::from(divisor) * i128::from(divisor)) >> 32;
            let near = (whole as i64 + off).clamp(0, divisor);
            same(I32F32::from_bits(near), I32F32::from_bits(divisor))?;
        }
    }

    #[test]
    fn corners_are_the_crates() {
        let corners =
            [0, 1, 2, 3, (1 << 32) - 1, 1 << 32, (1 << 62) - 1, 1 << 62, (1 << 62) + 1, i64::MAX, -1, i64::MIN];
        for number in corners {
            for divisor in corners {
                same(I32F32::from_bits(number), I32F32::from_bits(divisor)).unwrap();
            }
        }
    }
}
