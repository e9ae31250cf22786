//! The calls: what each sets, by whom and within which bounds.

admin_utils! {
    // Of the whole chain, by root.
    1 sudo_set_default_take(default_take: u16) [root] (MaxDelegateTake, MaxDelegateTakeSet)
    2 sudo_set_tx_rate_limit(tx_rate_limit: u64) [root] (TxRateLimit, TxRateLimitSet)
    28 sudo_set_subnet_owner_cut(subnet_owner_cut: u16) [root] (SubnetOwnerCut, SubnetOwnerCutSet)
    29 sudo_set_network_rate_limit(rate_limit: u64) [root] (NetworkRateLimit, NetworkRateLimitSet)
    33 sudo_set_total_issuance(total_issuance: u64) [nobody] (Deprecated)
    35 sudo_set_network_immunity_period(immunity_period: u64) [root] (NetworkImmunityPeriod, NetworkImmunityPeriodSet)
    36 sudo_set_network_min_lock_cost(lock_cost: u64) [root] (NetworkMinLockCost, NetworkMinLockCostSet)
    37 sudo_set_subnet_limit(max_subnets: u16) [root] (SubnetLimit, SubnetLimitSet)
    38 sudo_set_lock_reduction_interval(interval: u64)
        [root] (NetworkLockReductionInterval, NetworkLockCostReductionIntervalSet)
    42 sudo_set_stake_threshold(min_stake: u64) [root] (StakeThreshold, StakeThresholdSet)
    43 sudo_set_nominator_min_required_stake(min_stake: u64) [root] {
        let before = Subtensor::<T>::nominator_min_required_stake();
        subtensor::NominatorMinRequiredStake::<T>::put(min_stake);
        if min_stake > before {
            Subtensor::<T>::clear_small_nominations();
        }
    }
    45 sudo_set_tx_delegate_take_rate_limit(tx_rate_limit: u64)
        [root] (TxDelegateTakeRateLimit, TxDelegateTakeRateLimitSet)
    46 sudo_set_min_delegate_take(take: u16) [root] (MinDelegateTake, MinDelegateTakeSet)
    63 sudo_set_subnet_moving_alpha(alpha: I96F32) [root] (SubnetMovingAlpha)
    71 sudo_set_commit_reveal_version(version: u16) [root] (CommitRevealWeightsVersion, CommitRevealVersionSet)
    73 sudo_set_ck_burn(burn: u64) [root] (CKBurn)
    74 sudo_set_admin_freeze_window(window: u16) [root] (AdminFreezeWindow, AdminFreezeWindowSet)
    75 sudo_set_owner_hparam_rate_limit(epochs: u16) [root] (OwnerHyperparamRateLimit, OwnerHyperparamRateLimitSet)
    81 sudo_set_tao_flow_cutoff(flow_cutoff: I64F64) [root] (TaoFlowCutoff)
    82 sudo_set_tao_flow_normalization_exponent(exponent: U64F64) [root] {
        ensure!((U64F64::from_int(1)..=U64F64::from_int(2)).contains(&exponent), Error::<T>::InvalidValue);
        subtensor::FlowNormExponent::<T>::put(exponent);
    }
    83 sudo_set_tao_flow_smoothing_factor(smoothing_factor: u64) [root] (FlowEmaSmoothingFactor)
    85 sudo_set_start_call_delay(delay: u64) [root] (StartCallDelay, StartCallDelaySet)
    88 sudo_set_max_mechanism_count(max_mechanism_count: u8) [root] {
        Subtensor::<T>::do_set_max_mechanism_count(max_mechanism_count)?;
    }
    91 sudo_set_net_tao_flow_enabled(enabled: bool) [root] (NetTaoFlowEnabled)
    96 sudo_set_max_epochs_per_block(max_epochs_per_block: u8) [root] {
        ensure!(max_epochs_per_block >= 1, Error::<T>::ValueNotInBounds);
        subtensor::MaxEpochsPerBlock::<T>::put(max_epochs_per_block);
        Subtensor::<T>::deposit_event(subtensor::Event::MaxEpochsPerBlockSet(max_epochs_per_block));
    }

    // Of a subnet, by root.
    4 sudo_set_min_difficulty(netuid: u16, min_difficulty: u64) [root, open, exists] (MinDifficulty, MinDifficultySet)
    7 sudo_set_weights_set_rate_limit(netuid: u16, weights_set_rate_limit: u64)
        [root, exists] (WeightsSetRateLimit, WeightsSetRateLimitSet)
    8 sudo_set_adjustment_interval(netuid: u16, adjustment_interval: u16)
        [root, exists] (AdjustmentInterval, AdjustmentIntervalSet)
    16 sudo_set_kappa(netuid: u16, kappa: u16) [root, exists] (Kappa, KappaSet)
    19 sudo_set_network_registration_allowed(netuid: u16, registration_allowed: bool)
        [root] (NetworkRegistrationAllowed, RegistrationAllowed)
    20 sudo_set_network_pow_registration_allowed(netuid: u16, registration_allowed: bool)
        [nobody] (POWRegistrationDisabled)
    21 sudo_set_target_registrations_per_interval(netuid: u16, target_registrations_per_interval: u16)
        [root, open, exists] (TargetRegistrationsPerInterval, RegistrationPerIntervalSet)
    24 sudo_set_difficulty(netuid: u16, difficulty: u64) [root, open, exists] (Difficulty, DifficultySet)
    25 sudo_set_max_allowed_validators(netuid: u16, max_allowed_validators: u16) [root, open, exists] {
        let seats = subtensor::MaxAllowedUids::<T>::get(netuid);
        ensure!(max_allowed_validators <= seats, Error::<T>::MaxValidatorsLargerThanMaxUIds);
        subtensor::MaxAllowedValidators::<T>::insert(netuid, max_allowed_validators);
        Subtensor::<T>::deposit_event(subtensor::Event::MaxAllowedValidatorsSet(netuid, max_allowed_validators));
    }
    27 sudo_set_max_registrations_per_block(netuid: u16, max_registrations_per_block: u16)
        [root, open, exists] (MaxRegistrationsPerBlock, MaxRegistrationsPerBlockSet)
    /// Sets the tempo, which counts from now on.
    30 sudo_set_tempo(netuid: u16, tempo: u16) [root, open, exists] {
        Subtensor::<T>::apply_tempo_with_cycle_reset(netuid, tempo);
    }
    39 sudo_set_rao_recycled(netuid: u16, rao_recycled: u64)
        [root, exists] (RAORecycledForRegistration, RAORecycledForRegistrationSet)
    65 sudo_set_ema_price_halving_period(netuid: u16, ema_halving: u64) [root] (EMAPriceHalvingBlocks)
    66 sudo_set_subtoken_enabled(netuid: u16, subtoken_enabled: bool) [root, open] (SubtokenEnabled)
    79 sudo_set_min_allowed_uids(netuid: u16, min_allowed_uids: u16) [root, open, exists] {
        let seats = subtensor::MaxAllowedUids::<T>::get(netuid);
        ensure!(min_allowed_uids < seats, Error::<T>::MinAllowedUidsGreaterThanMaxAllowedUids);
        let neurons = subtensor::SubnetworkN::<T>::get(netuid);
        ensure!(min_allowed_uids < neurons, Error::<T>::MinAllowedUidsGreaterThanCurrentUids);
        subtensor::MinAllowedUids::<T>::insert(netuid, min_allowed_uids);
        Subtensor::<T>::deposit_event(subtensor::Event::MinAllowedUidsSet(netuid, min_allowed_uids));
    }
    84 sudo_set_min_non_immune_uids(netuid: u16, min: u16) [root] (MinNonImmuneUids, MinNonImmuneUidsSet)
    94 sudo_set_subnet_emission_enabled(netuid: u16, enabled: bool) [root, exists, not_root] {
        subtensor::SubnetEmissionEnabled::<T>::insert(netuid, enabled);
        Self::deposit_event(Event::SubnetEmissionEnabledSet { netuid, enabled });
    }

    // Of a subnet, by its owner or root.
    3 sudo_set_serving_rate_limit(netuid: u16, serving_rate_limit: u64)
        [owner ServingRateLimit] (ServingRateLimit, ServingRateLimitSet)
    5 sudo_set_max_difficulty(netuid: u16, max_difficulty: u64)
        [owner MaxDifficulty, exists] (MaxDifficulty, MaxDifficultySet)
    6 sudo_set_weights_version_key(netuid: u16, weights_version_key: u64)
        [owner clock SetWeightsVersionKey, exists] (WeightsVersionKey, WeightsVersionKeySet)
    9 sudo_set_adjustment_alpha(netuid: u16, adjustment_alpha: u64)
        [owner AdjustmentAlpha, exists] (AdjustmentAlpha, AdjustmentAlphaSet)
    13 sudo_set_immunity_period(netuid: u16, immunity_period: u16)
        [owner ImmunityPeriod, exists] (ImmunityPeriod, ImmunityPeriodSet)
    14 sudo_set_min_allowed_weights(netuid: u16, min_allowed_weights: u16)
        [owner MinAllowedWeights, exists] (MinAllowedWeights, MinAllowedWeightSet)
    /// Sets how many seats a subnet has, without taking any from a neuron.
    15 sudo_set_max_allowed_uids(netuid: u16, max_allowed_uids: u16) [owner MaxAllowedUids, exists] {
        let fewest = subtensor::MinAllowedUids::<T>::get(netuid);
        ensure!(max_allowed_uids >= fewest, Error::<T>::MaxAllowedUidsLessThanMinAllowedUids);
        let neurons = subtensor::SubnetworkN::<T>::get(netuid);
        ensure!(neurons <= max_allowed_uids, Error::<T>::MaxAllowedUIdsLessThanCurrentUIds);
        let most = Subtensor::<T>::initial_max_allowed_uids();
        ensure!(max_allowed_uids <= most, Error::<T>::MaxAllowedUidsGreaterThanDefaultMaxAllowedUids);
        let mechanisms = subtensor::MechanismCountCurrent::<T>::get(netuid);
        Subtensor::<T>::ensure_max_uids_over_all_mechanisms(max_allowed_uids, mechanisms)?;
        subtensor::MaxAllowedUids::<T>::insert(netuid, max_allowed_uids);
        Subtensor::<T>::deposit_event(subtensor::Event::MaxAllowedUidsSet(netuid, max_allowed_uids));
    }
    17 sudo_set_rho(netuid: u16, rho: u16) [owner Rho, exists] (Rho)
    /// Sets what nothing reads any more: `set_activity_cutoff_factor` of `SubtensorModule` took its place.
    18 sudo_set_activity_cutoff(netuid: u16, activity_cutoff: u16) [owner ActivityCutoff, exists] {
        let least = subtensor::MinActivityCutoff::<T>::get();
        ensure!(activity_cutoff >= least, subtensor::Error::<T>::ActivityCutoffTooLow);
        subtensor::ActivityCutoff::<T>::insert(netuid, activity_cutoff);
        Subtensor::<T>::deposit_event(subtensor::Event::ActivityCutoffSet(netuid, activity_cutoff));
    }
    22 sudo_set_min_burn(netuid: u16, min_burn: u64) [owner MinBurn, exists] {
        ensure!(min_burn < Subtensor::<T>::min_burn_upper_bound(), Error::<T>::ValueNotInBounds);
        ensure!(min_burn < subtensor::MaxBurn::<T>::get(netuid), Error::<T>::ValueNotInBounds);
        subtensor::MinBurn::<T>::insert(netuid, min_burn);
        Subtensor::<T>::deposit_event(subtensor::Event::MinBurnSet(netuid, min_burn));
    }
    23 sudo_set_max_burn(netuid: u16, max_burn: u64) [owner MaxBurn, exists] {
        ensure!(max_burn > Subtensor::<T>::max_burn_lower_bound(), Error::<T>::ValueNotInBounds);
        ensure!(max_burn > subtensor::MinBurn::<T>::get(netuid), Error::<T>::ValueNotInBounds);
        subtensor::MaxBurn::<T>::insert(netuid, max_burn);
        Subtensor::<T>::deposit_event(subtensor::Event::MaxBurnSet(netuid, max_burn));
    }
    26 sudo_set_bonds_moving_average(netuid: u16, bonds_moving_average: u64) [owner BondsMovingAverage] {
        |owner|
        // An owner may not nearly stop the bonds.
        ensure!(owner.is_none() || bonds_moving_average <= 975_000, Error::<T>::BondsMovingAverageMaxReached);
        checks::exists::<T>(netuid)?;
        subtensor::BondsMovingAverage::<T>::insert(netuid, bonds_moving_average);
        Subtensor::<T>::deposit_event(subtensor::Event::BondsMovingAverageSet(netuid, bonds_moving_average));
    }
    49 sudo_set_commit_reveal_weights_enabled(netuid: u16, enabled: bool)
        [owner CommitRevealEnabled, exists] (CommitRevealWeightsEnabled, CommitRevealEnabled)
    50 sudo_set_liquid_alpha_enabled(netuid: u16, enabled: bool) [owner LiquidAlphaEnabled] (LiquidAlphaOn)
    51 sudo_set_alpha_values(netuid: u16, alpha_low: u16, alpha_high: u16) [owner AlphaValues] {
        use subtensor::Error;
        /// A fortieth of one.
        const LEAST: u16 = u16::MAX / 40;
        ensure!(subtensor::LiquidAlphaOn::<T>::get(netuid), Error::<T>::LiquidAlphaDisabled);
        ensure!(alpha_high >= LEAST, Error::<T>::AlphaHighTooLow);
        ensure!((LEAST..=alpha_high).contains(&alpha_low), Error::<T>::AlphaLowOutOfRange);
        subtensor::AlphaValues::<T>::insert(netuid, (alpha_low, alpha_high));
    }
    /// Sets for how many epochs a committed row waits.
    57 sudo_set_commit_reveal_weights_interval(netuid: u16, interval: u64) [owner WeightCommitInterval, exists] {
        ensure!(interval <= 100, subtensor::Error::<T>::RevealPeriodTooLarge);
        ensure!(interval >= 1, subtensor::Error::<T>::RevealPeriodTooSmall);
        subtensor::RevealPeriodEpochs::<T>::insert(netuid, interval);
        Subtensor::<T>::deposit_event(subtensor::Event::CommitRevealPeriodsSet(netuid, interval));
    }
    60 sudo_set_bonds_penalty(netuid: u16, bonds_penalty: u16)
        [owner BondsPenalty, exists] (BondsPenalty, BondsPenaltySet)
    61 sudo_set_toggle_transfer(netuid: u16, toggle: bool) [owner TransferEnabled] (TransferToggle, TransferToggle)
    64 sudo_set_subnet_owner_hotkey(netuid: u16, hotkey: T::AccountId) [anyone] {
        |origin| Subtensor::<T>::do_set_sn_owner_hotkey(origin, netuid, hotkey)
    }
    67 sudo_set_sn_owner_hotkey(netuid: u16, hotkey: T::AccountId) [anyone] {
        |origin| Subtensor::<T>::do_set_sn_owner_hotkey(origin, netuid, hotkey)
    }
    68 sudo_set_alpha_sigmoid_steepness(netuid: u16, steepness: i16) [owner AlphaSigmoidSteepness, exists] {
        |owner|
        ensure!(owner.is_none() || steepness >= 0, Error::<T>::NegativeSigmoidSteepness);
        subtensor::AlphaSigmoidSteepness::<T>::insert(netuid, steepness);
    }
    69 sudo_set_yuma3_enabled(netuid: u16, enabled: bool) [owner Yuma3Enabled] {
        subtensor::Yuma3On::<T>::insert(netuid, enabled);
        Self::deposit_event(Event::Yuma3EnableToggled { netuid, enabled });
    }
    70 sudo_set_bonds_reset_enabled(netuid: u16, enabled: bool) [owner BondsResetEnabled] {
        subtensor::BondsResetOn::<T>::insert(netuid, enabled);
        Subtensor::<T>::deposit_event(subtensor::Event::BondsResetOnSet(netuid, enabled));
        Self::deposit_event(Event::BondsResetToggled { netuid, enabled });
    }
    /// Sets how many of the owner's neurons may never lose their seat.
    72 sudo_set_owner_immune_neuron_limit(netuid: u16, immune_neurons: u16) [owner ImmuneNeuronLimit] {
        ensure!((1..=10).contains(&immune_neurons), subtensor::Error::<T>::InvalidValue);
        subtensor::ImmuneOwnerUidsLimit::<T>::insert(netuid, immune_neurons);
    }
    76 sudo_set_mechanism_count(netuid: u16, mechanism_count: u8) [owner clock MechanismCountUpdate] {
        Subtensor::<T>::do_set_mechanism_count(netuid, mechanism_count)?;
    }
    77 sudo_set_mechanism_emission_split(netuid: u16, maybe_split: Option<Vec<u16>>)
        [owner clock MechanismEmission]
    {
        Subtensor::<T>::do_set_emission_split(netuid, maybe_split)?;
    }
    /// Takes seats from the least paid neurons and gives the others new uids.
    78 sudo_trim_to_max_allowed_uids(netuid: u16, max_n: u16) [owner clock MaxUidsTrimming] {
        Subtensor::<T>::trim_to_max_allowed_uids(netuid, max_n)?;
    }
    80 sudo_set_recycle_or_burn(netuid: u16, recycle_or_burn: RecycleOrBurnEnum) [owner RecycleOrBurn] (RecycleOrBurn)
    89 sudo_set_burn_half_life(netuid: u16, burn_half_life: u16) [owner BurnHalfLife, exists, not_root] {
        ensure!((1..=36_100).contains(&burn_half_life), Error::<T>::InvalidValue);
        subtensor::BurnHalfLife::<T>::insert(netuid, burn_half_life);
        Self::deposit_event(Event::BurnHalfLifeSet { netuid, burn_half_life });
    }
    90 sudo_set_burn_increase_mult(netuid: u16, burn_increase_mult: U64F64)
        [owner BurnIncreaseMult, exists, not_root]
    {
        let bounds = U64F64::from_int(1)..=U64F64::from_int(3);
        ensure!(bounds.contains(&burn_increase_mult), Error::<T>::InvalidValue);
        subtensor::BurnIncreaseMult::<T>::insert(netuid, burn_increase_mult);
        Self::deposit_event(Event::BurnIncreaseMultSet { netuid, burn_increase_mult });
    }
    92 sudo_set_owner_cut_enabled(netuid: u16, enabled: bool) [owner unlimited, exists, not_root] (OwnerCutEnabled)
    93 sudo_set_min_childkey_take_per_subnet(netuid: u16, take: u16) [owner MinChildkeyTake, exists] {
        let bounds = subtensor::MinChildkeyTake::<T>::get()..=subtensor::MaxChildkeyTake::<T>::get();
        ensure!(bounds.contains(&take), Error::<T>::InvalidValue);
        subtensor::MinChildkeyTakePerSubnet::<T>::insert(netuid, take);
        Subtensor::<T>::deposit_event(subtensor::Event::MinChildKeyTakePerSubnetSet(netuid, take));
    }
}
