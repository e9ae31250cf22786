//! The last rounds, answer by answer.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Duration,
};

use dashboard::Proof;
use primitives::Registration;
use scoring::{Check, Evidence, Outcome, Record, proof::ProofCheck};

/// Rounds that are remembered.
const ROUNDS: usize = 60;

/// The last rounds. Their number is bounded, and their size is that of the subnet.
#[derive(Default)]
pub(crate) struct History(VecDeque<(dashboard::Round, HashMap<Registration, Answer>)>);

/// One answer.
#[derive(Clone, Copy)]
pub(crate) struct Answer {
    /// In thousandths.
    pub score_milli: u16,
    pub outcome: Outcome,
    pub proof: Proof,
}

impl History {
    /// Takes a record in; a round began at this moment, in milliseconds since 1970.
    pub fn apply(&mut self, record: &Record, began_unix_ms: u64) {
        match record {
            Record::Round(round) => {
                if self.0.len() == ROUNDS {
                    self.0.pop_front();
                }
                let line = dashboard::Round {
                    round: round.round,
                    block: round.block.number,
                    started_unix_ms: began_unix_ms,
                    took_ms: None,
                    scored: 0,
                    outcomes: BTreeMap::new(),
                    proofs: BTreeMap::new(),
                };
                self.0.push_back((line, HashMap::new()));
            }
            Record::Scored(scored) => {
                let Some((line, answers)) = self.0.back_mut() else { return };
                let (outcome, proof) = (scored.evidence.outcome, proof(&scored.evidence));
                let score_milli = u16::try_from(scored.score.nano() / 1_000_000).unwrap_or(u16::MAX);
                line.scored += 1;
                *line.outcomes.entry(outcome).or_default() += 1;
                *line.proofs.entry(proof).or_default() += 1;
                answers.insert(scored.miner, Answer { score_milli, outcome, proof });
            }
            _ => {}
        }
    }

    /// The last round took so long.
    pub fn took(&mut self, took: Duration) {
        if let Some((line, _)) = self.0.back_mut() {
            line.took_ms = u64::try_from(took.as_millis()).ok();
        }
    }

    /// The rounds, the oldest first.
    pub fn rounds(&self) -> Vec<dashboard::Round> {
        self.0.iter().map(|(line, _)| line.clone()).collect()
    }

    /// What a miner answered in each of them.
    pub fn of(&self, miner: &Registration) -> impl Iterator<Item = Option<Answer>> {
        self.0.iter().map(|(_, answers)| answers.get(miner).copied())
    }
}

/// What became of an answer's proof.
pub(super) fn proof(evidence: &Evidence) -> Proof {
    match (&evidence.check, evidence.outcome) {
        (Some(Check::Unaudited { .. }), _) => Proof::Unaudited,
        (Some(Check::Proven { proof: ProofCheck::Missing, .. }), _) => Proof::Missing,
        (Some(Check::Proven { proof: ProofCheck::Broken, .. }), _) => Proof::Broken,
        (Some(Check::Proven { .. }), Outcome::Ok) => Proof::Holds,
        (Some(Check::Proven { .. }), _) => Proof::Differs,
        (Some(Check::Tokens { .. } | Check::Logprobs { .. } | Check::Cosines { .. } | Check::Marked { .. }), _) => {
            Proof::NotAsked
        }
        (None, _) => Proof::NoAnswer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{block, identity, miner, round};
    use scoring::{Header, Incentive, LOG_VERSION, Registry, ScoreTable};

    #[test]
    fn rounds_and_answers_stand_beside_each_other() {
        let identity = identity();
        let header = Header {
            version: LOG_VERSION,
            genesis: identity.genesis,
            netuid: identity.netuid,
            mech: identity.mech,
            validator: identity.validator,
            rules: Incentive::default().into(),
        };
        let mut table = ScoreTable::new(header, &Registry::default()).unwrap();
        let mut history = History::default();
        for number in 0..70 {
            let both = [(miner(1), 20), (miner(2), 3)];
            let records = round(&table, block(number * 10), &both[..if number == 69 { 1 } else { 2 }]);
            for record in &records {
                table.apply(record).unwrap();
                history.apply(record, number);
            }
        }
        history.took(Duration::from_millis(7));
        let rounds = history.rounds();
        assert_eq!((rounds.len(), rounds[0].round, rounds[59].took_ms), (ROUNDS, 10, Some(7)));
        assert_eq!((rounds[0].scored, rounds[59].scored), (2, 1));
        assert_eq!(rounds[0].outcomes, BTreeMap::from([(Outcome::Ok, 1), (Outcome::WrongOutput, 1)]));
        assert_eq!(rounds[0].proofs, BTreeMap::from([(Proof::NotAsked, 2)]));
        let scores = |number| {
            let miner = miner(number);
            let scores = history.of(&miner).map(|answer| answer.map(|answer| answer.score_milli));
            scores.collect::<Vec<_>>()
        };
        assert_eq!(scores(2)[58..], [Some(0), None]);
        assert!(scores(1).iter().all(|score| score.is_some_and(|milli| milli > 0)));
        assert!(scores(3).iter().all(|score| score.is_none()));
    }
}
