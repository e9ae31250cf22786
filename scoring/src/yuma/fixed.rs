//! `I32F32`, the chain's signed fixed-point number: 32 bits of whole, 32 of fraction, saturating.
//!
//! Multiplication rounds towards minus infinity and division towards zero, as `substrate-fixed` does.

use std::iter::Sum;

/// A signed number in units of 2^-32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fixed(i64);

const FRACTION_BITS: u32 = 32;
/// e as the chain's `exp` returns it for exactly 1: cut to 23 bits of fraction.
const E: Fixed = Fixed(11_674_931_200);

impl Fixed {
    pub(crate) const ZERO: Self = Self(0);
    pub(crate) const ONE: Self = Self(1 << FRACTION_BITS);
    const HALF: Self = Self(1 << (FRACTION_BITS - 1));

    #[cfg(test)]
    pub(crate) const fn from_bits(bits: i64) -> Self {
        Self(bits)
    }

    pub(crate) fn from_int(value: i32) -> Self {
        Self(i64::from(value) << FRACTION_BITS)
    }

    /// `part / whole`, both whole numbers and `part` below 2^96, rounded down to 2^-32; 0 where `whole` is 0.
    pub(crate) fn ratio(part: u128, whole: u128) -> Self {
        match (part << FRACTION_BITS).checked_div(whole) {
            Some(bits) => Self(i64::try_from(bits).unwrap_or(i64::MAX)),
            None => Self::ZERO,
        }
    }

    /// A stored u16 as a share of 65535.
    pub(crate) fn share(value: u16) -> Self {
        Self::ratio(value.into(), u16::MAX.into())
    }

    /// A share of 65535, truncated and clamped to what storage holds.
    pub(crate) fn to_share(self) -> u16 {
        let scaled = self.mul(Self::from_int(u16::MAX.into())).0 >> FRACTION_BITS;
        u16::try_from(scaled.max(0)).unwrap_or(u16::MAX)
    }

    /// This share of a whole amount, truncated; 0 for negative shares.
    pub(crate) fn of(self, amount: u64) -> u64 {
        let bits = u128::try_from(self.0).unwrap_or(0);
        u64::try_from((bits * u128::from(amount)) >> FRACTION_BITS).unwrap_or(u64::MAX)
    }

    pub(crate) fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(crate) fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    pub(crate) fn mul(self, other: Self) -> Self {
        saturate((i128::from(self.0) * i128::from(other.0)) >> FRACTION_BITS)
    }

    /// `self / other`, and 0 where `other` is 0.
    pub(crate) fn div(self, other: Self) -> Self {
        (i128::from(self.0) << FRACTION_BITS).checked_div(i128::from(other.0)).map_or(Self::ZERO, saturate)
    }

    fn checked_mul(self, other: Self) -> Option<Self> {
        i64::try_from((i128::from(self.0) * i128::from(other.0)) >> FRACTION_BITS).ok().map(Self)
    }

    /// e^self for |self| clamped to 20, by the chain's Taylor series of 31 terms, each rounded.
    fn exp(self) -> Self {
        let operand = self.clamp(Self::from_int(-20), Self::from_int(20));
        if operand == Self::ZERO {
            return Self::ONE;
        }
        if operand == Self::ONE {
            return E;
        }
        let magnitude = Self(operand.0.abs());
        let mut sum = magnitude.add(Self::ONE);
        let mut term = magnitude;
        for i in 2..FRACTION_BITS as i32 {
            let Some(product) = term.checked_mul(magnitude) else { return Self::ZERO };
            term = product.div(Self::from_int(i));
            sum = sum.add(term);
        }
        if operand < Self::ZERO { Self::ONE.div(sum) } else { sum }
    }

    /// The chain's bond speed: a sigmoid of `difference` between `low` and `high`.
    pub(crate) fn sigmoid_between(low: Self, high: Self, steepness: Self, difference: Self) -> Self {
        let exponent = steepness.div(Self::from_int(-100)).mul(difference.sub(Self::HALF));
        let sigmoid = Self::ONE.div(Self::ONE.add(exponent.exp()));
        low.add(sigmoid.mul(high.sub(low))).min(high).max(low)
    }
}

impl Sum for Fixed {
    fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
        values.fold(Self::ZERO, Self::add)
    }
}

fn saturate(bits: i128) -> Fixed {
    Fixed(i64::try_from(bits).unwrap_or(if bits < 0 { i64::MIN } else { i64::MAX }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits of (x, exp x), made with `substrate-fixed` 0.6.0.
    #[test]
    fn exp_is_the_chains() {
        let cases = [
            (0, 4294967296),
            (1, 4294967297),
            (-1, 4294967295),
            (4294967296, 11674931200),
            (-4294967296, 1580030169),
            (85899345920, 2066907302758576256),
            (-85899345920, 8),
            (21474836480, 637429664624),
            (-21474836480, 28939262),
            (2147483648, 7081203935),
            (-2147483648, 2605029348),
            (42949672960, 94602947905357),
            (-21474824135, 28939345),
            (429496729, 4746672945),
            (-429496729, 3886247122),
            (77240079792, 276995231061007587),
            (67346679195, 27718721782631347),
            (60789267152, 6022522153201162),
            (-84772484123, 11),
            (30720559026, 5486970015363),
            (-85489023427, 9),
            (22735340401, 854851594502),
            (-39312720713, 454750),
            (-22479159410, 22905156),
            (-16064750991, 101985730),
            (-26753300347, 8467294),
            (77176327124, 272920050971113381),
            (-47809881021, 62887),
            (-49345269061, 43985),
            (-34291013218, 1464041),
            (-45204947123, 115336),
            (11888781939, 68409841224),
            (-18644478361, 55935168),
            (1238222859, 5730141160),
            (-66545045157, 802),
            (-51614240263, 25934),
            (-47332887078, 70274),
            (-83990136399, 13),
            (46004432258, 192660606085445),
        ];
        for (x, exp) in cases {
            assert_eq!(Fixed::from_bits(x).exp(), Fixed(exp), "{x}");
        }
    }

    /// Bits of (a, b, a · b, a / b), made with `substrate-fixed` 0.6.0.
    #[test]
    fn products_round_down_quotients_towards_zero_and_both_saturate() {
        let cases = [
            (-3, 1 << 31, -2, -6),
            (-1, 1, -1, -(1 << 32)),
            (7 << 32, -(3 << 32), -90_194_313_216, -10_021_590_357),
            (i64::MAX, i64::MAX, i64::MAX, 1 << 32),
            (i64::MIN, 2 << 32, i64::MIN, -4_611_686_018_427_387_904),
        ];
        for (a, b, product, quotient) in cases {
            let (a, b) = (Fixed(a), Fixed(b));
            assert_eq!((a.mul(b), a.div(b)), (Fixed(product), Fixed(quotient)));
        }
        assert_eq!(Fixed::ONE.div(Fixed::ZERO), Fixed::ZERO);
    }

    #[test]
    fn shares_are_truncated_and_clamped() {
        assert_eq!(Fixed::ONE.to_share(), u16::MAX);
        assert_eq!(Fixed::from_int(-1).to_share(), 0);
        assert_eq!(Fixed::from_int(9).to_share(), u16::MAX);
        assert_eq!(Fixed::HALF.to_share(), 32_767);
        assert_eq!(Fixed::HALF.of(u64::MAX), u64::MAX / 2);
        assert_eq!(Fixed::from_int(-1).of(5), 0);
    }
}
