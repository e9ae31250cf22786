//! Archives by somebody who can compute digests: what they say is checked against the records, and nothing that they
//! ask for is given.

mod scene;

use std::{ops::Range, sync::Arc};

use arrow_array::{
    ArrayRef, BinaryArray, DictionaryArray, FixedSizeBinaryArray, Int32Array, RecordBatch, StringArray, UInt32Array,
    UInt64Array,
    cast::AsArray,
    new_null_array,
    types::{Int32Type, UInt32Type},
};
use assay_archive::{Archive, Cause, Footer, Group, MAX_GROUP_RECORDS, Manifest, Part, schema};
use object_store::{ObjectStoreExt as _, memory::InMemory, path::Path};
use parquet::{
    arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder},
    basic::{Compression, Encoding, ZstdLevel},
    file::properties::{WriterProperties, WriterPropertiesBuilder},
    schema::types::ColumnPath,
};
use primitives::Digest;
use scene::{SMALL, faults, good, log, read};
use scoring::{Broken, Sealed};

/// An archive of ten records in two row groups, whose parts somebody can write anew.
struct Forgery {
    archive: Archive,
    store: Arc<InMemory>,
    manifest: Manifest,
    batches: Vec<RecordBatch>,
}

impl Forgery {
    async fn of(records: &[Sealed]) -> Self {
        let store = Arc::new(InMemory::new());
        let archive = Archive::on(store.clone(), "").with_part_size(SMALL);
        archive.export(good(records)).await.unwrap();
        let manifest = archive.manifest().await.unwrap();
        let bytes = store.get(&Path::from(manifest.parts[0].name.clone())).await.unwrap().bytes().await.unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().with_batch_size(5).build().unwrap();
        Self { archive, store, manifest, batches: reader.map(Result::unwrap).collect() }
    }

    /// Replaces a column of a row group.
    fn lie(&mut self, group: usize, name: &str, column: ArrayRef) {
        let batch = &self.batches[group];
        let at = batch.schema().index_of(name).unwrap();
        let mut columns = batch.columns().to_vec();
        columns[at] = column;
        self.batches[group] = RecordBatch::try_new(batch.schema(), columns).unwrap();
    }

    /// Writes the row groups, as a file and as a line of the manifest.
    async fn publish(&mut self, properties: WriterPropertiesBuilder) {
        let mut writer = ArrowWriter::try_new(
            Vec::new(),
            self.batches[0].schema(),
            Some(properties.set_offset_index_disabled(true).build()),
        )
        .unwrap();
        let mut ends = Vec::new();
        for batch in &self.batches {
            writer.write(batch).unwrap();
            writer.flush().unwrap();
            ends.push(writer.bytes_written() as u64);
        }
        let bytes = writer.into_inner().unwrap();
        self.put(bytes, &ends).await;
    }

    /// Puts a file whose row groups end at these places, with digests that fit.
    async fn put(&mut self, bytes: Vec<u8>, ends: &[u64]) {
        let digest = |range: Range<u64>| Digest::of(&bytes[range.start as usize..range.end as usize]);
        let part = &mut self.manifest.parts[0];
        let mut start = 0;
        for (group, end) in part.groups.iter_mut().zip(ends) {
            *group = Group { bytes: end - start, digest: digest(start..*end), ..*group };
            start = *end;
        }
        let length = bytes.len() as u64;
        part.footer = Footer { bytes: length - start, digest: digest(start..length) };
        (part.bytes, part.digest) = (length, Digest::of(&bytes));
        part.name = format!("part-{:012}-{}.parquet", part.first, &part.digest.to_string()[..16]);
        self.store.put(&Path::from(part.name.clone()), bytes.into()).await.unwrap();
        self.publish_manifest().await;
    }

    async fn publish_manifest(&self) {
        self.store.put(&Path::from("manifest.json"), self.manifest.encode().into()).await.unwrap();
    }

    async fn file(&self) -> Vec<u8> {
        let name = Path::from(self.manifest.parts[0].name.clone());
        self.store.get(&name).await.unwrap().bytes().await.unwrap().to_vec()
    }

    fn part(&self) -> &Part {
        &self.manifest.parts[0]
    }

