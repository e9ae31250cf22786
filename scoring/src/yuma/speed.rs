//! Liquid alpha's speed: how fast one validator's bond in one miner follows its weight.

use substrate_fixed::types::I32F32;

use super::{
    fixed::{self, ONE, ZERO, exp_safe, times},
    values::LiquidAlpha,
};

/// Pairs computed side by side, so that one's products hide what the other waits for.
const LANES: usize = 4;
/// Terms of the chain's series, the first two not counted: those of x^2 to x^31.
const TERMS: usize = 30;
/// 20, beyond which an exponent is clamped, in units of 2^-32.
const FURTHEST: i64 = 20 << 32;

/// A sigmoid of a difference between 0 and 1, from the lowest to the highest speed.
pub(crate) struct Speed {
    low: I32F32,
    high: I32F32,
    slope: I32F32,
    /// That of no difference: with the default penalty no weight exceeds consensus, and then every bond that grows
    /// has this one.
    at_zero: I32F32,
}

impl Speed {
    pub(crate) fn new(settings: LiquidAlpha) -> Self {
        let steepness = I32F32::from_num(settings.sigmoid_steepness);
        let (low, high) = (fixed::share(settings.alpha_low), fixed::share(settings.alpha_high));
        let mut speed = Self { low, high, slope: steepness.saturating_div(I32F32::from_num(-100)), at_zero: ZERO };
        speed.at_zero = speed.of_exp(exp_safe(speed.exponent(ZERO)));
        speed
    }

    /// Puts the speed of each difference in its place.
    pub(crate) fn of_all(&self, differences: &mut [I32F32]) {
        let mut places = [0; LANES];
        let mut waiting = 0;
        for place in 0..differences.len() {
            if differences[place] == ZERO {
                differences[place] = self.at_zero;
                continue;
            }
            places[waiting] = place;
            waiting += 1;
            if waiting == LANES {
                self.of_some(differences, &places);
                waiting = 0;
            }
        }
        for place in &places[..waiting] {
            differences[*place] = self.of_exp(exp_safe(self.exponent(differences[*place])));
        }
    }

    fn of_some(&self, differences: &mut [I32F32], places: &[usize; LANES]) {
        let exponents = places.map(|place| self.exponent(differences[place]));
        for (place, exp) in places.iter().zip(exp_of(exponents)) {
            differences[*place] = self.of_exp(exp);
        }
    }

    fn exponent(&self, difference: I32F32) -> I32F32 {
        const HALF: I32F32 = I32F32::from_bits(1 << 31);
        times(self.slope, difference.saturating_sub(HALF))
    }

    /// A lowest speed above the highest one wins.
    fn of_exp(&self, exp: I32F32) -> I32F32 {
        // 1 / (1 + exp): as exp is never negative, the divisor is at least 1.
        let sigmoid = I32F32::from_bits(over_one(ONE.saturating_add(exp).to_bits().unsigned_abs()));
        let speed = self.low.saturating_add(times(sigmoid, self.high.saturating_sub(self.low)));
        speed.min(self.high).max(self.low)
    }
}

/// [`exp_safe`] of each: the same series, term by term with the same roundings, in 64 bits and without divisions.
fn exp_of(exponents: [I32F32; LANES]) -> [I32F32; LANES] {
    let clamped = exponents.map(|x| x.to_bits().clamp(-FURTHEST, FURTHEST));
    let magnitudes = clamped.map(i64::unsigned_abs);
    // Shifted by 27 and 5 places, factors still fit, and the high half of their product is that of 32 places less.
    let factors = magnitudes.map(|x| x << 27);
    let mut terms = magnitudes;
    let mut sums = magnitudes.map(|x| x + (1 << 32));
    for (reciprocal, shift) in RECIPROCALS {
        for lane in 0..LANES {
            // At most 20^20 / 20! · 20 · 2^32, less than 2^62.
            let power = high(terms[lane] << 5, factors[lane]);
            terms[lane] = high(power, reciprocal) >> shift;
            sums[lane] += terms[lane];
        }
    }
    std::array::from_fn(|lane| match clamped[lane] {
        // The crate answers these two, and e only to 23 places.
        0 | 0x1_0000_0000 => exp_safe(I32F32::from_bits(clamped[lane])),
        1.. => I32F32::from_bits(sums[lane] as i64),
        _ => I32F32::from_bits(over_one(sums[lane])),
    })
}

/// The high half of a product.
fn high(a: u64, b: u64) -> u64 {
    ((u128::from(a) * u128::from(b)) >> 64) as u64
}

/// 2^64 over a divisor of at least 2^32, rounded down: the bits of 1 over a number.
fn over_one(divisor: u64) -> i64 {
    let quotient = u64::MAX / divisor + u64::from(divisor.is_power_of_two());
    quotient as i64
}

