//! Division of many numbers by one.

use substrate_fixed::types::I32F32;

use super::fixed::{ONE, ZERO, safe_div};

/// Divisors below this leave room for a remainder's sign in 64 bits.
const LARGEST: i64 = 1 << 62;

/// A divisor, prepared: the same quotients as [`safe_div`], without a division of 128 bits for each.
///
/// Shares of a sum are nearly all that an epoch divides, and they are at most 1. Such a quotient has 33 bits, so that
/// an f64 is off by less than one unit of its last place, and the remainder, in integers, says which way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Divisor {
    value: I32F32,
    /// 2^32 over the divisor's bits.
    reciprocal: f64,
}

impl Divisor {
    pub(crate) fn new(value: I32F32) -> Self {
        Self { value, reciprocal: ONE.to_bits() as f64 / value.to_bits() as f64 }
    }

    /// A divisor for each of a vector.
    pub(crate) fn each(values: &[I32F32]) -> Vec<Self> {
        values.iter().map(|value| Self::new(*value)).collect()
    }

    /// `number` divided by this, or as it is where this is 0.
    pub(crate) fn divide(self, number: I32F32) -> I32F32 {
        let (bits, divisor) = (number.to_bits(), self.value.to_bits());
        if bits < 0 || bits > divisor || divisor >= LARGEST || divisor == 0 {
            return if self.value == ZERO { number } else { safe_div(number, self.value) };
        }
        let near = (bits as f64 * self.reciprocal) as i64;
        // The true remainder lies between -divisor and 2 · divisor: its low 64 bits are all of it.
        let remainder = (bits << 32).wrapping_sub(near.wrapping_mul(divisor));
        let quotient = near - i64::from(remainder < 0) + i64::from(remainder >= divisor);
        I32F32::from_bits(quotient)
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
