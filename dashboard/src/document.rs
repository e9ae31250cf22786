//! The public document, part by part. `docs/dashboard.md` says what each field means to who reads it.

use std::collections::BTreeMap;

use primitives::{BlockHash, BlockNumber, BlockRef, Coldkey, Endpoint, Hotkey, MechId, NetUid, Uid};
use scoring::{Outcome, reliability::Figures};
use serde::{Deserialize, Serialize};

/// The version of the document. It changes when a field changes its meaning or goes; new fields may come without.
pub const DOCUMENT_VERSION: u32 = 1;

/// Whose view it is. It doesn't change while a validator runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The subnet.
    pub netuid: NetUid,
    /// The mechanism whose rows the validator sets.
    pub mechanism: MechId,
    /// The chain, by the hash of its first block.
    pub genesis: BlockHash,
    /// The validator.
    pub validator: Hotkey,
    /// The program's version.
    pub version: String,
    /// A round starts every so many blocks.
    pub round_blocks: u64,
    /// When the validator was started, in milliseconds since 1970.
    pub started_unix_ms: u64,
}

/// What changes with every block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// When this part was made, in milliseconds since 1970.
    pub made_unix_ms: u64,
    /// The newest finalised block; none before the first.
    pub head: Option<Head>,
    /// Milliseconds from one block to the next, as they lately were.
    pub block_ms: Option<u64>,
    /// The node that is the first choice: scheme, host and port.
    pub chain_url: Option<String>,
    /// How often asking the chain for its blocks failed since the start.
    pub chain_errors: u64,
    /// `SubnetEpochIndex`.
    pub epoch_index: Option<u64>,
    /// Blocks between two epochs.
    pub tempo_blocks: Option<u64>,
    /// The block of the last epoch.
    pub last_epoch_block: Option<BlockNumber>,
    /// The block in which the next epoch is due; none where none is.
    pub next_epoch_block: Option<BlockNumber>,
    /// Whether rows are committed first and revealed later.
    pub commit_reveal: Option<bool>,
    /// The round under way.
    pub round: Option<Progress>,
    /// Why the current epoch gets no row.
    pub skipped: Option<Skipped>,
    /// The validator's loops.
    pub loops: Vec<Loop>,
}

/// A finalised block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its number.
    pub number: BlockNumber,
    /// Its hash.
    pub hash: BlockHash,
    /// When it was seen, in milliseconds since 1970.
    pub seen_unix_ms: u64,
}

impl Head {
    /// A block that is seen at a moment, in milliseconds since 1970.
    pub fn new(block: BlockRef, seen_unix_ms: u64) -> Self {
        Self { number: block.number, hash: block.hash, seen_unix_ms }
    }
}

/// How far a round got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The round.
    pub round: u64,
    /// The block that it is anchored at.
    pub block: BlockNumber,
    /// When it began, in milliseconds since 1970.
    pub started_unix_ms: u64,
    /// Miners that are asked in it.
    pub asked: u32,
    /// Of these, those that answered or failed to.
    pub ended: u32,
}

/// An epoch without a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The epoch.
    pub epoch_index: u64,
    /// The reason's name, as in the metrics.
    pub reason: String,
    /// In words.
    pub detail: String,
}

/// A loop of the validator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loop {
    /// Its name.
    pub name: String,
    /// Whether it goes on.
    pub state: LoopState,
    /// Seconds since it last went on.
    pub idle_seconds: u64,
    /// It is stale after so many seconds.
    pub stale_after_seconds: u64,
    /// What it stumbled over, until that is over.
    pub trouble: Option<String>,
}

/// Whether a loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoopState {
    /// It does.
    Ok,
    /// It hasn't for too long.
    Stale,
    /// It does, and gets nothing done.
    Failing,
}

/// A seat, as it stood on chain at the block of the last round. Shares are of 65535.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neuron {
    /// The seat.
    pub uid: Uid,
    /// Who sits in it.
    pub hotkey: Hotkey,
    /// Who owns it.
    pub coldkey: Coldkey,
    /// Since when.
    pub registered_at_block: BlockNumber,
    /// Where it serves.
    pub endpoint: Option<Endpoint>,
    /// Whether its weights count.
    pub validator_permit: bool,
    /// Whether its weights are recent enough to count.
    pub active: bool,
    /// Alpha staked to it, in rao.
    pub stake_rao: u64,
    /// Its share of the stake.
    pub stake_weight: u16,
    /// Its share of the miners' emission.
    pub incentive: u16,
    /// Its share of the validators' emission.
    pub dividends: u16,
    /// The median of the weights on it.
    pub consensus: u16,
    /// How much of its weights survived clipping.
    pub validator_trust: u16,
    /// The block of its last weights or commit.
    pub last_update_block: BlockNumber,
    /// Paid at the last epoch, in rao of alpha.
    pub emission_rao: u64,
}

