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
