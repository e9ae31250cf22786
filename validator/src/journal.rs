//! The journal of weights: at most one submission per epoch, each step written down before the next is taken, so
//! that a validator which is killed anywhere goes on where it was.
//!
//! ```text
//! planned ── signed ── landed ── verified
//!    └─────────┴─────────┴────── abandoned
//! ```

use chain::SignedWeights;
use primitives::{BlockNumber, BlockRef, Uid, Weights};
use rusqlite::{Connection, Row, Transaction, named_params, params};
use serde::{Deserialize, Serialize};

use crate::database::{Damage, Raw, StoreError, signed, unsigned};

/// One epoch's weights and how far they got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Its row.
    pub id: u64,
    /// The epoch for which it counts (`SubnetEpochIndex` when it was planned): one submission each.
    pub epoch_index: u64,
    /// The block of the epoch before.
    pub last_epoch_block: BlockNumber,
    /// The record of the score log that holds the weights and what they were computed from.
    pub record_seq: u64,
    /// The block of the snapshot that the weights were computed from.
    pub planned_at: BlockNumber,
    /// Our seat at that block.
    pub uid: Uid,
    /// What is to stand on chain.
    pub weights: Weights,
    /// Sent along.
    pub version_key: u64,
    /// How many calls were signed for it. More than one only where the one before can no longer land.
    pub attempts: u32,
    /// How far it got.
    pub state: State,
}

/// How far a submission got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The weights are in the log; nothing is signed.
    Planned,
    /// A call is signed, and may have been sent.
    Signed(Box<SignedWeights>),
    /// A finalised block holds the call, dispatched without error.
    Landed {
        /// The call.
        call: Box<SignedWeights>,
        /// The block.
        block: BlockRef,
    },
    /// Read back from chain: the row stands as planned.
    Verified {
        /// The block that held the call.
        block: BlockRef,
    },
    /// Given up.
    Abandoned(Abandoned),
}

/// Why a submission was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Abandoned {
    /// Its epoch ended before the call was on chain.
    EpochPassed,
    /// The hotkey lost its seat, or sits in another one.
    SeatLost,
    /// The chain refused the call, by its own name for the reason.
    Refused(String),
    /// It landed, but another row stands on chain.
    Diverged,
}

impl Abandoned {
    /// Its name in log lines.
    pub fn as_str(&self) -> &str {
        match self {
            Self::EpochPassed => "epoch_passed",
            Self::SeatLost => "seat_lost",
            Self::Refused(name) => name,
            Self::Diverged => "diverged",
        }
    }
}

impl State {
    /// Its name in the journal and in log lines.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Signed(_) => "signed",
            Self::Landed { .. } => "landed",
            Self::Verified { .. } => "verified",
            Self::Abandoned(_) => "abandoned",
        }
    }

    /// Whether nothing remains to be done.
    pub fn is_finished(&self) -> bool {
        matches!(self, Self::Verified { .. } | Self::Abandoned(_))
    }
}

/// What is needed to plan.
pub(crate) struct Plan<'a> {
    pub epoch_index: u64,
    pub last_epoch_block: BlockNumber,
    pub record_seq: u64,
    pub planned_at: BlockNumber,
    pub uid: Uid,
    pub weights: &'a Weights,
    pub version_key: u64,
}

pub(crate) fn plan(transaction: &Transaction<'_>, plan: &Plan<'_>) -> Result<u64, Raw> {
    let seen = "SELECT count(*) FROM submissions WHERE epoch_index = ?1";
    let seen: i64 = transaction.query_row(seen, [signed(plan.epoch_index)], |row| row.get(0))?;
    if seen > 0 {
        return Err(Raw::Store(StoreError::Planned { epoch_index: plan.epoch_index }));
    }
    transaction.execute(
        "INSERT INTO submissions
            (epoch_index, last_epoch_block, record_seq, planned_at, uid, weights, version_key, state)
         VALUES (:epoch_index, :last_epoch_block, :record_seq, :planned_at, :uid, :weights, :version_key, 'planned')",
        named_params! {
            ":epoch_index": signed(plan.epoch_index),
            ":last_epoch_block": signed(plan.last_epoch_block),
            ":record_seq": signed(plan.record_seq),
            ":planned_at": signed(plan.planned_at),
            ":uid": plan.uid.0,
            ":weights": to_json(plan.weights)?,
            // A version key may use all 64 bits.
            ":version_key": plan.version_key.to_string(),
        },
    )?;
    Ok(unsigned(transaction.last_insert_rowid()))
}