    /// The fault of the second row group, whatever the first one has.
    async fn second_fault(&self) -> (Cause, Option<Range<u64>>) {
        let fault = faults(&self.archive).await.pop().unwrap();
        (fault.cause, fault.records)
    }

    /// The one fault of it.
    async fn fault(&self) -> (Cause, Option<Range<u64>>) {
        let mut found = faults(&self.archive).await;
        assert_eq!(found.len(), 1, "{found:?}");
        let fault = found.remove(0);
        (fault.cause, fault.records)
    }
}

/// As archives are written.
fn honest() -> WriterPropertiesBuilder {
    let zstd = Compression::ZSTD(ZstdLevel::try_new(3).unwrap());
    let mut properties = WriterProperties::builder().set_compression(zstd);
    for name in ["seq", "hash", "record", "latency_us", "first_token_us", "score_nano"] {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), false);
    }
    properties
}

#[tokio::test]
async fn forgeries_without_a_lie_are_sound() {
    let records = log(10);
    let mut forgery = Forgery::of(&records).await;
    forgery.publish(honest()).await;
    forgery.archive.verify().await.unwrap();
    forgery.publish(honest().set_compression(Compression::UNCOMPRESSED)).await;
    forgery.archive.verify().await.unwrap();
    assert_eq!(read(&forgery.archive, 0).await.unwrap(), records);
}

#[tokio::test]
async fn a_column_that_lies_is_named() {
    let numbers = |from: u64| -> ArrayRef { Arc::new(UInt64Array::from_iter_values(from..from + 5)) };
    for name in ["round", "block", "registered", "latency_us", "first_token_us"] {
        let mut forgery = Forgery::of(&log(10)).await;
        forgery.lie(1, name, numbers(77));
        forgery.publish(honest()).await;
        let (cause, records) = forgery.fault().await;
        assert!(matches!(cause, Cause::Column { column, seq: 5 } if column == name), "{name}: {cause:?}");
        assert_eq!(records, Some(5..6));
    }

    let mut forgery = Forgery::of(&log(10)).await;
    let scores = forgery.batches[1].column_by_name("score_nano").unwrap().as_primitive::<UInt32Type>().clone();
    let better = scores.iter().enumerate().map(|(at, score)| if at == 3 { Some(7) } else { score });
    forgery.lie(1, "score_nano", Arc::new(UInt32Array::from_iter(better)));
    forgery.publish(honest()).await;
    let (cause, records) = forgery.fault().await;
    assert!(matches!(cause, Cause::Column { column: "score_nano", seq: 8 }), "{cause:?}");
    assert_eq!(records, Some(8..9));

    for name in ["kind", "miner", "task", "outcome"] {
        let mut forgery = Forgery::of(&log(10)).await;
        let column = forgery.batches[0].column_by_name(name).unwrap().as_dictionary::<Int32Type>().clone();
        let texts: Vec<String> =
            column.values().as_string::<i32>().iter().map(|text| format!("{}x", text.unwrap())).collect();
        forgery.lie(0, name, Arc::new(column.with_values(Arc::new(StringArray::from(texts)))));
        forgery.publish(honest()).await;
        let (cause, _) = forgery.fault().await;
        assert!(matches!(cause, Cause::Column { column, .. } if column == name), "{name}: {cause:?}");
    }
}

