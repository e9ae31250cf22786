//! What the tests of archives have in common: logs, and a store that fails when it is told to.

#![allow(dead_code)]

#[path = "../../src/sample.rs"]
pub mod sample;

use std::{
    convert::Infallible,
    fmt,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use assay_archive::{Archive, ArchiveError, Fault, PartSize};
use async_trait::async_trait;
use futures::{TryStreamExt as _, stream::BoxStream};
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt as _,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, memory::InMemory, path::Path,
};
use scoring::{ScoreLog, Sealed};

/// Parts of four row groups of five records.
pub const SMALL: PartSize = PartSize { group_records: 5, group_bytes: 1 << 20, groups: 4 };

/// A log's first records, sealed.
pub fn log(count: u64) -> Vec<Sealed> {
    let mut log = ScoreLog::new();
    (0..count).map(|seq| log.append(&sample::record(seq))).collect()
}

/// As something to export.
pub fn good(records: &[Sealed]) -> impl Iterator<Item = std::result::Result<Sealed, Infallible>> {
    records.iter().cloned().map(Ok)
}

/// All records of an archive.
pub async fn read(archive: &Archive, from: u64) -> std::result::Result<Vec<Sealed>, ArchiveError> {
    archive.records(from).await?.try_collect().await
}

/// What is wrong with an archive.
pub async fn faults(archive: &Archive) -> Vec<Fault> {
    match archive.verify().await {
        Err(ArchiveError::Damaged(faults)) => faults,
        other => panic!("{other:?}"),
    }
}

/// The files in a store, in the order of their names.
pub async fn files(store: &dyn ObjectStore) -> Vec<(Path, Vec<u8>)> {
    let mut names: Vec<Path> = store.list(None).map_ok(|file| file.location).try_collect().await.unwrap();
    names.sort();
    let mut files = Vec::new();
    for name in names {
        let bytes = store.get(&name).await.unwrap().bytes().await.unwrap().to_vec();
        files.push((name, bytes));
    }
    files
}

/// What a [`Faulty`] store does with the file that it fails on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nothing is written, as on a full disk.
    Full,
    /// It is written, but nobody hears of it.
    Lost,
    /// It is written, and the repeated request is told that something is there.
    Repeated,
}

/// A store in memory of which one write fails.
#[derive(Debug)]
pub struct Faulty {
    pub inner: InMemory,
    failure: Failure,
    /// Writes that will be done before the one that fails.
    left: AtomicUsize,
}

impl Faulty {
    pub fn new(inner: InMemory, failure: Failure, left: usize) -> Arc<Self> {
        Arc::new(Self { inner, failure, left: AtomicUsize::new(left) })
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("faulty")
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let before = self.left.fetch_sub(1, Ordering::Relaxed);
        if before != 0 {
            return self.inner.put_opts(location, payload, opts).await;
        }
        if self.failure != Failure::Full {
            self.inner.put_opts(location, payload, opts).await?;
        }
        match self.failure {
            Failure::Repeated => {
                Err(object_store::Error::Precondition { path: location.to_string(), source: "it is there".into() })
            }
            _ => Err(object_store::Error::Generic { store: "faulty", source: "no space left on device".into() }),
        }
    }

    async fn put_multipart_opts(&self, location: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// Whether one range lies in the other.
pub fn within(inner: &Range<u64>, outer: &Range<u64>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}
