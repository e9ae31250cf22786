//! Takes one epoch's weights from the journal to the chain and back: sign, write down, send, wait for finality, reveal
//! where the subnet wants rows committed first, read back. It can be cut off anywhere and called again.

mod reveal;

use std::{
    pin::pin,
    sync::{Arc, atomic::AtomicU64},
};

use chain::{ChainError, Client, Invalidity, Objection, Row, RowCall, SignedWeights, Verdict};
use primitives::{BlockRef, Keypair, MechId, NetUid};
use tokio::sync::watch;

use crate::{
    config::{CommitReveal, Config},
    database::StoreError,
    journal::{Abandoned, Commit, State, Submission},
    metrics,
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
    /// The chain would refuse the call now, and will take it later.
    #[error("the chain would refuse it now: {0}")]
    TooEarly(Objection),
}

/// Delivers the weights of one validator.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub chain: Client,
    pub key: Keypair,
    pub netuid: NetUid,
    pub mech: MechId,
    /// How rows are committed where the subnet wants that.
    pub commit_reveal: CommitReveal,
    pub store: SharedStore,
    /// The submission whose late reveal was said last: once is enough, though it is looked at in every block.
    late: Arc<AtomicU64>,
}

impl Delivery {
    pub fn new(config: &Config, key: Keypair, chain: Client, store: SharedStore) -> Self {
        let Config { netuid, mech, commit_reveal, .. } = *config;
        Self { chain, key, netuid, mech, commit_reveal, store, late: Arc::default() }
    }

    /// Take a submission as far as it gets: to its end, or to a commit that can't be revealed yet. With an error it is
    /// where the journal says, to be taken up again.
    pub async fn deliver(&self, mut submission: Submission) -> Result<Submission, Held> {
        // Nobody else has seen a call that was signed just now.
        let mut secret = false;
        loop {
            submission = match submission.state.clone() {
                State::Planned => {
                    secret = true;
                    self.sign(submission).await?
                }
                State::Signed(call) | State::InBlock { call, .. } => {
                    self.submit(submission, &call, std::mem::take(&mut secret)).await?
                }
                State::Landed { call, block } if call.call.is_open() => self.verify(submission, block).await?,
                State::Landed { call, block } => self.file(submission, *call, block).await?,
                State::Committed => match self.follow(submission).await? {
                    Followed::On(next) => {
                        secret = true;
                        next
                    }
                    Followed::Waits(waiting) => return Ok(waiting),
                },
                State::Verified { .. } | State::Abandoned(_) => return Ok(submission),
            };
        }
    }

    fn row(&self, submission: &Submission) -> Row {
        let Submission { weights, version_key, .. } = submission;
        Row { netuid: self.netuid, mech: self.mech, weights: weights.clone(), version_key: *version_key }
    }

    /// Sign what comes next: the row itself or its commit, if it still counts for the planned epoch; the reveal of a
    /// hash; or a commit that aims at another round.
    async fn sign(&self, submission: Submission) -> Result<Submission, Held> {
        let head = self.chain.finalized().await?;
        match self.chain.uid(self.netuid, self.key.hotkey(), Some(head.hash)).await {
            Ok(uid) if uid == submission.uid => {}
            Ok(_) | Err(ChainError::NotRegistered { .. }) => {
                return self.abandon(submission, Abandoned::SeatLost).await;
            }
            Err(error) => return Err(error.into()),
        }
        if submission.commit.is_none() && self.has_passed(&submission, head).await? {
            return self.abandon(submission, Abandoned::EpochPassed).await;
        }
        let row = self.row(&submission);
        let state = self.chain.weights_state(self.netuid, self.mech, self.key.hotkey(), Some(head.hash)).await?;
        let call = match submission.commit.as_deref().map(|commit| &commit.call.call) {
            Some(RowCall::CommitHash { salt }) => self.chain.prepare_reveal(&self.key, &row, salt).await?,
            // In another epoch a commit would count for that one.
            Some(_) if self.has_passed(&submission, head).await? => return self.keep_commit(submission).await,
            Some(_) => self.chain.prepare_timelocked(&self.key, &row).await?,
            None if !state.commit_reveal_weights_enabled => self.chain.prepare_set(&self.key, &row).await?,
            None => match self.commit_reveal {
                CommitReveal::Timelocked => self.chain.prepare_timelocked(&self.key, &row).await?,
                CommitReveal::Hash => self.chain.prepare_commit(&self.key, &row).await?,
            },
        };
        if let Err(objection) = state.check_signed(&call) {
            if objection.is_retryable() {
                return Err(Held::TooEarly(objection));
            }
            return self.refused(submission, objection.name()).await;
        }
        let (epoch, id, hash, nonce) = (submission.epoch_index, submission.id, call.hash, call.nonce);
        tracing::debug!(epoch, call = call.call.as_str(), %hash, nonce, "weights signed");
        Ok(self.store.with(move |store| store.signed(id, &call)).await?)
    }

