//! Smoothing: how one answer moves the standing of a miner, by hotkey and registration block.

use serde::{Deserialize, Serialize};

use crate::{
    incentive::Ranges,
    score::{PPM, Score},
    table::Standing,
};

/// How scores become a standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Smoothing {
    /// A moving average.
    Ema {
        /// How far a success moves a standing towards the new score, in millionths.
        success_rate_ppm: u32,
        /// How far a failure of any kind moves it towards zero, in millionths. Not less than for a success: otherwise
        /// luck would pay.
        failure_rate_ppm: u32,
        /// Where the first success of a new miner starts from, in millionths of the best score; failures before it wear
        /// it off. Who never succeeded has nothing, whatever this says.
        #[serde(default)]
        prior_ppm: u32,
    },
    /// The mean of the last answers, and of as many worthless ones as a new miner is thought to have given before.
    Mean {
        /// How many answers count: older ones fade.
        answers: u32,
        /// So many worthless answers stand before a new miner's first.
        prior_answers: u32,
    },
}

impl Default for Smoothing {
    fn default() -> Self {
        Self::Ema { success_rate_ppm: 100_000, failure_rate_ppm: 300_000, prior_ppm: 0 }
    }
}

impl Smoothing {
    /// The standing after one more answer of this worth.
    pub(crate) fn step(&self, standing: &Standing, worth: Score, failed: bool) -> Score {
        match *self {
            Self::Ema { failure_rate_ppm, prior_ppm, .. } => {
                let first = !failed && standing.successes == 0;
                let from = if first { worn(prior_ppm, standing.answers, failure_rate_ppm) } else { standing.score };
                from.step_towards(worth, self.rate_ppm(standing, failed))
            }
            Self::Mean { .. } => standing.score.step_towards(worth, self.rate_ppm(standing, failed)),
        }
    }

    /// How far the next answer moves a standing towards its worth, in millionths.
    fn rate_ppm(&self, standing: &Standing, failed: bool) -> u64 {
        match *self {
            Self::Ema { failure_rate_ppm, .. } if failed => failure_rate_ppm.into(),
            Self::Ema { success_rate_ppm, .. } => success_rate_ppm.into(),
            Self::Mean { answers, prior_answers } => {
                let seen = standing.answers.saturating_add(prior_answers.into()).saturating_add(1);
                PPM / seen.min(answers.into()).max(1)
            }
        }
    }

    /// What part of a standing is left by the next answer. For reports.
    pub(crate) fn keeps(&self, standing: &Standing, failed: bool) -> f64 {
        1.0 - self.rate_ppm(standing, failed) as f64 / PPM as f64
    }

    pub(crate) fn check(&self, ranges: &mut Ranges) {
        let most = PPM as i64;
        match *self {
            Self::Ema { success_rate_ppm, failure_rate_ppm, prior_ppm } => {
                ranges.within("smoothing.success_rate_ppm", success_rate_ppm, 1, most);
                ranges.within("smoothing.failure_rate_ppm", failure_rate_ppm, success_rate_ppm, most);
                ranges.within("smoothing.prior_ppm", prior_ppm, 0, most);
            }
            Self::Mean { answers, prior_answers } => {
                // More would move a standing by less than the unit in which it is counted.
                ranges.within("smoothing.answers", answers, 1, 100_000);
                ranges.within("smoothing.prior_answers", prior_answers, 0, answers);
            }
        }
    }
}

/// What so many failures leave of a prior: otherwise a new miner did better to fail than to begin with a weak answer. All
/// of a miner's answers before its first success come by here once, at that success.
fn worn(prior_ppm: u32, failures: u64, failure_rate_ppm: u32) -> Score {
    let mut left = Score::ONE.scaled(prior_ppm.into());
    for _ in 0..failures {
        if left == Score::ZERO {
            break;
        }
        left = left.step_towards(Score::ZERO, failure_rate_ppm.into());
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(smoothing: Smoothing, scores: &[u32]) -> u32 {
        let mut standing = Standing::default();
        for nano in scores {
            let score = Score::from_nano(*nano).unwrap();
            standing.score = smoothing.step(&standing, score, score == Score::ZERO);
            standing.answers += 1;
            standing.successes += u64::from(score > Score::ZERO);
        }
        standing.score.nano()
    }

    #[test]
    fn means_are_means() {
        let mean = Smoothing::Mean { answers: 1_000, prior_answers: 0 };
        assert_eq!(after(mean, &[900_000_000, 300_000_000, 600_000_000]), 600_000_000);
        let careful = Smoothing::Mean { answers: 1_000, prior_answers: 3 };
        assert_eq!(after(careful, &[1_000_000_000]), 250_000_000);
        let short = Smoothing::Mean { answers: 1, prior_answers: 0 };
        assert_eq!(after(short, &[1_000_000_000, 0, 500]), 500);
    }

    #[test]
    fn a_prior_is_nobodys_before_a_success() {
        let ema = Smoothing::Ema { success_rate_ppm: 100_000, failure_rate_ppm: 300_000, prior_ppm: 500_000 };
        assert_eq!(after(ema, &[0, 0, 0]), 0);
        assert_eq!(after(ema, &[1_000_000_000]), 550_000_000);
        // Two failures leave 0.245 of 0.5.
        assert_eq!(after(ema, &[0, 0, 1_000_000_000]), 320_500_000);
        assert_eq!(after(ema, &[1_000_000_000, 0, 1_000_000_000]), 446_500_000);
        assert_eq!(after(Smoothing::default(), &[1_000_000_000]), 100_000_000);
    }
}
