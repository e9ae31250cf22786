//! The adapter between storage and Yuma.

use scoring::{
    emission::{Combined, mechanism_weight},
    yuma::{EpochInput, EpochOutput, LiquidAlpha, Rows},
};

use crate::{payout::Reward, *};

impl<T: Config> Pallet<T> {
    /// Run an epoch of every mechanism over its part of `emission` rao of alpha, store what they found, and tell what
    /// each hotkey earned.
    pub(crate) fn run_epoch(netuid: u16, emission: u64) -> Vec<Reward<T::AccountId>> {
        let hotkeys: Vec<T::AccountId> =
            (0..SubnetworkN::<T>::get(netuid)).map(|uid| Keys::<T>::get(netuid, uid)).collect();
        let shared = Self::epoch_input(netuid, &hotkeys);
        let mut results = Combined::new(hotkeys.len());
        for (mecid, part) in (0u8..).zip(Self::split_emissions(netuid, emission)) {
            let input = Self::mechanism_input(netuid, mecid, &hotkeys, part, shared.clone());
            let output = scoring::yuma::epoch(&input);
            results.add(&output, mechanism_weight(mecid, part, emission));
            Self::store_mechanism_results(netuid, mecid, output);
        }
        Self::store_results(netuid, &results);
        let earned = results.server_emission.into_iter().zip(results.validator_emission);
        let reward = |(hotkey, (server, validator))| Reward { hotkey, server, validator };
        hotkeys.into_iter().zip(earned).map(reward).collect()
    }

    /// What an epoch of any of the subnet's mechanisms starts from.
    fn epoch_input(netuid: u16, hotkeys: &[T::AccountId]) -> EpochInput {
        let liquid_alpha = LiquidAlphaOn::<T>::get(netuid).then(|| {
            let (alpha_low, alpha_high) = AlphaValues::<T>::get(netuid);
            LiquidAlpha { alpha_low, alpha_high, sigmoid_steepness: AlphaSigmoidSteepness::<T>::get(netuid) }
        });
        let (stake, stake_fraction) = hotkeys.iter().map(|hotkey| Self::stake_weight(hotkey, netuid)).unzip();
        EpochInput {
            block: Self::current_block(),
            tempo: Tempo::<T>::get(netuid),
            activity_cutoff: Self::activity_cutoff(netuid),
            last_update: Vec::new(),
            block_at_registration: (0u16..)
                .take(hotkeys.len())
                .map(|uid| BlockAtRegistration::<T>::get(netuid, uid))
                .collect(),
            last_mechanism_step_block: LastMechansimStepBlock::<T>::get(netuid),
            stake,
            stake_fraction,
            stake_threshold: StakeThreshold::<T>::get(),
            owner_uid: Self::owner_uid(netuid),
            validator_permits: ValidatorPermit::<T>::get(netuid),
            max_allowed_validators: MaxAllowedValidators::<T>::get(netuid),
            weights: Rows::new(),
            bonds: Rows::new(),
            commit_blocks: None,
            kappa: Kappa::<T>::get(netuid),
            bonds_penalty: BondsPenalty::<T>::get(netuid),
            bonds_moving_average: BondsMovingAverage::<T>::get(netuid),
            yuma3: Yuma3On::<T>::get(netuid),
            liquid_alpha,
            emission: 0,
        }
    }

    fn mechanism_input(
        netuid: u16,
        mecid: u8,
        hotkeys: &[T::AccountId],
        emission: u64,
        shared: EpochInput,
    ) -> EpochInput {
        let index = Self::storage_index(netuid, mecid);
        let committed = CommitRevealWeightsEnabled::<T>::get(netuid);
        EpochInput {
            last_update: Self::last_updates(netuid, mecid),
            weights: Weights::<T>::iter_prefix(index).collect(),
            bonds: Bonds::<T>::iter_prefix(index).collect(),
            commit_blocks: committed.then(|| Self::commit_blocks(netuid, index, hotkeys)),
            emission,
            ..shared
        }
    }

    /// The block of each seat's earliest commit that can still be revealed, of a hash or timelocked: a row must not
    /// judge a miner that came after it was committed.
    fn commit_blocks(netuid: u16, index: u16, hotkeys: &[T::AccountId]) -> Vec<u64> {
        let mut blocks: std::collections::BTreeMap<T::AccountId, u64> = Default::default();
        let mut note = |hotkey: T::AccountId, block: u64| {
            blocks.entry(hotkey).and_modify(|earliest| *earliest = (*earliest).min(block)).or_insert(block);
        };
        for (hotkey, commits) in WeightCommits::<T>::iter_prefix(index) {
            let alive = commits.iter().find(|(_, epoch, ..)| !Self::is_commit_expired(netuid, *epoch));
            if let Some((_, _, block, _)) = alive {
                note(hotkey, *block);
            }
        }
        for (epoch, commits) in TimelockedWeightCommits::<T>::iter_prefix(index) {
            if !Self::is_commit_expired(netuid, epoch) {
                commits.into_iter().for_each(|(hotkey, block, ..)| note(hotkey, block));
            }
        }
        hotkeys.iter().map(|hotkey| blocks.get(hotkey).copied().unwrap_or(u64::MAX)).collect()
    }

    /// What each mechanism keeps for itself.
    fn store_mechanism_results(netuid: u16, mecid: u8, mut output: EpochOutput) {
        let index = Self::storage_index(netuid, mecid);
        for uid in 0..SubnetworkN::<T>::get(netuid) {
            Bonds::<T>::insert(index, uid, output.bonds.remove(&uid).unwrap_or_default());
        }
        Incentive::<T>::insert(index, output.incentive);
        Self::deposit_event(Event::IncentiveAlphaEmittedToMiners(index, output.server_emission));
    }

    /// What the subnet keeps of all of them together.
    fn store_results(netuid: u16, results: &Combined) {
        Active::<T>::insert(netuid, &results.active);
        StakeWeight::<T>::insert(netuid, &results.stake_weight);
        Consensus::<T>::insert(netuid, &results.consensus);
        Dividends::<T>::insert(netuid, &results.dividends);
        ValidatorTrust::<T>::insert(netuid, &results.validator_trust);
        ValidatorPermit::<T>::insert(netuid, &results.validator_permits);
        Emission::<T>::insert(netuid, &results.emission);
    }
}
