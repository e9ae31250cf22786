//! Checking an archive: every byte of it, every record's place in the log, every readable column.

use std::{collections::HashMap, ops::Range, thread};

use bytes::Bytes;
use futures::{StreamExt as _, stream::FuturesUnordered};
use primitives::Digest;
use scoring::Sealed;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::{
    archive::Archive,
    columns::{Columns, difference},
    export::{identity_of, resume},
    fault::{ArchiveError, Cause, Fault},
    group::{OpenPart, Wanted, groups, sealed},
    manifest::{Identity, Manifest, Part},
};

/// Faults that are listed; one more and the rest is not looked at.
const MAX_FAULTS: usize = 100;

/// An archive that is what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whose log.
    pub identity: Identity,
    /// How many records, from the first one on.
    pub records: u64,
    /// The log's head with the last of them. Compare it with what you remember of the log: somebody who wrote the whole
    /// archive anew has another one.
    pub head: Digest,
    /// How many parts.
    pub parts: usize,
    /// Their bytes, altogether.
    pub bytes: u64,
    /// What names this state of the archive.
    pub manifest: Digest,
    /// Files named like parts that the manifest doesn't name: left by exports that were cut short, or put there by
    /// somebody. Nothing of this crate reads them.
    pub strays: Vec<String>,
}

impl Archive {
    /// Reads everything and checks it: digests of files and row groups, the chain of hashes, canonical form, and that
    /// each readable column says what the record says. Faults are located, and looked for to the end, or until there are
    /// a hundred.
    ///
    /// Takes the memory of one row group for each processor, and uses them all. Needs a Tokio runtime.
    pub async fn verify(&self) -> Result<Verified, ArchiveError> {
        let manifest = self.manifest().await?;
        let files = self.files().await?;
        let mut lengths: HashMap<String, u64> = files
            .into_iter()
            .filter_map(|file| Some((file.location.filename()?.to_owned(), file.size)))
            .filter(|(name, _)| name.starts_with("part-") && name.ends_with(".parquet"))
            .collect();
        let mut checks = Checks::new();
        for part in &manifest.parts {
            if checks.faults.len() >= MAX_FAULTS {
                break;
            }
            match lengths.remove(&part.name) {
                Some(found) => self.verify_part(&manifest, part, found, &mut checks).await?,
                None => checks.faults.push(Fault {
                    file: part.name.clone(),
                    bytes: None,
                    records: Some(part.first..part.last + 1),
                    cause: Cause::Missing,
                }),
            }
        }
        let faults = checks.end().await;
        if !faults.is_empty() {
            return Err(ArchiveError::Damaged(faults));
        }
        let mut strays: Vec<String> = lengths.into_keys().collect();
        strays.sort();
        Ok(Verified {
            identity: manifest.identity,
            records: manifest.records(),
            head: manifest.head(),
            parts: manifest.parts.len(),
            bytes: manifest.parts.iter().map(|part| part.bytes).sum(),
            manifest: manifest.digest(),
            strays,
        })
    }

    async fn verify_part(
        &self,
        manifest: &Manifest,
        part: &Part,
        found: u64,
        checks: &mut Checks,
    ) -> Result<(), ArchiveError> {
        let places = groups(part);
        if found != part.bytes {
            let bytes = found.min(part.bytes)..found.max(part.bytes);
            let lost = places.iter().find(|(place, _)| place.end > found).map(|(_, records)| records.start);
            let records = lost.map(|first| first..part.last + 1);
            let cause = Cause::Length { expected: part.bytes, found };
            checks.faults.push(Fault { file: part.name.clone(), bytes: Some(bytes), records, cause });
        }
        let footer_place = part.bytes - part.footer.bytes..part.bytes;
        let footer = self.whole(part, footer_place.clone(), found).await?;
        let opened = footer.as_ref().and_then(|footer| {
            let opened = match Digest::of(footer) == part.footer.digest {
                true => OpenPart::new(part, footer),
                false => Err(Cause::Digest),
            };
            let fault = |cause| Fault { file: part.name.clone(), bytes: Some(footer_place), records: None, cause };
            opened.map_err(|cause| checks.faults.push(fault(cause))).ok()
        });
        let mut hasher = Some(blake3::Hasher::new());
        for (index, (place, records)) in places.into_iter().enumerate() {
            let Some(bytes) = self.whole(part, place.clone(), found).await? else {
                hasher = None;
                continue;
            };
            hasher.as_mut().map(|hasher| hasher.update(&bytes));
            let before = index.checked_sub(1).map_or(part.before, |index| part.groups[index].after);
            let group = GroupCheck {
                part: part.clone(),
                identity: manifest.identity,
                opened: opened.clone(),
                index,
                place,
                records,
                before,
            };
            checks.add(group, bytes).await;
        }
        let digest = hasher.zip(footer).map(|(mut hasher, footer)| Digest(hasher.update(&footer).finalize().into()));
        // Only where the manifest contradicts itself: all that was changed in the file is found above.
        if checks.faults.is_empty() && digest.is_some_and(|digest| digest != part.digest) {
            checks.settle().await;
            if checks.faults.is_empty() {
                let bytes = Some(0..part.bytes);
                let records = Some(part.first..part.last + 1);
                checks.faults.push(Fault { file: part.name.clone(), bytes, records, cause: Cause::Digest });
            }
        }
        Ok(())
    }

