//! A score log as files that anybody can keep, read and check: Parquet in a folder or an object store.
//!
//! An archive is a prefix with parts (`part-000000100000-….parquet`: so many records each, the canonical bytes beside
//! columns that people and notebooks read) and one `manifest.json` that names every part and the digests of all of it.
//!
//! Invariants:
//! * a record's canonical bytes and its hash are kept as they are: what comes back is the log, and can be replayed;
//! * parts never change. New ones are written before the manifest that names them, so an archive is whole at any moment;
//! * a changed byte, in whatever file, is found by [`Archive::verify`], and said to be where it is;
//! * a readable column is never believed: it is computed again from the record;
//! * nothing that is read decides how much memory is taken: see the constants of this crate.
//!
//! ```
//! use assay_archive::blocking::Archive;
//! use scoring::{Header, Incentive, LOG_VERSION, Record, ScoreLog, Sealed};
//! # use primitives::{BlockHash, Hotkey, MechId, NetUid};
//! # let folder = tempfile::tempdir()?;
//! # let place = folder.path().join("log");
//! # let place = place.to_str().ok_or("no UTF-8")?;
//! # let (genesis, netuid, mech, validator) = (BlockHash([7; 32]), NetUid(1), MechId(0), Hotkey([1; 32]));
//! let rules = Incentive::default().into();
//! let header = Record::Header(Header { version: LOG_VERSION, genesis, netuid, mech, validator, rules });
//! let sealed = ScoreLog::new().append(&header);
//!
//! let archive = Archive::open(place)?; // or s3://bucket/prefix, gs://bucket/prefix
//! archive.export([Ok::<_, std::io::Error>(sealed.clone())])?;
//! assert_eq!(archive.verify()?.head, sealed.hash);
//! assert_eq!(archive.records(0)?.collect::<Result<Vec<Sealed>, _>>()?, [sealed]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![warn(missing_docs)]

pub mod blocking;

mod archive;
mod columns;
mod destination;
mod export;
mod fault;
mod group;
mod limits;
mod manifest;
mod pages;
mod part;
mod records;
#[cfg(test)]
mod sample;
mod verify;

pub use archive::Archive;
pub use columns::schema;
pub use destination::provide_cryptography;
pub use export::Exported;
pub use fault::{ArchiveError, Cause, DestinationError, Fault};
pub use limits::{
    MAX_FOOTER_BYTES, MAX_GROUP_BYTES, MAX_GROUP_DECODED_BYTES, MAX_GROUP_RECORDS, MAX_MANIFEST_BYTES,
    MAX_RECORD_BYTES, PartSize,
};
pub use manifest::{FORMAT, Footer, Group, Identity, Manifest, ManifestFault, Part};
pub use verify::Verified;