/// For i from 2 to 31: m and s, so that the high half of p · m, shifted right by s, is p / i for each p below 2^62.
///
/// s is the whole part of log2(i), or one less for powers of two, and m is 2^(64 + s) / i rounded up: too large by
/// less than 1, so that p · m / 2^(64 + s) is too large by less than p / 2^(64 + s) < 1 / i.
const RECIPROCALS: [(u64, u32); TERMS] = {
    let mut all = [(0, 0); TERMS];
    let mut at = 0;
    while at < TERMS {
        let i = at as u128 + 2;
        let shift = i.ilog2() - if i.is_power_of_two() { 1 } else { 0 };
        all[at] = ((1u128 << (64 + shift)).div_ceil(i) as u64, shift);
        at += 1;
    }
    all
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use substrate_fixed::transcendental;

    use super::*;
    use crate::yuma::fixed::tests::numbers;

    fn same(exponents: [I32F32; LANES]) {
        assert_eq!(exp_of(exponents), exponents.map(exp_safe), "{exponents:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn exp_is_the_crates(exponents in prop::array::uniform4(numbers())) {
            same(exponents);
        }

        #[test]
        fn exp_is_the_crates_where_it_matters(bits in prop::array::uniform4(-FURTHEST - 9..FURTHEST + 9)) {
            same(bits.map(I32F32::from_bits));
        }

        #[test]
        fn reciprocals_divide(power in 0u64..1 << 62, at in 0..TERMS) {
            let (reciprocal, shift) = RECIPROCALS[at];
            for power in [power, power - power % (at as u64 + 2), (1 << 62) - 1 - power % 99] {
                let quotient = high(power, reciprocal) >> shift;
                prop_assert_eq!(quotient, power / (at as u64 + 2));
            }
        }

        /// As the chain writes it, with the crate's own operations.
        #[test]
        fn a_speed_is_the_chains(
            (alpha_low, alpha_high, sigmoid_steepness) in any::<(u16, u16, i16)>(),
            bits in prop::collection::vec(prop_oneof![Just(0), Just(1 << 31), 0i64..=1 << 32], 0..19),
        ) {
            let mut differences: Vec<I32F32> = bits.into_iter().map(I32F32::from_bits).collect();
            let low = I32F32::from_num(alpha_low).checked_div(I32F32::from_num(u16::MAX)).unwrap();
            let high = I32F32::from_num(alpha_high).checked_div(I32F32::from_num(u16::MAX)).unwrap();
            let one = I32F32::from_num(1);
            let speeds: Vec<I32F32> = differences.iter().map(|difference| {
                let slope = I32F32::from_num(sigmoid_steepness).saturating_div(I32F32::from_num(-100));
                let exponent = slope.saturating_mul(difference.saturating_sub(I32F32::from_num(0.5)));
                let exponent = exponent.max(I32F32::from_num(-20)).min(I32F32::from_num(20));
                let sigmoid = one.saturating_div(one.saturating_add(transcendental::exp(exponent).unwrap()));
                low.saturating_add(sigmoid.saturating_mul(high.saturating_sub(low))).min(high).max(low)
            }).collect();
            Speed::new(LiquidAlpha { alpha_low, alpha_high, sigmoid_steepness }).of_all(&mut differences);
            prop_assert_eq!(differences, speeds);
        }
    }

    #[test]
    fn corners_of_exp_are_the_crates() {
        for bits in [0, 1, -1, 1 << 32, -(1 << 32), (1 << 32) + 1, FURTHEST, -FURTHEST, i64::MAX, i64::MIN] {
            same([I32F32::from_bits(bits); LANES]);
        }
        // e is cut to 23 places, but 1 / e isn't.
        assert_eq!(exp_of([ONE; LANES])[0].to_bits(), 11_674_931_200);
        assert_eq!(exp_of([I32F32::from_num(-1); LANES])[0].to_bits(), 1_580_030_169);
    }

    #[test]
    fn a_lowest_speed_above_the_highest_wins() {
        let speed = Speed::new(LiquidAlpha { alpha_low: 60_000, alpha_high: 50_000, sigmoid_steepness: 1_000 });
        let mut all = [ZERO, ONE, I32F32::from_num(0.5)];
        speed.of_all(&mut all);
        assert_eq!(all, [fixed::share(60_000); 3]);
    }

    #[test]
    fn a_negative_steepness_slows_what_differs_most() {
        let speed = Speed::new(LiquidAlpha { alpha_low: 0, alpha_high: u16::MAX, sigmoid_steepness: -1_000 });
        let mut all = [ZERO, I32F32::from_num(0.5), ONE];
        speed.of_all(&mut all);
        assert_eq!(all.map(|speed| speed.to_bits()), [4_266_221_720, 1 << 31, 28_745_575]);
    }
}
