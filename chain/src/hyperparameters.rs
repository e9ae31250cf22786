//! A subnet's rules and its place in the epoch schedule, in one request.

use primitives::{BlockHash, Hyperparameters, NetUid};
use subxt::ext::scale_decode::DecodeAsType;

use crate::{
    ChainError, Client,
    storage::{At, Entry, Found, Key},
};

impl Client {
    /// The hyperparameters at a block; at the finalised head where none is given.
    pub async fn hyperparameters(&self, netuid: NetUid, at: Option<BlockHash>) -> Result<Hyperparameters, ChainError> {
        self.read_at(at, |at| async move { hyperparameters(&at, netuid).await }).await
    }
}

async fn hyperparameters(at: &At, netuid: NetUid) -> Result<Hyperparameters, ChainError> {
    let mut keys = Vec::new();
    let added: Item<'_, bool> = Item::new(at, netuid, "NetworksAdded", &mut keys)?;
    let tempo: Item<'_, u16> = Item::new(at, netuid, "Tempo", &mut keys)?;
    let immunity_period: Item<'_, u16> = Item::new(at, netuid, "ImmunityPeriod", &mut keys)?;
    let min_allowed_weights: Item<'_, u16> = Item::new(at, netuid, "MinAllowedWeights", &mut keys)?;
    let max_allowed_uids: Item<'_, u16> = Item::new(at, netuid, "MaxAllowedUids", &mut keys)?;
    let max_allowed_validators: Item<'_, u16> = Item::new(at, netuid, "MaxAllowedValidators", &mut keys)?;
    let weights_rate_limit: Item<'_, u64> = Item::new(at, netuid, "WeightsSetRateLimit", &mut keys)?;
    let weights_version: Item<'_, u64> = Item::new(at, netuid, "WeightsVersionKey", &mut keys)?;
    let commit_reveal: Item<'_, bool> = Item::new(at, netuid, "CommitRevealWeightsEnabled", &mut keys)?;
    let kappa: Item<'_, u16> = Item::new(at, netuid, "Kappa", &mut keys)?;
    let epoch_index: Item<'_, u64> = Item::new(at, netuid, "SubnetEpochIndex", &mut keys)?;
    let last_epoch_block: Item<'_, u64> = Item::new(at, netuid, "LastEpochBlock", &mut keys)?;
    let pending_epoch_at: Item<'_, u64> = Item::new(at, netuid, "PendingEpochAt", &mut keys)?;
    let since_last_step: Item<'_, u64> = Item::new(at, netuid, "BlocksSinceLastStep", &mut keys)?;
    let found = at.fetch(&keys).await?;
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

/// One hyperparameter: a map from subnet to value.
struct Item<'a, T> {
    entry: Entry<'a, T>,
    key: Key,
}

impl<'a, T: DecodeAsType> Item<'a, T> {
    fn new(at: &'a At, netuid: NetUid, name: &'static str, keys: &mut Vec<Key>) -> Result<Self, ChainError> {
        let entry = at.entry(name)?;
        let key = entry.key((netuid.0,))?;
        keys.push(key.clone());
        Ok(Self { entry, key })
    }

    fn of(&self, found: &Found) -> Result<T, ChainError> {
        self.entry.require(found, &self.key)
    }
}
