//! The map from standings to weights: how much more the better is worth.

use serde::{Deserialize, Serialize};

use crate::{
    incentive::Ranges,
    score::{PPM, Score},
};

/// Binary places of a weight before it is rounded.
pub(crate) const BITS: u32 = 32;
/// The weight of the best.
pub(crate) const BEST: u64 = 1 << BITS;

/// How standings become weights. Who has earned nothing has no weight under any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum WeightMap {
    /// In proportion to the standing raised to a power. Above 1 it pays to be one good miner rather than two bad
    /// ones.
    Proportional {
        /// 1 to 16.
        power: u32,
    },
    /// In proportion to `exp(standing / temperature)`.
    Softmax {
        /// In millionths of the best possible standing.
        temperature_ppm: u32,
    },
    /// By the place in the order alone: each place is worth this share of the one before. Equals share their places.
    Rank {
        /// In millionths.
        decay_ppm: u32,
    },
    /// All to the best; equals share.
    WinnerTakesAll {},
    /// All to the king: the best one at first, and then whoever beats the king for certain. Of equals, whoever was
    /// registered first.
    KingOfTheHill {
        /// A challenger must be better by more than this share of the king's scores, in millionths.
        margin_ppm: u32,
        /// The chance that anybody dethrones a king that is not worse, ever, in millionths: the test is valid at any time.
        alpha_ppm: u32,
    },
}

impl Default for WeightMap {
    fn default() -> Self {
        Self::Proportional { power: 2 }
    }
}

impl WeightMap {
    /// Weights in units of 2^-32 of the best one's. Of a hill, those at its beginning: all to the best.
    pub fn weigh(&self, standings: &[Score]) -> Vec<u64> {
        let best = standings.iter().copied().max().unwrap_or_default();
        if best == Score::ZERO {
            return vec![0; standings.len()];
        }
        let each = |weigh: &dyn Fn(Score) -> u64| {
            standings.iter().map(|standing| if *standing == Score::ZERO { 0 } else { weigh(*standing) }).collect()
        };
        match *self {
            Self::Proportional { power } => each(&|standing| {
                let ratio = (u128::from(standing.nano()) << BITS) / u128::from(best.nano());
                let share = (0..power).fold(1 << BITS, |share, _| (share * ratio) >> BITS);
                u64::try_from(share).unwrap_or(BEST)
            }),
            Self::Softmax { temperature_ppm } => each(&|standing| {
                let below = f64::from(best.nano() - standing.nano()) / 1_000.0;
                let share = libm::exp(-below / f64::from(temperature_ppm.max(1)));
                libm::floor(share * BEST as f64) as u64
            }),
            Self::Rank { decay_ppm } => ranked(standings, decay_ppm.into()),
            Self::WinnerTakesAll {} | Self::KingOfTheHill { .. } => {
                each(&|standing| if standing == best { BEST } else { 0 })
            }
        }
    }

    pub(crate) fn check(&self, ranges: &mut Ranges) {
        let most = PPM as i64;
        match *self {
            Self::Proportional { power } => ranges.within("weights.power", power, 1, 16),
            Self::Softmax { temperature_ppm } => {
                ranges.within("weights.temperature_ppm", temperature_ppm, 1_000, 1_000 * most)
            }
            Self::Rank { decay_ppm } => ranges.within("weights.decay_ppm", decay_ppm, 1, most),
            Self::WinnerTakesAll {} => {}
            Self::KingOfTheHill { margin_ppm, alpha_ppm } => {
                ranges.within("weights.margin_ppm", margin_ppm, 0, most);
                ranges.within("weights.alpha_ppm", alpha_ppm, 1, most / 2);
            }
        }
    }
}

/// `decay` to the power of the place; equals get the mean of their places.
fn ranked(standings: &[Score], decay_ppm: u64) -> Vec<u64> {
    let mut order: Vec<usize> = (0..standings.len()).filter(|i| standings[*i] > Score::ZERO).collect();
    order.sort_by_key(|i| std::cmp::Reverse(standings[*i]));
    let mut weights = vec![0; standings.len()];
    let mut next = u128::from(BEST);
    for equals in order.chunk_by(|a, b| standings[*a] == standings[*b]) {
        let mut sum = 0;
        for _ in equals {
            sum += next;
            next = next * u128::from(decay_ppm) / u128::from(PPM);
        }
        let mean = u64::try_from(sum / equals.len() as u128).unwrap_or(BEST);
        equals.iter().for_each(|i| weights[*i] = mean);
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weigh(map: WeightMap, nano: &[u32]) -> Vec<u64> {
        let standings: Vec<Score> = nano.iter().map(|nano| Score::from_nano(*nano).unwrap()).collect();
        map.weigh(&standings)
    }

    #[test]
    fn half_as_good_is_paid_by_the_map() {
        let half = &[1_000_000_000, 500_000_000, 0];
        assert_eq!(weigh(WeightMap::default(), half), [BEST, BEST / 4, 0]);
        assert_eq!(weigh(WeightMap::Proportional { power: 1 }, half), [BEST, BEST / 2, 0]);
        assert_eq!(weigh(WeightMap::WinnerTakesAll {}, half), [BEST, 0, 0]);
        assert_eq!(weigh(WeightMap::Rank { decay_ppm: 900_000 }, half), [BEST, BEST * 9 / 10, 0]);
        // e^-1
        let softmax = weigh(WeightMap::Softmax { temperature_ppm: 500_000 }, half);
        assert_eq!(softmax, [BEST, 1_580_030_168, 0]);
        for map in [WeightMap::default(), WeightMap::WinnerTakesAll {}, WeightMap::Rank { decay_ppm: 1 }] {
            assert_eq!(weigh(map, &[0, 0]), [0, 0]);
            assert_eq!(weigh(map, &[]), [] as [u64; 0]);
        }
    }

    #[test]
    fn equals_share_their_places() {
        let rank = WeightMap::Rank { decay_ppm: 500_000 };
        assert_eq!(weigh(rank, &[7, 9, 7, 3]), [BEST * 3 / 8, BEST, BEST * 3 / 8, BEST / 8]);
    }
}
