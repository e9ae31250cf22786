//! Every event of the chain, under its index.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
    #[pallet::event]
    #[pallet::generate_deposit(pub fn deposit_event)]
    pub enum Event<T: Config> {
        /// A subnet was added: netuid, mechanism.
        #[codec(index = 0)]
        NetworkAdded(u16, u16),
        #[codec(index = 1)]
        NetworkRemoved(u16),
        /// Coldkey, hotkey, TAO paid, alpha got, netuid, fee.
        #[codec(index = 2)]
        StakeAdded(T::AccountId, T::AccountId, u64, u64, u16, u64),
        /// Coldkey, hotkey, TAO got, alpha given, netuid, fee.
        #[codec(index = 3)]
        StakeRemoved(T::AccountId, T::AccountId, u64, u64, u16, u64),
        #[codec(index = 4)]
        StakeMoved(T::AccountId, T::AccountId, u16, T::AccountId, u16, u64),
        /// A row of weights was stored: netuid's storage index, uid.
        #[codec(index = 5)]
        WeightsSet(u16, u16),
        /// A hotkey took a seat: netuid, uid, hotkey.
        #[codec(index = 6)]
        NeuronRegistered(u16, u16, T::AccountId),
        #[codec(index = 7)]
        BulkNeuronsRegistered(u16, u16),
        #[codec(index = 8)]
        BulkBalancesSet(u16, u16),
        #[codec(index = 9)]
        MaxAllowedUidsSet(u16, u16),
        #[codec(index = 10)]
        MaxWeightLimitSet(u16, u16),
        #[codec(index = 11)]
        DifficultySet(u16, u64),
        #[codec(index = 12)]
        AdjustmentIntervalSet(u16, u16),
        #[codec(index = 13)]
        RegistrationPerIntervalSet(u16, u16),
        #[codec(index = 14)]
        MaxRegistrationsPerBlockSet(u16, u16),
        #[codec(index = 15)]
        ActivityCutoffSet(u16, u16),
        #[codec(index = 16)]
        RhoSet(u16, u16),
        #[codec(index = 17)]
        AlphaSigmoidSteepnessSet(u16, i16),
        #[codec(index = 18)]
        KappaSet(u16, u16),
        #[codec(index = 19)]
        MinAllowedWeightSet(u16, u16),
        #[codec(index = 20)]
        ValidatorPruneLenSet(u16, u64),
        #[codec(index = 21)]
        ScalingLawPowerSet(u16, u16),
        #[codec(index = 22)]
        WeightsSetRateLimitSet(u16, u64),
        #[codec(index = 23)]
        ImmunityPeriodSet(u16, u16),
        #[codec(index = 24)]
        BondsMovingAverageSet(u16, u64),
        #[codec(index = 25)]
        BondsPenaltySet(u16, u16),
        #[codec(index = 26)]
        BondsResetOnSet(u16, bool),
        #[codec(index = 27)]
        MaxAllowedValidatorsSet(u16, u16),
        /// An axon was announced: netuid, hotkey.
        #[codec(index = 28)]
        AxonServed(u16, T::AccountId),
        #[codec(index = 29)]
        PrometheusServed(u16, T::AccountId),
        #[codec(index = 30)]
        DelegateAdded(T::AccountId, T::AccountId, u16),
        #[codec(index = 31)]
        DefaultTakeSet(u16),
        #[codec(index = 32)]
        WeightsVersionKeySet(u16, u64),
        #[codec(index = 33)]
        MinDifficultySet(u16, u64),
        #[codec(index = 34)]
        MaxDifficultySet(u16, u64),
        #[codec(index = 35)]
        ServingRateLimitSet(u16, u64),
        #[codec(index = 36)]
        BurnSet(u16, u64),
        #[codec(index = 37)]
        MaxBurnSet(u16, u64),
        #[codec(index = 38)]
        MinBurnSet(u16, u64),
        #[codec(index = 39)]
        MaxEpochsPerBlockSet(u8),
        #[codec(index = 40)]
        TxRateLimitSet(u64),
        #[codec(index = 41)]
        TxDelegateTakeRateLimitSet(u64),
        #[codec(index = 42)]
        TxChildKeyTakeRateLimitSet(u64),
        #[codec(index = 43)]
        AdminFreezeWindowSet(u16),
        #[codec(index = 44)]
        OwnerHyperparamRateLimitSet(u16),
        #[codec(index = 45)]
        MinChildKeyTakeSet(u16),
        #[codec(index = 46)]
        MinChildKeyTakePerSubnetSet(u16, u16),
        #[codec(index = 47)]
        MaxChildKeyTakeSet(u16),
        #[codec(index = 48)]
        ChildKeyTakeSet(T::AccountId, u16),
        #[codec(index = 49)]
        Sudid(DispatchResult),
        #[codec(index = 50)]
        RegistrationAllowed(u16, bool),
        #[codec(index = 51)]
        PowRegistrationAllowed(u16, bool),
        #[codec(index = 52)]
        TempoSet(u16, u16),
        #[codec(index = 53)]
        RAORecycledForRegistrationSet(u16, u64),
        #[codec(index = 54)]
        StakeThresholdSet(u64),
        #[codec(index = 55)]
        AdjustmentAlphaSet(u16, u64),
        #[codec(index = 56)]
        Faucet(T::AccountId, u64),
        #[codec(index = 57)]
        SubnetOwnerCutSet(u16),
        #[codec(index = 58)]
        NetworkRateLimitSet(u64),
        #[codec(index = 59)]
        NetworkImmunityPeriodSet(u64),
        #[codec(index = 60)]
        StartCallDelaySet(u64),
        #[codec(index = 61)]
        NetworkMinLockCostSet(u64),
        #[codec(index = 62)]
        SubnetLimitSet(u16),
        #[codec(index = 63)]
        NetworkLockCostReductionIntervalSet(u64),
        #[codec(index = 64)]
        TakeDecreased(T::AccountId, T::AccountId, u16),
        #[codec(index = 65)]
        TakeIncreased(T::AccountId, T::AccountId, u16),
        #[codec(index = 66)]
        HotkeySwapped(T::AccountId, T::AccountId, T::AccountId),
        #[codec(index = 67)]
        MaxDelegateTakeSet(u16),
        #[codec(index = 68)]
        MinDelegateTakeSet(u16),
        #[codec(index = 69)]
        ColdkeySwapAnnounced(T::AccountId, H256),
        #[codec(index = 70)]
        ColdkeySwapReset(T::AccountId),
        #[codec(index = 71)]
        ColdkeySwapped(T::AccountId, T::AccountId),
        #[codec(index = 72)]
        ColdkeySwapDisputed(T::AccountId),
        #[codec(index = 73)]
        AllBalanceUnstakedAndTransferredToNewColdkey(T::AccountId, T::AccountId, u64),
        #[codec(index = 74)]
        ArbitrationPeriodExtended(T::AccountId),
        #[codec(index = 75)]
        SetChildrenScheduled(T::AccountId, u16, u64, Vec<(u64, T::AccountId)>),
        #[codec(index = 76)]
        SetChildren(T::AccountId, u16, Vec<(u64, T::AccountId)>),
        #[codec(index = 77)]
        ChainIdentitySet(T::AccountId),
        #[codec(index = 78)]
        SubnetIdentitySet(u16),
        #[codec(index = 79)]
        SubnetIdentityRemoved(u16),
        #[codec(index = 80)]
        DissolveNetworkScheduled(T::AccountId, u16, u32),
        #[codec(index = 81)]
        ColdkeySwapAnnouncementDelaySet(u32),
        #[codec(index = 82)]
        ColdkeySwapReannouncementDelaySet(u32),
        #[codec(index = 83)]
        DissolveNetworkScheduleDurationSet(u32),
        #[codec(index = 84)]
        CRV3WeightsCommitted(T::AccountId, u16, H256),
        #[codec(index = 85)]
        WeightsCommitted(T::AccountId, u16, H256),
        #[codec(index = 86)]
        WeightsRevealed(T::AccountId, u16, H256),
        #[codec(index = 87)]
        WeightsBatchRevealed(T::AccountId, u16, Vec<H256>),
        #[codec(index = 88)]
        BatchWeightsCompleted(Vec<codec::Compact<u16>>, T::AccountId),
        #[codec(index = 89)]
        BatchCompletedWithErrors(),
        #[codec(index = 90)]
        BatchWeightItemFailed(u16, DispatchError),
        #[codec(index = 91)]
        StakeTransferred(T::AccountId, T::AccountId, T::AccountId, u16, u16, u64),
        #[codec(index = 92)]
        StakeSwapped(T::AccountId, T::AccountId, u16, u16, u64),
        #[codec(index = 93)]
        TransferToggle(u16, bool),
        #[codec(index = 94)]
        SubnetOwnerHotkeySet(u16, T::AccountId),
        /// A subnet starts to emit at a block.
        #[codec(index = 95)]
        FirstEmissionBlockNumberSet(u16, u64),
        #[codec(index = 96)]
        AlphaRecycled(T::AccountId, T::AccountId, u64, u16),
        #[codec(index = 97)]
        AlphaBurned(T::AccountId, T::AccountId, u64, u16),
        #[codec(index = 98)]
        EvmKeyAssociated(u16, T::AccountId, H160, u64),
        #[codec(index = 99)]
        CRV3WeightsRevealed(u16, T::AccountId),
        #[codec(index = 100)]
        CommitRevealPeriodsSet(u16, u64),
        #[codec(index = 101)]
        CommitRevealEnabled(u16, bool),
        #[codec(index = 102)]
        HotkeySwappedOnSubnet(T::AccountId, T::AccountId, T::AccountId, u16),
        #[codec(index = 103)]
        SubnetLeaseCreated(T::AccountId, u32, u16, Option<u32>),
        #[codec(index = 104)]
        SubnetLeaseTerminated(T::AccountId, u16),
        #[codec(index = 105)]
        SymbolUpdated(u16, Vec<u8>),
        #[codec(index = 106)]
        CommitRevealVersionSet(u16),
        #[codec(index = 107)]
        TimelockedWeightsCommitted(T::AccountId, u16, H256, u64),
        #[codec(index = 108)]
        TimelockedWeightsRevealed(u16, T::AccountId),
        #[codec(index = 109)]
        AutoStakeAdded(u16, T::AccountId, T::AccountId, T::AccountId, u64),
        /// Alpha paid to miners by uid.
        #[codec(index = 110)]
        IncentiveAlphaEmittedToMiners(u16, Vec<u64>),
        #[codec(index = 111)]
        MinAllowedUidsSet(u16, u16),
        #[codec(index = 112)]
        AutoStakeDestinationSet(T::AccountId, u16, T::AccountId),
        #[codec(index = 113)]
        MinNonImmuneUidsSet(u16, u16),
        #[codec(index = 114)]
        RootClaimed(T::AccountId),
        #[codec(index = 115)]
        RootClaimTypeSet(T::AccountId, RootClaimTypeEnum),
        #[codec(index = 116)]
        VotingPowerTrackingEnabled(u16),
        #[codec(index = 117)]
        VotingPowerTrackingDisableScheduled(u16, u64),
        #[codec(index = 118)]
        VotingPowerTrackingDisabled(u16),
        #[codec(index = 119)]
        VotingPowerEmaAlphaSet(u16, u64),
        #[codec(index = 120)]
        SubnetLeaseDividendsDistributed(u32, T::AccountId, u64),
        #[codec(index = 121)]
        AddStakeBurn(u16, T::AccountId, u64, u64),
        #[codec(index = 122)]
        ColdkeySwapCleared(T::AccountId),
        #[codec(index = 123)]
        TransactionFeePaidWithAlpha(T::AccountId, u16, u64, u64),
        #[codec(index = 124)]
        BurnHalfLifeSet(u16, u16),
        #[codec(index = 125)]
        BurnIncreaseMultSet(u16, U64F64),
        #[codec(index = 126)]
        AutoParentDelegationEnabledSet(T::AccountId, bool),
        #[codec(index = 127)]
        StakeLocked(T::AccountId, T::AccountId, u16, u64),
        #[codec(index = 128)]
        StakeUnlocked(T::AccountId, T::AccountId, u16, u64),
        #[codec(index = 129)]
        LockMoved(T::AccountId, T::AccountId, T::AccountId, u16),
        #[codec(index = 130)]
        ActivityCutoffFactorMilliSet(u16, u32),
        #[codec(index = 131)]
        EpochTriggered(u16, T::AccountId, u64),
        /// An epoch waits for the next block: netuid, due, run.
        #[codec(index = 132)]
        EpochDeferred { netuid: u16, from_block: u64, to_block: u64 },
        /// An epoch could not run on inconsistent state.
        #[codec(index = 133)]
        EpochSkipped { netuid: u16, block: u64 },
        #[codec(index = 134)]
        SubnetOwnerChanged(u16, T::AccountId, T::AccountId),
        #[codec(index = 135)]
        PerpetualLockUpdated(T::AccountId, u16, bool),
        #[codec(index = 136)]
        RejectLockedAlphaUpdated(T::AccountId, bool),
    }
}
