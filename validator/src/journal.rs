//! The journal of weights: at most one submission per epoch, each step written down before the next is taken, so
//! that a validator which is killed anywhere goes on where it was.
//!
//! ```text
//! planned ── signed ── in_block ── landed ───────────────── verified
//!               │                     └── committed ───────────┤
//!               └── (its reveal, or a commit that aims anew) ──┘
//! ```
//!
//! Every state that is not an end may become `abandoned`.

use chain::{SignedWeights, TransactionHash};
use primitives::{BlockNumber, BlockRef, Uid, Weights};
use rusqlite::{Connection, Row, Transaction, named_params, params};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

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
    /// How many calls were signed for it. A call takes the place of another one only where that can no longer land.
    pub attempts: u32,
    /// The last commit of it that is on chain, where it has to be revealed.
    pub commit: Option<Box<Commit>>,
    /// How far it got.
    pub state: State,
}

/// A commit that a finalised block holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// The call. It holds the salt of a hash.
    pub call: SignedWeights,
    /// The block that holds it.
    pub block: BlockRef,
    /// The epoch that the chain filed it under.
    pub epoch: u64,
}

impl Submission {
    /// Hash of the call that set or committed the row, as far as one was signed and stands.
    pub fn call_hash(&self) -> Option<TransactionHash> {
        match &self.state {
            State::Signed(call) | State::InBlock { call, .. } | State::Landed { call, .. } => Some(call.hash),
            State::Planned | State::Committed | State::Verified { .. } | State::Abandoned(_) => {
                self.commit.as_ref().map(|commit| commit.call.hash)
            }
        }
    }
}

/// How far a submission got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The weights are in the log; nothing is signed.
    Planned,
    /// A call is signed, and may have been sent.
    Signed(Box<SignedWeights>),
    /// A block holds the call; it may still be undone.
    InBlock {
        /// The call.
        call: Box<SignedWeights>,
        /// The block.
        block: BlockRef,
    },
    /// A finalised block holds the call, dispatched without error.
    Landed {
        /// The call.
        call: Box<SignedWeights>,
        /// The block.
        block: BlockRef,
    },
    /// The chain keeps the commit, [`Submission::commit`], and the row has not been revealed yet.
    Committed,
    /// Read back from chain: the row stands as planned.
    Verified {
        /// The block that held the call; of a row that the chain itself revealed, the block at which it was read back.
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
    /// The chain refused the call, or would have: by its own name for the reason.
    Refused(String),
    /// It landed, but another row stands on chain.
    Diverged,
    /// It was committed, and the time to reveal it is over: what the chain would have said, or what was missing.
    NotRevealed(String),
    /// It was committed, and nobody looked while its row would have stood on chain.
    Unobserved,
}

impl Abandoned {
    /// Its code in metrics and in `assay weights history`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::EpochPassed => "epoch_passed",
            Self::SeatLost => "seat_lost",
            Self::Refused(_) => "refused",
            Self::Diverged => "diverged",
            Self::NotRevealed(_) => "not_revealed",
            Self::Unobserved => "unobserved",
        }
    }

    /// What there is to say beyond the code.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Refused(detail) | Self::NotRevealed(detail) => Some(detail),
            _ => None,
        }
    }
}

