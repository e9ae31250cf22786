//! Commits of rows that wait on chain to be revealed.

use primitives::{BlockHash, BlockNumber, BlockRef, Digest};
use subxt::utils::AccountId32;

use crate::{
    ChainError, Client,
    batch::Batch,
    commit_hash::commit_hash,
    row::{RowCall, SignedWeights},
    storage::At,
};

/// A commit as the chain keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredCommit {
    /// The epoch that it is filed under: it is revealed so many epochs later as the reveal period says.
    pub epoch: u64,
    /// The block that included it.
    pub block: BlockNumber,
}

/// What waits, and where the subnet's epochs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Read at this block.
    pub block: BlockRef,
    /// The commit; none where the chain does not keep it: it never landed, was revealed, or was dropped.
    pub commit: Option<StoredCommit>,
    /// `SubnetEpochIndex`.
    pub epoch_index: u64,
    /// `RevealPeriodEpochs`.
    pub reveal_period: u64,
}

impl Waiting {
    /// Whether the epoch in which a commit of `epoch` is revealed has begun.
    pub fn is_due(&self, epoch: u64) -> bool {
        self.epoch_index >= epoch.saturating_add(self.reveal_period)
    }

    /// Whether that epoch is over.
    pub fn is_over(&self, epoch: u64) -> bool {
        self.epoch_index > epoch.saturating_add(self.reveal_period)
    }
}

/// A hotkey's hashes: `(hash, epoch, block, last block to reveal)`.
pub(crate) type Hashes = Vec<([u8; 32], u64, u64, u64)>;
/// An epoch's ciphertexts: `(hotkey, block, ciphertext, round)`.
pub(crate) type Ciphertexts = Vec<(AccountId32, u64, Vec<u8>, u64)>;

impl Client {
    /// Whether the chain keeps what a call committed, at a block; at the finalised head where none is given. `epoch` is
    /// the one that it is filed under, as far as that is known: one before and one after are looked at too.
    pub async fn waiting_commit(
        &self,
        signed: &SignedWeights,
        epoch: u64,
        at: Option<BlockHash>,
    ) -> Result<Waiting, ChainError> {
        self.read_at(at, |at| async move { waiting(&at, signed, epoch).await }).await
    }
}

async fn waiting(at: &At, signed: &SignedWeights, epoch: u64) -> Result<Waiting, ChainError> {
    let (row, index) = (&signed.row, signed.row.index());
    let epochs = epoch.saturating_sub(1)..=epoch.saturating_add(1);
    let mut batch = Batch::new(at);
    let added = batch.want::<bool>("NetworksAdded", (row.netuid.0,))?;
    let epoch_index = batch.want::<u64>("SubnetEpochIndex", (row.netuid.0,))?;
    let reveal_period = batch.want::<u64>("RevealPeriodEpochs", (row.netuid.0,))?;
    let hashes = batch.want::<Hashes>("WeightCommits", (index, signed.hotkey.0))?;
    let ciphertexts =
        batch.want_all::<Ciphertexts, _>("TimelockedWeightCommits", epochs.clone().map(|epoch| (index, epoch)))?;
    let found = batch.fetch().await?;
    if !added.of(&found)? {
        return Err(ChainError::UnknownNetUid(row.netuid));
    }
    let commit = match &signed.call {
        RowCall::CommitHash { salt } => {
            let hash = commit_hash(signed.hotkey, row.netuid, row.mech, &row.weights, salt, row.version_key);
            let stored = hashes.maybe(&found)?.unwrap_or_default().into_iter().find(|(stored, ..)| *stored == hash);
            stored.map(|(_, epoch, block, _)| StoredCommit { epoch, block })
        }
        RowCall::CommitTimelocked { ciphertext, .. } => {
            let queues = epochs.zip(ciphertexts.of(&found)?);
            let ours = |(who, _, bytes, _): &(AccountId32, u64, Vec<u8>, u64)| {
                who.0 == signed.hotkey.0 && Digest::of(bytes) == *ciphertext
            };
            queues
                .filter_map(|(epoch, queue)| {
                    queue.into_iter().find(ours).map(|(_, block, ..)| StoredCommit { epoch, block })
                })
                .next()
        }
        RowCall::Set | RowCall::RevealHash { .. } => None,
    };
    let (epoch_index, reveal_period) = (epoch_index.of(&found)?, reveal_period.of(&found)?);
    Ok(Waiting { block: at.block, commit, epoch_index, reveal_period })
}
