//! Pairwise: standings as those of a tournament. Miners that were scored in one round have met; whoever scored more has
//! won. It compares miners where scores of different rounds can't be compared.

use std::{cmp::Reverse, collections::BTreeMap};

use ndarray::Array2;
use primitives::Registration;
use serde::{Deserialize, Serialize};

use super::{Pair, Pairs};
use crate::{
    incentive::Ranges,
    pairwise::bradley_terry,
    score::{PPM, Score},
    table::Performance,
    weights::NoWeights,
};

/// Whether standings are those of a tournament.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Pairwise {
    /// They are those of the smoothing.
    None {},
    /// They are strengths of the Bradley-Terry model, as shares of the strongest. Who has earned nothing by the smoothing
    /// has no strength.
    BradleyTerry {
        /// Rounds that count: older ones fade.
        rounds: u32,
        /// So many wins and as many losses of each miner against an opponent that nobody else met, in thousandths: without
        /// any, who never lost would be infinitely strong.
        prior_milli: u32,
    },
}

impl Default for Pairwise {
    fn default() -> Self {
        Self::None {}
    }
}

impl Pairwise {
    /// A round is over.
    pub(crate) fn close_round(&self, wins: &mut Pairs, round: &BTreeMap<Registration, Performance>) {
        if let Self::BradleyTerry { rounds, .. } = *self {
            let scores: Vec<_> = round.iter().map(|(miner, performance)| (*miner, performance.score())).collect();
            wins.close_round(&scores, rounds, |first, second| match first.cmp(second) {
                std::cmp::Ordering::Greater => Pair { there: 2, back: 0 },
                std::cmp::Ordering::Less => Pair { there: 0, back: 2 },
                // Two failures are no draw: nobody did anything.
                std::cmp::Ordering::Equal if *first == Score::ZERO => Pair::default(),
                std::cmp::Ordering::Equal => Pair { there: 1, back: 1 },
            });
        }
    }

    /// Puts strengths in the place of standings. Of each of the `groups` of copies one plays, the best one: otherwise
    /// whoever the copies beat would lose once to each of them.
    pub(crate) fn rank(
        &self,
        wins: &Pairs,
        miners: &[Registration],
        groups: &[usize],
        standings: &mut [Option<Score>],
    ) -> Result<(), NoWeights> {
        let Self::BradleyTerry { prior_milli, .. } = *self else { return Ok(()) };
        let mut earning: Vec<usize> = (0..miners.len()).filter(|at| standings[*at] > Some(Score::ZERO)).collect();
        earning.sort_unstable_by_key(|at| (groups[*at], Reverse(standings[*at]), miners[*at].block, miners[*at].hotkey));
        let mut players = earning.clone();
        players.dedup_by_key(|at| groups[*at]);
        // Sums depend on their order in the last bits: it is that of registrations, whatever seats they have.
        players.sort_unstable_by_key(|at| miners[*at]);
        let table = Array2::from_shape_fn((players.len(), players.len()), |(i, j)| match i == j {
            true => 0.0,
            false => wins.get(&miners[players[i]], &miners[players[j]]).there as f64 / PPM as f64,
        });
        if players.is_empty() {
            return Ok(());
        }
        // With a prior there always is a solution, but it may be far away.
        let model =
            bradley_terry(table.view(), f64::from(prior_milli) / 1_000.0).map_err(|_| NoWeights::NoStrengths)?;
        let strengths = model.strengths;
        let strongest = strengths.iter().copied().fold(0.0, f64::max);
        // Whoever plays has earned something, however weak it is.
        let nano = |strength: f64| libm::floor(strength / strongest * f64::from(Score::ONE.nano())).max(1.0) as u32;
        let of_group: BTreeMap<usize, Option<Score>> =
            players.iter().zip(strengths).map(|(at, strength)| (groups[*at], Score::from_nano(nano(strength)))).collect();
        for at in earning {
            standings[at] = of_group.get(&groups[at]).copied().flatten();
        }
        Ok(())
    }

    pub(crate) fn check(&self, ranges: &mut Ranges) {
        if let Self::BradleyTerry { rounds, prior_milli } = *self {
            ranges.within("pairwise.rounds", rounds, 1, 100_000);
            ranges.within("pairwise.prior_milli", prior_milli, 100, 1_000_000);
        }
    }
}
