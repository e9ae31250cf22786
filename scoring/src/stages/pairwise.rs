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
        earning
            .sort_unstable_by_key(|at| (groups[*at], Reverse(standings[*at]), miners[*at].block, miners[*at].hotkey));
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
        // To the nearest: equals differ in their last bits. Whoever plays has earned something, however weak it is.
        let nano = |strength: f64| libm::round(strength / strongest * f64::from(Score::ONE.nano())).max(1.0) as u32;
        let of_group: BTreeMap<usize, Option<Score>> = players
            .iter()
            .zip(strengths)
            .map(|(at, strength)| (groups[*at], Score::from_nano(nano(strength))))
            .collect();
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

#[cfg(test)]
mod tests {
    use primitives::Hotkey;

    use super::*;

    const RULE: Pairwise = Pairwise::BradleyTerry { rounds: 100, prior_milli: 1_000 };

    fn miner(index: u8) -> Registration {
        Registration { hotkey: Hotkey([index; 32]), block: u64::from(index) }
    }

    fn score(ppm: u64) -> Score {
        Score::ONE.scaled(ppm)
    }

    /// Strengths in millionths after rounds with these scores, in millionths, of the seated.
    fn ranked(rounds: &[&[u64]], seats: &[u8], groups: &[usize], standings: &[u64]) -> Vec<u64> {
        let mut wins = Pairs::default();
        for scores in rounds {
            let round = (0..).map(miner).zip(scores.iter().map(|ppm| Performance::of(score(*ppm)))).collect();
            RULE.close_round(&mut wins, &round);
        }
        let miners: Vec<Registration> = seats.iter().map(|index| miner(*index)).collect();
        let mut standings: Vec<Option<Score>> = standings.iter().map(|ppm| Some(score(*ppm))).collect();
        RULE.rank(&wins, &miners, groups, &mut standings).unwrap();
        standings.into_iter().map(|standing| u64::from(standing.unwrap().nano()) / 1_000).collect()
    }

    #[test]
    fn strengths_are_those_of_the_model() {
        // Strengths x and 1/x, beside 1 of the prior's opponent: the winner's two wins are as many as the model expects,
        // x / (x + 1/x) + 2 x / (x + 1) = 2, so x = 1.695621 and the other is 1 / x^2 of it.
        let two = ranked(&[&[9, 5]], &[0, 1], &[0, 1], &[9, 5]);
        assert_eq!(two, [1_000_000, 347_810]);
        assert_eq!(ranked(&[&[5, 5], &[9, 9]], &[0, 1], &[0, 1], &[9, 5]), [1_000_000; 2]);
        // A fluke of size beats nobody twice.
        let often = ranked(&[&[5, 4], &[5, 4], &[1, 1_000_000]], &[0, 1], &[0, 1], &[5, 400_000]);
        assert!(often[0] == 1_000_000 && often[1] < 1_000_000, "{often:?}");
    }

    #[test]
    fn failures_are_no_draws_and_who_earned_nothing_does_not_play() {
        assert_eq!(ranked(&[&[0, 0, 5], &[0, 0, 5]], &[0, 1, 2], &[0, 1, 2], &[0, 0, 5]), [0, 0, 1_000_000]);
        let beaten = ranked(&[&[5, 0]], &[0, 1], &[0, 1], &[5, 1]);
        assert_eq!(beaten, [1_000_000, 347_810]);
        assert_eq!(ranked(&[], &[], &[], &[]), [] as [u64; 0]);
        assert_eq!(ranked(&[&[0, 0]], &[0, 1], &[0, 1], &[0, 0]), [0, 0]);
        // Who never met anybody is as strong as the prior's opponent, and alone the strongest.
        assert_eq!(ranked(&[&[5, 4]], &[7], &[0], &[3]), [1_000_000]);
    }

    #[test]
    fn of_copies_the_best_one_plays() {
        let rounds: [&[u64]; 2] = [&[9, 5, 5, 5], &[9, 5, 5, 5]];
        let alone = ranked(&rounds[..], &[0, 1], &[0, 1], &[9, 5]);
        let copied = ranked(&rounds[..], &[0, 1, 2, 3], &[0, 1, 1, 1], &[9, 5, 5, 4]);
        assert_eq!(copied, [alone[0], alone[1], alone[1], alone[1]]);
        // A copy that has earned nothing has no strength.
        assert_eq!(ranked(&rounds[..], &[0, 1, 2], &[0, 1, 1], &[9, 5, 0])[2], 0);
    }

    #[test]
    fn one_sided_tournaments_leave_something_to_everyone() {
        let ladder: Vec<u64> = (1..=12).rev().collect();
        let groups: Vec<usize> = (0..12).collect();
        let seats: Vec<u8> = (0..12).collect();
        let mut wins = Pairs::default();
        let round = (0..).map(miner).zip(ladder.iter().map(|ppm| Performance::of(score(*ppm)))).collect();
        (0..300).for_each(|_| RULE.close_round(&mut wins, &round));
        let miners: Vec<Registration> = seats.iter().map(|index| miner(*index)).collect();
        let mut standings: Vec<Option<Score>> = ladder.iter().map(|ppm| Some(score(*ppm))).collect();
        RULE.rank(&wins, &miners, &groups, &mut standings).unwrap();
        assert!(
            standings.iter().all(|standing| *standing > Some(Score::ZERO)) && standings.is_sorted_by(|a, b| a >= b)
        );
    }
}
