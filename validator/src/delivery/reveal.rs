//! What becomes of a commit: revealed by the chain or by us, late, or lost.

use std::sync::atomic::Ordering;

use chain::{ChainError, RowCall, Verdict, Waiting};
use primitives::BlockRef;

use super::{Delivery, Followed, Held};
use crate::{
    journal::{Abandoned, Commit, State, Submission},
    metrics,
};

/// Blocks of its epoch after which a commit that is still not revealed is an alarm: the round was chosen to be known
/// three blocks into it.
const LATE_BLOCKS: u64 = 6;
/// Blocks by which the reveal may move before a commit aims anew.
const SLACK_BLOCKS: u64 = 3;

impl Delivery {
    /// Look after a commit at the finalised head.
    pub(super) async fn follow(&self, submission: Submission) -> Result<Followed, Held> {
        let Some(commit) = submission.commit.clone() else {
            return Ok(Followed::Waits(submission));
        };
        let head = self.chain.finalized().await?;
        let waiting = self.chain.waiting_commit(&commit.call, commit.epoch, Some(head.hash)).await?;
        match (&commit.call.call, waiting.commit) {
            (RowCall::CommitHash { .. }, Some(_)) if waiting.is_over(commit.epoch) => {
                self.lost(submission, "ExpiredWeightCommit").await
            }
            (RowCall::CommitHash { .. }, Some(_)) if waiting.is_due(commit.epoch) => {
                Ok(Followed::On(self.sign(submission).await?))
            }
            (RowCall::CommitHash { .. }, Some(_)) => Ok(Followed::Waits(submission)),
            (_, Some(_)) if waiting.is_due(commit.epoch) => self.late(submission, &commit, &waiting).await,
            (_, Some(_)) => self.aim(submission, &commit).await,
            (_, None) => self.gone(submission, &commit, &waiting).await,
        }
    }

    /// The schedule may have moved since: a round that comes too early gives the row away, one that comes too late
    /// loses it. The chain reveals commits of one epoch in their order, so another one with the same row does no harm.
    async fn aim(&self, submission: Submission, commit: &Commit) -> Result<Followed, Held> {
        let RowCall::CommitTimelocked { round, reveal_block, .. } = &commit.call.call else {
            return Ok(Followed::Waits(submission));
        };
        let plan = self.chain.reveal_plan(self.netuid).await?;
        let slack = plan.rounds_per_block.saturating_mul(SLACK_BLOCKS).saturating_add(1);
        let same =
            plan.reveal_block.abs_diff(*reveal_block) <= SLACK_BLOCKS && plan.round.abs_diff(*round) <= 2 * slack;
        // In another epoch a commit would count for that one.
        if same || plan.commit_epoch != commit.epoch {
            return Ok(Followed::Waits(submission));
        }
        let (epoch, was, is) = (submission.epoch_index, *reveal_block, plan.reveal_block);
        tracing::warn!(epoch, was, is, "the reveal has moved: weights are committed again");
        let signed = match self.sign(submission.clone()).await {
            // The chain takes no commit yet. If it never does in this epoch, the first one has to do.
            Err(Held::TooEarly(_)) => return Ok(Followed::Waits(submission)),
            signed => signed?,
        };
        metrics::recommitted();
        match &signed.state {
            State::Signed(_) => Ok(Followed::On(signed)),
            _ => Ok(Followed::Waits(signed)),
        }
    }

    /// Its epoch to be revealed has begun, and the chain still keeps it.
    async fn late(&self, submission: Submission, commit: &Commit, waiting: &Waiting) -> Result<Followed, Held> {
        let rules = self.chain.hyperparameters(self.netuid, Some(waiting.block.hash)).await?;
        let age = waiting.block.number.saturating_sub(rules.last_epoch_block);
        let late = age >= LATE_BLOCKS || waiting.is_over(commit.epoch);
        if late && self.late.swap(submission.id, Ordering::Relaxed) != submission.id {
            let round = match &commit.call.call {
                RowCall::CommitTimelocked { round, .. } => *round,
                _ => 0,
            };
            let last_stored_round = self.chain.beacon(Some(waiting.block.hash)).await?.last_stored_round;
            let (epoch, block) = (submission.epoch_index, waiting.block.number);
            tracing::error!(epoch, block, round, last_stored_round, "weights are not revealed yet");
            metrics::reveal_late();
        }
        Ok(Followed::Waits(submission))
    }

    /// The chain does not keep it any more: revealed or dropped, and only the row on chain tells which.
    async fn gone(&self, submission: Submission, commit: &Commit, waiting: &Waiting) -> Result<Followed, Held> {
        let epoch = commit.epoch.saturating_add(waiting.reveal_period);
        let at = match waiting.is_over(commit.epoch) {
            false => Some(waiting.block),
            // A later row may stand there by now.
            true => self.chain.last_block_of_epoch(self.netuid, epoch, commit.block, waiting.block).await?,
        };
        let read = match at {
            Some(block) => self.read_back(&submission, Some(block)).await,
            None => Err(ChainError::UnknownBlock(waiting.block.hash)),
        };
        let verdict = match read {
            // Nobody can tell any more, unless the row stands to this day.
            Err(error) if error.is_gone() => match self.read_back(&submission, Some(waiting.block)).await {
                Ok(Verdict::Differs { .. }) => {
                    return Ok(Followed::On(self.abandon(submission, Abandoned::Unobserved).await?));
                }
                read => read,
            },
            read => read,
        };
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(ChainError::NotRegistered { .. }) => {
                return Ok(Followed::On(self.abandon(submission, Abandoned::SeatLost).await?));
            }
            Err(error) => return Err(error.into()),
        };
        match verdict {
            Verdict::Verified { block, .. } => Ok(Followed::On(self.verified(submission, block).await?)),
            // Not its time yet: what was committed after it may have pushed it out.
            Verdict::Differs { .. } if !waiting.is_due(commit.epoch) => Ok(Followed::Waits(submission)),
            Verdict::Differs { block, .. } => {
                let why = self.why_not_revealed(&submission, block).await?;
                self.lost(submission, &why).await
            }
        }
    }

    /// What the chain would say to the row now: it says nothing when it drops one.
    async fn why_not_revealed(&self, submission: &Submission, block: BlockRef) -> Result<String, Held> {
        let hotkey = self.key.hotkey();
        let state = self.chain.weights_state(self.netuid, self.mech, hotkey, Some(block.hash)).await?;
        let Submission { weights, version_key, .. } = submission;
        let objection = state.check_row(&weights.uids(), &weights.values(), *version_key).err();
        Ok(objection.map_or_else(|| "dropped".to_owned(), |objection| objection.name()))
    }

    async fn lost(&self, submission: Submission, why: &str) -> Result<Followed, Held> {
        tracing::error!(epoch = submission.epoch_index, why, "weights were committed and not revealed");
        metrics::reveal_lost();
        Ok(Followed::On(self.abandon(submission, Abandoned::NotRevealed(why.to_owned())).await?))
    }
}
