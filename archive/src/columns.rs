//! What people read of a record: the columns beside its canonical bytes. Whoever adds a kind of record says in
//! [`Row::of`] which columns it fills; that is the only place.

use std::{borrow::Borrow, collections::HashMap, hash::Hash, sync::Arc};

use arrow_array::{
    Array, ArrayRef, DictionaryArray, FixedSizeBinaryArray, Int32Array, RecordBatch, StringArray, UInt32Array,
    UInt64Array, builder::BinaryBuilder, types::Int32Type,
};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use primitives::Hotkey;
use scoring::{Record, Sealed};

/// The column of the record's number.
pub(crate) const SEQ: &str = "seq";
/// The column of the log's head with the record.
pub(crate) const HASH: &str = "hash";
/// The column of the canonical bytes: the truth, all others follow from it.
pub(crate) const RECORD: &str = "record";

/// The columns that hold texts, each written once in a row group.
pub(crate) const TEXTS: [&str; 4] = ["kind", "miner", "task", "outcome"];

/// The columns in order: `seq` u64, `hash` 32 bytes, `kind` text, `round` u64, `block` u64, `miner` text (SS58),
/// `registered` u64 (block), `task` text, `outcome` text, `latency_us` u64, `first_token_us` u64, `score_nano` u32,
/// `record` bytes. All but the first three and the last are null where a kind has no such thing.
pub fn schema() -> SchemaRef {
    let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    Arc::new(Schema::new(vec![
        Field::new(SEQ, DataType::UInt64, false),
        Field::new(HASH, DataType::FixedSizeBinary(32), false),
        Field::new("kind", text.clone(), false),
        Field::new("round", DataType::UInt64, true),
        Field::new("block", DataType::UInt64, true),
        Field::new("miner", text.clone(), true),
        Field::new("registered", DataType::UInt64, true),
        Field::new("task", text.clone(), true),
        Field::new("outcome", text, true),
        Field::new("latency_us", DataType::UInt64, true),
        Field::new("first_token_us", DataType::UInt64, true),
        Field::new("score_nano", DataType::UInt32, true),
        Field::new(RECORD, DataType::Binary, false),
    ]))
}

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

/// Collects the columns of records that follow each other.
#[derive(Default)]
pub(crate) struct Columns {
    seq: Vec<u64>,
    hash: Vec<u8>,
    kind: Texts<String>,
    round: Vec<Option<u64>>,
    block: Vec<Option<u64>>,
    miner: Texts<Hotkey>,
    registered: Vec<Option<u64>>,
    task: Texts<String>,
    outcome: Texts<String>,
    latency_us: Vec<Option<u64>>,
    first_token_us: Vec<Option<u64>>,
    score_nano: Vec<Option<u32>>,
    record: BinaryBuilder,
    record_bytes: usize,
}

impl Columns {
    /// How many records it has.
    pub fn len(&self) -> usize {
        self.seq.len()
    }

    /// How many bytes they have.
    pub fn record_bytes(&self) -> usize {
        self.record_bytes
    }

    /// Adds a record, which must be the one in `sealed`.
    pub fn push(&mut self, sealed: &Sealed, record: &Record) {
        let row = Row::of(record);
        self.seq.push(sealed.seq);
        self.hash.extend_from_slice(&sealed.hash.0);
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
        self.record.append_value(&sealed.bytes);
        self.record_bytes += sealed.bytes.len();
    }

    /// All of them, in the order of [`schema`].
    pub fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from(self.seq)),
            Arc::new(FixedSizeBinaryArray::try_new(32, self.hash.into(), None)?),
            Arc::new(self.kind.finish()?),
            Arc::new(UInt64Array::from(self.round)),
            Arc::new(UInt64Array::from(self.block)),
            Arc::new(self.miner.finish()?),
            Arc::new(UInt64Array::from(self.registered)),
            Arc::new(self.task.finish()?),
            Arc::new(self.outcome.finish()?),
            Arc::new(UInt64Array::from(self.latency_us)),
            Arc::new(UInt64Array::from(self.first_token_us)),
            Arc::new(UInt32Array::from(self.score_nano)),
            Arc::new(self.record.finish()),
        ];
        RecordBatch::try_new(schema(), columns)
    }
}