    /// Whether what is sent now can't count for the epoch that a submission was planned in.
    async fn has_passed(&self, submission: &Submission, head: BlockRef) -> Result<bool, Held> {
        let rules = self.chain.hyperparameters(self.netuid, Some(head.hash)).await?;
        let late = matches!(window(&rules, head.number, u64::MAX), Window::Over { .. } | Window::Never);
        Ok(late || rules.epoch_index != submission.epoch_index)
    }

    /// signed → landed. `secret` says that these bytes were never sent before.
    async fn submit(&self, submission: Submission, call: &SignedWeights, secret: bool) -> Result<Submission, Held> {
        let in_block = watch::Sender::new(None);
        let mut blocks = in_block.subscribe();
        let mut submitted = pin!(self.chain.submit_watched(call, &in_block));
        let submitted = loop {
            tokio::select! {
                biased;
                submitted = &mut submitted => break submitted,
                Ok(()) = blocks.changed() => {
                    let (id, block) = (submission.id, *blocks.borrow_and_update());
                    let Some(block) = block else { continue };
                    tracing::debug!(epoch = submission.epoch_index, block = block.number, "weights in a block");
                    self.store.with(move |store| store.included(id, block)).await?;
                }
            }
        };
        let error = match submitted {
            Ok(landed) => return self.landed(submission, landed.block).await,
            Err(error) => error,
        };
        match error {
            ChainError::Refused { refusal, .. } => self.refused(submission, refusal.name().to_owned()).await,
            // Proven to have no effect, now or later: another call may take its place.
            ChainError::Expired { .. } | ChainError::Invalid(Invalidity::Stale) => {
                tracing::warn!(epoch = submission.epoch_index, %error, "weights have to be signed again");
                self.sign(submission).await
            }
            // Signed for a runtime that was replaced just then. Nobody else has these bytes.
            error @ ChainError::Invalid(Invalidity::BadProof) if secret => {
                self.sign(submission).await?;
                Err(error.into())
            }
            // The node turned it away for good, and no other node has it.
            ChainError::Invalid(invalidity) if secret && !invalidity.is_retryable() => {
                self.refused(submission, invalidity.name()).await
            }
            // Too old to land, and the seat that would tell whether it did is gone.
            ChainError::NotRegistered { .. } => self.abandon(submission, Abandoned::SeatLost).await,
            // It may have landed or may land yet: the same bytes again, later.
            error => Err(error.into()),
        }
    }

