//! Exporting: new parts first, then the manifest that names them.

use std::error::Error;

use primitives::Digest;
use scoring::{Record, ScoreLog, Sealed};

use crate::{
    archive::Archive,
    fault::ArchiveError,
    limits::MAX_RECORD_BYTES,
    manifest::{Identity, Manifest},
    part::PartWriter,
};

/// Parts that are written before the manifest names them, so that an export that is cut short loses little.
const PARTS_PER_MANIFEST: usize = 8;

/// What an export did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Records that the archive didn't have before.
    pub new_records: u64,
    /// Parts that they are in.
    pub new_parts: usize,
    /// Records that it has now.
    pub records: u64,
    /// The log's head with the last of them.
    pub head: Digest,
    /// What names this state of the archive; none where it is still empty.
    pub manifest: Option<Digest>,
}

impl Archive {
    /// The number of the first record that the archive lacks; 0 where there is no archive yet.
    pub async fn next_seq(&self) -> Result<u64, ArchiveError> {
        Ok(self.find().await?.map_or(0, |found| found.manifest.records()))
    }

    /// Adds what the archive lacks of a log. `records` begin anywhere up to [`next_seq`](Self::next_seq) and follow
    /// each other; those that the archive has are passed over, the others checked. Once the manifest is written they
    /// are in, before that the archive is what it was: exporting again after a failure goes on from there.
    ///
    /// Takes the memory of one part. Records are encoded, and `records` are asked for the next one, on the thread that
    /// polls this: where that has other things to do, spawn it on one of its own.
    pub async fn export<E>(
        &self,
        records: impl IntoIterator<Item = Result<Sealed, E>>,
    ) -> Result<Exported, ArchiveError>
    where
        E: Error + Send + Sync + 'static,
    {
        let _lock = self.lock()?;
        let mut found = self.find().await?;
        let (start, head) = found.as_ref().map_or((0, Digest([0; 32])), |found| {
            let manifest = &found.manifest;
            (manifest.records(), manifest.head())
        });
        let mut log = resume(start, head);
        let mut identity = found.as_ref().map(|found| found.manifest.identity);
        let mut parts = found.as_ref().map_or_else(Vec::new, |found| found.manifest.parts.clone());
        let (old_parts, mut named) = (parts.len(), parts.len());
        let mut writer = PartWriter::new(self.size(), start, head)?;

        for sealed in records {
            let sealed = sealed.map_err(|error| ArchiveError::Records(Box::new(error)))?;
            if sealed.seq < start {
                if sealed.seq + 1 == start && sealed.hash != head {
                    return Err(ArchiveError::AnotherLog { seq: sealed.seq });
                }
                continue;
            }
            if sealed.bytes.len() > MAX_RECORD_BYTES {
                return Err(ArchiveError::TooLong { seq: sealed.seq, bytes: sealed.bytes.len() });
            }
            let record = log.accept(&sealed)?;
            if identity.is_none() {
                identity = Some(identity_of(&record).ok_or(ArchiveError::NoHeader)?);
            }
            if writer.has_room(sealed.bytes.len()) {
                writer.push(&sealed, &record)?;
                continue;
            }
            let following = writer.following()?;
            let (bytes, part) = std::mem::replace(&mut writer, following).finish()?;
            writer.push(&sealed, &record)?;
            self.put_part(&part.name, bytes).await?;
            parts.push(part);
            if let Some(identity) = identity
                && parts.len() - named >= PARTS_PER_MANIFEST
            {
                found = Some(self.publish(Manifest { identity, parts: parts.clone() }, found).await?);
                named = parts.len();
            }
        }
        if !writer.is_empty() {
            let (bytes, part) = writer.finish()?;
            self.put_part(&part.name, bytes).await?;
            parts.push(part);
        }
        let new_parts = parts.len() - old_parts;
        if let Some(identity) = identity
            && parts.len() > named
        {
            found = Some(self.publish(Manifest { identity, parts }, found).await?);
        }
        let manifest = found.map(|found| found.manifest.digest());
        Ok(Exported { new_records: log.len() - start, new_parts, records: log.len(), head: log.head(), manifest })
    }
}

/// A log with so many records that ends with `head`.
pub(crate) fn resume(records: u64, head: Digest) -> ScoreLog {
    match records.checked_sub(1) {
        Some(seq) => ScoreLog::after(&Sealed { seq, hash: head, bytes: Vec::new() }),
        None => ScoreLog::new(),
    }
}

/// Whose log it is, if this is its first record.
pub(crate) fn identity_of(record: &Record) -> Option<Identity> {
    match record {
        Record::Header(header) => {
            Some(Identity { netuid: header.netuid, mech: header.mech, validator: header.validator })
        }
        _ => None,
    }
}
