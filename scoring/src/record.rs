//! What a validator writes down, in the order in which it happened.

use codec::{Decode, DecodeAll, Encode};
use primitives::{BlockHash, BlockRef, Digest, Hotkey, MechId, NetUid, Registration, Signature, Weights};
use serde::{Deserialize, Serialize};

use crate::{evidence::Evidence, rules::Rules, score::Score, weights::Snapshot};

/// The version of the records that this crate writes and reads.
pub const LOG_VERSION: u32 = 2;

const SEAL_CONTEXT: &str = "assay 2026 score log seal v1";

/// One record of the score log.
///
/// Its canonical bytes are SCALE, the chain's own encoding, in the order of this file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// Whose log this is, and by which rules; the first record and only that.
    Header(Header),
    /// A round of challenges began.
    Round(Round),
    /// One answer was scored.
    Scored(Box<Scored>),
    /// Weights were computed. Written before they are sent.
    Weights(Box<WeightsRecord>),
    /// The chain holds the weights: read back from a finalised block.
    Landed(Landed),
    /// An epoch is over: the validator signs for all records before this one.
    Seal(Box<Seal>),
    /// The chain holds the root of a seal: read back from a finalised block.
    Anchored(Anchored),
}

/// Whose log this is, and by which rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`LOG_VERSION`].
    pub version: u32,
    /// The chain, by the hash of its first block.
    pub genesis: BlockHash,
    /// The subnet.
    pub netuid: NetUid,
    /// Its mechanism.
    pub mech: MechId,
    /// The validator.
    pub validator: Hotkey,
    /// The rules.
    pub rules: Rules,
}

/// A round of challenges began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// Greater than that of any round before.
    #[codec(compact)]
    pub round: u64,
    /// The finalised block whose hash seeds the challenges.
    pub block: BlockRef,
}

/// One answer was scored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Scored {
    /// The current round.
    #[codec(compact)]
    pub round: u64,
    /// Who answered, or should have.
    pub miner: Registration,
    /// The task's name.
    pub task: String,
    /// Digest of the challenge, which follows from the round, the miner and the task.
    pub challenge: Digest,
    /// Digest of the signed request; none where it was never sent.
    pub request_digest: Option<Digest>,
    /// Digest of the signed answer; none where there was none.
    pub response_digest: Option<Digest>,
    /// What the score follows from.
    pub evidence: Evidence,
    /// What it was worth.
    pub score: Score,
}

/// Weights were computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct WeightsRecord {
    /// The current round.
    #[codec(compact)]
    pub round: u64,
    /// The subnet that they are for.
    pub snapshot: Snapshot,
    /// The row.
    pub weights: Weights,
    /// The version that is sent along.
    #[codec(compact)]
    pub version_key: u64,
}

/// The chain holds weights that were computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Landed {
    /// The finalised block from which the row stood on chain.
    pub block: BlockRef,
    /// The row, as read back.
    pub weights: Weights,
    /// Hash of the signed call that set or committed it.
    pub call: Option<BlockHash>,
}

/// The validator's signature under its log, once an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// The epoch that begins: `SubnetEpochIndex` on chain.
    #[codec(compact)]
    pub epoch: u64,
    /// The finalised block at which it was seen to.
    pub block: BlockRef,
    /// How many records are sealed: all before this one.
    #[codec(compact)]
    pub records: u64,
    /// The head of the log after the last of them.
    pub root: Digest,
    /// The head of the log after the seal before this one; none for the first.
    pub previous: Option<Digest>,
    /// Names what they come to ([`crate::Replay::digest`]).
    pub state: Digest,
    /// By the validator, over all of this and the log's header.
    pub signature: Signature,
}

/// The chain holds the root of the last seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Anchored {
    /// The finalised block from which it stood on chain.
    pub block: BlockRef,
    /// The head of the log after that seal.
    pub root: Digest,
}

impl Record {
    /// The first byte of a scored answer.
    pub(crate) const SCORED: u8 = 2;
    /// The first byte of a seal.
    pub(crate) const SEAL: u8 = 5;

    /// Its canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        Encode::encode(self)
    }

    /// From canonical bytes, all of them.
    pub fn decode(mut bytes: &[u8]) -> Result<Self, codec::Error> {
        Self::decode_all(&mut bytes)
    }

    /// Its kind, as in the log.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Header(_) => "header",
            Self::Round(_) => "round",
            Self::Scored(_) => "scored",
            Self::Weights(_) => "weights",
            Self::Landed(_) => "landed",
            Self::Seal(_) => "seal",
            Self::Anchored(_) => "anchored",
        }
    }
}

impl Seal {
    /// What is signed: the seal without its signature, in the log that begins with this header.
    pub fn message(&self, header: &Header) -> Digest {
        let unsigned = Self { signature: Signature([0; 64]), ..self.clone() };
        let header = Digest::of(&header.encode());
        Digest::derive(SEAL_CONTEXT, &[&header.0, &unsigned.encode()])
    }

    /// Whether the validator signed it.
    pub fn is_signed(&self, header: &Header) -> bool {
        header.validator.verify(&self.message(header).0, &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Incentive;

    #[test]
    fn kinds_keep_their_places_in_the_encoding() {
        let header = Header {
            version: LOG_VERSION,
            genesis: BlockHash([1; 32]),
            netuid: NetUid(3),
            mech: MechId(0),
            validator: Hotkey([2; 32]),
            rules: Incentive::default().into(),
        };
        let block = BlockRef { number: 300, hash: BlockHash([4; 32]) };
        let records = [
            Record::Header(header),
            Record::Round(Round { round: 64, block }),
            Record::Anchored(Anchored { block, root: Digest([5; 32]) }),
        ];
        for (record, kind) in records.iter().zip([0, 1, 6]) {
            let bytes = record.encode();
            assert_eq!(bytes[0], kind, "{}", record.kind());
            assert_eq!(Record::decode(&bytes).as_ref(), Ok(record));
            let line = serde_json::to_string(record).unwrap();
            assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), *record);
            assert!(Record::decode(&bytes[..bytes.len() - 1]).is_err());
            assert!(Record::decode(&[&bytes[..], &[0]].concat()).is_err());
        }
        assert_eq!(records[1].encode()[1..5], [1, 1, 177, 4]);
    }
}
