//! What a seat costs: dearer with each registration, cheaper with each block.

use substrate_fixed::types::U64F64;

/// 1 with 32 bits behind the point.
const ONE: u64 = 1 << 32;

/// The factor of one block, whose `half_life`-th power is one half: the largest whose power is not more, with 32 bits
/// behind the point. Without a half-life nothing decays.
pub fn decay_factor(half_life: u16) -> u64 {
    if half_life == 0 {
        return ONE;
    }
    let (mut low, mut high) = (0, ONE);
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        if power(middle, half_life) > ONE / 2 {
            high = middle;
        } else {
            low = middle;
        }
    }
    low
}

/// A price one block later, by [`decay_factor`], before its bounds.
pub fn decayed(price: u64, factor: u64) -> u64 {
    u64::try_from((u128::from(price) * u128::from(factor)) >> 32).unwrap_or(u64::MAX)
}

/// A price after one more registration, before its bounds: times `BurnIncreaseMult`, in units of 2^-64 and at least 1.
pub fn raised(price: u64, multiplier: u128) -> u64 {
    let factor = U64F64::from_bits(multiplier).max(U64F64::from_num(1));
    factor.saturating_mul(U64F64::from_num(price)).saturating_to_num()
}

/// `base ^ exponent`, by squaring, each product rounded down.
fn power(base: u64, exponent: u16) -> u64 {
    let (mut result, mut square) = (ONE, base);
    for bit in 0..u16::BITS - exponent.leading_zeros() {
        if exponent >> bit & 1 == 1 {
            result = decayed(result, square);
        }
        square = decayed(square, square);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_life_halves() {
        for half_life in [1, 2, 7, 360, 7_200, u16::MAX] {
            let factor = decay_factor(half_life);
            assert!(power(factor, half_life) <= ONE / 2, "{half_life}");
            assert!(power(factor + 1, half_life) > ONE / 2, "{half_life}");
        }
        assert_eq!((decay_factor(0), decay_factor(1)), (ONE, ONE / 2));
    }

    #[test]
    fn a_registration_makes_the_next_one_dearer() {
        // The chain's default, 1.26.
        let multiplier = 0x0001_428f_5c28_f5c2_9000;
        assert_eq!(raised(100_000_000, multiplier), 126_000_000);
        assert_eq!((raised(7, 0), raised(u64::MAX, multiplier), raised(0, u128::MAX)), (7, u64::MAX, 0));
    }
}
