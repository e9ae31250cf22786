//! A row of weights: signed before it is sent, so that it can be written down first; read back after it landed.

use std::collections::BTreeMap;

use primitives::{BlockHash, BlockNumber, BlockRef, Hotkey, Keypair, MechId, NetUid, Uid, Weights};
use serde::{Deserialize, Serialize};
use subxt::dynamic::Value;

use crate::{
    ChainError, Client, Landed, TransactionHash,
    metagraph::seat,
    storage::{At, SUBTENSOR},
    transaction::{Transaction, sign},
};

/// A signed `set_weights`. Write it down, then submit it; after a crash, submit what was written: it takes effect once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedWeights {
    /// Which subnet.
    pub netuid: NetUid,
    /// Whose row.
    pub hotkey: Hotkey,
    /// The row.
    pub weights: Weights,
    /// The version that it carries.
    pub version_key: u64,
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

/// What the chain holds, compared with what was meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// The row on chain is the row that was meant.
    Verified {
        /// Read at this block.
        block: BlockRef,
        /// The seat it is stored under.
        uid: Uid,
        /// When the chain took a row last.
        last_update: BlockNumber,
    },
    /// It is another row.
    Differs {
        /// Read at this block.
        block: BlockRef,
        /// The seat it is stored under.
        uid: Uid,
        /// When the chain took a row last.
        last_update: BlockNumber,
        /// Every uid whose weight is another one, ascending.
        differences: Vec<Difference>,
    },
}

/// One uid whose stored weight is not the one that was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Whose weight.
    pub uid: Uid,
    /// What was meant; none where the row does not name the uid.
    pub expected: Option<u16>,
    /// What is stored; none where the row does not name the uid.
    pub stored: Option<u16>,
}

impl SignedWeights {
    /// The first block that can't include it any more.
    pub fn death(&self) -> BlockNumber {
        self.birth.number.saturating_add(self.period)
    }
}

impl Verdict {
    /// Whether the row is the one that was meant.
    pub fn is_verified(&self) -> bool {
        matches!(self, Self::Verified { .. })
    }
}

impl Client {
    /// Sign a row at the finalised head. Nothing is sent.
    ///
    /// The chain scales a row so that its greatest value is 65535: only such a row reads back as it was meant.
    pub async fn prepare_weights(
        &self,
        hotkey: &Keypair,
        netuid: NetUid,
        weights: &Weights,
        version_key: u64,
    ) -> Result<SignedWeights, ChainError> {
        let list =
            |values: Vec<u16>| Value::unnamed_composite(values.into_iter().map(|value| Value::u128(value.into())));
        let arguments = || {
            vec![
                ("netuid", Value::u128(netuid.0.into())),
                ("dests", list(weights.uids())),
                ("weights", list(weights.values())),
                ("version_key", Value::u128(version_key.into())),
            ]
        };
        let transaction = self
            .read_at(None, |at| async move {
                seat(&at, netuid, hotkey.hotkey()).await?;
                sign(&at, hotkey, SUBTENSOR, "set_weights", arguments()).await
            })
            .await?;
        let Transaction { bytes, hash, nonce, birth, period } = transaction;
        let (hotkey, weights) = (hotkey.hotkey(), weights.clone());
        Ok(SignedWeights { netuid, hotkey, weights, version_key, bytes, hash, nonce, birth, period })
    }

    /// Send a signed row, and wait until it is final and was accepted.
    ///
    /// Safe to repeat with the same row, after an error or a crash: where a copy landed already, this finds it. Once the
    /// error [is conclusive](ChainError::is_conclusive), sign a new row; before that, repeat this one.
    pub async fn submit(&self, signed: &SignedWeights) -> Result<Landed, ChainError> {
        let SignedWeights { bytes, hash, nonce, birth, period, .. } = signed;
        let transaction =
            Transaction { bytes: bytes.clone(), hash: *hash, nonce: *nonce, birth: *birth, period: *period };
        match self.land(&transaction).await {
            // The blocks that could include it are pruned: what they left in the state decides.
            Err(ChainError::UnknownBlock(block)) => match self.landed_by_state(signed).await? {
                Some(landed) => Ok(landed),
                None => Err(ChainError::UnknownBlock(block)),
            },
            landed => landed,
        }
    }

