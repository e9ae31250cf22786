//! The adapter between storage and Yuma.

use scoring::yuma::{EpochInput, EpochOutput, LiquidAlpha, Rows};

use crate::{payout::Reward, *};

impl<T: Config> Pallet<T> {
    /// Run an epoch over `emission` rao of alpha and store what it found. Mechanisms beyond the main one have no
    /// share of the emission here.
    pub(crate) fn run_epoch(netuid: u16, emission: u64) -> Vec<Reward<T::AccountId>> {
        let hotkeys: Vec<T::AccountId> =
            (0..SubnetworkN::<T>::get(netuid)).map(|uid| Keys::<T>::get(netuid, uid)).collect();
        let input = Self::epoch_input(netuid, &hotkeys, emission);
        let output = scoring::yuma::epoch(&input);
        let rewards = hotkeys
            .into_iter()
            .zip(output.server_emission.iter().zip(&output.validator_emission))
            .map(|(hotkey, (server, validator))| Reward { hotkey, server: *server, validator: *validator })
            .collect();
        Self::store_epoch(netuid, &input.validator_permits, output);
        rewards
    }

    fn epoch_input(netuid: u16, hotkeys: &[T::AccountId], emission: u64) -> EpochInput {
        let liquid_alpha = LiquidAlphaOn::<T>::get(netuid).then(|| {
            let (alpha_low, alpha_high) = AlphaValues::<T>::get(netuid);
            LiquidAlpha { alpha_low, alpha_high, sigmoid_steepness: AlphaSigmoidSteepness::<T>::get(netuid) }
        });
        let seats = hotkeys.len();
        let mut last_update = LastUpdate::<T>::get(netuid);
        last_update.resize(seats, 0);
        let mut validator_permits = ValidatorPermit::<T>::get(netuid);
        validator_permits.resize(seats, false);
        EpochInput {
            block: Self::current_block(),
            tempo: Tempo::<T>::get(netuid),
            activity_cutoff: Self::activity_cutoff(netuid),
            last_update,
            block_at_registration: (0u16..).take(seats).map(|uid| BlockAtRegistration::<T>::get(netuid, uid)).collect(),
            last_mechanism_step_block: LastMechansimStepBlock::<T>::get(netuid),
            stake: hotkeys.iter().map(|hotkey| Self::stake_weight_of(hotkey, netuid)).collect(),
            stake_threshold: StakeThreshold::<T>::get(),
            owner_uid: Uids::<T>::get(netuid, SubnetOwnerHotkey::<T>::get(netuid)),
            validator_permits,
            max_allowed_validators: MaxAllowedValidators::<T>::get(netuid),
            weights: Weights::<T>::iter_prefix(netuid).collect(),
            bonds: Bonds::<T>::iter_prefix(netuid).collect(),
            // Rows are never committed here.
            commit_blocks: None,
            kappa: Kappa::<T>::get(netuid),
            bonds_penalty: BondsPenalty::<T>::get(netuid),
            bonds_moving_average: BondsMovingAverage::<T>::get(netuid),
            yuma3: Yuma3On::<T>::get(netuid),
            liquid_alpha,
            emission,
        }
    }

    fn store_epoch(netuid: u16, old_permits: &[bool], output: EpochOutput) {
        Self::store_bonds(netuid, old_permits, &output.validator_permits, output.bonds);
        Active::<T>::insert(netuid, output.active);
        StakeWeight::<T>::insert(netuid, output.stake_weight);
        Consensus::<T>::insert(netuid, output.consensus);
        Incentive::<T>::insert(netuid, output.incentive);
        Dividends::<T>::insert(netuid, output.dividends);
        Emission::<T>::insert(netuid, output.emission);
        ValidatorTrust::<T>::insert(netuid, output.validator_trust);
        ValidatorPermit::<T>::insert(netuid, output.validator_permits);
    }

    /// Only who has a permit keeps bonds; who loses it loses them.
    fn store_bonds(netuid: u16, old_permits: &[bool], new_permits: &[bool], mut bonds: Rows) {
        for ((uid, old), new) in (0u16..).zip(old_permits).zip(new_permits) {
            if *new {
                Bonds::<T>::insert(netuid, uid, bonds.remove(&uid).unwrap_or_default());
            } else if *old {
                Bonds::<T>::insert(netuid, uid, Vec::<(u16, u16)>::new());
            }
        }
    }
}
