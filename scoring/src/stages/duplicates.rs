//! Duplicates: miners whose answers to the same questions are alike are one miner, and get one share.

use std::collections::BTreeMap;

use primitives::Registration;
use serde::{Deserialize, Serialize};

use super::{Gate, Pair, Pairs, Verifies};
use crate::{
    incentive::{Incentive, IncentiveError, Ranges},
    score::PPM,
    sketch::{Sketch, clusters, resemblance_ppm as alike_ppm},
    table::Performance,
};

/// How copies are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Duplicates {
    /// They aren't looked for.
    None {},
    /// By MinHash sketches of the answers' texts.
    MinHash {
        /// Two answers are alike when they resemble each other by so much, in millionths.
        resemblance_ppm: u32,
        /// Rounds that count: older ones fade.
        rounds: u32,
        /// Two miners are copies when this share of their answers of late is alike, in millionths,
        share_ppm: u32,
        /// of at least so many. Not more than `rounds`.
        least_rounds: u32,
    },
}

impl Default for Duplicates {
    fn default() -> Self {
        Self::None {}
    }
}

impl Duplicates {
    /// Whether answers are sketched.
    pub fn looks(&self) -> bool {
        *self != Self::None {}
    }

    /// A round is over.
    pub(crate) fn close_round(&self, alike: &mut Pairs, round: &BTreeMap<Registration, Performance>) {
        if let Self::MinHash { resemblance_ppm, rounds, .. } = *self {
            let sketches: Vec<(Registration, &BTreeMap<u8, Sketch>)> =
                round.iter().map(|(miner, performance)| (*miner, &performance.sketches)).collect();
            let like = |(first, second): &(&Sketch, &Sketch)| alike_ppm(first, second) >= resemblance_ppm;
            // In order of registrations, so that of each pair the first number counts answers and the second likenesses.
            alike.close_round(&sketches, rounds, |first, second| {
                let both = first.iter().filter_map(|(task, sketch)| Some((sketch, second.get(task)?)));
                Pair { there: 2 * both.clone().count() as u64, back: 2 * both.filter(like).count() as u64 }
            });
        }
    }

    /// For each miner the place of one that stands for all its copies.
    pub(crate) fn groups(&self, alike: &Pairs, miners: &[Registration]) -> Vec<usize> {
        let Self::MinHash { share_ppm, least_rounds, .. } = *self else { return (0..miners.len()).collect() };
        let copies = |first: usize, second: usize| {
            let (low, high) = (miners[first].min(miners[second]), miners[first].max(miners[second]));
            let Pair { there: rounds, back: like } = alike.get(&low, &high);
            // A fading count of n rounds is a little less than n.
            rounds + PPM / 2 >= u64::from(least_rounds) * PPM
                && u128::from(like) * u128::from(PPM) >= u128::from(rounds) * u128::from(share_ppm)
        };
        let pairs = (0..miners.len()).flat_map(|first| (first + 1..miners.len()).map(move |second| (first, second)));
        clusters(miners.len(), pairs.filter(|(first, second)| copies(*first, *second)))
    }

    pub(crate) fn check(&self, ranges: &mut Ranges) {
        if let Self::MinHash { resemblance_ppm, rounds, share_ppm, least_rounds } = *self {
            ranges.within("duplicates.resemblance_ppm", resemblance_ppm, 1, PPM);
            ranges.within("duplicates.rounds", rounds, 1, 100_000);
            ranges.within("duplicates.share_ppm", share_ppm, 1, PPM);
            ranges.within("duplicates.least_rounds", least_rounds, 1, rounds);
        }
    }

