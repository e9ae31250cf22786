//! Multiplication of many numbers by one.

use substrate_fixed::types::I32F32;

use super::fixed::{ONE, ZERO, times};

/// A factor, prepared: the same products as [`times`], without looking whether they fit.
///
/// Shares are nearly all that an epoch multiplies by. A product with a share is at most the other number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Factor {
    value: I32F32,
    /// The bits of a share, 31 places up: with the other factor one place up, the high half of their product is it.
    raised: u64,
    /// All sign where this is not a share, so that one look at a sign finds both factors that don't suit.
    refused: i64,
}

impl Factor {
    #[inline]
    pub(crate) fn new(value: I32F32) -> Self {
        let is_share = value >= ZERO && value <= ONE;
        let raised = if is_share { value.to_bits().unsigned_abs() << 31 } else { 0 };
        Self { value, raised, refused: if is_share { 0 } else { i64::MIN } }
    }

    /// `number` times this.
    #[inline]
    pub(crate) fn times(self, number: I32F32) -> I32F32 {
        let bits = number.to_bits();
        if bits | self.refused < 0 {
            return self.times_any(number);
        }
        let product = u128::from(self.raised) * u128::from((bits as u64) << 1);
        I32F32::from_bits((product >> 64) as i64)
    }

    #[cold]
    #[inline(never)]
    fn times_any(self, number: I32F32) -> I32F32 {
        times(self.value, number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::yuma::fixed::tests::numbers;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn products_are_the_crates(factor in numbers(), number in numbers()) {
            prop_assert_eq!(Factor::new(factor).times(number), factor.saturating_mul(number));
        }

        #[test]
        fn products_with_shares_are_the_crates(factor in 0i64..=1 << 32, number in numbers()) {
            let factor = I32F32::from_bits(factor);
            prop_assert_eq!(Factor::new(factor).times(number), factor.saturating_mul(number));
        }
    }

    #[test]
    fn corners_are_the_crates() {
        let corners = [0, 1, 2, (1 << 32) - 1, 1 << 32, (1 << 32) + 1, i64::MAX, -1, i64::MIN];
        for factor in corners.map(I32F32::from_bits) {
            for number in corners.map(I32F32::from_bits) {
                assert_eq!(Factor::new(factor).times(number), factor.saturating_mul(number), "{factor:?} {number:?}");
            }
        }
    }
}
