//! A subnet's rules and its place in the epoch schedule, in one request.

use primitives::{BlockHash, Hyperparameters, NetUid};

use crate::{ChainError, Client, batch::Batch, storage::At};

impl Client {
    /// The hyperparameters at a block; at the finalised head where none is given.
    pub async fn hyperparameters(&self, netuid: NetUid, at: Option<BlockHash>) -> Result<Hyperparameters, ChainError> {
        self.read_at(at, |at| async move { hyperparameters(&at, netuid).await }).await
    }
}

async fn hyperparameters(at: &At, netuid: NetUid) -> Result<Hyperparameters, ChainError> {
    let net = (netuid.0,);
    let mut batch = Batch::new(at);
    let added = batch.want::<bool>("NetworksAdded", net)?;
    let tempo = batch.want::<u16>("Tempo", net)?;
    let immunity_period = batch.want::<u16>("ImmunityPeriod", net)?;
    let min_allowed_weights = batch.want::<u16>("MinAllowedWeights", net)?;
    let max_allowed_uids = batch.want::<u16>("MaxAllowedUids", net)?;
    let max_allowed_validators = batch.want::<u16>("MaxAllowedValidators", net)?;
    let weights_rate_limit = batch.want::<u64>("WeightsSetRateLimit", net)?;
    let weights_version = batch.want::<u64>("WeightsVersionKey", net)?;
    let commit_reveal = batch.want::<bool>("CommitRevealWeightsEnabled", net)?;
    let kappa = batch.want::<u16>("Kappa", net)?;
    let epoch_index = batch.want::<u64>("SubnetEpochIndex", net)?;
    let last_epoch_block = batch.want::<u64>("LastEpochBlock", net)?;
    let pending_epoch_at = batch.want::<u64>("PendingEpochAt", net)?;
    let since_last_step = batch.want::<u64>("BlocksSinceLastStep", net)?;
    let found = batch.fetch().await?;
    if !added.of(&found)? {
        return Err(ChainError::UnknownNetUid(netuid));
    }
    Ok(Hyperparameters {
        tempo: tempo.of(&found)?,
        immunity_period: immunity_period.of(&found)?,
        min_allowed_weights: min_allowed_weights.of(&found)?,
        max_allowed_uids: max_allowed_uids.of(&found)?,
        max_allowed_validators: max_allowed_validators.of(&found)?,
        weights_rate_limit: weights_rate_limit.of(&found)?,
        weights_version: weights_version.of(&found)?,
        commit_reveal_weights_enabled: commit_reveal.of(&found)?,
        kappa: kappa.of(&found)?,
        epoch_index: epoch_index.of(&found)?,
        last_epoch_block: last_epoch_block.of(&found)?,
        pending_epoch_at: pending_epoch_at.of(&found)?,
        blocks_since_last_step: since_last_step.of(&found)?,
    })
}
