//! Takes one epoch's weights from the journal to the chain and back: sign, write down, send, wait for finality, read
//! back. It can be cut off anywhere and called again.

use chain::{ChainError, Client, Invalidity, SignedWeights, Verdict};
use primitives::{BlockRef, Keypair, NetUid};

use crate::{
    database::StoreError,
    journal::{Abandoned, State, Submission},
    store::SharedStore,
    window::{Window, window},
};

/// Why a submission stays where it is for now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Held {
    /// The chain could not be asked, or may still take the call: the same bytes are sent again.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The journal can't be written, so nothing is done.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Delivers the weights of one validator.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub chain: Client,
    pub key: Keypair,
    pub netuid: NetUid,
    pub store: SharedStore,
}

impl Delivery {
    /// Take a submission to its end. With an error it is where the journal says, to be taken up again.
    pub async fn deliver(&self, mut submission: Submission) -> Result<Submission, Held> {
        // Nobody else has seen a call that was signed just now.
        let mut secret = false;
        while !submission.state.is_finished() {
            let before = submission.state.clone();
            submission = match before {
                State::Planned => {
                    secret = true;
                    self.sign(submission).await?
                }
                State::Signed(call) => self.submit(submission, &call, std::mem::take(&mut secret)).await?,
                State::Landed { block, .. } => self.verify(submission, block).await?,
                State::Verified { .. } | State::Abandoned(_) => submission,
            };
        }
        Ok(submission)
    }

    /// planned → signed, if a call that is made now still counts for the planned epoch.
    async fn sign(&self, submission: Submission) -> Result<Submission, Held> {
        let head = self.chain.finalized().await?;
        let rules = self.chain.hyperparameters(self.netuid, Some(head.hash)).await?;
        let late = matches!(window(&rules, head.number, u64::MAX), Window::Over { .. } | Window::Never);
        if late || rules.epoch_index != submission.epoch_index {
            return self.abandon(submission, Abandoned::EpochPassed).await;
        }
        match self.chain.uid(self.netuid, self.key.hotkey(), Some(head.hash)).await {
            Ok(uid) if uid == submission.uid => {}
            Ok(_) | Err(ChainError::NotRegistered { .. }) => {
                return self.abandon(submission, Abandoned::SeatLost).await;
            }
            Err(error) => return Err(error.into()),
        }
        let Submission { weights, version_key, .. } = &submission;
        let call = self.chain.prepare_weights(&self.key, self.netuid, weights, *version_key).await?;
        tracing::debug!(epoch = submission.epoch_index, hash = %call.hash, nonce = call.nonce, "weights signed");
        let id = submission.id;
        Ok(self.store.with(move |store| store.signed(id, &call)).await?)
    }

    /// signed → landed. `secret` says that these bytes were never sent before.
    async fn submit(&self, submission: Submission, call: &SignedWeights, secret: bool) -> Result<Submission, Held> {
        let error = match self.chain.submit(call).await {
            Ok(landed) => return self.landed(submission, landed.block).await,
            Err(error) => error,
        };
        match error {
            ChainError::Refused { refusal, .. } => {
                self.abandon(submission, Abandoned::Refused(refusal.name().to_owned())).await
            }
            // Proven to have no effect, now or later: another call may take its place.
            ChainError::Expired { .. } | ChainError::Invalid(Invalidity::Stale) => {
                tracing::warn!(epoch = submission.epoch_index, %error, "weights have to be signed again");
                self.sign(submission).await
            }
            // The node turned it away, and no other node has it.
            ChainError::Invalid(invalidity) if secret => {
                self.abandon(submission, Abandoned::Refused(invalidity.to_string())).await
            }
            // Too old to land, and the seat that would tell whether it did is gone.
            ChainError::NotRegistered { .. } => self.abandon(submission, Abandoned::SeatLost).await,
            // It may have landed or may land yet: the same bytes again, later.
            error => Err(error.into()),
        }
    }

    /// landed → verified, or the alarm.
    async fn verify(&self, submission: Submission, block: BlockRef) -> Result<Submission, Held> {
        let read = |at| self.chain.verify_weights(self.netuid, self.key.hotkey(), &submission.weights, at);
        let verdict = match read(Some(block.hash)).await {
            // After a long pause the node may have pruned that block's state.
            Err(ChainError::UnknownBlock(_)) => read(None).await,
            verdict => verdict,
        };
        match verdict {
            Ok(Verdict::Verified { .. }) => {
                let id = submission.id;
                let verified = self.store.with(move |store| store.verified(id, block)).await?;
                let (epoch, uids) = (verified.epoch_index, verified.weights.len());
                tracing::info!(epoch, block = block.number, uids, "weights verified");
                Ok(verified)
            }
            Ok(Verdict::Differs { differences, .. }) => {
                let (epoch, differences) = (submission.epoch_index, differences.len());
                tracing::error!(epoch, block = block.number, differences, "weights on chain differ from those sent");
                self.abandon(submission, Abandoned::Diverged).await
            }
            Err(ChainError::NotRegistered { .. }) => self.abandon(submission, Abandoned::SeatLost).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn landed(&self, submission: Submission, block: BlockRef) -> Result<Submission, Held> {
        tracing::debug!(epoch = submission.epoch_index, block = block.number, "weights landed");
        let id = submission.id;
        Ok(self.store.with(move |store| store.landed(id, block)).await?)
    }

    async fn abandon(&self, submission: Submission, reason: Abandoned) -> Result<Submission, Held> {
        tracing::warn!(epoch = submission.epoch_index, reason = reason.as_str(), "weights abandoned");
        let id = submission.id;
        Ok(self.store.with(move |store| store.abandon(id, &reason)).await?)
    }
}

#[cfg(test)]
mod tests;
