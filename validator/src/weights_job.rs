//! One row of weights per epoch: planned late in the epoch from the log's standings, then delivered.

use chain::{Client, Objection, WeightsCall, WeightsState};
use primitives::{BlockNumber, BlockRef, Hyperparameters, Metagraph, Uid, Weights};
use scoring::{NoWeights, Snapshot};

use crate::{
    anchoring::Anchoring,
    config::{CommitReveal, Config},
    delivery::{Delivery, Held},
    handle::Progress,
    heads::Heads,
    journal::{Abandoned, State, Submission},
    metrics,
    view::View,
    window::{Window, margin, window},
};

/// Why an epoch gets no weights from us. None of these is an error: there is nothing to retry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Skipped {
    /// The hotkey has no seat.
    #[error("this hotkey is not registered")]
    NotRegistered,
    /// The chain took a row from this hotkey in this epoch: from another store, or late.
    #[error("the chain has a row of this epoch since block {0}")]
    AlreadySet(BlockNumber),
    /// The chain would refuse any row, for as long as the epoch lasts.
    #[error("the chain would refuse it: {0}")]
    Refused(Objection),
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
            Self::AlreadySet(_) => "already_set",
            Self::Refused(_) => "refused",
            Self::TooFewRounds { .. } => "too_few_rounds",
            Self::NoWeights(_) => "no_weights",
        }
    }
}

/// What the chain would say in the next block to a row, by the road that the subnet wants, and to its reveal as things
/// stand. The round of a timelocked one is chosen when it is signed.
pub fn foresee(
    state: &WeightsState,
    commit_reveal: CommitReveal,
    weights: &Weights,
    version_key: u64,
) -> Result<(), Objection> {
    let call = match commit_reveal {
        _ if !state.commit_reveal_weights_enabled => WeightsCall::Set { weights, version_key },
        CommitReveal::Hash => WeightsCall::Commit,
        CommitReveal::Timelocked => WeightsCall::CommitTimelocked {
            ciphertext_bytes: 0,
            round: u64::MAX,
            version: state.commit_reveal_weights_version,
        },
    };
    state.check(&call)?;
    state.check_row(&weights.uids(), &weights.values(), version_key)
}

/// What came of planning.
pub(crate) enum Planned {
    New(Box<Submission>),
    /// The epoch's submission was planned before.
    Before(Box<Submission>),
    /// The epoch is too young.
    NotYet,
    /// The chain takes a row later in this epoch.
    Refused(Objection),
    /// What is sent now does not land before the epoch runs.
    TooLate,
    /// There is none.
    NoEpochs,
    Skipped {
        epoch_index: u64,
        why: Skipped,
    },
}

pub(crate) struct WeightsJob {
    pub chain: Client,
    pub config: Config,
    pub delivery: Delivery,
    pub anchoring: Anchoring,
    pub progress: Progress,
    pub view: View,
    /// What was said last, so that it is said once per epoch.
    pub said: Option<(u64, Skipped)>,
}

impl WeightsJob {
    pub fn new(chain: Client, config: Config, delivery: Delivery, progress: Progress, view: View) -> Self {
        let anchoring = Anchoring {
            chain: chain.clone(),
            config: config.clone(),
            key: delivery.key.clone(),
            store: delivery.store.clone(),
            refused: None,
        };
        Self { chain, config, delivery, anchoring, progress, view, said: None }
    }

    /// Follow the finalised blocks until the task is dropped.
    pub async fn run(mut self) {
        let mut heads = Heads::new(self.chain.clone(), self.view.clone());
        while let Some(head) = heads.next().await {
            metrics::finalised(head.number);
            match self.step(head).await {
                Ok(()) => self.view.weights().done(),
                Err(held @ (Held::Chain(_) | Held::TooEarly(_))) => {
                    if matches!(held, Held::TooEarly(_)) {
                        self.view.weights().goes_on();
                    }
                    tracing::warn!(error = %held, block = head.number, "weights postponed");
                }
                Err(Held::Store(error)) => {
                    self.view.weights().failing("weights can't be journalled");
                    tracing::error!(%error, block = head.number, "weights can't be journalled");
                }
            }
        }
    }

    /// What is due at a finalised block.
    async fn step(&mut self, head: BlockRef) -> Result<(), Held> {
        self.resume().await?;
        let rules = self.chain.hyperparameters(self.config.netuid, Some(head.hash)).await?;
        self.view.rules(head, &rules);
        match self.plan(head, &rules, false).await? {
            Planned::New(submission) => return self.deliver(submission).await.map(drop),
            Planned::Skipped { epoch_index, why } => self.say(epoch_index, why),
            Planned::Before(_) | Planned::NotYet | Planned::Refused(_) | Planned::TooLate | Planned::NoEpochs => {}
        }
        // Calls of one key follow each other, and weights come first.
        self.anchoring.step(head, &rules).await
    }

