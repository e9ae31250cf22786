//! A row of weights on its way: what it says, and the signed calls that bring it on chain.

use primitives::{BlockNumber, BlockRef, Digest, Hotkey, MechId, NetUid, Weights};
use serde::{Deserialize, Serialize};

use crate::{TransactionHash, transaction::Transaction};

/// What is to stand on chain, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Which subnet.
    pub netuid: NetUid,
    /// Which mechanism of it.
    #[serde(default)]
    pub mech: MechId,
    /// The row. The chain scales it so that its greatest value is 65535: only such a row reads back as it was meant.
    pub weights: Weights,
    /// The version that it carries.
    pub version_key: u64,
}

/// What a call does with a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RowCall {
    /// Sets it in the open.
    #[default]
    Set,
    /// Commits its hash with this salt; its sender has to reveal it.
    CommitHash {
        /// Random: without it the hash gives the row away.
        salt: Vec<u16>,
    },
    /// Reveals what was committed as a hash.
    RevealHash {
        /// The commit's.
        salt: Vec<u16>,
    },
    /// Commits it encrypted to a round of the randomness beacon; the chain reveals it.
    CommitTimelocked {
        /// The round whose signature opens it.
        round: u64,
        /// The block at which the schedule lets the chain reveal it.
        reveal_block: BlockNumber,
        /// The digest of the ciphertext: how it is found among the commits.
        ciphertext: Digest,
        /// How long it is.
        ciphertext_bytes: usize,
    },
}

/// A signed call that carries a row. Write it down, then submit it; after a crash, submit what was written: it takes
/// effect once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedWeights {
    /// The row.
    #[serde(flatten)]
    pub row: Row,
    /// Whose row.
    pub hotkey: Hotkey,
    /// What the call does with it.
    #[serde(default)]
    pub call: RowCall,
    /// The transaction.
    #[serde(with = "hex::serde")]
    pub bytes: Vec<u8>,
    /// Its hash.
    pub hash: TransactionHash,
    /// The account's nonce that it uses up.
    pub nonce: u64,
    /// The block that it was signed at.
    pub birth: BlockRef,
    /// For how many blocks from there it can be included.
    pub period: u64,
}

impl Row {
    /// A row of a subnet's main mechanism.
    pub fn new(netuid: NetUid, weights: Weights, version_key: u64) -> Self {
        Self { netuid, mech: MechId(0), weights, version_key }
    }

    /// Under which number the chain stores it.
    pub(crate) fn index(&self) -> u16 {
        self.netuid.storage_index(self.mech)
    }
}

impl RowCall {
    /// Whether the row stands on chain once the call has landed; otherwise it has to be revealed first.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Set | Self::RevealHash { .. })
    }

    /// Its name in log lines.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::CommitHash { .. } => "commit_hash",
            Self::RevealHash { .. } => "reveal_hash",
            Self::CommitTimelocked { .. } => "commit_timelocked",
        }
    }
}

impl SignedWeights {
    pub(crate) fn new(row: &Row, hotkey: Hotkey, call: RowCall, transaction: Transaction) -> Self {
        let Transaction { bytes, hash, nonce, birth, period } = transaction;
        Self { row: row.clone(), hotkey, call, bytes, hash, nonce, birth, period }
    }

    /// The first block that can't include it any more.
    pub fn death(&self) -> BlockNumber {
        self.birth.number.saturating_add(self.period)
    }

    pub(crate) fn transaction(&self) -> Transaction {
        let Self { bytes, hash, nonce, birth, period, .. } = self;
        Transaction { bytes: bytes.clone(), hash: *hash, nonce: *nonce, birth: *birth, period: *period }
    }
}

#[cfg(test)]
mod tests {
    use primitives::{BlockHash, Uid};

    use super::*;

    fn signed(call: RowCall) -> SignedWeights {
        SignedWeights {
            row: Row::new(NetUid(3), Weights::new([(Uid(2), 65_535)]).unwrap(), u64::MAX),
            hotkey: Hotkey([1; 32]),
            call,
            bytes: vec![0, 255],
            hash: TransactionHash([2; 32]),
            nonce: 4,
            birth: BlockRef { number: 5, hash: BlockHash([6; 32]) },
            period: 128,
        }
    }

    #[test]
    fn what_is_written_down_is_read_again() {
        let ciphertext = Digest([9; 32]);
        for call in [
            RowCall::Set,
            RowCall::CommitHash { salt: vec![1, 65_535] },
            RowCall::RevealHash { salt: vec![7] },
            RowCall::CommitTimelocked { round: 1_000, reveal_block: 60, ciphertext, ciphertext_bytes: 300 },
        ] {
            let signed = signed(call);
            let text = serde_json::to_string(&signed).unwrap();
            assert_eq!(serde_json::from_str::<SignedWeights>(&text).unwrap(), signed);
        }
    }

    /// As the first version wrote it.
    #[test]
    fn a_call_without_a_kind_sets_a_row_of_the_main_mechanism() {
        let text = r#"{"netuid":3,"hotkey":"5C62Ck4UrFPiBtoCmeSrgF7x9yv9mn38446dhCpsi2mLHiFT","weights":[[2,65535]],
            "version_key":7,"bytes":"00ff","hash":"0x0202020202020202020202020202020202020202020202020202020202020202",
            "nonce":4,"birth":{"number":5,"hash":"0x0606060606060606060606060606060606060606060606060606060606060606"},
            "period":128}"#;
        let read: SignedWeights = serde_json::from_str(text).unwrap();
        assert_eq!((read.row.mech, read.call, read.row.version_key), (MechId(0), RowCall::Set, 7));
    }
}
