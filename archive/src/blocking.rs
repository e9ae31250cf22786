//! The same archives for callers that aren't asynchronous. Not to be used inside of a Tokio runtime.

use std::{error::Error, io, sync::Arc};

use futures::{StreamExt as _, stream::BoxStream};
use scoring::Sealed;
use tokio::runtime::{Builder, Runtime};

use crate::{ArchiveError, DestinationError, Exported, Manifest, PartSize, Verified};

/// A place where an archive is, or will be: see [`crate::Archive`].
#[derive(Clone, Debug)]
pub struct Archive {
    inner: crate::Archive,
    runtime: Arc<Runtime>,
}

impl Archive {
    /// See [`crate::Archive::open`].
    pub fn open(place: &str) -> Result<Self, DestinationError> {
        Self::of(crate::Archive::open(place)?).map_err(DestinationError::Folder)
    }

    /// The same archive, for this kind of callers. Fails where the system gives no threads.
    pub fn of(inner: crate::Archive) -> io::Result<Self> {
        Ok(Self { inner, runtime: Arc::new(Builder::new_current_thread().enable_all().build()?) })
    }

    /// See [`crate::Archive::with_part_size`].
    pub fn with_part_size(self, size: PartSize) -> Self {
        Self { inner: self.inner.with_part_size(size), ..self }
    }

    /// See [`crate::Archive::manifest`].
    pub fn manifest(&self) -> Result<Manifest, ArchiveError> {
        self.runtime.block_on(self.inner.manifest())
    }

    /// See [`crate::Archive::next_seq`].
    pub fn next_seq(&self) -> Result<u64, ArchiveError> {
        self.runtime.block_on(self.inner.next_seq())
    }

    /// See [`crate::Archive::export`].
    pub fn export<E>(&self, records: impl IntoIterator<Item = Result<Sealed, E>>) -> Result<Exported, ArchiveError>
    where
        E: Error + Send + Sync + 'static,
    {
        self.runtime.block_on(self.inner.export(records))
    }

    /// See [`crate::Archive::verify`].
    pub fn verify(&self) -> Result<Verified, ArchiveError> {
        self.runtime.block_on(self.inner.verify())
    }

    /// See [`crate::Archive::records`].
    pub fn records(&self, from: u64) -> Result<Records, ArchiveError> {
        let stream = self.runtime.block_on(self.inner.records(from))?.boxed();
        Ok(Records { stream, runtime: self.runtime.clone() })
    }
}

/// Records that are read while they are asked for.
pub struct Records {
    stream: BoxStream<'static, Result<Sealed, ArchiveError>>,
    runtime: Arc<Runtime>,
}

impl Iterator for Records {
    type Item = Result<Sealed, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.runtime.block_on(self.stream.next())
    }
}
