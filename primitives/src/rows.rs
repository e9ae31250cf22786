//! What validators said: their rows of weights, the bonds that came of them, and what they committed.

use serde::{Deserialize, Serialize};

use crate::{BlockNumber, BlockRef, MechId, NetUid, Uid};

/// What the validators of one mechanism said, at one block. Apart from the metagraph, as it grows with the square of
/// the seats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetagraphRows {
    /// Which subnet.
    pub netuid: NetUid,
    /// Which of its mechanisms.
    pub mechanism: MechId,
    /// When.
    pub block: BlockRef,
    /// By uid: `rows[i]` is of seat `i`.
    pub rows: Vec<NeuronRows>,
}

/// What one neuron said, as stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeuronRows {
    /// Its weights, of 65535 for the greatest, in the order in which it sent them: liquid alpha depends on it.
    pub weights: Vec<(Uid, u16)>,
    /// Its bonds, of 65535.
    pub bonds: Vec<(Uid, u16)>,
    /// What it committed and did not reveal yet; hashes that can't be revealed any more among them, until it commits
    /// again.
    pub commits: Vec<WeightCommit>,
}

/// A row that is committed and not yet revealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightCommit {
    /// A hash, for its sender to reveal.
    Hashed {
        /// The epoch that it belongs to.
        epoch: u64,
        /// The block that took it.
        block: BlockNumber,
        /// What the row must hash to; in hex as text.
        #[serde(with = "hex::serde")]
        hash: [u8; 32],
    },
    /// A ciphertext, which the chain opens.
    Timelocked {
        /// The epoch that it belongs to.
        epoch: u64,
        /// The block that took it.
        block: BlockNumber,
        /// The drand round that opens it.
        round: u64,
    },
}
