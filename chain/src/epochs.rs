//! Which blocks an epoch of the past had.

use primitives::{BlockHash, BlockNumber, BlockRef, NetUid};

use crate::{ChainError, Client, storage::At};

impl Client {
    /// The last block, from `first` to `last`, after which `SubnetEpochIndex` was `epoch`. None where there is none, or
    /// where the node has no state that tells. Reads a block each time it halves the range.
    pub async fn last_block_of_epoch(
        &self,
        netuid: NetUid,
        epoch: u64,
        first: BlockRef,
        last: BlockRef,
    ) -> Result<Option<BlockRef>, ChainError> {
        // In `low` the epoch was reached or it is not known, in `high` it is over; both are moved towards each other.
        let (mut low, mut high) = (first.number, last.number.saturating_add(1));
        while high.saturating_sub(low) > 1 {
            let middle = low + (high - low) / 2;
            match self.epoch_index_at(netuid, middle).await? {
                Some((index, _)) if index > epoch => high = middle,
                // What is pruned lies before what is not.
                _ => low = middle,
            }
        }
        let found = self.epoch_index_at(netuid, low).await?;
        Ok(found.filter(|(index, _)| *index == epoch).map(|(_, hash)| BlockRef { number: low, hash }))
    }

    async fn epoch_index_at(
        &self,
        netuid: NetUid,
        number: BlockNumber,
    ) -> Result<Option<(u64, BlockHash)>, ChainError> {
        let Some(hash) = self.block_hash(number).await? else { return Ok(None) };
        let read = |at: At| async move {
            let entry = at.entry::<u64>("SubnetEpochIndex")?;
            at.value(&entry, (netuid.0,)).await
        };
        match self.read_at(Some(hash), read).await {
            Ok(index) => Ok(index.map(|index| (index, hash))),
            Err(error) if error.is_gone() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
