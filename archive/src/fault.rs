//! Why an archive can't be opened, written or believed.

use std::{error::Error, fmt, io, ops::Range};

use arrow_schema::ArrowError;
use parquet::errors::ParquetError;
use scoring::Broken;

use crate::manifest::{MANIFEST, ManifestFault};

/// Why something can't be done with an archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The place can't be reached or is none.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// There is no archive at this place.
    #[error("no archive is there: it has no {MANIFEST}")]
    Nothing,
    /// The store failed. Whatever was in the archive before is still there.
    #[error("{file} can't be {done}")]
    Store {
        /// Of which file.
        file: String,
        /// What was to be done: `read`, `written` or `listed`.
        done: &'static str,
        /// Why.
        #[source]
        source: object_store::Error,
    },
    /// The store can't be used, and no credentials were given for it: those of a machine in its cloud were tried.
    #[error("no credentials for the store: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or GOOGLE_SERVICE_ACCOUNT")]
    NoCredentials(#[source] object_store::Error),
    /// The archive is not what its manifest says.
    #[error("the archive is damaged: {}", Listed(.0))]
    Damaged(Vec<Fault>),
    /// The records to export can't be read.
    #[error("the records to export can't be read")]
    Records(#[source] Box<dyn Error + Send + Sync>),
    /// A record to export is not the next one of a log.
    #[error("the records to export are not a log")]
    Broken(#[from] Broken),
    /// The first record says whose log it is, and this one doesn't.
    #[error("the first record to export is not a log's header")]
    NoHeader,
    /// The records belong to another log.
    #[error("the archive holds another log than these records: record {seq} differs")]
    AnotherLog {
        /// The last record that the archive has.
        seq: u64,
    },
    /// A record is longer than [`MAX_RECORD_BYTES`](crate::MAX_RECORD_BYTES).
    #[error("record {seq} has {bytes} bytes: too long for an archive")]
    TooLong {
        /// Which.
        seq: u64,
        /// Its length.
        bytes: usize,
    },
    /// Records can't be put into columns.
    #[error("records can't be written as Parquet")]
    Parquet(#[from] ParquetError),
    /// Another export on this machine is at work.
    #[error("another export into this archive is at work")]
    Locked,
    /// The folder can't be locked against another export.
    #[error("the archive's folder can't be locked")]
    Lock(#[source] io::Error),
    /// Another export changed the archive meanwhile. Nothing is lost: export again.
    #[error("another export changed the archive meanwhile: export again")]
    Raced,
}

/// Why a place is not one for archives. No credentials are in any of these.
#[derive(Debug, thiserror::Error)]
pub enum DestinationError {
    /// Not a URL, or one that names no bucket or folder.
    #[error("not a place for archives: it must be a folder, file:///…, s3://bucket/prefix or gs://bucket/prefix")]
    Malformed,
    /// Another scheme.
    #[error("archives can't be kept at {0}: it must be a folder, file:///…, s3://bucket/prefix or gs://bucket/prefix")]
    Scheme(String),
    /// A name, password or query in the URL or the endpoint.
    #[error(
        "a URL is no place for credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or GOOGLE_SERVICE_ACCOUNT"
    )]
    Credentials,
    /// A folder whose path has no absolute form.
    #[error("the folder can't be found")]
    Folder(#[source] io::Error),
    /// The store's settings don't work.
    #[error("the object store can't be set up")]
    Store(#[from] object_store::Error),
}

/// One thing that is wrong with an archive, and where.
#[derive(Debug)]
pub struct Fault {
    /// The file: a part, or the manifest.
    pub file: String,
    /// The bytes of the file among which it is.
    pub bytes: Option<Range<u64>>,
    /// The records among which it is. None where no record is touched, or the whole archive is.
    pub records: Option<Range<u64>>,
    /// What it is.
    pub cause: Cause,
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The manifest is none.
    #[error("the manifest can't be believed")]
    Manifest(#[from] ManifestFault),
    /// The file isn't there.
    #[error("the file is missing")]
    Missing,
    /// The file has another length.
    #[error("the file has {found} bytes, not {expected}")]
    Length {
        /// In the manifest.
        expected: u64,
        /// Of the file.
        found: u64,
    },
    /// Bytes were changed.
    #[error("bytes were changed: their digest does not fit")]
    Digest,
    /// Not laid out as archives are.
    #[error("not a part of an archive: {0}")]
    Layout(&'static str),
    /// More than may be taken into memory.
    #[error("larger than any row group may be")]
    TooLarge,
    /// Not Parquet.
    #[error("not readable as Parquet")]
    Parquet(#[from] ParquetError),
    /// Not Arrow.
    #[error("not readable as Parquet")]
    Arrow(#[from] ArrowError),
    /// The decoder gave up.
    #[error("not readable as Parquet: the decoder panicked")]
    Panicked,
    /// A record is not the next one of the log.
    #[error("a record does not fit")]
    Record(#[from] Broken),
    /// The log's header is not where it must be, or names somebody else.
    #[error("record 0 is not the header of the log that the manifest names")]
    Header,
    /// The records are a log, but not the manifest's.
    #[error("the chain ends with another hash than the manifest says")]
    Head,
    /// A readable column says something else than the record.
    #[error("column {column} of record {seq} is not what the record says")]
    Column {
        /// Which column.
        column: &'static str,
        /// Of which record.
        seq: u64,
    },
}

impl Fault {
    pub(crate) fn manifest(cause: ManifestFault) -> ArchiveError {
        ArchiveError::Damaged(vec![Self { file: MANIFEST.into(), bytes: None, records: None, cause: cause.into() }])
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(bytes) = &self.bytes {
            write!(f, ", bytes {}..{}", bytes.start, bytes.end)?;
        }
        if let Some(records) = &self.records {
            write!(f, ", records {}..{}", records.start, records.end)?;
        }
        write!(f, ": {}", self.cause)?;
        let mut source = self.cause.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl Error for Fault {}

struct Listed<'a>(&'a [Fault]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => Ok(()),
            [one] => one.fmt(f),
            [first, rest @ ..] => write!(f, "{first} (and {} more)", rest.len()),
        }
    }
}