    /// Whether copies can be found, and told from honest answers, under the other rules.
    pub(crate) fn fit(&self, incentive: &Incentive) -> Result<(), IncentiveError> {
        match incentive {
            _ if !self.looks() => Ok(()),
            Incentive { same_question: false, .. } => Err(IncentiveError::DifferentQuestions),
            Incentive { gate: Gate { verifies: Verifies::Model, .. }, .. } => Err(IncentiveError::HonestCopies),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use primitives::Hotkey;

    use super::*;

    fn miner(index: u8) -> Registration {
        Registration { hotkey: Hotkey([index; 32]), block: 1 }
    }

    /// Answers to these tasks with these texts.
    fn answers(texts: impl IntoIterator<Item = (u8, u8)>) -> Performance {
        let mut performance = Performance::default();
        performance.sketches.extend(texts.into_iter().map(|(task, text)| (task, Sketch([text; 64]))));
        performance
    }

    /// A round in which each of these answered one task with this text; 0 is no answer.
    fn round(texts: &[u8]) -> BTreeMap<Registration, Performance> {
        (0..).map(miner).zip(texts.iter().map(|text| answers((*text > 0).then_some((0, *text))))).collect()
    }

    fn looking(rounds: u32, share_ppm: u32, least_rounds: u32) -> Duplicates {
        Duplicates::MinHash { resemblance_ppm: 900_000, rounds, share_ppm, least_rounds }
    }

    fn groups(rule: Duplicates, rounds: &[&[u8]], miners: &[Registration]) -> Vec<usize> {
        let mut alike = Pairs::default();
        rounds.iter().for_each(|texts| rule.close_round(&mut alike, &round(texts)));
        rule.groups(&alike, miners)
    }

    #[test]
    fn it_takes_so_many_answers_in_common() {
        let miners: Vec<Registration> = (0..3).map(miner).collect();
        let (same, silent): (&[u8], &[u8]) = (&[1, 1, 2], &[0, 0, 0]);
        assert_eq!(groups(looking(50, 800_000, 3), &[same; 2], &miners), [0, 1, 2]);
        assert_eq!(groups(looking(50, 800_000, 3), &[same; 3], &miners), [0, 0, 2]);
        assert_eq!(groups(Duplicates::None {}, &[same; 3], &miners), [0, 1, 2]);
        // Who wasn't there in a round, or failed, wasn't alike nor different.
        assert_eq!(groups(looking(50, 1_000_000, 3), &[same, &[0, 1, 1], same, &[1, 0], same], &miners), [0, 0, 2]);
        assert_eq!(groups(looking(50, 800_000, 1), &[silent; 5], &miners), [0, 1, 2]);
    }

    #[test]
    fn the_share_of_likeness_decides() {
        let miners: Vec<Registration> = (0..2).map(miner).collect();
        let rounds: [&[u8]; 5] = [&[1, 1], &[1, 1], &[1, 2], &[1, 1], &[1, 1]];
        // A little less than four of five: older rounds have faded.
        assert_eq!(groups(looking(1_000, 790_000, 5), &rounds, &miners), [0, 0]);
        assert_eq!(groups(looking(1_000, 810_000, 5), &rounds, &miners), [0, 1]);
        // Of late they were alike.
        let late: [&[u8]; 6] = [&[1, 2], &[1, 2], &[1, 1], &[1, 1], &[1, 1], &[1, 1]];
        assert_eq!(groups(looking(2, 900_000, 1), &late, &miners), [0, 0]);
        assert_eq!(groups(looking(1_000, 900_000, 1), &late, &miners), [0, 1]);
    }

    #[test]
    fn seats_name_the_groups_and_chains_join() {
        let seats = [miner(2), miner(9), miner(0), miner(1)];
        assert_eq!(groups(looking(50, 800_000, 1), &[&[3, 4, 3]], &seats), [0, 1, 0, 3]);
        // The first is like the second in one round, the second like the third in another.
        assert_eq!(groups(looking(50, 800_000, 1), &[&[3, 3, 0], &[0, 4, 4]], &seats), [0, 1, 0, 0]);
    }

    #[test]
    fn answers_to_different_tasks_are_not_compared() {
        let rule = looking(50, 800_000, 1);
        let groups = |first: &[(u8, u8)], second: &[(u8, u8)]| {
            let mut alike = Pairs::default();
            rule.close_round(
                &mut alike,
                &[(miner(0), answers(first.to_vec())), (miner(1), answers(second.to_vec()))].into(),
            );
            rule.groups(&alike, &[miner(0), miner(1)])
        };
        assert_eq!(groups(&[(0, 5)], &[(1, 5)]), [0, 1]);
        // A copy that fails one of the tasks is seen by the other.
        assert_eq!(groups(&[(0, 5), (1, 6)], &[(0, 5)]), [0, 0]);
        assert_eq!(groups(&[(0, 5), (1, 6)], &[(0, 7), (1, 6)]), [0, 1]);
    }

    #[test]
    fn rules_that_can_not_find_copies_are_refused() {
        let rules = |same_question, verifies| Incentive {
            same_question,
            gate: Gate { verifies, ..Gate::default() },
            duplicates: looking(50, 800_000, 10),
            ..Incentive::default()
        };
        assert_eq!(rules(true, Verifies::Answer).check(), Ok(()));
        assert_eq!(rules(false, Verifies::Answer).check(), Err(IncentiveError::DifferentQuestions));
        assert_eq!(rules(true, Verifies::Model).check(), Err(IncentiveError::HonestCopies));
        let never = Incentive { duplicates: looking(5, 800_000, 6), ..rules(true, Verifies::Answer) };
        assert!(matches!(never.check(), Err(IncentiveError::Range { field: "duplicates.least_rounds", .. })));
    }
}