    /// Take up what was begun. It comes first: until it is settled, a second row could land beside it. A commit that
    /// waits to be revealed is settled as far as it can be.
    pub async fn resume(&self) -> Result<(), Held> {
        for submission in self.delivery.store.with(|store| store.unfinished()).await? {
            self.deliver(submission).await?;
        }
        Ok(())
    }

    /// Plan the epoch's row if it is due at this head; `now`: whether or not it is.
    pub async fn plan(&self, head: BlockRef, rules: &Hyperparameters, now: bool) -> Result<Planned, Held> {
        let netuid = self.config.netuid;
        let epoch_index = rules.epoch_index;
        let last = self.delivery.store.with(|store| store.last_submission()).await?;
        // Weights that were lost are made good as soon as the chain takes a row.
        let lost = last.as_ref().is_some_and(|last| matches!(last.state, State::Abandoned(Abandoned::NotRevealed(_))));
        if let Some(before) = last.filter(|last| last.epoch_index >= epoch_index) {
            return Ok(Planned::Before(Box::new(before)));
        }
        let margin = if lost || now { u64::MAX } else { margin(rules, self.config.weights_margin_blocks) };
        let epoch = match window(rules, head.number, margin) {
            Window::Open { epoch } => epoch,
            Window::Ahead { .. } => return Ok(Planned::NotYet),
            Window::Over { .. } => return Ok(Planned::TooLate),
            Window::Never => return Ok(Planned::NoEpochs),
        };
        let metagraph = self.chain.mechanism_metagraph(netuid, self.config.mech, Some(head.hash)).await?;
        let uid = match self.ready(rules, &metagraph, epoch).await? {
            Ok(Ok(uid)) => uid,
            Ok(Err(objection)) => return Ok(Planned::Refused(objection)),
            Err(why) => return Ok(Planned::Skipped { epoch_index, why }),
        };
        let snapshot = Snapshot::new(&metagraph, rules);
        let (version_key, last_epoch_block) = (rules.weights_version, rules.last_epoch_block);
        let planned = self
            .delivery
            .store
            .with(move |store| store.plan(epoch_index, last_epoch_block, uid, snapshot, version_key));
        Ok(match planned.await? {
            Ok(submission) => {
                let Submission { weights, planned_at, .. } = &submission;
                tracing::info!(epoch = epoch_index, block = planned_at, uids = weights.len(), "weights planned");
                Planned::New(Box::new(submission))
            }
            Err(why) => Planned::Skipped { epoch_index, why },
        })
    }

    /// As far as it gets.
    pub async fn deliver(&self, submission: impl Into<Box<Submission>>) -> Result<Submission, Held> {
        let delivered = self.delivery.deliver(*submission.into()).await?;
        self.view.submission(&delivered);
        self.progress.submission(delivered.clone());
        Ok(delivered)
    }

    /// Our seat, if there are weights and the chain takes them now; or why it takes them only later in this epoch.
    async fn ready(
        &self,
        rules: &Hyperparameters,
        metagraph: &Metagraph,
        epoch: BlockNumber,
    ) -> Result<Result<Result<Uid, Objection>, Skipped>, Held> {
        let hotkey = self.delivery.key.hotkey();
        let Some(own) = metagraph.by_hotkey(&hotkey) else { return Ok(Err(Skipped::NotRegistered)) };
        // Registration counts as an update on chain, so an update at its block is no row.
        if own.last_update >= rules.last_epoch_block.max(1) && own.last_update > own.registered_at {
            return Ok(Err(Skipped::AlreadySet(own.last_update)));
        }
        let (snapshot, needed) = (Snapshot::new(metagraph, rules), self.config.weights_min_rounds);
        let row = self.delivery.store.with(move |store| {
            let scored = store.rounds();
            if scored < needed {
                return Ok(Err(Skipped::TooFewRounds { scored, needed }));
            }
            Ok(scoring::weights(store.table(), &snapshot).map_err(Skipped::from))
        });
        let row = match row.await? {
            Ok(row) => row,
            Err(skipped) => return Ok(Err(skipped)),
        };
        let Config { netuid, mech, commit_reveal, .. } = self.config;
        let state = self.chain.weights_state(netuid, mech, hotkey, Some(metagraph.block.hash)).await?;
        let checked = foresee(&state, commit_reveal, &row, rules.weights_version);
        Ok(match checked {
            Ok(()) => Ok(Ok(own.uid)),
            Err(objection) if objection.until().is_some_and(|free| free < epoch) => Ok(Err(objection)),
            Err(objection) => Err(Skipped::Refused(objection)),
        })
    }

    fn say(&mut self, epoch: u64, skipped: Skipped) {
        let said = Some((epoch, skipped));
        if self.said != said {
            if let Some((_, skipped)) = &said {
                tracing::warn!(epoch, reason = skipped.as_str(), detail = %skipped, "no weights for this epoch");
                self.view.skipped(epoch, skipped);
                metrics::skipped(skipped.as_str());
            }
            self.said = said;
        }
    }
}
