//! The exponential function, for many numbers at once.

use crate::isa::fma;

/// The exponential function to within two units in the last place, in operations that vectorise: `2^n * exp(r)` with
/// `r` in ±ln(2)/2 by a polynomial. Below -87 it is 0 or tiny, above 88 infinite; NaN stays NaN.
#[inline(always)]
pub(crate) fn exp<const FMA: bool>(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: adding it rounds to an integer
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let bounded = x.clamp(-87.33, 88.72);
    let shifted = fma::<FMA>(bounded, std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = fma::<FMA>(n, -LN2_HIGH, bounded);
    let r = fma::<FMA>(n, -LN2_LOW, r);
    let mut p = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = fma::<FMA>(p, r, coefficient);
    }
    let p = fma::<FMA>(p * r, r, r) + 1.0;
    // the exponent field holds 1..=254; what n adds beyond 127 is multiplied in, which may overflow to infinity
    let bits = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let half = bits >> 1;
    let power = |n: i32| f32::from_bits(((n + 127) as u32) << 23);
    let result = p * power(half) * power(bits - half);
    if x.is_nan() {
        x
    } else if x > 88.72 {
        f32::INFINITY
    } else {
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_close_everywhere() {
        for step in 0..2_000_000 {
            let x = -87.0 + step as f32 * (175.0 / 2_000_000.0);
            let (own, real) = (exp::<true>(x), f64::from(x).exp());
            let error = (f64::from(own) - real).abs() / real;
            assert!(error < 2.5e-7, "exp({x}) = {own}, not {real}: off by {error}");
            assert!((f64::from(exp::<false>(x)) - real).abs() / real < 1e-6);
        }
        assert_eq!((exp::<true>(0.0), exp::<true>(f32::INFINITY)), (1.0, f32::INFINITY));
        assert!(exp::<true>(f32::NEG_INFINITY) < 1e-37);
        assert!(exp::<true>(f32::NAN).is_nan());
    }
}
