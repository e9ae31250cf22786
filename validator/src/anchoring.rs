//! Once an epoch: the validator signs for its score log, and publishes the root. Who has seen a root can tell any later
//! change to what was before it.

use chain::{ChainError, Client, CommitmentField};
use primitives::{BlockRef, Hyperparameters, Keypair};
use scoring::Anchor;

use crate::{config::Config, delivery::Held, metrics, store::SharedStore};

/// Seals and anchors the log of one validator.
pub(crate) struct Anchoring {
    pub chain: Client,
    pub config: Config,
    pub key: Keypair,
    pub store: SharedStore,
    /// The epoch in which the chain refused an anchor: another one is tried in the next.
    pub refused: Option<u64>,
}

impl Anchoring {
    /// What is due at a finalised block, under the hyperparameters there.
    pub async fn step(&mut self, head: BlockRef, rules: &Hyperparameters) -> Result<(), Held> {
        let (epoch, key) = (rules.epoch_index, self.key.clone());
        let sealed = self.store.with(move |store| {
            let table = store.table();
            // Before the first round there is nothing to sign for.
            let due = table.round().is_some() && table.epoch().is_none_or(|last| last < epoch);
            if due {
                store.seal(epoch, head, &key)?;
            }
            Ok((due, store.unanchored()))
        });
        let (due, unanchored) = sealed.await?;
        if due {
            tracing::info!(epoch, block = head.number, "score log sealed");
            metrics::sealed();
        }
        match unanchored {
            Some(anchor) if self.config.anchor && self.refused != Some(epoch) => self.anchor(head, epoch, anchor).await,
            _ => Ok(()),
        }
    }

    async fn anchor(&mut self, head: BlockRef, epoch: u64, anchor: Anchor) -> Result<(), Held> {
        let fields = [CommitmentField::Raw(anchor.to_bytes())];
        let (netuid, hotkey) = (self.config.netuid, self.key.hotkey());
        // A kill may have come between the call and the record of it.
        let kept = self.chain.commitment(netuid, hotkey, Some(head.hash)).await?;
        let block = if kept.is_some_and(|kept| kept.fields == fields) {
            head
        } else {
            match self.chain.set_commitment(&self.key, netuid, &fields).await {
                Ok(landed) => landed.block,
                Err(error) if error.is_refusal() || matches!(error, ChainError::TooLarge { .. }) => {
                    tracing::warn!(%error, epoch, "the chain takes no anchor in this epoch");
                    self.refused = Some(epoch);
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            }
        };
        self.store.with(move |store| store.anchored(block, anchor.root)).await?;
        tracing::info!(epoch = anchor.epoch, block = block.number, root = %anchor.root, "score log anchored");
        metrics::anchored(block.number);
        Ok(())
    }
}
