//! A subnet's rules and its place in the epoch schedule, in one request.

use primitives::{BlockHash, Coldkey, Hotkey, Hyperparameters, NetUid};
use subxt::utils::AccountId32;

use crate::{
    ChainError, Client,
    batch::{Batch, One},
    storage::{At, Found},
};

impl Client {
    /// The hyperparameters at a block; at the finalised head where none is given.
    pub async fn hyperparameters(&self, netuid: NetUid, at: Option<BlockHash>) -> Result<Hyperparameters, ChainError> {
        self.read_at(at, |at| async move { hyperparameters(&at, netuid).await }).await
    }
}

async fn hyperparameters(at: &At, netuid: NetUid) -> Result<Hyperparameters, ChainError> {
    let mut batch = Batch::new(at);
    let added = batch.want::<bool>("NetworksAdded", (netuid.0,))?;
    let rules = Rules::wanted(&mut batch, netuid)?;
    let found = batch.fetch().await?;
    if !added.of(&found)? {
        return Err(ChainError::UnknownNetUid(netuid));
    }
    rules.of(&found)
}

/// Declares the hyperparameters once: each one's name here, its type and its name on the chain.
macro_rules! rules {
    (
        of the subnet { $($name:ident: $kind:ty = $item:literal,)* }
        of all { $($shared:ident: $shared_kind:ty = $shared_item:literal,)* }
    ) => {
        /// The hyperparameters of a batch.
        pub(crate) struct Rules<'a> {
            subnet_owner: One<'a, AccountId32>,
            subnet_owner_hotkey: One<'a, AccountId32>,
            mechanism_emission_split: One<'a, Vec<u16>>,
            $($name: One<'a, $kind>,)*
            $($shared: One<'a, $shared_kind>,)*
        }

        impl<'a> Rules<'a> {
            /// Put them into a batch.
            pub(crate) fn wanted(batch: &mut Batch<'a>, netuid: NetUid) -> Result<Self, ChainError> {
                let net = (netuid.0,);
                Ok(Self {
                    subnet_owner: batch.want("SubnetOwner", net)?,
                    subnet_owner_hotkey: batch.want("SubnetOwnerHotkey", net)?,
                    mechanism_emission_split: batch.want("MechanismEmissionSplit", net)?,
                    $($name: batch.want($item, net)?,)*
                    $($shared: batch.want($shared_item, ())?,)*
                })
            }

            /// Their values.
            pub(crate) fn of(&self, found: &Found) -> Result<Hyperparameters, ChainError> {
                Ok(Hyperparameters {
                    subnet_owner: Coldkey(self.subnet_owner.of(found)?.0),
                    subnet_owner_hotkey: Hotkey(self.subnet_owner_hotkey.of(found)?.0),
                    mechanism_emission_split: self.mechanism_emission_split.maybe(found)?,
                    $($name: self.$name.of(found)?,)*
                    $($shared: self.$shared.of(found)?,)*
                })
            }
        }
    };
}

rules! {
    of the subnet {
        tempo: u16 = "Tempo",
        immunity_period: u16 = "ImmunityPeriod",
        min_allowed_weights: u16 = "MinAllowedWeights",
        max_allowed_uids: u16 = "MaxAllowedUids",
        max_allowed_validators: u16 = "MaxAllowedValidators",
        weights_rate_limit: u64 = "WeightsSetRateLimit",
        weights_version: u64 = "WeightsVersionKey",
        serving_rate_limit: u64 = "ServingRateLimit",
        activity_cutoff_factor_milli: u32 = "ActivityCutoffFactorMilli",
        commit_reveal_weights_enabled: bool = "CommitRevealWeightsEnabled",
        reveal_period_epochs: u64 = "RevealPeriodEpochs",
        kappa: u16 = "Kappa",
        bonds_penalty: u16 = "BondsPenalty",
        bonds_moving_average: u64 = "BondsMovingAverage",
        yuma3_on: bool = "Yuma3On",
        liquid_alpha_on: bool = "LiquidAlphaOn",
        alpha_values: (u16, u16) = "AlphaValues",
        alpha_sigmoid_steepness: i16 = "AlphaSigmoidSteepness",
        registration_allowed: bool = "NetworkRegistrationAllowed",
        burn: u64 = "Burn",
        min_burn: u64 = "MinBurn",
        max_burn: u64 = "MaxBurn",
        mechanism_count_current: u8 = "MechanismCountCurrent",
        epoch_index: u64 = "SubnetEpochIndex",
        last_epoch_block: u64 = "LastEpochBlock",
        pending_epoch_at: u64 = "PendingEpochAt",
        blocks_since_last_step: u64 = "BlocksSinceLastStep",
        last_mechansim_step_block: u64 = "LastMechansimStepBlock",
    }
    of all {
        commit_reveal_weights_version: u16 = "CommitRevealWeightsVersion",
        stake_threshold: u64 = "StakeThreshold",
        tao_weight: u64 = "TaoWeight",
    }
}
