//! What people read of records, as columns. Whoever adds a kind of record says in [`Row::of`] which columns it fills; that is
//! the only place.

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

use primitives::Hotkey;

use crate::record::Record;

/// What one record says in the readable columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Row<'a> {
    round: Option<u64>,
    block: Option<u64>,
    miner: Option<Hotkey>,
    registered: Option<u64>,
    task: Option<&'a str>,
    outcome: Option<&'static str>,
    latency_us: Option<u64>,
    first_token_us: Option<u64>,
    score_nano: Option<u32>,
}

impl<'a> Row<'a> {
    fn of(record: &'a Record) -> Self {
        match record {
            Record::Header(_) => Self::default(),
            Record::Round(round) => {
                Self { round: Some(round.round), block: Some(round.block.number), ..Self::default() }
            }
            Record::Scored(scored) => Self {
                round: Some(scored.round),
                block: None,
                miner: Some(scored.miner.hotkey),
                registered: Some(scored.miner.block),
                task: Some(&scored.task),
                outcome: Some(scored.evidence.outcome.as_str()),
                latency_us: Some(scored.evidence.latency_us),
                first_token_us: scored.evidence.first_token_us,
                score_nano: Some(scored.score.nano()),
            },
            Record::Weights(weights) => {
                Self { round: Some(weights.round), block: Some(weights.snapshot.block.number), ..Self::default() }
            }
            Record::Landed(landed) => Self { block: Some(landed.block.number), ..Self::default() },
            Record::Seal(seal) => Self { block: Some(seal.block.number), ..Self::default() },
            Record::Anchored(anchored) => Self { block: Some(anchored.block.number), ..Self::default() },
        }
    }
}

/// The readable columns of records, one entry per record in each: none where a kind has no such thing.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// The record's number.
    pub seq: Vec<u64>,
    /// Its kind.
    pub kind: Texts<String>,
    /// The round that it belongs to.
    pub round: Vec<Option<u64>>,
    /// The block that it names.
    pub block: Vec<Option<u64>>,
    /// Who answered, in SS58.
    pub miner: Texts<Hotkey>,
    /// The block of that miner's registration.
    pub registered: Vec<Option<u64>>,
    /// The task's name.
    pub task: Texts<String>,
    /// What became of the request.
    pub outcome: Texts<String>,
    /// Microseconds to the end of the answer.
    pub latency_us: Vec<Option<u64>>,
    /// Microseconds to its first token.
    pub first_token_us: Vec<Option<u64>>,
    /// The score, in billionths.
    pub score_nano: Vec<Option<u32>>,
}

impl Columns {
    /// Adds a record.
    pub fn push(&mut self, seq: u64, record: &Record) {
        let row = Row::of(record);
        self.seq.push(seq);
        self.kind.push(Some(record.kind()), |kind| (kind.to_owned(), kind.to_owned()));
        self.round.push(row.round);
        self.block.push(row.block);
        self.miner.push(row.miner.as_ref(), |miner| (*miner, miner.to_string()));
        self.registered.push(row.registered);
        self.task.push(row.task, |task| (task.to_owned(), task.to_owned()));
        self.outcome.push(row.outcome, |outcome| (outcome.to_owned(), outcome.to_owned()));
        self.latency_us.push(row.latency_us);
        self.first_token_us.push(row.first_token_us);
        self.score_nano.push(row.score_nano);
    }

    /// How many records it has.
    pub fn len(&self) -> usize {
        self.seq.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.seq.is_empty()
    }
}

/// A column of texts, each kept once, by what they are the text of.
#[derive(Clone, Debug)]
pub struct Texts<K> {
    /// Of each entry the place of its text in `texts`.
    pub keys: Vec<Option<i32>>,
    /// The texts, in the order in which they were first seen.
    pub texts: Vec<String>,
    known: HashMap<K, i32>,
}

impl<K> Default for Texts<K> {
    fn default() -> Self {
        Self { keys: Vec::new(), texts: Vec::new(), known: HashMap::new() }
    }
}

impl<K: Eq + Hash> Texts<K> {
    /// Adds an entry: a value that is known by `found`, or else is `new`.
    pub fn push<Q: Eq + Hash + ?Sized>(&mut self, found: Option<&Q>, new: impl FnOnce(&Q) -> (K, String))
    where
        K: Borrow<Q>,
    {
        let key = found.map(|found| match self.known.get(found) {
            Some(key) => *key,
            None => {
                let key = i32::try_from(self.texts.len()).expect("a log has fewer texts");
                let (known, text) = new(found);
                self.known.insert(known, key);
                self.texts.push(text);
                key
            }
        });
        self.keys.push(key);
    }
}
