//! What sampling audits are worth: how soon a cheat is caught, and when honesty pays best.

use serde::Serialize;

/// A validator that looks at a share of all answers, and pays nothing for a while where it finds one that is false.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AuditPlan {
    /// Chance that an answer is audited.
    pub probability: f64,
    /// Chance that an audit finds a false answer to be false.
    pub detection: f64,
    /// Answers after a found one that are worth nothing, whatever they are.
    pub penalty: u32,
}

impl AuditPlan {
    /// The chance to catch a miner that cheats in this share of its answers within so many of them.
    pub fn caught_within(&self, cheated: f64, answers: u32) -> f64 {
        1.0 - libm::pow(1.0 - self.found(cheated), f64::from(answers))
    }

    /// After how many answers such a miner is caught with this confidence. None where it never is.
    pub fn answers_until_caught(&self, cheated: f64, confidence: f64) -> Option<u64> {
        let found = self.found(cheated);
        if found >= 1.0 {
            return Some(1);
        }
        let answers = libm::ceil(libm::log(1.0 - confidence) / libm::log1p(-found));
        (answers.is_finite() && answers >= 1.0).then_some(answers as u64)
    }

    /// What a miner earns per answer that cheats in all of them until it is found, as a share of an answer's reward.
    ///
    /// It takes `1 / (p d)` answers until one is found; all before it are paid, it and the penalty are not.
    pub fn reward_of_cheating(&self) -> f64 {
        let found = self.found(1.0);
        (1.0 - found) / (1.0 + found * f64::from(self.penalty))
    }

    /// Whether honesty is the best response for a miner that saves this share of the reward by cheating, its cost of
    /// an honest answer.
    pub fn honesty_pays(&self, saved: f64) -> bool {
        self.probability >= honest_from(saved, self.detection, self.penalty)
    }

    fn found(&self, cheated: f64) -> f64 {
        self.probability * self.detection * cheated
    }
}

/// The least chance of an audit at which honesty is the best response: the honest earn `1 - saved` per answer, cheats
/// [`AuditPlan::reward_of_cheating`]. More than 1 where no chance is enough.
pub fn honest_from(saved: f64, detection: f64, penalty: u32) -> f64 {
    saved / (detection * (1.0 + f64::from(penalty) * (1.0 - saved)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: AuditPlan = AuditPlan { probability: 0.1, detection: 0.999, penalty: 20 };

    #[test]
    fn known_answers() {
        let all = AuditPlan { probability: 1.0, detection: 1.0, penalty: 0 };
        assert_eq!(all.caught_within(0.5, 2), 0.75);
        assert_eq!(all.answers_until_caught(0.5, 0.9), Some(4));
        assert_eq!(all.answers_until_caught(1.0, 0.9), Some(1));
        assert_eq!(all.answers_until_caught(0.0, 0.9), None);
        assert_eq!(all.reward_of_cheating(), 0.0);
        // 0.9 paid of each, one in ten found and twenty lost with it: 9 of 30.
        let plan = AuditPlan { detection: 1.0, ..PLAN };
        assert!((plan.reward_of_cheating() - 0.3).abs() < 1e-12);
    }

    #[test]
    fn the_least_probability_is_where_both_earn_the_same() {
        for (saved, penalty) in [(0.3, 5), (0.5, 20), (0.9, 100)] {
            let least = honest_from(saved, PLAN.detection, penalty);
            let plan = AuditPlan { probability: least, penalty, ..PLAN };
            assert!((plan.reward_of_cheating() - (1.0 - saved)).abs() < 1e-12);
            assert!(AuditPlan { probability: least * 1.01, ..plan }.honesty_pays(saved));
            assert!(!AuditPlan { probability: least * 0.99, ..plan }.honesty_pays(saved));
        }
        assert!(honest_from(1.0, 0.5, 1_000_000) > 1.0);
    }

    /// The formula against miners that live it.
    #[test]
    fn cheats_earn_what_is_computed() {
        let mut state = 3_u32;
        let mut uniform = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state) / 4_294_967_296.0
        };
        let (mut paid, mut barred) = (0_u32, 0);
        let answers = 1_000_000;
        for _ in 0..answers {
            if barred > 0 {
                barred -= 1;
            } else if uniform() < PLAN.probability * PLAN.detection {
                barred = PLAN.penalty;
            } else {
                paid += 1;
            }
        }
        let (seen, computed) = (f64::from(paid) / f64::from(answers), PLAN.reward_of_cheating());
        assert!((seen - computed).abs() < 0.005, "{seen} {computed}");
    }
}
