//! A look at a validator's store from outside: a live table, a replay, an export. A validator may be writing it.

use std::{collections::VecDeque, io::Write, path::Path};

use scoring::{Record, Registry, Replay, ScoreLog, Sealed};

use crate::{
    database::{Damage, Database, StoreError},
    identity::Identity,
    journal::{Submission, Which},
    store::{beginning, recompute},
};

/// Records that are read at once.
const PAGE: u32 = 4_096;

/// A store that is open for reading.
pub struct StoreReader {
    database: Database,
}

impl StoreReader {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { database: Database::open_read_only(path)? })
    }

    /// Whose store it is; none while it is being made.
    pub fn identity(&self) -> Result<Option<Identity>, StoreError> {
        self.database.identity()
    }

    /// That it is this validator's.
    pub fn belongs_to(&self, expected: &Identity) -> Result<(), StoreError> {
        match self.identity()? {
            Some(found) if found == *expected => Ok(()),
            Some(found) => Err(self.database.foreign(found, *expected)),
            None => Err(self.database.missing()),
        }
    }

    /// The records from `from` on, each checked against the hash of the one before.
    pub fn records(self, from: u64) -> Result<Vec<Record>, StoreError> {
        let mut records = Vec::new();
        for sealed in self.sealed(from)? {
            let sealed = sealed?;
            records.push(sealed.record().map_err(|source| StoreError::Record { source })?);
        }
        Ok(records)
    }

    /// The records from `from` on, as they are stored, each checked against the hash of the one before.
    pub fn sealed(self, from: u64) -> Result<SealedRecords, StoreError> {
        let kept_from = self.pruned_to()?.unwrap_or(0);
        Ok(SealedRecords {
            reader: self,
            from,
            kept_from,
            log: ScoreLog::new(),
            next: if from == 0 { 0 } else { (from - 1).max(kept_from) },
            page: VecDeque::new(),
        })
    }

    /// The journal of weights, oldest first.
    pub fn submissions(&self) -> Result<Vec<Submission>, StoreError> {
        self.database.submissions(Which::All)
    }

    /// The seal that the log was pruned to: of the records before it, only the header is here.
    pub fn pruned_to(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.database.checkpoint()?.map(|checkpoint| checkpoint.seq))
    }

    /// How many records the log has, those that were forgotten included.
    pub fn count(&self) -> Result<u64, StoreError> {
        self.database.count()
    }

    /// The log as far as a replay needs no records: the header, and where the log was pruned, the seal that it was pruned to
    /// and what it had come to. None of an empty store.
    pub fn beginning(&self, registry: &Registry) -> Result<Option<Replay>, StoreError> {
        beginning(&self.database, registry)
    }

    /// Recompute everything, as the validator does when it starts.
    pub fn replay(&self, registry: &Registry) -> Result<Replay, StoreError> {
        recompute(&self.database, registry)
    }

    /// Write the score log as lines of JSON: the form that people read.
    pub fn export_jsonl(self, out: &mut impl Write) -> Result<(), StoreError> {
        for sealed in self.sealed(0)? {
            let sealed = sealed?;
            let record = sealed.record().map_err(|source| StoreError::Record { source })?;
            out.write_all(&sealed.to_line(&record)).map_err(StoreError::Export)?;
        }
        out.flush().map_err(StoreError::Export)
    }
}

/// Records of a store, read while they are asked for.
pub struct SealedRecords {
    reader: StoreReader,
    from: u64,
    kept_from: u64,
    log: ScoreLog,
    next: u64,
    page: VecDeque<Sealed>,
}

impl SealedRecords {
    fn advance(&mut self) -> Result<Option<Sealed>, StoreError> {
        let database = &self.reader.database;
        if self.page.is_empty() {
            // The header stands alone where the log was pruned.
            let count = if self.next == 0 && self.kept_from > 1 { 1 } else { PAGE };
            self.page = database.page(self.next, count)?.into();
        }
        let Some(sealed) = self.page.pop_front() else { return Ok(None) };
        if sealed.seq != self.next {
            return Err(database.damaged(Damage::Gap { seq: self.next }));
        }
        let broken = |source| database.damaged(Damage::Broken { seq: sealed.seq, source });
        // The hash of a record covers the one before it, which may not be here.
        let first = sealed.seq > 0 && (self.log.is_empty() || sealed.seq == self.kept_from);
        if first {
            self.log = ScoreLog::after(&sealed);
        } else {
            self.log.follow(&sealed).map_err(broken)?;
        }
        self.next = match sealed.seq {
            0 => self.kept_from.max(1),
            seq => seq + 1,
        };
        Ok(Some(sealed))
    }
}

impl Iterator for SealedRecords {
    type Item = Result<Sealed, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.advance().transpose()? {
                Ok(sealed) if sealed.seq < self.from => {}
                other => return Some(other),
            }
        }
    }
}