    /// Whether a row that is too old to be included any more was, judged by what is stored; none where it is not too old.
    async fn landed_by_state(&self, signed: &SignedWeights) -> Result<Option<Landed>, ChainError> {
        let (birth, death) = (signed.birth.number, signed.death());
        let stored = self.read_at(None, |at| async move {
            if at.block.number < death {
                return Ok(None);
            }
            let uid = seat(&at, signed.netuid, signed.hotkey).await?;
            let (row, last_update) = row(&at, signed.netuid, uid).await?;
            let ours = birth < last_update && last_update < death && differences(&signed.weights, &row).is_empty();
            let hash = if ours { at.connection.block_hash(last_update).await? } else { None };
            match hash {
                Some(hash) => Ok(Some(Landed { block: BlockRef { number: last_update, hash } })),
                None => Err(ChainError::Expired { death }),
            }
        });
        stored.await
    }

    /// The row of a seat as stored, in the order in which it was submitted.
    pub async fn read_weights(
        &self,
        netuid: NetUid,
        uid: Uid,
        at: Option<BlockHash>,
    ) -> Result<Vec<(Uid, u16)>, ChainError> {
        self.read_at(at, |at| async move { Ok(row(&at, netuid, uid).await?.0) }).await
    }

    /// The block of the last row that the chain took from a seat; 0 where it never did.
    pub async fn last_update(
        &self,
        netuid: NetUid,
        uid: Uid,
        at: Option<BlockHash>,
    ) -> Result<BlockNumber, ChainError> {
        self.read_at(at, |at| async move { Ok(row(&at, netuid, uid).await?.1) }).await
    }

    /// Read a hotkey's row back and compare it with what was meant.
    pub async fn verify_weights(
        &self,
        netuid: NetUid,
        hotkey: Hotkey,
        expected: &Weights,
        at: Option<BlockHash>,
    ) -> Result<Verdict, ChainError> {
        self.read_at(at, |at| async move {
            let uid = seat(&at, netuid, hotkey).await?;
            let (stored, last_update) = row(&at, netuid, uid).await?;
            let (block, differences) = (at.block, differences(expected, &stored));
            Ok(match differences.is_empty() {
                true => Verdict::Verified { block, uid, last_update },
                false => Verdict::Differs { block, uid, last_update, differences },
            })
        })
        .await
    }
}

/// A seat's row, and the block of its last update.
async fn row(at: &At, netuid: NetUid, uid: Uid) -> Result<(Vec<(Uid, u16)>, BlockNumber), ChainError> {
    let index = netuid.storage_index(MechId(0));
    let added = at.entry::<bool>("NetworksAdded")?;
    let weights = at.entry::<Vec<(u16, u16)>>("Weights")?;
    let updates = at.entry::<Vec<u64>>("LastUpdate")?;
    let keys = [added.key((netuid.0,))?, weights.key((index, uid.0))?, updates.key((index,))?];
    let found = at.fetch(&keys).await?;
    if !added.require(&found, &keys[0])? {
        return Err(ChainError::UnknownNetUid(netuid));
    }
    let row = weights.require(&found, &keys[1])?;
    let updates = updates.require(&found, &keys[2])?;
    let last_update = updates.get(usize::from(uid.0)).copied().unwrap_or_default();
    Ok((row.into_iter().map(|(uid, weight)| (Uid(uid), weight)).collect(), last_update))
}

/// Every uid on which the two rows disagree. A uid stored twice counts by its last value, as the chain's epoch has it.
fn differences(expected: &Weights, stored: &[(Uid, u16)]) -> Vec<Difference> {
    let mut uids = BTreeMap::<Uid, (Option<u16>, Option<u16>)>::new();
    for (uid, weight) in expected.iter() {
        uids.entry(uid).or_default().0 = Some(weight);
    }
    for (uid, weight) in stored {
        uids.entry(*uid).or_default().1 = Some(*weight);
    }
    let different = uids.into_iter().filter(|(_, (expected, stored))| expected != stored);
    different.map(|(uid, (expected, stored))| Difference { uid, expected, stored }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_each_uid_once() {
        let expected = Weights::new([(Uid(0), 65535), (Uid(1), 7), (Uid(3), 0)]).unwrap();
        let same = [(Uid(3), 0), (Uid(0), 65535), (Uid(1), 7)];
        assert_eq!(differences(&expected, &same), []);
        let other = [(Uid(0), 65535), (Uid(1), 8), (Uid(2), 1)];
        assert_eq!(
            differences(&expected, &other),
            [
                Difference { uid: Uid(1), expected: Some(7), stored: Some(8) },
                Difference { uid: Uid(2), expected: None, stored: Some(1) },
                Difference { uid: Uid(3), expected: Some(0), stored: None },
            ]
        );
    }
}
