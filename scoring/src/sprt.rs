//! The sequential test of an answer's tokens (Wald, "Sequential tests of statistical hypotheses", 1945).
//!
//! A token is *off* when its margin is beyond the tolerance. Each token moves a sum by the logarithm of how much likelier it
//! is from a cheat than from an honest miner. A sum above the upper bound rejects the answer; one below the lower bound
//! clears what was seen so far, and the sum begins anew, so that a cheat gains nothing from an honest beginning.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Likelihoods are logarithms in millionths of a nat.
const MICRO: f64 = 1e6;

/// The rates that a test tells apart, and how often it may be wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hypotheses {
    /// Share of an honest answer's tokens that are off, at most.
    pub honest: f64,
    /// Share of a cheat's tokens that are off, at least.
    pub cheat: f64,
    /// Chance that an honest answer of `tokens` tokens is rejected, at most.
    pub alpha: f64,
    /// Chance that one run of the test clears a cheat, at most.
    pub beta: f64,
    /// The length of an answer that `alpha` is about.
    pub tokens: u32,
}

/// A test, in integers: everyone decides the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sprt {
    /// A token that is off adds this.
    pub off_micro: i64,
    /// A token that is not takes this away.
    pub match_micro: i64,
    /// A sum as high as this rejects.
    pub reject_micro: i64,
    /// A sum as far below zero as this clears.
    pub clear_micro: i64,
}

impl Sprt {
    /// The test of two hypotheses. Its upper bound is Wald's, raised until `alpha` holds for a whole answer, however often
    /// the sum begins anew. None where the rates don't lie in order between 0 and 1, or the chances don't.
    pub fn design(hypotheses: &Hypotheses) -> Option<Self> {
        let Hypotheses { honest, cheat, alpha, beta, tokens } = *hypotheses;
        let chance = |value: f64| value > 0.0 && value < 0.5;
        if !(honest > 0.0 && honest < cheat && cheat < 1.0 && chance(alpha) && chance(beta)) {
            return None;
        }
        let micro = |nats: f64| (nats * MICRO).round() as i64;
        let mut test = Self {
            off_micro: micro(libm::log(cheat / honest)),
            match_micro: micro(libm::log((1.0 - honest) / (1.0 - cheat))),
            reject_micro: micro(libm::log((1.0 - beta) / alpha)),
            clear_micro: micro(libm::log((1.0 - alpha) / beta)),
        };
        if test.off_micro == 0 || test.match_micro == 0 {
            return None;
        }
        while test.rejection(honest, tokens) > alpha {
            // Nothing is reached between the multiples of its steps, so a small one would change nothing.
            test.reject_micro += micro(0.25);
        }
        Some(test)
    }

    /// Whether the numbers can be a test.
    pub fn is_possible(&self) -> bool {
        let possible = |micro: i64| (1..=1_000_000_000).contains(&micro);
        [self.off_micro, self.match_micro, self.reject_micro, self.clear_micro].into_iter().all(possible)
    }

    /// The highest sum that a sequence of tokens reaches: it is rejected where this is at least `reject_micro`.
    pub fn peak(&self, off: impl IntoIterator<Item = bool>) -> i64 {
        let (mut sum, mut peak) = (0, 0);
        for off in off {
            sum = self.step(sum, off);
            peak = peak.max(sum);
        }
        peak
    }

    /// The chance that so many tokens are rejected where this share of them is off, each by itself.
    pub fn rejection(&self, off: f64, tokens: u32) -> f64 {
        let (mut sums, mut rejected) = (BTreeMap::from([(0, 1.0)]), 0.0);
        for _ in 0..tokens {
            let mut next: BTreeMap<i64, f64> = BTreeMap::new();
            for (sum, chance) in sums {
                for (is_off, share) in [(true, off), (false, 1.0 - off)] {
                    match self.step(sum, is_off) {
                        sum if sum >= self.reject_micro => rejected += chance * share,
                        sum => *next.entry(sum).or_default() += chance * share,
                    }
                }
            }
            sums = next;
        }
        rejected
    }

    fn step(&self, sum: i64, off: bool) -> i64 {
        let sum = if off { sum.saturating_add(self.off_micro) } else { sum - self.match_micro };
        if sum <= -self.clear_micro { 0 } else { sum }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USUAL: Hypotheses = Hypotheses { honest: 0.012, cheat: 0.1, alpha: 1e-3, beta: 1e-3, tokens: 128 };

    #[test]
    fn a_test_keeps_its_word() {
        let test = Sprt::design(&USUAL).unwrap();
        assert!(test.rejection(USUAL.honest, 128) <= 1e-3);
        assert!(test.rejection(0.0, 128) == 0.0);
        assert!(test.rejection(0.9, 128) > 0.999_999);
        // Chances to be wrong add up over a long answer: its test has a higher bound.
        assert!(test.rejection(USUAL.honest, 512) > 1e-3);
        let long = Sprt::design(&Hypotheses { tokens: 512, ..USUAL }).unwrap();
        assert!(long.reject_micro > test.reject_micro && long.rejection(USUAL.honest, 512) <= 1e-3);
    }

    #[test]
    fn chances_are_those_of_a_simulation() {
        let test = Sprt::design(&USUAL).unwrap();
        let mut state = 7_u64;
        let mut uniform = || {
            // splitmix64
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
        };
        let runs = 20_000;
        let rejected = (0..runs).filter(|_| test.peak((0..64).map(|_| uniform() < 0.08)) >= test.reject_micro).count();
        let (seen, computed) = (rejected as f64 / f64::from(runs), test.rejection(0.08, 64));
        // Four standard errors.
        assert!(
            (seen - computed).abs() < 4.0 * (computed * (1.0 - computed) / f64::from(runs)).sqrt(),
            "{seen} {computed}"
        );
    }

    #[test]
    fn an_honest_beginning_buys_nothing() {
        let test = Sprt::design(&USUAL).unwrap();
        let cheating = [true, true, false, true, true, false, true, true];
        let alone = test.peak(cheating);
        assert!(alone >= test.reject_micro);
        let behind = test.peak(std::iter::repeat_n(false, 10_000).chain(cheating));
        assert!(behind >= alone - test.clear_micro && behind >= test.reject_micro, "{behind} {alone}");
    }

    #[test]
    fn hypotheses_that_are_none_are_refused() {
        for (honest, cheat) in [(0.0, 0.1), (0.1, 0.1), (0.2, 0.1), (0.1, 1.0), (f64::NAN, 0.5)] {
            assert_eq!(Sprt::design(&Hypotheses { honest, cheat, ..USUAL }), None);
        }
        for (alpha, beta) in [(0.0, 0.1), (0.1, 0.5), (-1.0, 0.1)] {
            assert_eq!(Sprt::design(&Hypotheses { alpha, beta, ..USUAL }), None);
        }
    }

    proptest! {
        #[test]
        fn any_hypotheses_give_a_test_that_keeps_alpha(
            honest in 1e-5..0.2_f64, more in 1.2..50.0_f64, alpha in 1e-5..0.1_f64, beta in 1e-5..0.1_f64, tokens in 1..130_u32,
        ) {
            let cheat = (honest * more).min(0.9);
            let test = Sprt::design(&Hypotheses { honest, cheat, alpha, beta, tokens }).unwrap();
            prop_assert!(test.is_possible());
            prop_assert!(test.rejection(honest, tokens) <= alpha);
        }
    }
}
