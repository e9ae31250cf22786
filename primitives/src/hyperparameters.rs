//! A subnet's rules, with the chain's names.

use serde::{Deserialize, Serialize};

use crate::{BlockNumber, Coldkey, EpochSchedule, Hotkey};

/// The hyperparameters that a validator needs, read at one block. Names and units are the chain's. What holds for all
/// subnets alike says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hyperparameters {
    /// `SubnetOwner`.
    pub subnet_owner: Coldkey,
    /// `SubnetOwnerHotkey`: it needs neither permit nor stake to set weights.
    pub subnet_owner_hotkey: Hotkey,
    /// Blocks between two epochs; 0 means no epochs.
    pub tempo: u16,
    /// Blocks during which a new neuron can't be replaced.
    pub immunity_period: u16,
    /// Fewest uids a weights row may name.
    pub min_allowed_weights: u16,
    /// Seats.
    pub max_allowed_uids: u16,
    /// Seats with a permit.
    pub max_allowed_validators: u16,
    /// Fewest blocks between two rows of one validator: `WeightsSetRateLimit`.
    pub weights_rate_limit: u64,
    /// The version that a row must carry at least; 0 means any: `WeightsVersionKey`.
    pub weights_version: u64,
    /// Fewest blocks between two announcements of one neuron.
    pub serving_rate_limit: u64,
    /// After so many thousandths of a tempo without new weights a validator is inactive.
    pub activity_cutoff_factor_milli: u32,
    /// Whether rows must be committed first and revealed later.
    pub commit_reveal_weights_enabled: bool,
    /// Epochs from the commit of a row to its reveal.
    pub reveal_period_epochs: u64,
    /// The version that a timelocked commit must carry, on every subnet.
    pub commit_reveal_weights_version: u16,
    /// The majority of stake that sets consensus, of 65535.
    pub kappa: u16,
    /// How far bonds follow clipped weights rather than set ones, of 65535.
    pub bonds_penalty: u16,
    /// What bonds keep from one epoch to the next, in millionths.
    pub bonds_moving_average: u64,
    /// Whether bonds are Yuma 3's.
    pub yuma3_on: bool,
    /// Whether each bond has its own pace.
    pub liquid_alpha_on: bool,
    /// The slowest and the fastest pace of a bond, of 65535.
    pub alpha_values: (u16, u16),
    /// How sharply that pace depends on consensus, in hundredths; may be negative.
    pub alpha_sigmoid_steepness: i16,
    /// Stake below which a hotkey can't set weights, in rao, on every subnet.
    pub stake_threshold: u64,
    /// What TAO on root counts as stake, of `u64::MAX`, on every subnet.
    pub tao_weight: u64,
    /// Whether seats can be bought: `NetworkRegistrationAllowed`.
    pub registration_allowed: bool,
    /// The price of a seat, in rao.
    pub burn: u64,
    /// The lowest price of a seat, in rao.
    pub min_burn: u64,
    /// The highest price of a seat, in rao.
    pub max_burn: u64,
    /// Mechanisms.
    pub mechanism_count_current: u8,
    /// How they share the emission, of 65535 together; none where they share alike.
    pub mechanism_emission_split: Option<Vec<u16>>,
    /// Epochs run so far.
    pub epoch_index: u64,
    /// The block of the last epoch.
    pub last_epoch_block: BlockNumber,
    /// An epoch that the owner asked for at a block; 0 means none.
    pub pending_epoch_at: BlockNumber,
    /// Blocks since the last epoch.
    pub blocks_since_last_step: u64,
    /// The block at which the last epoch paid; 0 before the first. The name is the chain's.
    pub last_mechansim_step_block: BlockNumber,
}

/// What the chain gives a new subnet, owned by nobody and before its first block.
impl Default for Hyperparameters {
    fn default() -> Self {
        Self {
            subnet_owner: Coldkey([0; 32]),
            subnet_owner_hotkey: Hotkey([0; 32]),
            tempo: 360,
            immunity_period: 5_000,
            min_allowed_weights: 1,
            max_allowed_uids: 256,
            max_allowed_validators: 64,
            weights_rate_limit: 100,
            weights_version: 0,
            serving_rate_limit: 50,
            activity_cutoff_factor_milli: 13_889,
            commit_reveal_weights_enabled: true,
            reveal_period_epochs: 1,
            commit_reveal_weights_version: 4,
            kappa: 32_767,
            bonds_penalty: u16::MAX,
            bonds_moving_average: 900_000,
            yuma3_on: true,
            liquid_alpha_on: false,
            alpha_values: (45_875, 58_982),
            alpha_sigmoid_steepness: 1_000,
            stake_threshold: 0,
            tao_weight: 971_718_665_099_567_868,
            registration_allowed: true,
            burn: 100_000_000,
            min_burn: 500_000,
            max_burn: 100_000_000_000,
            mechanism_count_current: 1,
            mechanism_emission_split: None,
            epoch_index: 0,
            last_epoch_block: 0,
            pending_epoch_at: 0,
            blocks_since_last_step: 0,
            last_mechansim_step_block: 0,
        }
    }
}

impl Hyperparameters {
    /// Blocks after which a validator without new weights is inactive: at least one.
    pub fn activity_cutoff(&self) -> u64 {
        (u64::from(self.activity_cutoff_factor_milli) * u64::from(self.tempo) / 1_000).max(1)
    }

    /// The first block after `head` that runs an epoch, where these are the rules after `head`: see
    /// [`EpochSchedule::next_epoch_block`].
    pub fn next_epoch_block(&self, head: BlockNumber) -> Option<BlockNumber> {
        EpochSchedule::from(self).next_epoch_block(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_activity_cutoff_is_the_chains() {
        let of = |tempo, activity_cutoff_factor_milli| {
            Hyperparameters { tempo, activity_cutoff_factor_milli, ..Hyperparameters::default() }.activity_cutoff()
        };
        assert_eq!((of(360, 13_889), of(20, 13_889), of(360, 0)), (5_000, 277, 1));
        assert_eq!(of(50_400, u32::MAX), 216_466_351_668);
    }
}