#[tokio::test]
async fn records_that_are_not_the_log_are_found() {
    // One record was changed, and the hashes after it are as they were.
    let records = log(10);
    let mut forgery = Forgery::of(&records).await;
    let mut other: Vec<Vec<u8>> = records[5..].iter().map(|sealed| sealed.bytes.clone()).collect();
    other[2] = records[6].bytes.clone();
    forgery.lie(1, "record", Arc::new(BinaryArray::from_iter_values(&other)));
    forgery.publish(honest()).await;
    let (cause, found) = forgery.fault().await;
    assert!(matches!(cause, Cause::Record(Broken::Hash { seq: 7 })), "{cause:?}");
    assert_eq!(found, Some(5..10));

    // Numbers that are not those of the manifest.
    let mut forgery = Forgery::of(&records).await;
    forgery.lie(1, "seq", Arc::new(UInt64Array::from_iter_values(6..11)));
    forgery.publish(honest()).await;
    let (cause, _) = forgery.fault().await;
    assert!(matches!(cause, Cause::Record(Broken::Sequence { expected: 5, found: 6 })), "{cause:?}");
    assert!(read(&forgery.archive, 0).await.is_err());

    // A chain that ends elsewhere.
    let mut forgery = Forgery::of(&records).await;
    forgery.manifest.parts[0].after = Digest([4; 32]);
    forgery.manifest.parts[0].groups[1].after = Digest([4; 32]);
    forgery.publish_manifest().await;
    assert!(matches!(forgery.fault().await, (Cause::Head, Some(found)) if found == (5..10)));

    // Somebody else's log.
    let mut forgery = Forgery::of(&records).await;
    forgery.manifest.identity.netuid.0 += 1;
    forgery.publish_manifest().await;
    assert!(matches!(forgery.fault().await, (Cause::Header, Some(found)) if found == (0..5)));

    // Another file than that of its digest, where each stretch has its own.
    let mut forgery = Forgery::of(&records).await;
    let bytes = forgery.file().await;
    let part = &mut forgery.manifest.parts[0];
    part.digest = Digest([0xAB; 32]);
    part.name = "part-000000000000-abababababababab.parquet".into();
    forgery.store.put(&Path::from("part-000000000000-abababababababab.parquet"), bytes.into()).await.unwrap();
    forgery.publish_manifest().await;
    assert!(matches!(forgery.fault().await, (Cause::Digest, Some(found)) if found == (0..10)));
}

/// An archive whose second row group has as many records as one may, all of them empty.
async fn large() -> Forgery {
    let mut forgery = Forgery::of(&log(6)).await;
    let rows = MAX_GROUP_RECORDS as usize;
    forgery.manifest.parts[0].groups[1].records = MAX_GROUP_RECORDS;
    forgery.manifest.parts[0].last = 4 + MAX_GROUP_RECORDS;
    let schema = schema();
    let columns = schema.fields().iter().map(|field| match (field.name().as_str(), field.data_type()) {
        ("hash", _) => Arc::new(FixedSizeBinaryArray::try_new(32, vec![0_u8; 32 * rows].into(), None).unwrap()),
        ("record", _) => Arc::new(BinaryArray::from_iter_values(vec![[]; rows])) as ArrayRef,
        ("seq", _) => Arc::new(UInt64Array::from_iter_values(5..5 + MAX_GROUP_RECORDS)),
        ("kind", _) => texts("scored"),
        (_, other) => new_null_array(other, rows),
    });
    forgery.batches[1] = RecordBatch::try_new(schema.clone(), columns.collect()).unwrap();
    forgery
}

/// A text, as often as a row group may have it.
fn texts(text: &str) -> ArrayRef {
    let keys = Int32Array::from(vec![0; MAX_GROUP_RECORDS as usize]);
    Arc::new(DictionaryArray::new(keys, Arc::new(StringArray::from_iter_values([text]))))
}

/// Bytes, as often as a row group may have them.
fn bytes(length: usize) -> ArrayRef {
    Arc::new(BinaryArray::from_iter_values(vec![vec![b'x'; length]; MAX_GROUP_RECORDS as usize]))
}

#[tokio::test]
async fn a_text_that_is_repeated_is_kept_once() {
    let mut forgery = large().await;
    // In full it would be 256 MiB. As it costs nothing, it is the empty records that are found.
    forgery.lie(1, "task", texts(&"x".repeat(4096)));
    forgery.publish(honest().set_dictionary_page_size_limit(usize::MAX)).await;
    assert!(forgery.file().await.len() < 100_000);
    assert!(matches!(forgery.second_fault().await, (Cause::Record(Broken::Hash { seq: 5 }), _)));
    // Written out, it is refused whatever its length.
    forgery.lie(1, "task", texts("x"));
    forgery.publish(honest().set_column_dictionary_enabled(ColumnPath::from("task"), false)).await;
    let (cause, records) = forgery.second_fault().await;
    assert!(cause.to_string().contains("encoding"), "{cause:?}");
    assert_eq!(records, Some(5..5 + MAX_GROUP_RECORDS));
}

