//! A validator's log of a made-up subnet.
#![allow(dead_code, reason = "each test file uses its part")]

use assay_scoring::{
    Check, Evidence, Header, LOG_VERSION, Landed, NoWeights, Outcome, Record, Registry, Round, ScoreLog, ScoreTable,
    Scored, ScoringConfig, Seat, Snapshot, WeightsRecord, weights,
};
use primitives::{BlockHash, BlockRef, Digest, Hotkey, MechId, NetUid, Registration, Uid, Weights};

/// The validator's hotkey; miners have other ones.
pub const VALIDATOR: Hotkey = Hotkey([255; 32]);

/// What a miner does in a round.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Answers 40 tokens, of which so many match, after so many milliseconds.
    Answer(u32, u64),
    /// Anything but an answer.
    Fail(Outcome),
    /// Was not asked.
    Rest,
}

/// A validator at work.
pub struct Validator {
    pub table: ScoreTable,
    pub records: Vec<Record>,
}

pub fn block(number: u64) -> BlockRef {
    BlockRef { number, hash: BlockHash(Digest::of(&number.to_le_bytes()).0) }
}

pub fn miner(index: u16) -> Registration {
    let [low, high] = index.to_le_bytes();
    let mut hotkey = [0; 32];
    hotkey[..2].copy_from_slice(&[low, high]);
    Registration { hotkey: Hotkey(hotkey), block: 100 + u64::from(index) }
}

/// Seat 0 is the validator's, the miners follow.
pub fn snapshot(miners: u16, min_allowed_weights: u16) -> Snapshot {
    let own = Seat { uid: Uid(0), registration: Registration { hotkey: VALIDATOR, block: 1 } };
    let seats = (0..miners).map(|index| Seat { uid: Uid(index + 1), registration: miner(index) });
    Snapshot { block: block(9), seats: std::iter::once(own).chain(seats).collect(), min_allowed_weights }
}

pub fn evidence(act: Act) -> Option<Evidence> {
    let (outcome, latency_us, check) = match act {
        Act::Rest => return None,
        Act::Fail(outcome) => (outcome, 7_000, None),
        Act::Answer(matched, latency_ms) => {
            let check = Check::Tokens { answered: 40, matched, margin_micro: 1, complete: true };
            (check.outcome(&ScoringConfig::default()), latency_ms * 1_000, Some(check))
        }
    };
    Some(Evidence { outcome, latency_us, first_token_us: check.map(|_| 1_000), check })
}

impl Validator {
    pub fn new(config: ScoringConfig) -> Self {
        let header = Header { version: LOG_VERSION, netuid: NetUid(1), mech: MechId(0), validator: VALIDATOR, config };
        let table = ScoreTable::new(header.clone(), Registry::default()).unwrap();
        Self { table, records: vec![Record::Header(header)] }
    }

    pub fn record(&mut self, record: Record) {
        self.table.apply(&record).unwrap();
        self.records.push(record);
    }

    /// One round: `acts[i]` is what miner i does.
    pub fn round(&mut self, acts: &[Act]) {
        let round = self.table.round().map_or(1, |round| round.round + 1);
        self.record(Record::Round(Round { round, block: block(round * 10) }));
        for (index, act) in (0..).zip(acts) {
            let Some(evidence) = evidence(*act) else { continue };
            let miner = miner(index);
            let scored = Scored {
                round,
                miner,
                task: "generate".into(),
                challenge: self.table.challenge("generate", &miner.hotkey).unwrap().digest,
                request_digest: Some(Digest::of(b"request")),
                response_digest: evidence.check.map(|_| Digest::of(b"response")),
                score: self.table.score(&evidence),
                evidence,
            };
            self.record(Record::Scored(Box::new(scored)));
        }
    }

    /// Weights for the snapshot, logged and landed.
    pub fn weigh(&mut self, snapshot: Snapshot) -> Result<Weights, NoWeights> {
        let weights = weights(&self.table, &snapshot)?;
        let round = self.table.round().map_or(0, |round| round.round);
        let record = WeightsRecord { round, snapshot, weights: weights.clone(), version_key: 0 };
        self.record(Record::Weights(Box::new(record)));
        self.record(Record::Landed(Landed { block: block(round * 10 + 5), weights: weights.clone() }));
        Ok(weights)
    }

    /// The log as text.
    pub fn text(&self) -> Vec<u8> {
        text(&self.records)
    }
}

pub fn text(records: &[Record]) -> Vec<u8> {
    let mut log = ScoreLog::new();
    records.iter().flat_map(|record| log.append(record).to_line()).collect()
}
