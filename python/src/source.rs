//! Records of a log, from wherever Python has them.

use std::{fs::File, io::BufReader, path::PathBuf, sync::Arc};

use arrow_array::{
    Array, ArrayRef, FixedSizeBinaryArray, RecordBatch, UInt64Array, builder::BinaryBuilder, cast::AsArray,
    ffi_stream::RecordBatchStreamReader, types::UInt64Type,
};
use arrow_pyarrow::FromPyArrow;
use arrow_schema::DataType;
use primitives::Digest;
use pyo3::prelude::*;
use scoring::{LogReader, Record, Registry, Replay, Sealed};

use crate::{failure::Failure, table};

/// After so many records Python is asked whether somebody wants to stop.
const BETWEEN_SIGNALS: u64 = 4_096;

/// A log, not read yet.
pub enum Source {
    /// A file of JSON lines.
    Lines(PathBuf),
    /// Batches with the columns `seq`, `hash` and `record`.
    Arrow(RecordBatchStreamReader),
}

/// Records one after the other.
pub type Records = Box<dyn Iterator<Item = Result<Sealed, Failure>> + Send>;

impl Source {
    /// A path, or anything that speaks Arrow's stream interface.
    pub fn of(given: &Bound<'_, PyAny>) -> Result<Self, Failure> {
        match given.extract::<PathBuf>() {
            Ok(path) => Ok(Self::Lines(path)),
            Err(_) => Ok(Self::Arrow(RecordBatchStreamReader::from_pyarrow_bound(given)?)),
        }
    }

    /// Its records, each as it is read.
    pub fn records(self) -> Result<Records, Failure> {
        match self {
            Self::Lines(path) => {
                let file = File::open(&path).map_err(|source| Failure::Open { path, source })?;
                Ok(Box::new(LogReader::new(BufReader::new(file)).map(|sealed| Ok(sealed?))))
            }
            Self::Arrow(batches) => Ok(Box::new(batches.flat_map(|batch| {
                let rows = batch.map_err(|error| Failure::Table(error.to_string())).and_then(|batch| Rows::of(&batch));
                let (rows, error) = match rows {
                    Ok(rows) => (Some(rows), None),
                    Err(error) => (None, Some(Err(error))),
                };
                error.into_iter().chain(rows.into_iter().flatten())
            }))),
        }
    }
}

/// The records of a batch.
struct Rows {
    seq: UInt64Array,
    hash: FixedSizeBinaryArray,
    record: Bytes,
    next: usize,
}

impl Rows {
    fn of(batch: &RecordBatch) -> Result<Self, Failure> {
        let wrong = |name: &str, kind: &str| Failure::Table(format!("the column {name} must be {kind}"));
        let column = |name: &str| column(batch, name);
        let seq = column("seq")?.as_primitive_opt::<UInt64Type>().ok_or_else(|| wrong("seq", "uint64"))?.clone();
        let hash = column("hash")?.as_fixed_size_binary_opt().filter(|hash| hash.value_length() == 32);
        let hash = hash.ok_or_else(|| wrong("hash", "fixed_size_binary[32]"))?.clone();
        let record = Bytes::of(batch)?;
        if seq.null_count() + hash.null_count() > 0 {
            return Err(Failure::Table("seq, hash and record may not be null".into()));
        }
        Ok(Self { seq, hash, record, next: 0 })
    }
}

impl Iterator for Rows {
    type Item = Result<Sealed, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.next;
        if at >= self.seq.len() {
            return None;
        }
        self.next += 1;
        let hash = <[u8; 32]>::try_from(self.hash.value(at)).unwrap_or_default();
        Some(Ok(Sealed { seq: self.seq.value(at), hash: Digest(hash), bytes: self.record.value(at).to_vec() }))
    }
}

/// The canonical bytes of a batch, in any of Arrow's layouts.
pub struct Bytes(ArrayRef);

impl Bytes {
    /// The column `record`.
    pub fn of(batch: &RecordBatch) -> Result<Self, Failure> {
        let bytes = column(batch, "record")?;
        match bytes.data_type() {
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView if bytes.null_count() == 0 => {
                Ok(Self(bytes.clone()))
            }
            other => Err(Failure::Table(format!("the column record must be binary without nulls, and is {other}"))),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Those of one record; nothing beyond the last.
    pub fn value(&self, at: usize) -> &[u8] {
        if at >= self.0.len() {
            return &[];
        }
        match self.0.data_type() {
            DataType::Binary => self.0.as_binary::<i32>().value(at),
            DataType::LargeBinary => self.0.as_binary::<i64>().value(at),
            DataType::BinaryView => self.0.as_binary_view().value(at),
            _ => &[],
        }
    }
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, Failure> {
    batch.column_by_name(name).ok_or_else(|| Failure::Table(format!("there is no column {name}")))
}

/// Recomputes a log from its first record on and shows each record once it is accepted. The interpreter's lock must not be
/// held.
pub fn replayed(
    records: Records,
    mut each: impl FnMut(&Sealed, &Record) -> Result<(), Failure>,
) -> Result<Replay, Failure> {
    let mut records = records;
    let first = records.next().ok_or(scoring::ReplayError::Empty)??;
    let mut replay = Replay::begin(&first, &Registry::default())?;
    each(&first, &first.record().map_err(scoring::ReplayError::from)?)?;
    for sealed in records {
        let sealed = sealed?;
        if sealed.seq % BETWEEN_SIGNALS == 0 {
            Python::attach(|py| py.check_signals())?;
        }
        let record = replay.accept(&sealed)?;
        each(&sealed, &record)?;
    }
    Ok(replay)
}

/// A log as a table of its canonical bytes, recomputed while it is read.
///
/// Parameters
/// ----------
/// source : str or an object with `__arrow_c_stream__`
///     A file of JSON lines, or batches with the columns below.
///
/// Returns
/// -------
/// pyarrow.Table
///     Columns `seq` uint64, `hash` 32 bytes, `record` bytes.
///
/// Raises
/// ------
/// ReplayError
///     A log that can't be read or doesn't agree with itself.
#[pyfunction]
#[pyo3(signature = (source, /))]
pub fn records<'py>(py: Python<'py>, source: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>, Failure> {
    let source = Source::of(source)?;
    let batch = py.detach(|| {
        let (mut seq, mut hash, mut bytes) = (Vec::new(), Vec::new(), BinaryBuilder::new());
        replayed(source.records()?, |sealed, _| {
            seq.push(sealed.seq);
            hash.extend_from_slice(&sealed.hash.0);
            bytes.append_value(&sealed.bytes);
            Ok(())
        })?;
        table::batch([
            ("seq", Arc::new(UInt64Array::from(seq)) as ArrayRef, false),
            ("hash", Arc::new(FixedSizeBinaryArray::try_new(32, hash.into(), None)?) as ArrayRef, false),
            ("record", Arc::new(bytes.finish()) as ArrayRef, false),
        ])
    })?;
    table::handed_over(py, batch)
}