#[tokio::test]
async fn what_would_fill_the_memory_is_refused() {
    let record = || ColumnPath::from("record");
    let mut forgery = large().await;
    // A dictionary's one entry, 65,536 times.
    forgery.lie(1, "record", bytes(20));
    forgery.publish(honest().set_column_dictionary_enabled(record(), true)).await;
    assert!(forgery.second_fault().await.0.to_string().contains("encoding"));
    // What repeats the beginning of the one before.
    forgery.publish(honest().set_column_encoding(record(), Encoding::DELTA_BYTE_ARRAY)).await;
    assert!(forgery.second_fault().await.0.to_string().contains("encoding"));
    // In full: pages of 100 MiB that are a few kilobytes in the file.
    forgery.lie(1, "record", bytes(1600));
    forgery.publish(honest().set_column_data_page_size_limit(record(), 1 << 30)).await;
    assert!(forgery.file().await.len() < 1 << 20);
    assert!(matches!(forgery.second_fault().await, (Cause::TooLarge, _)));
    assert!(read(&forgery.archive, 5).await.unwrap_err().to_string().contains("larger than"));
}

#[tokio::test]
async fn row_groups_are_where_the_manifest_says() {
    let mut forgery = Forgery::of(&log(10)).await;
    let bytes = forgery.file().await;
    let part = forgery.part();
    let ends = [part.groups[0].bytes, part.groups[0].bytes + part.groups[1].bytes];
    for moved in [ends[0] - 1, ends[0] + 1, 4, ends[1] - 1] {
        forgery.put(bytes.clone(), &[moved, ends[1]]).await;
        let (cause, _) = forgery.fault().await;
        assert!(cause.to_string().contains("outside its row group"), "{moved}: {cause:?}");
        assert!(read(&forgery.archive, 0).await.is_err());
    }
    forgery.put(bytes.clone(), &[ends[0], ends[1] + 5]).await;
    assert!(forgery.fault().await.0.to_string().contains("footer"));
    let mut long = bytes.clone();
    let end = long.len();
    long[end - 8..end - 4].copy_from_slice(&u32::MAX.to_le_bytes());
    forgery.put(long, &ends).await;
    assert!(forgery.fault().await.0.to_string().contains("footer"));
    forgery.put(bytes, &ends).await;
    forgery.archive.verify().await.unwrap();
}

#[tokio::test]
async fn nothing_written_at_random_does_more_than_fail() {
    let records = log(10);
    let mut forgery = Forgery::of(&records).await;
    let bytes = forgery.file().await;
    let part = forgery.part();
    let ends = [part.groups[0].bytes, part.groups[0].bytes + part.groups[1].bytes];
    let mut random = blake3::Hasher::new_keyed(&[7; 32]).finalize_xof();
    let mut number = move |below: usize| {
        let mut eight = [0; 8];
        random.fill(&mut eight);
        (u64::from_le_bytes(eight) % below as u64) as usize
    };
    let (mut sound, mut damaged) = (0, 0);
    for round in 0..600 {
        let mut changed = bytes.clone();
        // Half of them in the footer, where a decoder has most to believe.
        let from = if round % 2 == 0 { 0 } else { ends[1] as usize };
        for _ in 0..=number(3) {
            let at = from + number(bytes.len() - from);
            changed[at] = match number(3) {
                0 => 0xff,
                1 => changed[at] ^ 1 << number(8),
                _ => number(256) as u8,
            };
        }
        forgery.put(changed, &ends).await;
        match forgery.archive.verify().await {
            // Statistics, say: nothing that is read.
            Ok(_) => {
                assert_eq!(read(&forgery.archive, 0).await.unwrap(), records);
                sound += 1;
            }
            Err(assay_archive::ArchiveError::Damaged(_)) => damaged += 1,
            Err(error) => panic!("{error:?}"),
        }
        forgery.store.delete(&Path::from(forgery.part().name.clone())).await.unwrap();
    }
    assert!(sound > 0 && damaged > 400, "{sound} {damaged}");
}
