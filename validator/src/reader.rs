//! A look at a validator's store from outside: a live table, a replay, an export. A validator may be writing it.

use std::{io::Write, path::Path};

use scoring::{Record, Replay, ScoreLog, Sealed};

use crate::{
    database::{Damage, Database, StoreError},
    identity::Identity,
    journal::{Submission, Which},
    store::recompute,
};

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
    pub fn records(&self, from: u64) -> Result<Vec<Record>, StoreError> {
        let mut records = Vec::new();
        self.each(from, |record, _| {
            records.push(record);
            Ok(())
        })?;
        Ok(records)
    }

    /// The journal of weights, oldest first.
    pub fn submissions(&self) -> Result<Vec<Submission>, StoreError> {
        self.database.submissions(Which::All)
    }

    /// Recompute everything, as the validator does when it starts.
    pub fn replay(&self) -> Result<Replay, StoreError> {
        recompute(&self.database).map(|(_, replay)| replay)
    }

    /// Write the score log as lines of JSON: the form that anybody can replay.
    pub fn export_jsonl(&self, out: &mut impl Write) -> Result<(), StoreError> {
        self.each(0, |_, sealed| out.write_all(&sealed.to_line()).map_err(StoreError::Export))?;
        out.flush().map_err(StoreError::Export)
    }

    fn each(
        &self,
        from: u64,
        mut each: impl FnMut(Record, &Sealed) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        // The hash of a record covers the one before it.
        let mut log = (from == 0).then(ScoreLog::new);
        self.database.rows(from.saturating_sub(1), |sealed: Sealed| {
            let Some(log) = &mut log else {
                log = Some(ScoreLog::after(&sealed));
                return Ok(());
            };
            let broken = |source| self.database.damaged(Damage::Broken { seq: sealed.seq, source });
            each(log.accept(&sealed).map_err(broken)?, &sealed)
        })
    }
}