    /// A stretch of a part of which so many bytes were found; none where it isn't all there, which is a known fault.
    async fn whole(&self, part: &Part, place: Range<u64>, found: u64) -> Result<Option<Bytes>, ArchiveError> {
        if place.end > found {
            return Ok(None);
        }
        let length = place.end - place.start;
        Ok(self.stretch(&part.name, place).await?.filter(|bytes| bytes.len() as u64 == length))
    }
}

/// Row groups that are being checked, and what was found.
struct Checks {
    running: FuturesUnordered<JoinHandle<Option<Fault>>>,
    limit: usize,
    faults: Vec<Fault>,
}

impl Checks {
    fn new() -> Self {
        let limit = thread::available_parallelism().map_or(1, usize::from);
        Self { running: FuturesUnordered::new(), limit, faults: Vec::new() }
    }

    /// Checks a row group, once there is room.
    async fn add(&mut self, group: GroupCheck, bytes: Bytes) {
        while self.running.len() >= self.limit {
            self.next().await;
        }
        self.running.push(spawn_blocking(move || group.run(bytes)));
    }

    async fn next(&mut self) {
        match self.running.next().await {
            Some(Ok(fault)) => self.faults.extend(fault),
            Some(Err(error)) => panic!("a check ended without a result: {error}"),
            None => {}
        }
    }

    async fn settle(&mut self) {
        while !self.running.is_empty() {
            self.next().await;
        }
    }

    /// All faults, in the order of the archive.
    async fn end(mut self) -> Vec<Fault> {
        self.settle().await;
        let place = |fault: &Fault| (fault.file.clone(), fault.bytes.as_ref().map_or(0, |bytes| bytes.start));
        self.faults.sort_by_key(place);
        self.faults.truncate(MAX_FAULTS);
        self.faults
    }
}

/// One row group, to be checked on a thread of its own.
struct GroupCheck {
    part: Part,
    identity: Identity,
    /// None where the footer is damaged: then only the bytes can be checked.
    opened: Option<OpenPart>,
    index: usize,
    place: Range<u64>,
    records: Range<u64>,
    before: Digest,
}

impl GroupCheck {
    fn run(self, bytes: Bytes) -> Option<Fault> {
        let cause = self.check(bytes).err()?;
        let records = match cause {
            Cause::Column { seq, .. } => seq..seq + 1,
            _ => self.records,
        };
        Some(Fault { file: self.part.name, bytes: Some(self.place), records: Some(records), cause })
    }

    fn check(&self, bytes: Bytes) -> Result<(), Cause> {
        let group = &self.part.groups[self.index];
        if Digest::of(&bytes) != group.digest {
            return Err(Cause::Digest);
        }
        let Some(opened) = &self.opened else { return Ok(()) };
        let batch = opened.decode(self.index, bytes, Wanted::All)?;
        let mut log = resume(self.records.start, self.before);
        let mut columns = Columns::default();
        let mut next = Sealed { seq: 0, hash: self.before, bytes: Vec::new() };
        for (seq, hash, bytes) in sealed(&batch).ok_or(Cause::Layout("it lacks a column"))? {
            (next.seq, next.hash) = (seq, hash);
            next.bytes.clear();
            next.bytes.extend_from_slice(bytes);
            let record = log.accept(&next)?;
            if (seq == 0).then(|| identity_of(&record) == Some(self.identity)) == Some(false) {
                return Err(Cause::Header);
            }
            columns.push(&next, &record);
        }
        if log.head() != group.after {
            return Err(Cause::Head);
        }
        match difference(&batch, &columns.finish()?) {
            Some((row, column)) => Err(Cause::Column { column, seq: self.records.start + row as u64 }),
            None => Ok(()),
        }
    }
}