/// planned or signed → signed: the call before, if there was one, can no longer land.
pub(crate) fn sign(transaction: &Transaction<'_>, id: u64, call: &SignedWeights) -> Result<(), Raw> {
    let changed = transaction.execute(
        "UPDATE submissions SET state = 'signed', call = ?2, attempts = attempts + 1
         WHERE id = ?1 AND state IN ('planned', 'signed')",
        params![signed(id), to_json(call)?],
    )?;
    stepped(changed, id, "planned or signed", "signed")
}

/// signed → landed.
pub(crate) fn land(transaction: &Transaction<'_>, id: u64, block: BlockRef) -> Result<(), Raw> {
    let changed = transaction.execute(
        "UPDATE submissions SET state = 'landed', landed = ?2 WHERE id = ?1 AND state = 'signed'",
        params![signed(id), to_json(&block)?],
    )?;
    stepped(changed, id, "signed", "landed")
}

/// landed → verified.
pub(crate) fn verify(transaction: &Transaction<'_>, id: u64) -> Result<(), Raw> {
    let query = "UPDATE submissions SET state = 'verified' WHERE id = ?1 AND state = 'landed'";
    stepped(transaction.execute(query, [signed(id)])?, id, "landed", "verified")
}

/// Anything unfinished → abandoned.
pub(crate) fn abandon(transaction: &Transaction<'_>, id: u64, reason: &Abandoned) -> Result<(), Raw> {
    let changed = transaction.execute(
        "UPDATE submissions SET state = 'abandoned', reason = ?2
         WHERE id = ?1 AND state IN ('planned', 'signed', 'landed')",
        params![signed(id), to_json(reason)?],
    )?;
    stepped(changed, id, "unfinished", "abandoned")
}

fn stepped(changed: usize, id: u64, from: &'static str, to: &'static str) -> Result<(), Raw> {
    if changed == 1 { Ok(()) } else { Err(Raw::Store(StoreError::Step { id, from, to })) }
}

fn to_json(value: &impl Serialize) -> Result<String, rusqlite::Error> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// All submissions, oldest first. The outer error is SQLite's, the inner one names a row that makes no sense.
pub(crate) fn read(conn: &Connection) -> rusqlite::Result<Result<Vec<Submission>, Damage>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, epoch_index, last_epoch_block, record_seq, planned_at, uid, weights, version_key, attempts, state,
                call, landed, reason
         FROM submissions ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    let mut submissions = Vec::new();
    while let Some(row) = rows.next()? {
        let id = unsigned(row.get(0)?);
        match parse(id, row) {
            Ok(submission) => submissions.push(submission),
            Err(source) => return Ok(Err(Damage::Journal { id, source })),
        }
    }
    Ok(Ok(submissions))
}

fn parse(id: u64, row: &Row<'_>) -> Result<Submission, Box<dyn std::error::Error + Send + Sync>> {
    let number = |column: usize| row.get(column).map(unsigned);
    let call = || -> Result<Box<SignedWeights>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(serde_json::from_str(&row.get::<_, String>(10)?)?)
    };
    let block = || -> Result<BlockRef, Box<dyn std::error::Error + Send + Sync>> {
        Ok(serde_json::from_str(&row.get::<_, String>(11)?)?)
    };
    let state = match row.get::<_, String>(9)?.as_str() {
        "planned" => State::Planned,
        "signed" => State::Signed(call()?),
        "landed" => State::Landed { call: call()?, block: block()? },
        "verified" => State::Verified { block: block()? },
        "abandoned" => State::Abandoned(serde_json::from_str(&row.get::<_, String>(12)?)?),
        other => return Err(format!("state {other}").into()),
    };
    Ok(Submission {
        id,
        epoch_index: number(1)?,
        last_epoch_block: number(2)?,
        record_seq: number(3)?,
        planned_at: number(4)?,
        uid: Uid(row.get(5)?),
        weights: serde_json::from_str(&row.get::<_, String>(6)?)?,
        version_key: row.get::<_, String>(7)?.parse()?,
        attempts: row.get(8)?,
        state,
    })
}
