//! What a validator writes down, in the order in which it happened.

use primitives::{BlockRef, Digest, Hotkey, MechId, NetUid, Registration, Weights};
use serde::{Deserialize, Serialize};

use crate::{
    config::{ScoringConfig, as_logged},
    evidence::Evidence,
    score::Score,
    weights::Snapshot,
};

/// The version of the records that this crate writes and reads.
pub const LOG_VERSION: u32 = 1;

/// One record of the score log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// Whose log this is, and by which rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`LOG_VERSION`].
    pub version: u32,
    /// The subnet.
    pub netuid: NetUid,
    /// Its mechanism.
    pub mech: MechId,
    /// The validator.
    pub validator: Hotkey,
    /// The rules.
    #[serde(serialize_with = "as_logged")]
    pub config: ScoringConfig,
}

/// A round of challenges began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// Greater than that of any round before.
    pub round: u64,
    /// The finalised block whose hash seeds the challenges.
    pub block: BlockRef,
}

/// One answer was scored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scored {
    /// The current round.
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightsRecord {
    /// The current round.
    pub round: u64,
    /// The subnet that they are for.
    pub snapshot: Snapshot,
    /// The row.
    pub weights: Weights,
    /// The version that is sent along.
    pub version_key: u64,
}

/// The chain holds the last weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Landed {
    /// The finalised block that holds the call.
    pub block: BlockRef,
    /// The row, as read back.
    pub weights: Weights,
}

impl Record {
    /// Its canonical bytes: JSON without spaces, fields in the order of this file.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("records hold no floats and no maps")
    }

    /// Its kind, as in the log.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Header(_) => "header",
            Self::Round(_) => "round",
            Self::Scored(_) => "scored",
            Self::Weights(_) => "weights",
            Self::Landed(_) => "landed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Zeros, log::ScoreLog};

    /// As the first version wrote it.
    const FIRST: &str = r#"{"header":{"version":1,"netuid":1,"mech":0,"validator":"5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM","config":{"tasks":["generate"],"scorer":"accuracy_and_speed","margin_tolerance_micro":100000,"match_gate_ppm":900000,"cosine_gate_micro":995000,"reference_start_us":100000,"reference_unit_us":5000,"success_rate_ppm":100000,"failure_rate_ppm":300000,"stale_after_rounds":20,"weights":{"kind":"proportional","power":2}}}}"#;

    #[test]
    fn headers_of_the_first_version_are_written_as_they_were() {
        let first: Record = serde_json::from_str(FIRST).unwrap();
        let Record::Header(header) = &first else { panic!("{first:?}") };
        assert_eq!(header.config, ScoringConfig::default());
        assert_eq!(String::from_utf8(first.encode()).unwrap(), FIRST);
        ScoreLog::new().accept(&ScoreLog::new().append(&first)).unwrap();

        let config = ScoringConfig { zeros: Zeros::Explicit, ..header.config.clone() };
        let later = Record::Header(Header { config, ..header.clone() });
        let sealed = ScoreLog::new().append(&later);
        assert!(sealed.bytes.ends_with(br#","zeros":"explicit"}}}"#));
        assert_eq!(ScoreLog::new().accept(&sealed).unwrap(), later);
    }
}
