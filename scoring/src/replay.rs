//! Recomputing a log: every score from its evidence, every row of weights from the scores, every seal from the records
//! before it.

use std::{collections::VecDeque, io::BufRead};

use codec::{Decode, DecodeAll, Encode};
use primitives::{BlockRef, Digest, Keypair};

use crate::{
    anchor::Anchor,
    divergence::Divergence,
    lines::{LogError, LogReader},
    log::{Broken, ScoreLog, Sealed},
    record::{Anchored, Record, Seal},
    registry::Registry,
    table::ScoreTable,
};

/// A log that was recomputed so far, and agrees with itself. Its size is that of the subnet, however long the log.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The standings at its end.
    pub table: ScoreTable,
    /// How many records of each kind there are.
    pub counts: Counts,
    log: ScoreLog,
    /// Heads of the log after the last seals, oldest first.
    seals: VecDeque<Digest>,
    /// The last seal, while it was not seen on chain.
    pending: Option<Anchor>,
}

const DIGEST_CONTEXT: &str = "assay 2026 score log state v1";
/// Seals that may wait to be seen on chain.
const MAX_SEALS: usize = 16;

/// How many records of each kind a log has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Counts {
    /// Rounds.
    pub rounds: u64,
    /// Scored answers.
    pub scored: u64,
    /// Rows of weights.
    pub weights: u64,
    /// Rows that landed on chain.
    pub landed: u64,
    /// Seals.
    pub seals: u64,
    /// Seals that are on chain.
    pub anchored: u64,
}

/// Why a log is not what its validator should have written.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It has no records.
    #[error("the score log is empty")]
    Empty,
    /// Its text can't be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Its chain of hashes is broken.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The first record that does not follow from those before it.
    #[error("record {seq} ({kind}) diverges")]
    Diverged {
        /// Its place, from 0.
        seq: u64,
        /// Its kind.
        kind: &'static str,
        /// How.
        #[source]
        divergence: Box<Divergence>,
    },
}

impl Replay {
    /// From a log's first record.
    pub fn begin(first: &Sealed, registry: &Registry) -> Result<Self, ReplayError> {
        let mut log = ScoreLog::new();
        let record = log.accept(first)?;
        let table = match &record {
            Record::Header(header) => ScoreTable::new(header.clone(), registry),
            other => Err(Divergence::NoHeader(other.kind())),
        };
        let table = table.map_err(|divergence| diverged(first.seq, &record, divergence))?;
        Ok(Self { table, counts: Counts::default(), log, seals: VecDeque::new(), pending: None })
    }

    /// From a seal, with what [`Self::to_bytes`] said before it: what the validator signed is taken up where it signed it,
    /// without the records in between.
    pub fn resume(header: &Sealed, seal: &Sealed, bytes: &[u8], registry: &Registry) -> Result<Self, ReplayError> {
        let begun = Self::begin(header, registry)?;
        let record = seal.record()?;
        let Record::Seal(signed) = &record else {
            return Err(diverged(seal.seq, &record, Divergence::NoSeal(record.kind())));
        };
        let state = <(Counts, VecDeque<Digest>, Option<Anchor>, Vec<u8>)>::decode_all(&mut &*bytes);
        let log = ScoreLog::at(signed.root, signed.records);
        let restored = state.ok().and_then(|(counts, seals, pending, table)| {
            Some(Self { table: begun.table.with_state(&table)?, counts, log, seals, pending })
        });
        let mut replay = restored.ok_or_else(|| diverged(seal.seq, &record, Divergence::NoState))?;
        replay.accept(seal)?;
        Ok(replay)
    }

    /// All that the records so far have come to, besides the header.
    pub fn to_bytes(&self) -> Vec<u8> {
        (self.counts, &self.seals, self.pending, self.table.to_bytes()).encode()
    }

    /// Names it.
    pub fn digest(&self) -> Digest {
        Digest::derive(DIGEST_CONTEXT, &[&self.to_bytes()])
    }

