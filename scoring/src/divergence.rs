//! How a record may differ from what follows from those before it.

use primitives::{Digest, Registration, Weights};

use crate::{
    incentive::IncentiveError,
    outcome::Outcome,
    record::{LOG_VERSION, Seal},
    score::Score,
    weights::NoWeights,
};

/// Why a record does not follow from those before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Divergence {
    /// A log of another version.
    #[error("the log has version {0}; this program reads version {LOG_VERSION}")]
    Version(u32),
    /// Rules that make no sense here.
    #[error("the rules in the header make no sense")]
    Rules(#[from] IncentiveError),
    /// Something else where the header must be.
    #[error("the log begins with a {0} record, not with its header")]
    NoHeader(&'static str),
    /// A header in the middle.
    #[error("a second header")]
    SecondHeader,
    /// Rounds or their blocks run backwards.
    #[error("round {found} at block {block} follows round {last} at block {last_block}")]
    RoundOrder {
        /// The round before.
        last: u64,
        /// Its block.
        last_block: u64,
        /// This round.
        found: u64,
        /// Its block.
        block: u64,
    },
    /// A record of a round that is not the current one.
    #[error("a record of round {found} in round {current:?}")]
    WrongRound {
        /// The current round, if one began.
        current: Option<u64>,
        /// The record's.
        found: u64,
    },
    /// A task that the rules don't name.
    #[error("the rules know no task {0:?}")]
    Task(String),
    /// The validator does not score itself.
    #[error("the validator scored itself")]
    Oneself,
    /// One miner scored twice for one task in one round.
    #[error("{miner} was scored twice for {task} in this round")]
    Repeated {
        /// Whom.
        miner: Registration,
        /// For what.
        task: String,
    },
    /// Another challenge than the seed gives: the validator chose it.
    #[error("the challenge of {miner} is {found}, but the seed gives {expected}")]
    Challenge {
        /// Who was asked.
        miner: Registration,
        /// What the seed gives.
        expected: Digest,
        /// What the record says.
        found: Digest,
    },
    /// An outcome that does not follow from the check.
    #[error("the outcome {outcome} of {miner} does not follow from its evidence")]
    Evidence {
        /// Whose.
        miner: Registration,
        /// The outcome in the record.
        outcome: Outcome,
    },
    /// Another score than the evidence gives.
    #[error("the score of {miner} is {found}, but the evidence gives {expected}")]
    Score {
        /// Whose.
        miner: Registration,
        /// What the evidence gives.
        expected: Score,
        /// What the record says.
        found: Score,
    },
    /// Other weights than the standings give.
    #[error("the weights are {found:?}, but the standings give {expected:?}")]
    Weights {
        /// What the standings give.
        expected: Weights,
        /// What the record says.
        found: Weights,
    },
    /// Weights where the standings give none.
    #[error("weights were set where there are none")]
    NoWeights(#[from] NoWeights),
    /// A row on chain that was not computed, or that was seen there before.
    #[error("the chain holds {found:?}, which does not wait to be seen there; the last weights were {expected:?}")]
    Landed {
        /// The last weights, if any.
        expected: Option<Weights>,
        /// The chain's.
        found: Weights,
    },
    /// A seal of other records than those before it.
    #[error("the seal is of {} records with the root {}, but {records} stand before it with the root {root}", found.records, found.root)]
    Seal {
        /// How many records there are.
        records: u64,
        /// Their root.
        root: Digest,
        /// The seal.
        found: Box<Seal>,
    },
    /// Epochs run backwards.
    #[error("the seal of epoch {found} follows that of epoch {last}")]
    SealOrder {
        /// The epoch before.
        last: u64,
        /// This epoch.
        found: u64,
    },
    /// A seal of another state.
    #[error("the state under the seal is {found}, but the records give {expected}")]
    State {
        /// What the records give.
        expected: Digest,
        /// What the seal says.
        found: Digest,
    },
    /// Something else where a seal must be.
    #[error("a {0} record stands where a seal must be")]
    NoSeal(&'static str),
    /// What is kept with a seal is not what its records came to.
    #[error("what is kept with the seal can't be read")]
    NoState,
    /// A seal that the validator didn't sign.
    #[error("the signature under the seal is not the validator's")]
    Unsigned,
    /// A root on chain that is of no seal of late.
    #[error("the chain holds the root {found}, which is that of no seal of late")]
    Anchor {
        /// The chain's.
        found: Digest,
    },
}
