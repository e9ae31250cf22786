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

    /// Rules like these with another scorer, and with this task in the place of each.
    pub(crate) fn with_parts(&self, incentive: Incentive, task: Arc<dyn Task>, scorer: Arc<dyn Scorer>) -> Self {
        let tasks = self.tasks.iter().map(|(name, _)| (name.clone(), task.clone())).collect();
        Self { incentive, tasks, scorer }
    }

    /// The rules.
    pub fn incentive(&self) -> &Incentive {
        &self.incentive
    }

    /// The tasks' names, in the order in which they are asked.
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = &str> {
        self.tasks.iter().map(|(name, _)| &**name)
    }

    /// The task of a round: all of them in turn.
    pub fn turn(&self, round: u64) -> &str {
        self.tasks.get(self.place_of_turn(round)).map_or("", |(name, _)| name)
    }

    /// The place of a round's task in the order.
    pub(crate) fn place_of_turn(&self, round: u64) -> usize {
        usize::try_from(round % self.tasks.len().max(1) as u64).unwrap_or(0)
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

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::{
        Registry, Speed,
        challenge::Question,
        proof::{ProofRules, Thresholds},
        sprt::Sprt,
        stages::Gate,
        stream::Choices,
    };

    /// A task that knows its answer.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Echo {}

    impl Task for Echo {
        fn question(&self, choices: &mut Choices) -> Question {
            let request = primitives::GenerateRequest::new(
                primitives::Prompt::Text(format!("say {}", choices.below(1_000_000))),
                8,
                primitives::Sampling::at(0),
            );
            Question { request: primitives::Request::Generate(request), expected: Some("so".into()) }
        }
    }

    fn build(change: impl Fn(&mut Incentive)) -> Result<Mechanism, IncentiveError> {
        let mut incentive = Incentive::default();
        change(&mut incentive);
        Registry::default().with_task::<Echo>("echo").build(&incentive)
    }

    fn error(change: impl Fn(&mut Incentive)) -> String {
        build(change).unwrap_err().to_string()
    }

    fn by_answer(incentive: &mut Incentive) {
        incentive.gate = Gate { verifies: Verifies::Answer, ..Gate::default() };
        incentive.tasks = vec!["echo".into()];
        incentive.quality = "exact".into();
    }

    #[test]
    fn rules_that_make_no_sense_are_refused() {
        assert_eq!(error(|rules| rules.tasks.clear()), "tasks is empty: name at least one");
        assert_eq!(error(|rules| rules.tasks = vec!["echo".into(), "echo".into()]), "tasks names \"echo\" twice");
        let known = "there is no task named \"dance\"; there are echo, embed, generate, generate_with_logprobs";
        assert_eq!(error(|rules| rules.tasks = vec!["dance".into()]), known);
        let scorers = error(|rules| rules.quality = "taste".into());
        assert!(scorers.starts_with("there is no scorer named \"taste\"; there are accuracy, chrf, "), "{scorers}");
        let settings: fn(&mut Incentive) = |rules| {
            let words = [("words".to_owned(), 3.into())].into();
            rules.quality = crate::Plugin { kind: "rouge_1".into(), settings: words };
        };
        assert!(error(settings).starts_with("rouge_1: "), "{}", error(settings));
        let unmarked = error(|rules| {
            by_answer(rules);
            rules.quality = "accuracy".into();
        });
        assert_eq!(unmarked, "gate.verifies = \"answer\" needs a scorer that marks texts; \"accuracy\" doesn't");
        let no_answer = error(|rules| {
            by_answer(rules);
            rules.tasks.push("generate".into());
        });
        assert_eq!(no_answer, "the task \"generate\" expects no certain answer, so its answers can't be marked");
        let marked = error(|rules| rules.quality = "chrf".into());
        assert_eq!(marked, "the scorer \"chrf\" marks texts beside expected ones: it needs gate.verifies = \"answer\"");
        let range = error(|rules| rules.stale_after_rounds = 0);
        assert_eq!(range, "stale_after_rounds is 0, but must be from 1 to 9223372036854775807");
        let proof = error(|rules| {
            let tokens = Sprt { off_micro: 1, match_micro: 1, reject_micro: 1, clear_micro: 1 };
            let thresholds = Thresholds {
                off_margin_micro: 1,
                tokens,
                mismatches: 1,
                mantissa_mean_milli: 1,
                opening_ppm: 1,
                opened_rows: 0,
            };
            let digest = primitives::Digest([0; 32]);
            rules.proof = Some(Box::new(ProofRules { calibration: digest, model: digest, thresholds }));
        });
        assert_eq!(proof, "proof holds thresholds that no calibration gives");
        assert!(build(by_answer).is_ok());
    }

    #[test]
    fn one_question_for_all_or_one_for_each() {
        let seed = |miner| Seed {
            block_hash: BlockHash([1; 32]),
            validator: Hotkey([2; 32]),
            round: 3,
            miner: Hotkey([miner; 32]),
        };
        for same_question in [false, true] {
            let mechanism = build(|rules| {
                by_answer(rules);
                rules.same_question = same_question;
            });
            let mechanism = mechanism.unwrap();
            let (one, other) = (mechanism.challenge(0, &seed(4)).unwrap(), mechanism.challenge(0, &seed(5)).unwrap());
            assert_eq!(one == other, same_question);
            assert_eq!((mechanism.task("echo"), mechanism.task("generate")), (Some(0), None));
            assert_eq!(mechanism.challenge(1, &seed(4)), None);
        }
    }

    #[test]
    fn a_score_is_quality_times_speed_and_nothing_for_failures() {
        let mechanism = build(|rules| {
            by_answer(rules);
            rules.speed = Speed::Latency { start_us: 100, unit_us: 0, least_ppm: 0 };
        });
        let mechanism = mechanism.unwrap();
        let check = Check::Marked { answered: 8, mark: Score::ONE.scaled(800_000) };
        let evidence =
            Evidence { outcome: Outcome::Ok, latency_us: 400, first_token_us: None, check: Some(check), sketch: None };
        assert_eq!(mechanism.score(&evidence), Score::ONE.scaled(400_000));
        for outcome in &Outcome::ALL[1..] {
            assert_eq!(mechanism.score(&Evidence { outcome: *outcome, ..evidence.clone() }), Score::ZERO);
        }
        assert_eq!(mechanism.score(&Evidence { check: None, ..evidence.clone() }), Score::ZERO);
        // A check of another kind than the rules demand.
        let tokens = Check::Tokens { answered: 8, matched: 8, margin_micro: 0, complete: true };
        assert_eq!(mechanism.score(&Evidence { check: Some(tokens), ..evidence }), Score::ZERO);
    }
}
