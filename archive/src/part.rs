//! A part being written: Parquet in memory, row group by row group.

use std::ops::Range;

use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, Encoding, ZstdLevel},
    errors::ParquetError,
    file::properties::{EnabledStatistics, WriterProperties},
    schema::types::ColumnPath,
};
use primitives::Digest;
use scoring::{Record, Sealed};

use crate::{
    columns::{Columns, HASH, RECORD, SEQ, TEXTS, schema},
    limits::PartSize,
    manifest::{Footer, Group, Part},
};

/// Smaller by a third than at level 1; level 9 takes five times as long for a twentieth.
const ZSTD_LEVEL: i32 = 3;

/// Records on their way into a part.
pub(crate) struct PartWriter {
    size: PartSize,
    first: u64,
    next: u64,
    before: Digest,
    head: Digest,
    columns: Columns,
    writer: ArrowWriter<Vec<u8>>,
    /// Of each row group that was written: where it ends, its records, the head after it.
    written: Vec<(u64, u64, Digest)>,
}

impl PartWriter {
    /// A part whose first record is `next`, of a log that ends with `head` before it.
    pub fn new(size: PartSize, next: u64, head: Digest) -> Result<Self, ParquetError> {
        let writer = ArrowWriter::try_new(Vec::new(), schema(), Some(properties()?))?;
        let columns = Columns::default();
        Ok(Self { size, first: next, next, before: head, head, columns, writer, written: Vec::new() })
    }

    /// Whether it has no records.
    pub fn is_empty(&self) -> bool {
        self.next == self.first
    }

    /// The part that follows this one.
    pub fn following(&self) -> Result<Self, ParquetError> {
        Self::new(self.size, self.next, self.head)
    }

    /// Whether there is room for a record of so many bytes.
    pub fn has_room(&self, bytes: usize) -> bool {
        let full = self.written.len() + usize::from(self.ends_before(bytes));
        full < self.size.groups
    }

    /// Adds the next record, which must be the one in `sealed`.
    pub fn push(&mut self, sealed: &Sealed, record: &Record) -> Result<(), ParquetError> {
        if self.ends_before(sealed.bytes.len()) {
            self.flush()?;
        }
        self.columns.push(sealed, record);
        (self.next, self.head) = (sealed.seq + 1, sealed.hash);
        Ok(())
    }

    /// Whether a record of so many bytes begins another row group.
    fn ends_before(&self, bytes: usize) -> bool {
        let records = self.columns.len() as u64;
        let too_long = self.columns.record_bytes() + bytes > self.size.group_bytes;
        records >= self.size.group_records || (records > 0 && too_long)
    }

    /// Its file, and its line in the manifest.
    pub fn finish(mut self) -> Result<(Vec<u8>, Part), ParquetError> {
        self.flush()?;
        let bytes = self.writer.into_inner()?;
        let mut start = 0;
        let mut groups = Vec::with_capacity(self.written.len());
        for (end, records, after) in self.written {
            let digest = digest(&bytes, start..end);
            groups.push(Group { records, bytes: end - start, digest, after });
            start = end;
        }
        let length = bytes.len() as u64;
        let digest_of_all = digest(&bytes, 0..length);
        let part = Part {
            name: Part::name_of(self.first, &digest_of_all),
            first: self.first,
            last: self.next - 1,
            before: self.before,
            after: self.head,
            bytes: length,
            digest: digest_of_all,
            groups,
            footer: Footer { bytes: length - start, digest: digest(&bytes, start..length) },
        };
        Ok((bytes, part))
    }

    /// Ends the row group, if it has records.
    fn flush(&mut self) -> Result<(), ParquetError> {
        let records = self.columns.len() as u64;
        if records > 0 {
            let batch = std::mem::take(&mut self.columns).finish()?;
            self.writer.write(&batch)?;
            self.writer.flush()?;
            self.written.push((self.writer.bytes_written() as u64, records, self.head));
        }
        Ok(())
    }
}

fn digest(bytes: &[u8], range: Range<u64>) -> Digest {
    Digest::of(&bytes[range.start as usize..range.end as usize])
}

/// The same bytes for the same records, always: nothing of the machine or the moment.
fn properties() -> Result<WriterProperties, ParquetError> {
    let path = |name: &str| ColumnPath::from(name);
    let mut properties = WriterProperties::builder()
        .set_created_by("assay".into())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        // Row groups end where we say.
        .set_max_row_group_row_count(None)
        .set_column_encoding(path(SEQ), Encoding::DELTA_BINARY_PACKED)
        // Nothing in a hash repeats.
        .set_column_compression(path(HASH), Compression::UNCOMPRESSED);
    for name in [SEQ, HASH, RECORD, "latency_us", "first_token_us", "score_nano"] {
        properties = properties.set_column_dictionary_enabled(path(name), false);
    }
    for name in [HASH, RECORD] {
        properties = properties.set_column_statistics_enabled(path(name), EnabledStatistics::None);
    }
    // Readers trust that a column of texts is a dictionary throughout.
    for name in TEXTS {
        properties = properties.set_column_dictionary_page_size_limit(path(name), usize::MAX);
    }
    Ok(properties.build())
}
