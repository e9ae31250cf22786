//! One row group of a part, from its bytes: within limits, and nothing but what the manifest says.

use std::{
    ops::Range,
    panic::{self, AssertUnwindSafe},
    sync::Arc,
};

use arrow_array::{Array, RecordBatch, cast::AsArray, types::UInt64Type};
use bytes::{Buf, Bytes, buf::Reader};
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder},
    },
    errors::ParquetError,
    file::{
        metadata::{ColumnChunkMetaData, ParquetMetaDataReader},
        reader::{ChunkReader, Length},
    },
};
use primitives::Digest;
use scoring::Sealed;

use crate::{
    columns::{HASH, RECORD, SEQ, TEXTS, schema},
    fault::Cause,
    limits::MAX_GROUP_DECODED_BYTES,
    manifest::Part,
};

/// What stands behind the footer's own bytes: their length and `PAR1`.
const TAIL: usize = 8;

/// A part whose footer was read: where its columns are.
#[derive(Clone)]
pub(crate) struct OpenPart {
    metadata: ArrowReaderMetadata,
    length: u64,
    /// Of each row group: its bytes in the file, and its records.
    pub groups: Arc<[(Range<u64>, Range<u64>)]>,
}

/// Which columns are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All.
    All,
    /// What a [`Sealed`] consists of.
    Sealed,
}

/// Of each row group: its bytes in the file, and its records.
pub(crate) fn groups(part: &Part) -> Vec<(Range<u64>, Range<u64>)> {
    let (mut byte, mut record) = (0, part.first);
    let place = |group: &crate::manifest::Group| {
        let place = (byte..byte + group.bytes, record..record + group.records);
        (byte, record) = (place.0.end, place.1.end);
        place
    };
    part.groups.iter().map(place).collect()
}

impl OpenPart {
    /// From the footer, whose digest was checked.
    pub fn new(part: &Part, footer: &[u8]) -> Result<Self, Cause> {
        guarded(|| Self::read(part, footer))
    }

    fn read(part: &Part, footer: &[u8]) -> Result<Self, Cause> {
        let (rest, tail) = footer.split_last_chunk::<TAIL>().ok_or(Cause::Layout("its footer is too short"))?;
        let (length, magic) = tail.split_at(4);
        if magic != b"PAR1" {
            return Err(Cause::Layout("it does not end like a Parquet file"));
        }
        let length = u32::from_le_bytes(length.try_into().expect("four bytes"));
        let start = usize::try_from(length).ok().and_then(|length| rest.len().checked_sub(length));
        let start = start.ok_or(Cause::Layout("its footer is longer than the manifest says"))?;
        let metadata = Arc::new(ParquetMetaDataReader::decode_metadata(&rest[start..])?);
        let places = groups(part);
        let counted = metadata.row_groups().iter().map(|group| u64::try_from(group.num_rows()).ok());
        if !counted.eq(places.iter().map(|(_, records)| Some(records.end - records.start))) {
            return Err(Cause::Layout("its row groups are not those of the manifest"));
        }
        for (group, (bytes, _)) in metadata.row_groups().iter().zip(&places) {
            for column in group.columns() {
                if column.file_path().is_some() || !stretch(column).is_some_and(|found| within(&found, bytes)) {
                    return Err(Cause::Layout("a column lies outside its row group"));
                }
            }
        }
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true).with_schema(schema());
        let metadata = ArrowReaderMetadata::try_new(metadata, options)?;
        Ok(Self { metadata, length: part.bytes, groups: places.into() })
    }

    /// Decodes the row group at `index` from its bytes, whose digest was checked.
    pub fn decode(&self, index: usize, bytes: Bytes, wanted: Wanted) -> Result<RecordBatch, Cause> {
        guarded(|| self.read_group(index, bytes, wanted))
    }

    fn read_group(&self, index: usize, bytes: Bytes, wanted: Wanted) -> Result<RecordBatch, Cause> {
        let (place, records) = &self.groups[index];
        self.check_pages(index, &bytes)?;
        let window = Window { start: place.start, length: self.length, bytes };
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(window, self.metadata.clone());
        let mask = match wanted {
            Wanted::All => ProjectionMask::all(),
            Wanted::Sealed => ProjectionMask::columns(self.metadata.parquet_schema(), [SEQ, HASH, RECORD]),
        };
        let count = usize::try_from(records.end - records.start).map_err(|_| Cause::TooLarge)?;
        let reader = builder.with_projection(mask).with_row_groups(vec![index]).with_batch_size(count).build()?;
        let mut batches = reader.collect::<Result<Vec<_>, _>>()?;
        match (batches.pop(), batches.is_empty()) {
            (Some(batch), true) if batch.num_rows() == count => Ok(batch),
            _ => Err(Cause::Layout("a row group has fewer rows than its footer says")),
        }
    }

    fn check_pages(&self, index: usize, bytes: &[u8]) -> Result<(), Cause> {
        let start = self.groups[index].0.start;
        let mut decoded = 0_u64;
        for column in self.metadata.metadata().row_group(index).columns() {
            let found = stretch(column).ok_or(Cause::Layout("a column lies nowhere"))?;
            let range = usize::try_from(found.start - start).ok().zip(usize::try_from(found.end - start).ok());
            let column_bytes = range.and_then(|(from, to)| bytes.get(from..to));
            let column_bytes = column_bytes.ok_or(Cause::Layout("a column lies outside its row group"))?;
            let pages = crate::pages::walk(column_bytes).map_err(Cause::Layout)?;
            // A dictionary's entry may stand for itself ten thousand times. Columns of texts are decoded to keys, if
            // all of their pages are such; those of numbers are small anyway.
            let name = column.column_path().string();
            let texts = TEXTS.contains(&name.as_str());
            if (texts && pages.plain) || ([SEQ, HASH, RECORD].contains(&name.as_str()) && pages.indexed) {
                return Err(Cause::Layout("a page has an encoding that archives don't use"));
            }
            decoded = decoded.saturating_add(pages.decoded);
        }
        if decoded > MAX_GROUP_DECODED_BYTES { Err(Cause::TooLarge) } else { Ok(()) }
    }
}

