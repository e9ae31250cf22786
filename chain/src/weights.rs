//! Rows and their commits on the way to the chain, and rows read back from it.

use std::collections::BTreeMap;

use primitives::{BlockHash, BlockNumber, BlockRef, Hotkey, MechId, NetUid, Uid, Weights};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::{
    ChainError, Client, Landed,
    metagraph::seat,
    row::{RowCall, SignedWeights},
    storage::At,
    submission::InBlock,
};

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

impl Verdict {
    /// Whether the row is the one that was meant.
    pub fn is_verified(&self) -> bool {
        matches!(self, Self::Verified { .. })
    }
}

impl Client {
    /// Send a signed row, and wait until it is final and was accepted.
    ///
    /// Safe to repeat with the same row, after an error or a crash: where a copy landed already, this finds it. Once the
    /// error [is conclusive](ChainError::is_conclusive), sign a new row; before that, repeat this one.
    pub async fn submit(&self, signed: &SignedWeights) -> Result<Landed, ChainError> {
        self.submit_watched(signed, &InBlock::default()).await
    }

    /// As [`Client::submit`], and say which block includes it as soon as one does. It may be undone, and then said of
    /// another one.
    pub async fn submit_watched(
        &self,
        signed: &SignedWeights,
        in_block: &watch::Sender<Option<BlockRef>>,
    ) -> Result<Landed, ChainError> {
        match self.land_watched(&signed.transaction(), in_block).await {
            // The blocks that could include it are pruned: what they left in the state decides.
            Err(gone) if gone.is_gone() => self.landed_by_state(signed).await?.ok_or(gone),
            landed => landed,
        }
    }

    /// Whether a call that is too old to be included any more was, judged by what is stored; none where it is not too
    /// old.
    async fn landed_by_state(&self, signed: &SignedWeights) -> Result<Option<Landed>, ChainError> {
        let (birth, death, row) = (signed.birth.number, signed.death(), &signed.row);
        let head = self.finalized().await?;
        if head.number < death {
            return Ok(None);
        }
        let (stored, last_update) = self
            .read_at(Some(head.hash), |at| async move {
                let uid = seat(&at, row.netuid, signed.hotkey).await?;
                stored_row(&at, row.netuid, row.mech, uid).await
            })
            .await?;
        let ours = birth < last_update && last_update < death;
        let stands = differences(&row.weights, &stored).is_empty();
        let landed = match signed.call {
            RowCall::Set => ours && stands,
            // A reveal leaves no date behind.
            RowCall::RevealHash { .. } => stands,
            RowCall::CommitHash { .. } | RowCall::CommitTimelocked { .. } => ours,
        };
        let number = if ours { last_update } else { head.number };
        let hash = if landed { self.block_hash(number).await? } else { None };
        match hash {
            Some(hash) => Ok(Some(Landed { block: BlockRef { number, hash } })),
            None => Err(ChainError::Expired { death }),
        }
    }

    /// The row of a seat as stored, in the order in which it was submitted.
    pub async fn read_weights(
        &self,
        netuid: NetUid,
        mech: MechId,
        uid: Uid,
        at: Option<BlockHash>,
    ) -> Result<Vec<(Uid, u16)>, ChainError> {
        self.read_at(at, |at| async move { Ok(stored_row(&at, netuid, mech, uid).await?.0) }).await
    }

    /// The block of the last row or commit that the chain took from a seat; 0 where it never did.
    pub async fn last_update(
        &self,
        netuid: NetUid,
        mech: MechId,
        uid: Uid,
        at: Option<BlockHash>,
    ) -> Result<BlockNumber, ChainError> {
        self.read_at(at, |at| async move { Ok(stored_row(&at, netuid, mech, uid).await?.1) }).await
    }

    /// Read a hotkey's row back and compare it with what was meant.
    pub async fn verify_weights(
        &self,
        netuid: NetUid,
        mech: MechId,
        hotkey: Hotkey,
        expected: &Weights,
        at: Option<BlockHash>,
    ) -> Result<Verdict, ChainError> {
        self.read_at(at, |at| async move {
            let uid = seat(&at, netuid, hotkey).await?;
            let (stored, last_update) = stored_row(&at, netuid, mech, uid).await?;
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
async fn stored_row(
    at: &At,
    netuid: NetUid,
    mech: MechId,
    uid: Uid,
) -> Result<(Vec<(Uid, u16)>, BlockNumber), ChainError> {
    let index = netuid.storage_index(mech);
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
