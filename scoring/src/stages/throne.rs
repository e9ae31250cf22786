//! The king of the hill: who holds the throne, and how sure it is that a challenger is better.
//!
//! A challenger bets that its score in a round exceeds the king's by more than the margin. Its capital multiplies by
//! `1 + λ d`, where `d` in -1..=1 is what it won or lost; while it is not better than that, its capital is a
//! supermartingale, and by Ville's inequality the chance that it ever reaches `1/p` is at most `p` (Waudby-Smith and
//! Ramdas, "Estimating means of bounded random variables by betting", 2024). So one may look after every round. Stakes
//! of several sizes are laid at once, because the best depends on a difference that nobody knows.

use std::collections::BTreeMap;

use codec::{Decode, Encode};
use primitives::Registration;

use crate::score::{PPM, Score};

/// Stakes are 1/2, 1/4, … of the capital.
const STAKES: usize = 6;
/// Logarithms of capital are in millionths of a nat.
const MICRO: f64 = 1e6;

/// Who is king, and the capital of those who bet against it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Throne {
    king: Option<Registration>,
    /// Logarithm of the capital at each stake.
    challengers: BTreeMap<Registration, [i64; STAKES]>,
}

impl Throne {
    /// The king.
    pub fn king(&self) -> Option<&Registration> {
        self.king.as_ref()
    }

    /// A round is over: everybody who was scored beside the king bets.
    pub fn close_round(&mut self, scores: &BTreeMap<Registration, Score>, margin_ppm: u32) {
        let Some((king, held)) = self.king.and_then(|king| Some((king, *scores.get(&king)?))) else { return };
        for (challenger, score) in scores.iter().filter(|(challenger, _)| **challenger != king) {
            let won = won(*score, held, margin_ppm);
            let capital = self.challengers.entry(*challenger).or_default();
            for (stake, log) in (1..).zip(capital) {
                // Rounded down: what is lost to rounding is lost to the challenger.
                let grown = libm::floor(libm::log1p(won / f64::from(1_u32 << stake)) * MICRO) as i64;
                *log = log.saturating_add(grown);
            }
        }
    }

    /// The next king among those that have a seat and have earned something, with their standings: the present one
    /// unless it left, earns nothing, or somebody is better for certain. None where there is nobody.
    pub fn heir(&self, seated: &[(Registration, Score)], alpha_ppm: u32) -> Option<Registration> {
        let standing = seated.iter().filter(|(_, score)| *score > Score::ZERO);
        if self.king.is_some_and(|king| standing.clone().any(|(miner, _)| *miner == king)) {
            // Each of them may be the one that is wrong.
            let certain = libm::log(seated.len() as f64 * PPM as f64 / f64::from(alpha_ppm.max(1))) * MICRO;
            let sure = standing.clone().filter_map(|(miner, _)| Some((miner, self.evidence(miner)?)));
            let sure = sure.filter(|(_, evidence)| *evidence as f64 >= certain);
            return best(sure).or(self.king);
        }
        best(standing.map(|(miner, score)| (miner, i64::from(score.nano()))))
    }

    /// A row was computed with this king.
    pub fn crown(&mut self, king: Option<Registration>) {
        if king != self.king {
            *self = Self { king, challengers: BTreeMap::new() };
        }
    }

    /// Forget who left.
    pub fn retain(&mut self, keep: impl Fn(&Registration) -> bool) {
        self.challengers.retain(|miner, _| keep(miner));
    }

    /// Logarithm of the mean capital over all stakes.
    fn evidence(&self, challenger: &Registration) -> Option<i64> {
        let capital = self.challengers.get(challenger)?;
        let most = capital.iter().copied().max()?;
        let sum: f64 = capital.iter().map(|log| libm::exp((*log - most) as f64 / MICRO)).sum();
        Some(most + libm::floor(libm::log(sum / STAKES as f64) * MICRO) as i64)
    }
}

/// What a challenger won, -1..=1: by how much it exceeds the king's score and the margin, as a share of the most that it
/// could lose.
fn won(score: Score, king: Score, margin_ppm: u32) -> f64 {
    let raised = 1.0 + f64::from(margin_ppm) / PPM as f64;
    (score.as_f64() - raised * king.as_f64()) / raised
}

/// The one with the most; of equals, whoever was registered first.
fn best<'a>(miners: impl Iterator<Item = (&'a Registration, i64)>) -> Option<Registration> {
    let key = |(miner, value): &(&Registration, i64)| (std::cmp::Reverse(*value), miner.block, miner.hotkey);
    miners.min_by_key(key).map(|(miner, _)| *miner)
}

#[cfg(test)]
mod tests {
    use primitives::Hotkey;

    use super::*;

    fn miner(index: u8) -> Registration {
        Registration { hotkey: Hotkey([index; 32]), block: index.into() }
    }

    /// Uniform in 0..1.
    fn uniform(state: &mut u64) -> f64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 40) as f64 / (1 << 24) as f64
    }

    /// Rounds until the king falls to somebody, out of `rounds`; scores are uniform in ±0.2 around their means.
    fn fall(king: f64, challengers: &[f64], margin_ppm: u32, rounds: u32, seed: u64) -> Option<u32> {
        let mut state = seed;
        let mut throne = Throne::default();
        throne.crown(Some(miner(0)));
        let means: Vec<f64> = std::iter::once(king).chain(challengers.iter().copied()).collect();
        let seated: Vec<_> = (0..).map(miner).zip(&means).map(|(miner, _)| (miner, Score::ONE)).collect();
        for round in 1..=rounds {
            let draw = |(index, mean): (u8, &f64)| {
                let score = (mean + 0.4 * (uniform(&mut state) - 0.5)).clamp(0.0, 1.0);
                (miner(index), Score::ratio((score * 1e9) as u64, 1_000_000_000))
            };
            let scores = (0..).zip(&means).map(draw).collect();
            throne.close_round(&scores, margin_ppm);
            if throne.heir(&seated, 50_000) != Some(miner(0)) {
                return Some(round);
            }
        }
        None
    }

    #[test]
    fn kings_that_are_not_worse_fall_at_most_as_often_as_was_said() {
        // Five challengers exactly at the margin, a look after each of 400 rounds, alpha 5 %.
        let falls = (0..400).filter(|seed| fall(0.6, &[0.63; 5], 50_000, 400, *seed).is_some()).count();
        assert!(falls <= 20, "{falls} of 400");
    }

    #[test]
    fn better_ones_take_the_throne() {
        // Twice the margin.
        let slowest = (0..100).map(|seed| fall(0.6, &[0.66, 0.5], 50_000, 3_000, seed).unwrap()).max().unwrap();
        assert!(slowest < 2_000, "{slowest}");
        let soon = (0..100).map(|seed| fall(0.4, &[0.7], 50_000, 300, seed).unwrap()).max().unwrap();
        assert!(soon < 60, "{soon}");
    }

    #[test]
    fn the_first_king_is_the_best_and_the_earliest() {
        let throne = Throne::default();
        let score = |nano| Score::from_nano(nano).unwrap();
        assert_eq!(throne.heir(&[(miner(3), score(5)), (miner(2), score(7)), (miner(1), score(7))], 1), Some(miner(1)));
        assert_eq!(throne.heir(&[(miner(3), Score::ZERO)], 1), None);
        assert_eq!(throne.heir(&[], 1), None);
    }
}
