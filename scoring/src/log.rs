//! The score log: records chained by hash.
//!
//! The hash of a record covers the hash before it, its number and its canonical bytes. Whoever changes, moves, adds or
//! removes a record in the middle must redo every hash after it, and the validator's signatures with them; the last
//! hash is what others remember.

use std::sync::LazyLock;

use primitives::{Digest, Domain};

use crate::record::Record;

static DOMAIN: LazyLock<Domain> = LazyLock::new(|| Domain::new("assay 2026 score log v2"));

/// The end of a chain of records: enough to append to it, or to check what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreLog {
    head: Digest,
    next: u64,
}

/// A record's place in the log and its canonical bytes: what a store keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Its place, from 0.
    pub seq: u64,
    /// The head of the log with this record.
    pub hash: Digest,
    /// [`Record::encode`].
    pub bytes: Vec<u8>,
}

/// Why bytes are not the next record.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// Not a record.
    #[error("record {seq} is not a record of the score log")]
    Record {
        /// Which.
        seq: u64,
        /// Why.
        #[source]
        source: codec::Error,
    },
    /// A record, but not as it was written.
    #[error("record {seq} is not in canonical form: somebody rewrote it")]
    NotCanonical {
        /// Which.
        seq: u64,
    },
    /// Records are missing, repeated or out of order.
    #[error("record {found} stands where record {expected} must be")]
    Sequence {
        /// Whose turn it is.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// The hash is not that of this record after those before it.
    #[error("record {seq} or one before it was changed: the hash does not fit")]
    Hash {
        /// Which.
        seq: u64,
    },
}

impl Default for ScoreLog {
    fn default() -> Self {
        Self::new()
    }
}

impl ScoreLog {
    /// An empty log.
    pub const fn new() -> Self {
        Self { head: Digest([0; 32]), next: 0 }
    }

    /// A log that ends with the record `last`.
    pub fn after(last: &Sealed) -> Self {
        Self { head: last.hash, next: last.seq + 1 }
    }

    /// A log of so many records with this head.
    pub const fn at(head: Digest, len: u64) -> Self {
        Self { head, next: len }
    }

    /// The hash of the last record; zeros for an empty log.
    pub const fn head(&self) -> Digest {
        self.head
    }

    /// How many records it has.
    pub const fn len(&self) -> u64 {
        self.next
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.next == 0
    }

    /// Appends a record. What comes back must be stored before anything follows from it; where that fails, go on with
    /// the copy of the log from before.
    pub fn append(&mut self, record: &Record) -> Sealed {
        let bytes = record.encode();
        let sealed = Sealed { seq: self.next, hash: self.link(&bytes), bytes };
        *self = Self::after(&sealed);
        sealed
    }

    /// Checks that `sealed` is the next in the chain, whatever its bytes say, and moves on behind it.
    pub fn follow(&mut self, sealed: &Sealed) -> Result<(), Broken> {
        if sealed.seq != self.next {
            return Err(Broken::Sequence { expected: self.next, found: sealed.seq });
        }
        if sealed.hash != self.link(&sealed.bytes) {
            return Err(Broken::Hash { seq: sealed.seq });
        }
        *self = Self::after(sealed);
        Ok(())
    }

    /// Checks that `sealed` is the next in the chain and a record, and moves on behind it.
    pub fn accept(&mut self, sealed: &Sealed) -> Result<Record, Broken> {
        let mut next = *self;
        next.follow(sealed)?;
        let record = sealed.record()?;
        *self = next;
        Ok(record)
    }

    fn link(&self, bytes: &[u8]) -> Digest {
        DOMAIN.digest(&[&self.head.0, &self.next.to_le_bytes(), bytes])
    }
}

impl Sealed {
    /// Whether its bytes are those of a scored answer, if they are a record's: most are, and need no second look by whoever
    /// looks for others.
    pub fn is_scored(&self) -> bool {
        self.bytes.first() == Some(&Record::SCORED)
    }

    /// Whether its bytes are those of a seal, if they are a record's.
    pub fn is_seal(&self) -> bool {
        self.bytes.first() == Some(&Record::SEAL)
    }

    /// The record that its bytes are.
    pub fn record(&self) -> Result<Record, Broken> {
        let record = Record::decode(&self.bytes).map_err(|source| Broken::Record { seq: self.seq, source })?;
        if record.encode() == self.bytes { Ok(record) } else { Err(Broken::NotCanonical { seq: self.seq }) }
    }
}

#[cfg(test)]
mod tests {
    use primitives::{BlockHash, BlockRef};

    use super::*;
    use crate::record::Round;

    #[test]
    fn the_hash_is_that_of_the_domain() {
        let record = Record::Round(Round { round: 1, block: BlockRef { number: 2, hash: BlockHash([3; 32]) } });
        let sealed = ScoreLog::new().append(&record);
        let parts: [&[u8]; 3] = [&[0; 32], &[0; 8], &sealed.bytes];
        assert_eq!(sealed.hash, Digest::derive("assay 2026 score log v2", &parts));
        assert_eq!(ScoreLog::new().accept(&sealed).unwrap(), record);
        let other = Sealed { bytes: [&sealed.bytes[..], &[0]].concat(), ..sealed.clone() };
        assert!(matches!(ScoreLog::new().follow(&other), Err(Broken::Hash { seq: 0 })));
        assert!(matches!(
            ScoreLog::at(sealed.hash, 1).accept(&sealed),
            Err(Broken::Sequence { expected: 1, found: 0 })
        ));
    }
}