    /// The next record of the log.
    pub fn accept(&mut self, sealed: &Sealed) -> Result<Record, ReplayError> {
        let mut log = self.log;
        let record = log.accept(sealed)?;
        self.take(&record, log).map_err(|divergence| diverged(sealed.seq, &record, divergence))?;
        Ok(record)
    }

    /// Writes the next record, if it follows.
    pub fn append(&mut self, record: &Record) -> Result<Sealed, Divergence> {
        let mut log = self.log;
        let sealed = log.append(record);
        self.take(record, log)?;
        Ok(sealed)
    }

    /// The chain of hashes up to here.
    pub fn log(&self) -> &ScoreLog {
        &self.log
    }

    /// The head of the log after the last seal.
    pub fn last_seal(&self) -> Option<Digest> {
        self.seals.back().copied()
    }

    /// What the chain should hold of the log: the last seal, if it was not seen there yet.
    pub fn unanchored(&self) -> Option<Anchor> {
        self.pending
    }

    /// The seal of all records so far, to be appended.
    pub fn seal(&self, epoch: u64, block: BlockRef, keypair: &Keypair) -> Seal {
        let signature = primitives::Signature([0; 64]);
        let (records, root, previous, state) = (self.log.len(), self.log.head(), self.last_seal(), self.digest());
        let seal = Seal { epoch, block, records, root, previous, state, signature };
        let message = seal.message(self.table.header());
        Seal { signature: keypair.sign(&message.0), ..seal }
    }

    fn take(&mut self, record: &Record, log: ScoreLog) -> Result<(), Divergence> {
        match record {
            Record::Seal(seal) => {
                self.check_seal(seal)?;
                self.table.check_sealed(seal)?;
                if self.seals.len() == MAX_SEALS {
                    self.seals.pop_front();
                }
                self.seals.push_back(log.head());
                self.pending = Some(Anchor::of(seal, log.head()));
            }
            Record::Anchored(Anchored { root, .. }) => {
                if !self.seals.contains(root) {
                    return Err(Divergence::Anchor { found: *root });
                }
                self.pending = self.pending.filter(|pending| pending.root != *root);
            }
            other => self.table.apply(other)?,
        }
        let counts = &mut self.counts;
        match record {
            Record::Header(_) => {}
            Record::Round(_) => counts.rounds += 1,
            Record::Scored(_) => counts.scored += 1,
            Record::Weights(_) => counts.weights += 1,
            Record::Landed(_) => counts.landed += 1,
            Record::Seal(_) => counts.seals += 1,
            Record::Anchored(_) => counts.anchored += 1,
        }
        self.log = log;
        Ok(())
    }

    fn check_seal(&self, seal: &Seal) -> Result<(), Divergence> {
        let (records, root) = (self.log.len(), self.log.head());
        if (seal.records, seal.root, seal.previous) != (records, root, self.last_seal()) {
            return Err(Divergence::Seal { records, root, found: Box::new(seal.clone()) });
        }
        let state = self.digest();
        if seal.state != state {
            return Err(Divergence::State { expected: state, found: seal.state });
        }
        if seal.is_signed(self.table.header()) { Ok(()) } else { Err(Divergence::Unsigned) }
    }
}

fn diverged(seq: u64, record: &Record, divergence: Divergence) -> ReplayError {
    ReplayError::Diverged { seq, kind: record.kind(), divergence: Box::new(divergence) }
}

/// Recomputes a log in its text form, with the tasks and scorers of this crate.
pub fn replay_log(reader: impl BufRead) -> Result<Replay, ReplayError> {
    replay(LogReader::new(reader), &Registry::default())
}

/// Recomputes a log, from wherever its records come.
pub fn replay<E>(
    records: impl IntoIterator<Item = Result<Sealed, E>>,
    registry: &Registry,
) -> Result<Replay, ReplayError>
where
    ReplayError: From<E>,
{
    let mut records = records.into_iter();
    let first = records.next().ok_or(ReplayError::Empty)??;
    let mut replay = Replay::begin(&first, registry)?;
    for sealed in records {
        replay.accept(&sealed?)?;
    }
    Ok(replay)
}
