//! A subnet's mechanism, ready to run: its rules, and the tasks and the scorer that they name.

use std::{fmt, sync::Arc};

use primitives::{BlockHash, Hotkey};

use crate::{
    challenge::{Challenge, Seed, Task},
    evidence::{Check, Evidence},
    incentive::{Incentive, IncentiveError},
    outcome::Outcome,
    score::Score,
    scorer::{Needs, Scorer},
    stages::Verifies,
};

/// Rules with all that they name. It is made by [`crate::Registry::build`].
#[derive(Clone)]
pub struct Mechanism {
    incentive: Incentive,
    tasks: Vec<(String, Arc<dyn Task>)>,
    scorer: Arc<dyn Scorer>,
}

impl Mechanism {
    pub(crate) fn new(
        incentive: Incentive,
        tasks: Vec<(String, Arc<dyn Task>)>,
        scorer: Arc<dyn Scorer>,
    ) -> Result<Self, IncentiveError> {
        let by_answer = incentive.gate.verifies == Verifies::Answer;
        match (by_answer, scorer.needs()) {
            (true, Needs::Nothing) => return Err(IncentiveError::Unmarked(incentive.quality.kind)),
            (false, Needs::Text | Needs::Embeddings | Needs::Logprobs) => {
                return Err(IncentiveError::Marked(incentive.quality.kind));
            }
            _ => {}
        }
        if matches!(scorer.needs(), Needs::Text | Needs::Embeddings) {
            let seed =
                Seed { block_hash: BlockHash([0; 32]), validator: Hotkey([0; 32]), round: 0, miner: Hotkey([0; 32]) };
            let expects = |(name, task): &&(String, Arc<dyn Task>)| seed.challenge(name, &**task).expected.is_none();
            if let Some((name, _)) = tasks.iter().find(expects) {
                return Err(IncentiveError::NoAnswer(name.clone()));
            }
        }
        Ok(Self { incentive, tasks, scorer })
    }

    /// The rules.
    pub fn incentive(&self) -> &Incentive {
        &self.incentive
    }

    /// The tasks' names, in the order in which they are asked.
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = &str> {
        self.tasks.iter().map(|(name, _)| &**name)
    }

    /// The scorer.
    pub fn scorer(&self) -> &dyn Scorer {
        &*self.scorer
    }

    /// The place of a task in the order.
    pub(crate) fn task(&self, name: &str) -> Option<usize> {
        self.tasks.iter().position(|(task, _)| task == name)
    }

    /// The challenge of a seed. Where all miners are asked the same, the seed's miner plays no part.
    pub(crate) fn challenge(&self, task: usize, seed: &Seed) -> Option<Challenge> {
        let (name, task) = self.tasks.get(task)?;
        let miner = if self.incentive.same_question { Hotkey([0; 32]) } else { seed.miner };
        Some(Seed { miner, ..*seed }.challenge(name, &**task))
    }

    /// The score of an answer: its quality times its speed. Failures of every kind are worth nothing, whatever the scorer.
    pub fn score(&self, evidence: &Evidence) -> Score {
        match &evidence.check {
            Some(check) if evidence.outcome == Outcome::Ok && evidence.is_consistent(&self.incentive) => {
                let quality = match check {
                    // The weaker check, whatever the measure.
                    Check::Logprobs { .. } => Score::ONE.scaled(self.incentive.gate.logprob_share_ppm.into()),
                    _ => self.scorer.grade(check, evidence),
                };
                quality.scaled(self.incentive.speed.share_ppm(evidence, check.units()))
            }
            _ => Score::ZERO,
        }
    }
}

impl fmt::Debug for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mechanism").field(&self.incentive).finish()
    }
}
