//! What the chain adds to `substrate-fixed`: divisions that don't fail, conversions to stored shares, a clamped `exp`.
//!
//! Everything in an epoch is an [`I32F32`]: signed, 32 bits of whole, 32 of fraction. Products round towards minus
//! infinity, quotients towards zero, and both saturate.

use substrate_fixed::{transcendental, types::I32F32};

/// Bits of fraction of an [`I32F32`].
const FRACTION_BITS: u32 = 32;
/// The largest share that storage holds.
const WHOLE: u16 = u16::MAX;

pub(crate) const ZERO: I32F32 = I32F32::from_bits(0);
pub(crate) const ONE: I32F32 = I32F32::from_bits(1 << FRACTION_BITS);

/// A stored u16 as a number.
#[inline]
pub(crate) fn whole(value: u16) -> I32F32 {
    I32F32::from_bits(i64::from(value) << FRACTION_BITS)
}

/// A stored u16 as a share of 65535.
#[inline]
pub(crate) fn share(value: u16) -> I32F32 {
    // whole(value) / whole(65535), of which nothing needs more than 64 bits.
    I32F32::from_bits((i64::from(value) << FRACTION_BITS) / i64::from(WHOLE))
}

/// A share of 65535 as it is stored: truncated, and clamped to what a u16 holds.
#[inline]
pub(crate) fn to_share(value: I32F32) -> u16 {
    if (ZERO..=ONE).contains(&value) {
        // Of a share the product fits.
        return ((value.to_bits() as u64 * u64::from(WHOLE)) >> FRACTION_BITS) as u16;
    }
    if value < ZERO { 0 } else { WHOLE }
}

/// `a + b`: `I32F32::saturating_add`, with a branch that can be foretold.
#[inline]
pub(crate) fn plus(a: I32F32, b: I32F32) -> I32F32 {
    #[cold]
    #[inline(never)]
    fn saturated(a: I32F32, b: I32F32) -> I32F32 {
        a.saturating_add(b)
    }
    a.checked_add(b).unwrap_or_else(|| saturated(a, b))
}

/// `a · b`: `I32F32::saturating_mul`, which multiplies 128 bits and costs three times as much.
#[inline]
pub(crate) fn times(a: I32F32, b: I32F32) -> I32F32 {
    let product = (i128::from(a.to_bits()) * i128::from(b.to_bits())) >> FRACTION_BITS;
    I32F32::from_bits(i64::try_from(product).unwrap_or(if product < 0 { i64::MIN } else { i64::MAX }))
}

/// `a / b`, and 0 where the chain finds no answer: where `b` is 0 or the quotient doesn't fit.
pub(crate) fn safe_div(a: I32F32, b: I32F32) -> I32F32 {
    a.checked_div(b).unwrap_or(ZERO)
}

/// A sum as the runtime forms it: compiled without overflow checks, it wraps.
pub(crate) fn sum(values: impl IntoIterator<Item = I32F32>) -> I32F32 {
    values.into_iter().fold(ZERO, I32F32::wrapping_add)
}

/// Divides a vector by its sum, unless that is 0.
pub(crate) fn normalize(values: &mut [I32F32]) {
    let total = sum(values.iter().copied());
    divide(values, total);
}

/// Divides a vector by `divisor`, unless that is 0.
pub(crate) fn divide(values: &mut [I32F32], divisor: I32F32) {
    if divisor != ZERO {
        values.iter_mut().filter(|value| **value != ZERO).for_each(|value| *value = safe_div(*value, divisor));
    }
}

/// e^x with x clamped to ±20, where the chain's series of 31 terms still fits.
pub(crate) fn exp_safe(x: I32F32) -> I32F32 {
    let clamped = x.clamp(I32F32::from_num(-20), I32F32::from_num(20));
    transcendental::exp(clamped).unwrap_or(if clamped > ZERO { I32F32::max_value() } else { ZERO })
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers of every size and sign, and the corners.
    pub(crate) fn numbers() -> impl Strategy<Value = I32F32> {
        let corners = vec![0, 1, -1, i64::MAX, i64::MIN, 1 << 32, -(1 << 32), (1 << 32) - 1, (1 << 32) + 1];
        let sized = (any::<i64>(), 0u32..64).prop_map(|(bits, shift)| bits >> shift);
        prop_oneof![1 => prop::sample::select(corners), 9 => sized].prop_map(I32F32::from_bits)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn products_and_sums_are_the_crates(a in numbers(), b in numbers()) {
            prop_assert_eq!(times(a, b), a.saturating_mul(b));
            prop_assert_eq!(plus(a, b), a.saturating_add(b));
        }

        #[test]
        fn shares_are_the_crates(value in numbers()) {
            let scaled = value.saturating_mul(I32F32::from_num(u16::MAX));
            prop_assert_eq!(to_share(value), scaled.saturating_to_num::<u16>());
        }
    }

    #[test]
    fn every_stored_share_is_the_crates() {
        for value in 0..=u16::MAX {
            let number = I32F32::saturating_from_num(value);
            assert_eq!(whole(value), number);
            assert_eq!(share(value), number.checked_div(I32F32::saturating_from_num(u16::MAX)).unwrap());
        }
        assert_eq!((share(0), share(u16::MAX)), (ZERO, ONE));
    }

    #[test]
    fn a_quotient_that_does_not_fit_is_zero() {
        assert_eq!(safe_div(ONE, ZERO), ZERO);
        assert_eq!(safe_div(I32F32::max_value(), I32F32::from_bits(1)), ZERO);
        assert_eq!(safe_div(whole(7), whole(2)), I32F32::from_num(3.5));
    }

    #[test]
    fn a_sum_wraps() {
        assert_eq!(sum([I32F32::max_value(), I32F32::from_bits(1)]), I32F32::min_value());
    }

    #[test]
    fn exp_is_clamped_to_twenty() {
        assert_eq!(exp_safe(I32F32::from_num(163)), exp_safe(I32F32::from_num(20)));
        assert_eq!(exp_safe(I32F32::from_num(20)).to_bits(), 2_066_907_302_758_576_256);
        assert_eq!(exp_safe(I32F32::min_value()).to_bits(), 8);
    }
}
