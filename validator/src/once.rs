//! One epoch's weights, set now and by hand: by the same journal as the validator's, which must not run meanwhile.

use chain::{ChainError, Client, Objection};
use primitives::Keypair;

use crate::{
    config::Config,
    database::StoreError,
    delivery::{Delivery, Held},
    handle::Progress,
    journal::Submission,
    spawn::{SpawnError, board, open},
    store::{SharedStore, Store},
    view::View,
    weights_job::{Planned, Skipped, WeightsJob},
};

/// Why weights were not set.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// The store or the chain is not as it has to be.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// The chain could not be asked, or may still take the call: set them again to go on.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The journal can't be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is nothing to set, or nobody to take it.
    #[error("no weights for this epoch: {0}")]
    Skipped(#[from] Skipped),
    /// The chain would refuse the call that comes next, for now.
    #[error("the chain would refuse it now: {0}")]
    TooEarly(Objection),
    /// What is sent now does not count for this epoch.
    #[error("the epoch runs before weights could land")]
    TooLate,
}

impl From<Held> for SetError {
    fn from(held: Held) -> Self {
        match held {
            Held::Chain(error) => error.into(),
            Held::Store(error) => error.into(),
            Held::TooEarly(objection) => Self::TooEarly(objection),
        }
    }
}

/// Take up what the store's journal has begun, then plan this epoch's weights if it has none yet, and deliver them as far
/// as they get now: to their end, or to a commit that waits to be revealed.
pub async fn set_weights(config: Config, key: Keypair, chain: Client) -> Result<Submission, SetError> {
    let store = open(&config, key.hotkey(), &chain, Store::open_without_model).await?;
    let view = View::unseen(&config, board(&config, &chain, key.hotkey()));
    let progress = Progress::new(store.rounds());
    let delivery = Delivery::new(&config, key, chain.clone(), SharedStore::new(store));
    let job = WeightsJob::new(chain, config, delivery, progress, view);
    job.resume().await?;
    let head = job.chain.finalized().await?;
    let rules = job.chain.hyperparameters(job.config.netuid, Some(head.hash)).await?;
    match job.plan(head, &rules, true).await? {
        Planned::New(submission) => Ok(job.deliver(submission).await?),
        Planned::Before(submission) => Ok(*submission),
        Planned::Refused(objection) => Err(SetError::TooEarly(objection)),
        Planned::NoEpochs => Err(ChainError::NoEpochs(job.config.netuid).into()),
        // Nobody asked to wait for the margin.
        Planned::NotYet | Planned::TooLate => Err(SetError::TooLate),
        Planned::Skipped { why, .. } => Err(why.into()),
    }
}
