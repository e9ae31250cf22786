//! Recomputing a log: every score from its evidence, every row of weights from the scores.

use std::io::BufRead;

use crate::{
    log::{LogError, LogReader},
    record::Record,
    registry::Registry,
    table::{Divergence, ScoreTable},
};

/// A log that was recomputed and agrees with itself.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The standings at its end.
    pub table: ScoreTable,
    /// How many records of each kind there are.
    pub counts: Counts,
}

/// How many records of each kind a log has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rounds.
    pub rounds: u64,
    /// Scored answers.
    pub scored: u64,
    /// Rows of weights.
    pub weights: u64,
    /// Rows that landed on chain.
    pub landed: u64,
}

/// Why a log is not what its validator should have written.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It has no records.
    #[error("the score log is empty")]
    Empty,
    /// It can't be read.
    #[error(transparent)]
    Log(#[from] LogError),
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
    pub fn begin(first: &Record, registry: Registry) -> Result<Self, Divergence> {
        match first {
            Record::Header(header) => {
                Ok(Self { table: ScoreTable::new(header.clone(), registry)?, counts: Counts::default() })
            }
            other => Err(Divergence::NoHeader(other.kind())),
        }
    }

    /// The next record.
    pub fn push(&mut self, record: &Record) -> Result<(), Divergence> {
        self.table.apply(record)?;
        match record {
            Record::Header(_) => {}
            Record::Round(_) => self.counts.rounds += 1,
            Record::Scored(_) => self.counts.scored += 1,
            Record::Weights(_) => self.counts.weights += 1,
            Record::Landed(_) => self.counts.landed += 1,
        }
        Ok(())
    }
}

/// Recomputes records with the tasks and scorers of this crate. Needs as much memory as the subnet has miners, however
/// long the log.
pub fn replay(records: impl IntoIterator<Item = Record>) -> Result<Replay, ReplayError> {
    replay_with(&Registry::default(), records.into_iter().map(Ok))
}

/// Recomputes a log in its text form.
pub fn replay_log(reader: impl BufRead) -> Result<Replay, ReplayError> {
    replay_with(&Registry::default(), LogReader::new(reader))
}

/// Recomputes records, from wherever they come, with the tasks and scorers of `registry`.
pub fn replay_with(
    registry: &Registry,
    records: impl IntoIterator<Item = Result<Record, LogError>>,
) -> Result<Replay, ReplayError> {
    let mut replay: Option<Replay> = None;
    for (seq, record) in (0..).zip(records) {
        let record = record?;
        let diverged =
            |divergence| ReplayError::Diverged { seq, kind: record.kind(), divergence: Box::new(divergence) };
        match &mut replay {
            Some(replay) => replay.push(&record).map_err(diverged)?,
            None => replay = Some(Replay::begin(&record, registry.clone()).map_err(diverged)?),
        }
    }
    replay.ok_or(ReplayError::Empty)
}
