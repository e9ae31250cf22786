//! One row of weights per epoch: planned late in the epoch from the log's standings, then delivered.

use chain::Client;
use primitives::{BlockNumber, BlockRef, Hyperparameters, Metagraph, Uid};
use scoring::{NoWeights, Snapshot};

use crate::{
    config::Config,
    delivery::{Delivery, Held},
    handle::Progress,
    heads::Heads,
    journal::Submission,
    window::{Window, rate_limited_until, window},
};

/// Why an epoch gets no weights from us. None of these is an error: there is nothing to retry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Skipped {
    /// The hotkey has no seat.
    #[error("this hotkey is not registered")]
    NotRegistered,
    /// The weights of this hotkey do not count.
    #[error("this hotkey has no validator permit")]
    NoPermit,
    /// The subnet wants weights committed first.
    #[error("the subnet has commit-reveal on")]
    CommitReveal,
    /// The chain took a row from this hotkey in this epoch: from another store, or late.
    #[error("the chain has a row of this epoch since block {0}")]
    AlreadySet(BlockNumber),
    /// The chain takes no row before the epoch ends.
    #[error("the chain takes no row before block {0}")]
    RateLimited(BlockNumber),
    /// Too little was measured.
    #[error("{scored} rounds were scored, {needed} are needed")]
    TooFewRounds {
        /// So far.
        scored: u64,
        /// `weights_min_rounds`.
        needed: u64,
    },
    /// The standings give none.
    #[error(transparent)]
    NoWeights(#[from] NoWeights),
}

impl Skipped {
    /// Its name in log lines.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NotRegistered => "not_registered",
            Self::NoPermit => "no_permit",
            Self::CommitReveal => "commit_reveal",
            Self::AlreadySet(_) => "already_set",
            Self::RateLimited(_) => "rate_limited",
            Self::TooFewRounds { .. } => "too_few_rounds",
            Self::NoWeights(_) => "no_weights",
        }
    }
}

pub(crate) struct WeightsJob {
    pub chain: Client,
    pub config: Config,
    pub delivery: Delivery,
    pub progress: Progress,
    /// What was said last, so that it is said once per epoch.
    pub said: Option<(u64, Skipped)>,
}

impl WeightsJob {
    /// Follow the finalised blocks until the task is dropped.
    pub async fn run(mut self) {
        let mut heads = Heads::new(self.chain.clone());
        while let Some(head) = heads.next().await {
            if let Err(held) = self.step(head).await {
                match &held {
                    Held::Chain(error) => tracing::warn!(%error, block = head.number, "weights postponed"),
                    Held::Store(error) => tracing::error!(%error, block = head.number, "weights can't be journalled"),
                }
            }
        }
    }

    /// What is due at a finalised block.
    async fn step(&mut self, head: BlockRef) -> Result<(), Held> {
        // What was begun comes first: until it is settled, a second row could land beside it.
        for submission in self.delivery.store.with(|store| store.unfinished()).await? {
            self.deliver(submission).await?;
        }
        let netuid = self.config.netuid;
        let rules = self.chain.hyperparameters(netuid, Some(head.hash)).await?;
        let Window::Open { epoch } = window(&rules, head.number, self.config.weights_margin_blocks) else {
            return Ok(());
        };
        let epoch_index = rules.epoch_index;
        let planned = self.delivery.store.with(move |store| store.submission_of(epoch_index)).await?;
        if planned.is_some() {
            return Ok(());
        }
        let metagraph = self.chain.metagraph(netuid, Some(head.hash)).await?;
        let uid = match self.seat(&rules, &metagraph, epoch) {
            Ok(Some(uid)) => uid,
            Ok(None) => return Ok(()),
            Err(skipped) => {
                self.say(epoch_index, skipped);
                return Ok(());
            }
        };
        let (snapshot, needed) = (Snapshot::new(&metagraph, &rules), self.config.weights_min_rounds);
        let (version_key, last_epoch_block) = (rules.weights_version, rules.last_epoch_block);
        let planned = self.delivery.store.with(move |store| {
            let scored = store.rounds();
            if scored < needed {
                return Ok(Err(Skipped::TooFewRounds { scored, needed }));
            }
            store.plan(epoch_index, last_epoch_block, uid, snapshot, version_key)
        });
        match planned.await? {
            Ok(submission) => {
                let Submission { weights, planned_at, .. } = &submission;
                tracing::info!(epoch = epoch_index, block = planned_at, uids = weights.len(), "weights planned");
                self.deliver(submission).await
            }
            Err(skipped) => {
                self.say(epoch_index, skipped);
                Ok(())
            }
        }
    }

    async fn deliver(&self, submission: Submission) -> Result<(), Held> {
        let finished = self.delivery.deliver(submission).await?;
        self.progress.submission(finished);
        Ok(())
    }

    /// Our seat, if the chain takes a row from it now; none if it will later in this epoch.
    fn seat(&self, rules: &Hyperparameters, metagraph: &Metagraph, epoch: BlockNumber) -> Result<Option<Uid>, Skipped> {
        let own = metagraph.by_hotkey(&self.delivery.key.hotkey()).ok_or(Skipped::NotRegistered)?;
        if rules.commit_reveal_weights_enabled {
            return Err(Skipped::CommitReveal);
        }
        // Registration counts as an update on chain, so an update at its block is no row.
        if own.last_update >= rules.last_epoch_block.max(1) && own.last_update > own.registered_at {
            return Err(Skipped::AlreadySet(own.last_update));
        }
        if !own.validator_permit {
            return Err(Skipped::NoPermit);
        }
        match rate_limited_until(rules, own.last_update, metagraph.block.number) {
            Some(free) if free >= epoch => Err(Skipped::RateLimited(free)),
            Some(_) => Ok(None),
            None => Ok(Some(own.uid)),
        }
    }

    fn say(&mut self, epoch: u64, skipped: Skipped) {
        let said = Some((epoch, skipped));
        if self.said != said {
            if let Some((_, skipped)) = &said {
                tracing::warn!(epoch, reason = skipped.as_str(), detail = %skipped, "no weights for this epoch");
            }
            self.said = said;
        }
    }
}
