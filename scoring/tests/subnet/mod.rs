//! A validator's log of a made-up subnet.
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::LazyLock;

use assay_scoring::{
    Anchored, Check, Evidence, Header, Incentive, LOG_VERSION, Landed, NoWeights, Outcome, Record, Registry, Replay,
    Round, ScoreLog, ScoreTable, Scored, Seat, Snapshot, WeightsRecord, weights,
};
use primitives::{BlockHash, BlockRef, Digest, Hotkey, Keypair, MechId, NetUid, Registration, Uid, Weights};

/// The validator's keys; miners have other ones. They are derived once: it takes a while.
pub fn validator() -> Keypair {
    static KEYS: LazyLock<Keypair> = LazyLock::new(|| Keypair::from_uri("//Validator").unwrap());
    KEYS.clone()
}

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
    pub replay: Replay,
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
    let own = Seat { uid: Uid(0), registration: Registration { hotkey: validator().hotkey(), block: 1 } };
    let seats = (0..miners).map(|index| Seat { uid: Uid(index + 1), registration: miner(index) });
    Snapshot { block: block(9), seats: std::iter::once(own).chain(seats).collect(), min_allowed_weights }
}

pub fn evidence(act: Act) -> Option<Evidence> {
    let (outcome, latency_us, check) = match act {
        Act::Rest => return None,
        Act::Fail(outcome) => (outcome, 7_000, None),
        Act::Answer(matched, latency_ms) => {
            let check = Check::Tokens { answered: 40, matched, margin_micro: 1, complete: true };
            (check.outcome(&Incentive::default()), latency_ms * 1_000, Some(check))
        }
    };
    Some(Evidence { outcome, latency_us, first_token_us: check.map(|_| 1_000), check, sketch: None })
}

impl Validator {
    pub fn new(incentive: Incentive) -> Self {
        Self::with(incentive, &Registry::default())
    }

    pub fn with(incentive: Incentive, registry: &Registry) -> Self {
        let header = Record::Header(Header {
            version: LOG_VERSION,
            genesis: BlockHash([7; 32]),
            netuid: NetUid(1),
            mech: MechId(0),
            validator: validator().hotkey(),
            rules: incentive.into(),
        });
        let replay = Replay::begin(&ScoreLog::new().append(&header), registry).unwrap();
        Self { replay, records: vec![header] }
    }

    pub fn table(&self) -> &ScoreTable {
        &self.replay.table
    }

    pub fn record(&mut self, record: Record) {
        self.replay.append(&record).unwrap();
        self.records.push(record);
    }

    /// One round: `acts[i]` is what miner i does.
    pub fn round(&mut self, acts: &[Act]) {
        self.judged(acts.iter().map(|act| evidence(*act)).collect());
    }

    /// One round: `seen[i]` is what was seen of miner i.
    pub fn judged(&mut self, seen: Vec<Option<Evidence>>) {
        self.judged_in_order((0..).zip(seen).filter_map(|(index, evidence)| Some((index, evidence?))).collect());
    }

    /// One round: what was seen of whom, in this order.
    pub fn judged_in_order(&mut self, seen: Vec<(u16, Evidence)>) {
        let round = self.table().round().map_or(1, |round| round.round + 1);
        self.record(Record::Round(Round { round, block: block(round * 10) }));
        let task = self.table().mechanism().tasks().next().unwrap().to_owned();
        for (index, evidence) in seen {
            let miner = miner(index);
            let scored = Scored {
                round,
                miner,
                challenge: self.table().challenge(&task, &miner.hotkey).unwrap().digest,
                task: task.clone(),
                request_digest: Some(Digest::of(b"request")),
                response_digest: evidence.check.map(|_| Digest::of(b"response")),
                score: self.table().score(&evidence),
                evidence,
            };
            self.record(Record::Scored(Box::new(scored)));
        }
    }

    /// Weights for the snapshot, logged and landed.
    pub fn weigh(&mut self, snapshot: Snapshot) -> Result<Weights, NoWeights> {
        let weights = weights(self.table(), &snapshot)?;
        let round = self.table().round().map_or(0, |round| round.round);
        let record = WeightsRecord { round, snapshot, weights: weights.clone(), version_key: 0 };
        self.record(Record::Weights(Box::new(record)));
        let call = Some(BlockHash([round as u8; 32]));
        self.record(Record::Landed(Landed { block: block(round * 10 + 5), weights: weights.clone(), call }));
        Ok(weights)
    }

    /// The end of an epoch, sealed and anchored.
    pub fn seal(&mut self) {
        let epoch = self.table().epoch().map_or(1, |epoch| epoch + 1);
        let seal = self.replay.seal(epoch, block(epoch * 100), &validator());
        self.record(Record::Seal(Box::new(seal)));
        let root = self.replay.last_seal().unwrap();
        self.record(Record::Anchored(Anchored { block: block(epoch * 100 + 1), root }));
    }

    /// The log as text.
    pub fn text(&self) -> Vec<u8> {
        text(&self.records)
    }
}

pub fn text(records: &[Record]) -> Vec<u8> {
    let mut log = ScoreLog::new();
    records.iter().flat_map(|record| log.append(record).to_line(record)).collect()
}

/// Recomputes records that somebody hashed anew.
pub fn replayed(records: &[Record]) -> Result<Replay, assay_scoring::ReplayError> {
    let mut log = ScoreLog::new();
    let sealed = records.iter().map(|record| Ok::<_, assay_scoring::ReplayError>(log.append(record)));
    assay_scoring::replay(sealed, &Registry::default())
}