impl From<&primitives::Neuron> for Neuron {
    fn from(neuron: &primitives::Neuron) -> Self {
        Self {
            uid: neuron.uid,
            hotkey: neuron.hotkey,
            coldkey: neuron.coldkey,
            registered_at_block: neuron.registered_at,
            endpoint: neuron.endpoint,
            validator_permit: neuron.validator_permit,
            active: neuron.active,
            stake_rao: neuron.stake_rao,
            stake_weight: neuron.stake_weight,
            incentive: neuron.incentive,
            dividends: neuron.dividends,
            consensus: neuron.consensus,
            validator_trust: neuron.validator_trust,
            last_update_block: neuron.last_update,
            emission_rao: neuron.emission_rao,
        }
    }
}

/// What this validator measured of a miner that has a seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Miner {
    /// The seat.
    pub uid: Uid,
    /// Its standing, in billionths.
    pub score_nano: u32,
    /// How often it was scored since it has its seat.
    pub answers: u64,
    /// How often it was worth something.
    pub successes: u64,
    /// Answers to come that are worth nothing, because an earlier one was false.
    pub barred_answers: u32,
    /// What its answers scored in each of the rounds listed, in thousandths; none where it was not scored.
    pub history_milli: Vec<Option<u16>>,
    /// What became of its requests in these rounds.
    pub outcomes: BTreeMap<Outcome, u32>,
    /// What became of its proofs in these rounds.
    pub proofs: BTreeMap<Proof, u32>,
    /// How reliable it was.
    pub reliability: Reliable,
    /// Self-reported: the share of its places that was taken when it answered last, in millionths; none where it doesn't say.
    #[serde(default)]
    pub capacity_used_ppm: Option<u32>,
}

/// Figures of the three windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reliable {
    /// Of the last hour.
    #[serde(rename = "1h")]
    pub hour: Figures,
    /// Of the last 24 hours.
    #[serde(rename = "24h")]
    pub day: Figures,
    /// Of the last 7 days.
    #[serde(rename = "7d")]
    pub week: Figures,
}

impl From<[Figures; 3]> for Reliable {
    /// In the order of [`scoring::reliability::Period::ALL`].
    fn from([hour, day, week]: [Figures; 3]) -> Self {
        Self { hour, day, week }
    }
}

/// How an answer was checked, and with what result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Its rows are those of the model.
    Holds,
    /// Its rows or tokens are not those of the model.
    Differs,
    /// It came without one, and one is demanded.
    Missing,
    /// It can't be a proof of this answer.
    Broken,
    /// The lot didn't fall on it.
    Unaudited,
    /// None is demanded of this answer, which was checked by its output alone.
    NotAsked,
    /// There was no answer to prove.
    NoAnswer,
}

impl Proof {
    /// All of them, in order.
    pub const ALL: [Self; 7] =
        [Self::Holds, Self::Differs, Self::Missing, Self::Broken, Self::Unaudited, Self::NotAsked, Self::NoAnswer];

    /// The word, as in the document and in the metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Differs => "differs",
            Self::Missing => "missing",
            Self::Broken => "broken",
            Self::Unaudited => "unaudited",
            Self::NotAsked => "not_asked",
            Self::NoAnswer => "no_answer",
        }
    }
}

/// A window of the figures of reliability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its name there.
    pub name: String,
    /// Rounds in it: a miner that announced an endpoint all the time was asked in each.
    pub rounds: u64,
}

/// A round that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// Its number.
    pub round: u64,
    /// The block that it is anchored at.
    pub block: BlockNumber,
    /// When it began, in milliseconds since 1970; of rounds before the validator was started, by the number of their blocks.
    pub started_unix_ms: u64,
    /// How long it took; none of rounds before the validator was started.
    pub took_ms: Option<u64>,
    /// Miners that were scored in it.
    pub scored: u32,
    /// What became of their requests.
    pub outcomes: BTreeMap<Outcome, u32>,
    /// What became of their proofs.
    pub proofs: BTreeMap<Proof, u32>,
}

/// Rows of weights that stand on chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matrix {
    /// The block at which they were read; none before they were.
    pub block: Option<BlockNumber>,
    /// Those of validators that have one.
    pub rows: Vec<Row>,
}

/// A validator's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The validator's seat.
    pub uid: Uid,
    /// Whom it names.
    pub uids: Vec<Uid>,
    /// Each one's weight, of 65535 for the greatest.
    pub values: Vec<u16>,
}

/// A row of this validator's, and how far it got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// The epoch that it counts for.
    pub epoch_index: u64,
    /// The block of what it was computed from.
    pub planned_at_block: BlockNumber,
    /// How many seats it names.
    pub uids: u32,
    /// How many calls were signed for it.
    pub attempts: u32,
    /// How far it got, as in `assay weights history`.
    pub state: String,
    /// Why it was given up.
    pub reason: Option<String>,
    /// The block that holds it, where one does.
    pub block: Option<BlockNumber>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_and_the_metrics_use_one_word() {
        for proof in Proof::ALL {
            assert_eq!(serde_json::to_string(&proof).unwrap(), format!("\"{}\"", proof.as_str()));
        }
    }
}
