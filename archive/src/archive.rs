//! An archive at a place, and its manifest.

use std::{fs::File, io, ops::Range, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::{
    ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload, UpdateVersion,
    path::{Path, PathPart},
};
use tokio::time::timeout;

use crate::{
    destination::{Destination, environment},
    fault::{ArchiveError, DestinationError, Fault},
    limits::{MAX_MANIFEST_BYTES, PartSize},
    manifest::{MANIFEST, Manifest, ManifestFault},
};

/// In a folder: who holds its lock exports.
const LOCK: &str = "export.lock";

/// How long the first answer may take that needs credentials of the machine itself.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(10);

/// A place where an archive is, or will be. Cheap to clone; nothing is read or written before it is used.
#[derive(Clone, Debug)]
pub struct Archive {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    folder: Option<PathBuf>,
    anonymous: bool,
    size: PartSize,
}

/// A manifest as it is in the store.
pub(crate) struct Found {
    pub manifest: Manifest,
    version: UpdateVersion,
}

impl Archive {
    /// The archive at a folder's path, or at `file:///…`, `s3://bucket/prefix` or `gs://bucket/prefix`. Credentials and
    /// settings come from the environment (`AWS_*`, `GOOGLE_*`), as the stores' own tools read them.
    pub fn open(place: &str) -> Result<Self, DestinationError> {
        Self::open_with(place, environment())
    }

    /// The same with settings, by the names of these variables, from elsewhere.
    pub fn open_with(
        place: &str,
        settings: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, DestinationError> {
        let Destination { store, prefix, folder, anonymous } = Destination::parse(place, settings)?;
        Ok(Self { store, prefix, folder, anonymous, size: PartSize::default() })
    }

    /// The archive under a prefix of a store of your own.
    pub fn on(store: Arc<dyn ObjectStore>, prefix: &str) -> Self {
        Self { store, prefix: Path::from(prefix), folder: None, anonymous: false, size: PartSize::default() }
    }

    /// The same archive, into which parts of another size will be written.
    pub fn with_part_size(self, size: PartSize) -> Self {
        Self { size: size.allowed(), ..self }
    }

    /// What the archive says that it has. It is consistent in itself; the parts are not looked at.
    pub async fn manifest(&self) -> Result<Manifest, ArchiveError> {
        Ok(self.find().await?.ok_or(ArchiveError::Nothing)?.manifest)
    }

    pub(crate) const fn size(&self) -> PartSize {
        self.size
    }

    pub(crate) async fn find(&self) -> Result<Option<Found>, ArchiveError> {
        let failed = |source| self.failed(MANIFEST, "read", source);
        let path = self.path(MANIFEST);
        let asked = self.store.get(&path);
        // A machine outside of a cloud may be kept waiting where a machine within is given its credentials.
        let answer = if self.anonymous {
            let late = || object_store::Error::Generic { store: "archive", source: "no answer in time".into() };
            timeout(CREDENTIALS_TIMEOUT, asked).await.unwrap_or_else(|_| Err(late()))
        } else {
            asked.await
        };
        let answer = match answer {
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            answer => answer.map_err(failed)?,
        };
        let version = UpdateVersion { e_tag: answer.meta.e_tag.clone(), version: answer.meta.version.clone() };
        let mut bytes = Vec::new();
        let mut stream = answer.into_stream();
        while let Some(chunk) = stream.try_next().await.map_err(failed)? {
            if (bytes.len() + chunk.len()) as u64 > MAX_MANIFEST_BYTES {
                return Err(Fault::manifest(ManifestFault::TooLong));
            }
            bytes.extend_from_slice(&chunk);
        }
        let manifest = Manifest::decode(&bytes).map_err(Fault::manifest)?;
        Ok(Some(Found { manifest, version }))
    }

    /// A stretch of a part; none where there is no such file.
    pub(crate) async fn stretch(&self, file: &str, range: Range<u64>) -> Result<Option<Bytes>, ArchiveError> {
        match self.store.get_range(&self.path(file), range).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(self.failed(file, "read", source)),
        }
    }

    /// The files of the archive, whoever put them there.
    pub(crate) async fn files(&self) -> Result<Vec<ObjectMeta>, ArchiveError> {
        let listed = self.store.list_with_delimiter(Some(&self.prefix)).await;
        Ok(listed.map_err(|source| self.failed("the archive", "listed", source))?.objects)
    }

    pub(crate) async fn put_part(&self, name: &str, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        let written = self.store.put(&self.path(name), PutPayload::from(bytes)).await;
        written.map(drop).map_err(|source| self.failed(name, "written", source))
    }

    /// Puts a manifest into the place of the one that was `found`, if that is still there. A folder's lock sees to that;
    /// a store does where it can.
    pub(crate) async fn publish(&self, manifest: Manifest, found: Option<Found>) -> Result<Found, ArchiveError> {
        let path = self.path(MANIFEST);
        let payload = PutPayload::from(manifest.encode());
        let mode = match found {
            _ if self.folder.is_some() => PutMode::Overwrite,
            Some(found) => PutMode::Update(found.version),
            None => PutMode::Create,
        };
        let mut written = self.store.put_opts(&path, payload.clone(), mode.into()).await;
        if let Err(object_store::Error::NotImplemented { .. } | object_store::Error::NotSupported { .. }) = written {
            written = self.store.put(&path, payload).await;
        }
        match written {
            Ok(put) => Ok(Found { manifest, version: put.into() }),
            Err(object_store::Error::Precondition { .. } | object_store::Error::AlreadyExists { .. }) => {
                // An answer that was lost makes a store refuse its own manifest when it is asked again.
                match self.find().await? {
                    Some(found) if found.manifest == manifest => Ok(found),
                    _ => Err(ArchiveError::Raced),
                }
            }
            Err(source) => Err(self.failed(MANIFEST, "written", source)),
        }
    }

    /// Keeps other exports out of a folder for as long as the file is open; the system forgets it with the process.
    pub(crate) fn lock(&self) -> Result<Option<File>, ArchiveError> {
        let Some(folder) = &self.folder else { return Ok(None) };
        std::fs::create_dir_all(folder).map_err(ArchiveError::Lock)?;
        let file = File::create(folder.join(LOCK)).map_err(ArchiveError::Lock)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(std::fs::TryLockError::WouldBlock) => Err(ArchiveError::Locked),
            // Some network file systems have none: an export by one hand at a time must do there.
            Err(std::fs::TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(Some(file)),
            Err(std::fs::TryLockError::Error(error)) => Err(ArchiveError::Lock(error)),
        }
    }

    fn failed(&self, file: &str, done: &'static str, source: object_store::Error) -> ArchiveError {
        if self.anonymous {
            ArchiveError::NoCredentials(source)
        } else {
            ArchiveError::Store { file: file.into(), done, source }
        }
    }

    fn path(&self, file: &str) -> Path {
        self.prefix.clone().join(PathPart::from(file))
    }
}