impl State {
    /// Its name in the journal and in log lines.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Signed(_) => "signed",
            Self::InBlock { .. } => "in_block",
            Self::Landed { .. } => "landed",
            Self::Committed => "committed",
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

/// A new call, where the one before, if there was one, can no longer land: planned, signed, in_block or committed →
/// signed.
pub(crate) fn sign(transaction: &Transaction<'_>, id: u64, call: &SignedWeights) -> Result<(), Raw> {
    let changed = transaction.execute(
        "UPDATE submissions SET state = 'signed', call = ?2, block = NULL, attempts = attempts + 1
         WHERE id = ?1 AND state IN ('planned', 'signed', 'in_block', 'committed')",
        params![signed(id), to_json(call)?],
    )?;
    stepped(changed, id, "planned, signed, in a block or committed", "signed")
}

/// signed or in_block → in_block.
pub(crate) fn include(transaction: &Transaction<'_>, id: u64, block: BlockRef) -> Result<(), Raw> {
    let changed = transaction.execute(
        "UPDATE submissions SET state = 'in_block', block = ?2 WHERE id = ?1 AND state IN ('signed', 'in_block')",
        params![signed(id), to_json(&block)?],
    )?;
    stepped(changed, id, "signed", "in a block")
}

/// signed or in_block → landed.
pub(crate) fn land(transaction: &Transaction<'_>, id: u64, block: BlockRef) -> Result<(), Raw> {
    let changed = transaction.execute(
        "UPDATE submissions SET state = 'landed', block = ?2 WHERE id = ?1 AND state IN ('signed', 'in_block')",
        params![signed(id), to_json(&block)?],
    )?;
    stepped(changed, id, "signed", "landed")
}

/// landed → committed.
pub(crate) fn commit(transaction: &Transaction<'_>, id: u64, commit: &Commit) -> Result<(), Raw> {
    let changed = transaction.execute(
        "UPDATE submissions SET state = 'committed', committed = ?2 WHERE id = ?1 AND state = 'landed'",
        params![signed(id), to_json(commit)?],
    )?;
    stepped(changed, id, "landed", "committed")
}

/// signed or in_block → committed: the second commit was refused, and the first one still stands.
pub(crate) fn keep_commit(transaction: &Transaction<'_>, id: u64) -> Result<(), Raw> {
    let changed = transaction.execute(
        "UPDATE submissions SET state = 'committed'
         WHERE id = ?1 AND state IN ('signed', 'in_block') AND committed IS NOT NULL",
        [signed(id)],
    )?;
    stepped(changed, id, "a second commit", "committed")
}

/// landed or committed → verified.
pub(crate) fn verify(transaction: &Transaction<'_>, id: u64, block: BlockRef) -> Result<(), Raw> {
    let changed = transaction.execute(
        "UPDATE submissions SET state = 'verified', block = ?2 WHERE id = ?1 AND state IN ('landed', 'committed')",
        params![signed(id), to_json(&block)?],
    )?;
    stepped(changed, id, "landed or committed", "verified")
}

/// Anything unfinished → abandoned.
pub(crate) fn abandon(transaction: &Transaction<'_>, id: u64, reason: &Abandoned) -> Result<(), Raw> {
    let changed = transaction.execute(
        "UPDATE submissions SET state = 'abandoned', reason = ?2
         WHERE id = ?1 AND state NOT IN ('verified', 'abandoned')",
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

/// Which submissions to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    All,
    Unfinished,
    Id(u64),
    Epoch(u64),
    /// The one of the latest epoch.
    Last,
}

/// Submissions, oldest first. The outer error is SQLite's, the inner one names a row that makes no sense.
pub(crate) fn read(conn: &Connection, which: Which) -> rusqlite::Result<Result<Vec<Submission>, Damage>> {
    let (filter, value) = match which {
        Which::All => ("?1 IS NOT NULL", 0),
        Which::Unfinished => ("?1 IS NOT NULL AND state NOT IN ('verified', 'abandoned')", 0),
        Which::Id(id) => ("id = ?1", id),
        Which::Epoch(index) => ("epoch_index = ?1", index),
        Which::Last => ("?1 IS NOT NULL AND id = (SELECT max(id) FROM submissions)", 0),
    };
    let mut statement = conn.prepare_cached(&format!(
        "SELECT id, epoch_index, last_epoch_block, record_seq, planned_at, uid, weights, version_key, attempts, state,
                call, block, committed, reason
         FROM submissions WHERE {filter} ORDER BY id",
    ))?;
    let mut rows = statement.query([signed(value)])?;
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
    let call = || json::<Box<SignedWeights>>(row, 10);
    let block = || json::<BlockRef>(row, 11);
    let commit = row.get::<_, Option<String>>(12)?.map(|text| serde_json::from_str(&text)).transpose()?;
    let state = match row.get::<_, String>(9)?.as_str() {
        "planned" => State::Planned,
        "signed" => State::Signed(call()?),
        "in_block" => State::InBlock { call: call()?, block: block()? },
        "landed" => State::Landed { call: call()?, block: block()? },
        "committed" => State::Committed,
        "verified" => State::Verified { block: block()? },
        "abandoned" => State::Abandoned(json(row, 13)?),
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
        commit,
        state,
    })
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, Box<dyn std::error::Error + Send + Sync>> {
    Ok(serde_json::from_str(&row.get::<_, String>(column)?)?)
}