    /// landed → verified, or the alarm.
    async fn verify(&self, submission: Submission, block: BlockRef) -> Result<Submission, Held> {
        let read = |at| self.read_back(&submission, at);
        let verdict = match read(Some(block)).await {
            // After a long pause the node may have pruned that block's state.
            Err(error) if error.is_gone() => read(None).await,
            verdict => verdict,
        };
        match verdict {
            Ok(Verdict::Verified { .. }) => self.verified(submission, block).await,
            Ok(Verdict::Differs { differences, .. }) => {
                let (epoch, differences) = (submission.epoch_index, differences.len());
                tracing::error!(epoch, block = block.number, differences, "weights on chain differ from those sent");
                self.abandon(submission, Abandoned::Diverged).await
            }
            Err(ChainError::NotRegistered { .. }) => self.abandon(submission, Abandoned::SeatLost).await,
            Err(error) => Err(error.into()),
        }
    }

    /// landed → committed: the chain keeps it until it is revealed.
    async fn file(&self, submission: Submission, call: SignedWeights, block: BlockRef) -> Result<Submission, Held> {
        let planned = submission.epoch_index;
        let waiting = match self.chain.waiting_commit(&call, planned, Some(block.hash)).await {
            Err(error) if error.is_gone() => self.chain.waiting_commit(&call, planned, None).await?,
            waiting => waiting?,
        };
        // Where it is gone already, following it finds out what became of it.
        let epoch = waiting.commit.map_or(planned, |commit| commit.epoch);
        let reveals_after = epoch.saturating_add(waiting.reveal_period);
        tracing::info!(
            epoch = planned,
            call = call.call.as_str(),
            block = block.number,
            reveals_after,
            "weights committed"
        );
        metrics::committed();
        let (id, commit) = (submission.id, Commit { call, block, epoch });
        Ok(self.store.with(move |store| store.committed(id, &commit)).await?)
    }

    async fn read_back(&self, submission: &Submission, at: Option<BlockRef>) -> Result<Verdict, ChainError> {
        let at = at.map(|block| block.hash);
        self.chain.verify_weights(self.netuid, self.mech, self.key.hotkey(), &submission.weights, at).await
    }

    async fn landed(&self, submission: Submission, block: BlockRef) -> Result<Submission, Held> {
        tracing::debug!(epoch = submission.epoch_index, block = block.number, "weights landed");
        let id = submission.id;
        Ok(self.store.with(move |store| store.landed(id, block)).await?)
    }

    async fn verified(&self, submission: Submission, block: BlockRef) -> Result<Submission, Held> {
        let id = submission.id;
        let verified = self.store.with(move |store| store.verified(id, block)).await?;
        let (epoch, uids) = (verified.epoch_index, verified.weights.len());
        tracing::info!(epoch, block = block.number, uids, "weights verified");
        metrics::verified(block.number);
        Ok(verified)
    }

    /// The chain said no. A commit that stands already is not given up for a second one.
    async fn refused(&self, submission: Submission, name: String) -> Result<Submission, Held> {
        let again =
            matches!(&submission.commit, Some(commit) if !matches!(commit.call.call, RowCall::CommitHash { .. }));
        if again {
            tracing::warn!(epoch = submission.epoch_index, reason = name, "commit that aims anew refused");
            return self.keep_commit(submission).await;
        }
        self.abandon(submission, Abandoned::Refused(name)).await
    }

    /// The commit that stands has to do.
    async fn keep_commit(&self, submission: Submission) -> Result<Submission, Held> {
        let id = submission.id;
        match submission.state {
            State::Committed => Ok(submission),
            _ => Ok(self.store.with(move |store| store.keep_commit(id)).await?),
        }
    }

    async fn abandon(&self, submission: Submission, reason: Abandoned) -> Result<Submission, Held> {
        let detail = reason.detail().unwrap_or_default();
        tracing::warn!(epoch = submission.epoch_index, reason = reason.code(), detail, "weights abandoned");
        metrics::abandoned(reason.code());
        let id = submission.id;
        Ok(self.store.with(move |store| store.abandon(id, &reason)).await?)
    }
}

/// What became of a commit.
pub(crate) enum Followed {
    /// The next step.
    On(Submission),
    /// Nothing can be done before a later block.
    Waits(Submission),
}

#[cfg(test)]
mod tests;
