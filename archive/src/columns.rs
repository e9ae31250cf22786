//! What people read of a record, as Parquet has it: [`scoring::Columns`], beside its hash and its canonical bytes.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, DictionaryArray, FixedSizeBinaryArray, Int32Array, RecordBatch, StringArray, UInt32Array,
    UInt64Array, builder::BinaryBuilder, types::Int32Type,
};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use scoring::{Record, Sealed, Texts};

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

/// Collects the columns of records that follow each other.
#[derive(Default)]
pub(crate) struct Columns {
    readable: scoring::Columns,
    hash: Vec<u8>,
    record: BinaryBuilder,
    record_bytes: usize,
}

impl Columns {
    /// How many records it has.
    pub fn len(&self) -> usize {
        self.readable.len()
    }

    /// How many bytes they have.
    pub fn record_bytes(&self) -> usize {
        self.record_bytes
    }

    /// Adds a record, which must be the one in `sealed`.
    pub fn push(&mut self, sealed: &Sealed, record: &Record) {
        self.readable.push(sealed.seq, record);
        self.hash.extend_from_slice(&sealed.hash.0);
        self.record.append_value(&sealed.bytes);
        self.record_bytes += sealed.bytes.len();
    }

    /// All of them, in the order of [`schema`].
    pub fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let readable = self.readable;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from(readable.seq)),
            Arc::new(FixedSizeBinaryArray::try_new(32, self.hash.into(), None)?),
            Arc::new(dictionary(readable.kind)?),
            Arc::new(UInt64Array::from(readable.round)),
            Arc::new(UInt64Array::from(readable.block)),
            Arc::new(dictionary(readable.miner)?),
            Arc::new(UInt64Array::from(readable.registered)),
            Arc::new(dictionary(readable.task)?),
            Arc::new(dictionary(readable.outcome)?),
            Arc::new(UInt64Array::from(readable.latency_us)),
            Arc::new(UInt64Array::from(readable.first_token_us)),
            Arc::new(UInt32Array::from(readable.score_nano)),
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

fn dictionary<K>(texts: Texts<K>) -> Result<DictionaryArray<Int32Type>, ArrowError> {
    DictionaryArray::try_new(Int32Array::from(texts.keys), Arc::new(StringArray::from(texts.texts)))
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