/// The first row, and the column, in which two batches of this schema and length differ.
pub(crate) fn difference(left: &RecordBatch, right: &RecordBatch) -> Option<(usize, &'static str)> {
    const NAMES: [&str; 13] = [
        SEQ,
        HASH,
        "kind",
        "round",
        "block",
        "miner",
        "registered",
        "task",
        "outcome",
        "latency_us",
        "first_token_us",
        "score_nano",
        RECORD,
    ];
    let differ = |(left, right, name): (&ArrayRef, &ArrayRef, &'static str)| {
        if same(left, right) {
            return None;
        }
        let row = (0..left.len()).find(|row| left.slice(*row, 1) != right.slice(*row, 1));
        Some((row.unwrap_or(0), name))
    };
    let pairs = left.columns().iter().zip(right.columns()).zip(NAMES).map(|((left, right), name)| (left, right, name));
    pairs.filter_map(differ).min_by_key(|(row, _)| *row)
}

/// Texts that were collected in the same order have the same keys: comparing those is much faster.
fn same(left: &ArrayRef, right: &ArrayRef) -> bool {
    let texts = |array: &ArrayRef| array.as_any().downcast_ref::<DictionaryArray<Int32Type>>().cloned();
    if let (Some(left), Some(right)) = (texts(left), texts(right))
        && left.keys() == right.keys()
        && left.values() == right.values()
    {
        return true;
    }
    left == right
}

/// A column of texts, each kept once, by what they are the text of.
struct Texts<K> {
    keys: Vec<Option<i32>>,
    known: HashMap<K, i32>,
    texts: Vec<String>,
}

impl<K> Default for Texts<K> {
    fn default() -> Self {
        Self { keys: Vec::new(), known: HashMap::new(), texts: Vec::new() }
    }
}

impl<K: Eq + Hash> Texts<K> {
    /// A value that is known by `found`, or else is `new`.
    fn push<Q: Eq + Hash + ?Sized>(&mut self, found: Option<&Q>, new: impl FnOnce(&Q) -> (K, String))
    where
        K: Borrow<Q>,
    {
        let key = found.map(|found| match self.known.get(found) {
            Some(key) => *key,
            None => {
                let key = i32::try_from(self.texts.len()).expect("a row group has fewer texts");
                let (known, text) = new(found);
                self.known.insert(known, key);
                self.texts.push(text);
                key
            }
        });
        self.keys.push(key);
    }

    fn finish(self) -> Result<DictionaryArray<Int32Type>, ArrowError> {
        DictionaryArray::try_new(Int32Array::from(self.keys), Arc::new(StringArray::from(self.texts)))
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use scoring::ScoreLog;

    use super::*;
    use crate::sample;

    #[test]
    fn every_kind_fills_its_columns() {
        let (mut log, mut columns) = (ScoreLog::new(), Columns::default());
        let records: Vec<Record> = (0..10).map(sample::record).collect();
        for record in &records {
            columns.push(&log.append(record), record);
        }
        let batch = columns.finish().unwrap();
        let text = |name: &str, row: usize| {
            let column = batch.column_by_name(name).unwrap().as_dictionary::<Int32Type>();
            column.is_valid(row).then(|| {
                let key = usize::try_from(column.keys().value(row)).unwrap();
                column.values().as_string::<i32>().value(key).to_owned()
            })
        };
        for (row, record) in records.iter().enumerate() {
            assert_eq!(text("kind", row).as_deref(), Some(record.kind()));
            let miner = match record {
                Record::Scored(scored) => Some(scored.miner.hotkey.to_string()),
                _ => None,
            };
            assert_eq!(text("miner", row), miner);
        }
        assert_eq!(batch.column_by_name("round").unwrap().null_count(), 1);
    }

    #[test]
    fn a_difference_is_located() {
        let (mut log, mut left, mut right) = (ScoreLog::new(), Columns::default(), Columns::default());
        for seq in 0..20 {
            let record = sample::record(seq);
            let sealed = log.append(&record);
            left.push(&sealed, &record);
            match record {
                Record::Scored(scored) if seq == 7 => {
                    let other = scoring::Scored { task: "embed".into(), ..*scored };
                    right.push(&sealed, &Record::Scored(Box::new(other)));
                }
                other => right.push(&sealed, &other),
            }
        }
        let (left, right) = (left.finish().unwrap(), right.finish().unwrap());
        assert_eq!(difference(&left, &left.clone()), None);
        assert_eq!(difference(&left, &right), Some((7, "task")));
    }
}
