//! One validator in a made-up subnet.

use primitives::{BlockHash, BlockRef, Hotkey, MechId, NetUid, Registration, Weights};

use super::Act;
use crate::{
    mechanism::Mechanism,
    record::{Header, LOG_VERSION, Record, Round},
    table::ScoreTable,
    weights::{NoWeights, Share, Snapshot},
};

/// A validator's table over made-up answers.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    table: ScoreTable,
}

impl Rehearsal {
    /// Nobody was asked yet.
    pub fn new(mechanism: Mechanism, mech: MechId, validator: Hotkey) -> Self {
        let header = Header {
            version: LOG_VERSION,
            genesis: BlockHash([0; 32]),
            netuid: NetUid(1),
            mech,
            validator,
            rules: mechanism.incentive().clone().into(),
        };
        Self { table: ScoreTable::with_mechanism(header, mechanism) }
    }

    /// The next round of challenges begins, in a block that is not before the last round's.
    pub fn begin_round(&mut self, block: u64) {
        let last = self.table.round();
        let number = last.map_or(block, |last| block.max(last.block.number));
        let round = Round {
            round: last.map_or(0, |last| last.round.saturating_add(1)),
            block: BlockRef { number, hash: BlockHash([0; 32]) },
        };
        // It follows the last one.
        let _ = self.table.apply(&Record::Round(round));
    }

    /// Counts what a miner does with the round's question. Only the first time counts, and nothing before the first
    /// round; the validator itself is never asked.
    pub fn see(&mut self, miner: Registration, act: &Act) {
        let Some(round) = self.table.round() else { return };
        let evidence = act.evidence(self.table.incentive(), round.round);
        let task = self.table.mechanism().place_of_turn(round.round);
        self.table.count_made_up(miner, task, &evidence);
    }

    /// The row that follows, with the shares that it comes from; it counts as written down: a king is crowned by it, and
    /// who isn't seated any more is forgotten.
    pub fn weigh(&mut self, snapshot: &Snapshot) -> Result<(Weights, Vec<Share>), NoWeights> {
        self.table.weigh(snapshot)
    }

    /// What it knows.
    pub fn table(&self) -> &ScoreTable {
        &self.table
    }
}

#[cfg(test)]
mod tests {
    use primitives::{Digest, Uid};

    use super::*;
    use crate::{Incentive, Registry, Score, Scored, Seat, rehearsal::Answer, weights::weights};

    fn miner(number: u8) -> Registration {
        Registration { hotkey: Hotkey([number; 32]), block: 5 }
    }

    /// Counting what is made up is applying the records that say the same.
    #[test]
    fn it_is_what_records_come_to() {
        let mechanism = Registry::default().build(&Incentive::default()).unwrap();
        let mut rehearsal = Rehearsal::new(mechanism.clone(), MechId(0), Hotkey([200; 32]));
        let mut by_records = ScoreTable::with_mechanism(rehearsal.table.header().clone(), mechanism);
        for round in 0..30_u64 {
            rehearsal.begin_round(round * 10);
            by_records.apply(&Record::Round(rehearsal.table.round().unwrap())).unwrap();
            for number in 0..7_u8 {
                let quality = Score::ratio(91 + u64::from(number), 97);
                let latency_us = 300_000 * (1 + u64::from(number) * round % 5);
                let act = match (round + u64::from(number)) % 6 {
                    0 => Act::Fail,
                    1 if number == 3 => Act::Cheat,
                    _ => Act::Answer(Answer { latency_us, ..Answer::at_once(128, quality) }),
                };
                rehearsal.see(miner(number), &act);
                // A second time counts for nothing.
                rehearsal.see(miner(number), &Act::Fail);
                let evidence = act.evidence(by_records.incentive(), round);
                let scored = Scored {
                    round,
                    miner: miner(number),
                    task: "generate".into(),
                    challenge: by_records.challenge("generate", &miner(number).hotkey).unwrap().digest,
                    request_digest: None,
                    response_digest: Some(Digest([0; 32])),
                    score: by_records.score(&evidence),
                    evidence,
                };
                by_records.apply(&Record::Scored(Box::new(scored))).unwrap();
            }
        }
        rehearsal.see(Registration { hotkey: Hotkey([200; 32]), block: 0 }, &Act::Fail);
        assert_eq!(rehearsal.table.state(), by_records.state());
        let seats = (0..7).map(|number| Seat { uid: Uid(number.into()), registration: miner(number) }).collect();
        let block = BlockRef { number: 300, hash: BlockHash([0; 32]) };
        let snapshot = Snapshot { block, seats, min_allowed_weights: 1 };
        let row = weights(&by_records, &snapshot).unwrap();
        assert_eq!(rehearsal.weigh(&snapshot).unwrap().0, row);
    }
}