/// A decoder that panics on somebody's file has found a fault of that file.
fn guarded<T>(decode: impl FnOnce() -> Result<T, Cause>) -> Result<T, Cause> {
    panic::catch_unwind(AssertUnwindSafe(decode)).unwrap_or(Err(Cause::Panicked))
}

/// The records of a batch that holds the columns of a [`Sealed`], one after the other.
pub(crate) fn sealed(batch: &RecordBatch) -> Option<impl Iterator<Item = (u64, Digest, &[u8])>> {
    let seq = batch.column_by_name(SEQ)?.as_primitive_opt::<UInt64Type>()?;
    let hash = batch.column_by_name(HASH)?.as_fixed_size_binary_opt()?;
    let record = batch.column_by_name(RECORD)?.as_binary_opt::<i32>()?;
    let whole = hash.value_length() == 32 && seq.null_count() + hash.null_count() + record.null_count() == 0;
    whole.then(|| {
        let digest = |row| Digest(hash.value(row).try_into().expect("32 bytes"));
        (0..seq.len()).map(move |row| (seq.value(row), digest(row), record.value(row)))
    })
}

/// Owned, in order, if they have the numbers that they must have.
pub(crate) fn owned(batch: &RecordBatch, expected: Range<u64>) -> Result<Vec<Sealed>, Cause> {
    let rows = sealed(batch).ok_or(Cause::Layout("it lacks a column"))?;
    let records: Vec<Sealed> = rows.map(|(seq, hash, bytes)| Sealed { seq, hash, bytes: bytes.to_vec() }).collect();
    if records.iter().map(|sealed| sealed.seq).eq(expected) {
        Ok(records)
    } else {
        Err(Cause::Layout("its records are not numbered as the manifest says"))
    }
}

/// The bytes of a column in the file.
fn stretch(column: &ColumnChunkMetaData) -> Option<Range<u64>> {
    let data = u64::try_from(column.data_page_offset()).ok()?;
    let start = match column.dictionary_page_offset() {
        Some(dictionary) => u64::try_from(dictionary).ok()?,
        None => data,
    };
    let end = start.checked_add(u64::try_from(column.compressed_size()).ok()?)?;
    (start..=end).contains(&data).then_some(start..end)
}

fn within(inner: &Range<u64>, outer: &Range<u64>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// A stretch of a file of which the rest isn't there.
struct Window {
    start: u64,
    length: u64,
    bytes: Bytes,
}

impl Window {
    fn from(&self, start: u64) -> Result<Bytes, ParquetError> {
        let at = start.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        match at {
            Some(at) if at <= self.bytes.len() => Ok(self.bytes.slice(at..)),
            _ => Err(ParquetError::EOF("a column lies outside its row group".into())),
        }
    }
}

impl Length for Window {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Window {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.from(start)?;
        if length > bytes.len() {
            return Err(ParquetError::EOF("a column lies outside its row group".into()));
        }
        Ok(bytes.slice(..length))
    }
}
