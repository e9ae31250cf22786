//! Looking while trials come in, and stopping as soon as it is clear (Wald, "Sequential tests of statistical
//! hypotheses", 1945): whether a share of successes is `null` or lower, or `alternative` or higher.
//!
//! The test is the integers of [`Sprt`], which also judges an answer's tokens; there a cleared sum begins anew, here
//! clearing ends it.
//!
//! ```
//! use assay_scoring::statistics::sequential::{Verdict, verdict, wald};
//!
//! let test = wald(0.1, 0.5, 0.01, 0.01).unwrap();
//! assert_eq!(verdict(&test, [true; 3]), Verdict::Rejected { after: 3 });
//! assert_eq!(verdict(&test, [false; 20]), Verdict::Cleared { after: 8 });
//! assert!(matches!(verdict(&test, [true, false]), Verdict::Open { .. }));
//! ```

use crate::sprt::{Hypotheses, Sprt};

/// Where a sequence of trials leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nowhere yet.
    Open {
        /// How much likelier the alternative is so far: the logarithm, in millionths.
        sum_micro: i64,
    },
    /// The null hypothesis stands.
    Cleared {
        /// After so many trials.
        after: usize,
    },
    /// The alternative stands.
    Rejected {
        /// After so many trials.
        after: usize,
    },
}

/// The test between two shares, by Wald's bounds: rejecting where the null hypothesis is true has a chance of at most
/// `alpha / (1 - beta)`, clearing where the alternative is one of at most `beta / (1 - alpha)`. None unless
/// `0 < null < alternative < 1` and both chances are between 0 and a half. Count failures to test for a lower share.
pub fn wald(null: f64, alternative: f64, alpha: f64, beta: f64) -> Option<Sprt> {
    // No tokens: nothing begins anew, so the bound needs no raising.
    Sprt::design(&Hypotheses { honest: null, cheat: alternative, alpha, beta, tokens: 0 })
}

/// What the trials say, up to the one that decides; those after it change nothing.
pub fn verdict(test: &Sprt, successes: impl IntoIterator<Item = bool>) -> Verdict {
    let mut sum_micro = 0_i64;
    for (before, success) in successes.into_iter().enumerate() {
        sum_micro = sum_micro.saturating_add(if success { test.off_micro } else { -test.match_micro });
        if sum_micro >= test.reject_micro {
            return Verdict::Rejected { after: before + 1 };
        }
        if sum_micro <= -test.clear_micro {
            return Verdict::Cleared { after: before + 1 };
        }
    }
    Verdict::Open { sum_micro }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// The chances to be rejected, cleared and still open after so many trials with this share of successes.
    fn chances(test: &Sprt, share: f64, trials: usize) -> [f64; 3] {
        let mut open = BTreeMap::from([(0_usize, 1.0)]);
        let mut done = [0.0; 2];
        for before in 0..trials {
            let mut next = BTreeMap::new();
            for (successes, chance) in open {
                for (success, part) in [(1, share), (0, 1.0 - share)] {
                    let hits = successes + success;
                    let sum = hits as i64 * test.off_micro - (before + 1 - hits) as i64 * test.match_micro;
                    match (sum >= test.reject_micro, sum <= -test.clear_micro) {
                        (true, _) => done[0] += chance * part,
                        (_, true) => done[1] += chance * part,
                        _ => *next.entry(hits).or_insert(0.0) += chance * part,
                    }
                }
            }
            open = next;
        }
        [done[0], done[1], open.into_values().sum()]
    }

    #[test]
    fn a_test_keeps_its_word_and_ends() {
        for (null, alternative, alpha, beta) in
            [(0.1, 0.5, 0.01, 0.01), (0.5, 0.6, 0.05, 0.1), (0.01, 0.03, 0.001, 0.2)]
        {
            let test = wald(null, alternative, alpha, beta).unwrap();
            let [rejected, cleared, open] = chances(&test, null, 3_000);
            assert!(rejected <= alpha / (1.0 - beta) && rejected > alpha / 5.0, "{rejected} {alpha}");
            assert!(cleared > 0.9 && open < 1e-2);
            let [rejected, cleared, _] = chances(&test, alternative, 3_000);
            assert!(cleared <= beta / (1.0 - alpha) && cleared > beta / 5.0, "{cleared} {beta}");
            assert!(rejected > 0.7);
        }
        assert_eq!(wald(0.5, 0.5, 0.01, 0.01), None);
        assert_eq!(wald(0.5, 0.6, 0.01, f64::NAN), None);
    }

    proptest! {
        #[test]
        fn what_comes_after_a_verdict_changes_nothing(
            trials in prop::collection::vec(any::<bool>(), 0..60), more in prop::collection::vec(any::<bool>(), 0..9),
        ) {
            let test = wald(0.3, 0.6, 0.02, 0.02).unwrap();
            let found = verdict(&test, trials.iter().copied());
            let longer = verdict(&test, trials.iter().chain(&more).copied());
            let is_open = matches!(found, Verdict::Open { .. });
            prop_assert!(is_open || longer == found);
            // Recomputed from the counts.
            let sum = |after: usize| -> i64 {
                trials[..after].iter().map(|&success| if success { test.off_micro } else { -test.match_micro }).sum()
            };
            match found {
                Verdict::Open { sum_micro } => prop_assert_eq!(sum_micro, sum(trials.len())),
                Verdict::Cleared { after } => prop_assert!(sum(after) <= -test.clear_micro),
                Verdict::Rejected { after } => prop_assert!(sum(after) >= test.reject_micro),
            }
        }
    }
}
