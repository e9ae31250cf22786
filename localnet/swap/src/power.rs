//! Powers of a ratio to a fraction, in integers.
//!
//! The chain computes these with 1,024 bits; here 120 do, far beyond the 18 decimals that are kept. Where the true value
//! lies within 10^-17 of the last decimal's boundary, that decimal may differ by one.

use sp_core::U256;

/// What a power is counted in: 10^-18.
pub(crate) const UNIT: u64 = 1_000_000_000_000_000_000;

/// Bits behind the point of the numbers in here.
const FRACTION: usize = 120;
/// ln 2.
const LN_2: u128 = 921_350_637_599_661_305_226_344_307_672_478_454;

/// `(numerator / denominator) ^ (p / q)` in units of 10^-18, rounded down, at most the largest integer. None where
/// there is no such number: a zero below or in the exponent.
pub(crate) fn power(numerator: u128, denominator: u128, p: u64, q: u64) -> Option<u64> {
    if denominator == 0 || p == 0 || q == 0 {
        return None;
    }
    if numerator == 0 {
        return Some(0);
    }
    if p == q {
        return Some(narrow(U256::from(numerator) * U256::from(UNIT) / U256::from(denominator)));
    }
    let (negative, log) = log2(numerator, denominator);
    let exponent = log * U256::from(p);
    // Rounded down, and down is away from zero below it.
    let exponent = if negative { (exponent + U256::from(q - 1)) / U256::from(q) } else { exponent / U256::from(q) };
    Some(exp2(negative, exponent))
}

/// The binary logarithm: whether it is below 0, and its size with [`FRACTION`] bits behind the point.
fn log2(numerator: u128, denominator: u128) -> (bool, U256) {
    let bits = |value: u128| i64::from(128 - value.leading_zeros());
    let mut whole = bits(numerator) - bits(denominator);
    let mut rest = scaled(numerator, denominator, whole);
    if rest < U256::one() << FRACTION {
        whole -= 1;
        rest = scaled(numerator, denominator, whole);
    }
    // Squaring doubles the logarithm, so each overflow is its next bit.
    let mut fraction = U256::zero();
    for bit in (0..FRACTION).rev() {
        rest = (rest * rest) >> FRACTION;
        if rest >= U256::one() << (FRACTION + 1) {
            rest >>= 1;
            fraction |= U256::one() << bit;
        }
    }
    let size = U256::from(whole.unsigned_abs()) << FRACTION;
    if whole < 0 { (true, size - fraction) } else { (false, size + fraction) }
}

/// `numerator / denominator / 2^whole`.
fn scaled(numerator: u128, denominator: u128, whole: i64) -> U256 {
    let shift = usize::try_from(whole.unsigned_abs()).unwrap_or(0);
    if whole < 0 {
        (U256::from(numerator) << (FRACTION + shift)) / U256::from(denominator)
    } else {
        (U256::from(numerator) << FRACTION) / (U256::from(denominator) << shift)
    }
}

/// Two to the power of a number with [`FRACTION`] bits behind the point, in units of 10^-18.
fn exp2(negative: bool, exponent: U256) -> u64 {
    let one = U256::one() << FRACTION;
    let mask = one - 1;
    let (mut whole, mut fraction) = (exponent >> FRACTION, exponent & mask);
    if negative && !fraction.is_zero() {
        whole += U256::one();
        fraction = one - fraction;
    }
    let logarithm = (fraction * U256::from(LN_2)) >> FRACTION;
    let (mut term, mut sum) = (one, one);
    for n in 1..64u64 {
        term = ((term * logarithm) >> FRACTION) / U256::from(n);
        if term.is_zero() {
            break;
        }
        sum += term;
    }
    let value = sum * U256::from(UNIT);
    // After 64 doublings no integer holds it; after 62 halvings nothing is left.
    let whole = usize::try_from(whole.min(U256::from(256)).low_u64()).unwrap_or(256);
    match (negative, whole) {
        (false, 64..) => u64::MAX,
        (false, _) => narrow((value << whole) >> FRACTION),
        (true, 136..) => 0,
        (true, _) => narrow(value >> (FRACTION + whole)),
    }
}

fn narrow(value: U256) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python's `decimal` at 80 digits.
    #[test]
    fn powers_are_right_to_the_last_decimal() {
        for (numerator, denominator, p, q, expected) in CASES {
            let found = power(numerator, denominator, p, q).unwrap();
            assert!(found.abs_diff(expected) <= 1, "({numerator}/{denominator})^({p}/{q}): {found}, not {expected}");
        }
    }

    #[test]
    fn a_whole_exponent_is_exact_and_nonsense_is_none() {
        assert_eq!(power(1, 3, 5, 5), Some(333_333_333_333_333_333));
        assert_eq!(power(7, 7, 1, 2), Some(UNIT));
        assert_eq!(power(4, 1, 1, 2), Some(2 * UNIT));
        assert_eq!(power(0, 7, 1, 2), Some(0));
        assert_eq!(power(u128::MAX, 1, 1, 2), Some(u64::MAX));
        assert_eq!(power(1, u128::MAX, 99, 1), Some(0));
        assert_eq!([power(1, 0, 1, 2), power(1, 2, 0, 2), power(1, 2, 1, 0)], [None; 3]);
    }

    const CASES: [(u128, u128, u64, u64, u64); 12] = [
        (
            1_000_000_000_000_000,
            1_000_001_000_000_000,
            500_000_000_000_000_001,
            499_999_999_999_999_999,
            999_999_000_000_999_998,
        ),
        (
            1_000_000_000_000_000,
            3_000_000_000_000_007,
            500_000_000_000_000_001,
            499_999_999_999_999_999,
            333_333_333_333_332_554,
        ),
        (
            1_000_000_000_000_000,
            1_000_001_000_000_000,
            499_999_123_456_789_012,
            500_000_876_543_210_988,
            999_999_000_004_506_160,
        ),
        (
            1_000_000_000_000_000,
            3_000_000_000_000_007,
            499_999_123_456_789_012,
            500_000_876_543_210_988,
            333_334_617_308_412_042,
        ),
        (
            1_000_000_000_000_000,
            1_000_001_000_000_000,
            600_000_000_000_000_000,
            400_000_000_000_000_000,
            999_998_500_001_874_997,
        ),
        (
            1_000_000_000_000_000,
            3_000_000_000_000_007,
            600_000_000_000_000_000,
            400_000_000_000_000_000,
            192_450_089_729_874_581,
        ),
        (
            1_000_000_000_000_000,
            1_012_345_678_901_234,
            10_000_000_000_000_000,
            990_000_000_000_000_000,
            999_876_067_352_183_569,
        ),
        (
            1_000_000_000_000_000,
            1_012_345_678_901_234,
            990_000_000_000_000_000,
            10_000_000_000_000_000,
            296_787_419_497_904_755,
        ),
        (
            19_369_081_277_395_029_196,
            18_446_744_073_709_551_616,
            500_000_000_000_000_000,
            1_000_000_000_000_000_000,
            1_024_695_076_595_959_838,
        ),
        (
            19_369_081_277_395_029_196,
            18_446_744_073_709_551_616,
            499_999_123_456_789_012,
            1_000_000_000_000_000_000,
            1_024_695_032_773_146_994,
        ),
        (
            21_000_000_000_000_000,
            21_000_000_000_000_001,
            500_000_000_000_000_001,
            499_999_999_999_999_999,
            999_999_999_999_999_952,
        ),
        (1_267_650_600_228_229_401_496_703_205_376, 3, 1, 40, 5_503_601_214_158_334_681),
    ];
}
