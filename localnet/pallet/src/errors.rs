//! Every error of the chain, in its order: the index is what a client decodes. Those with a comment are raised here.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod errors {
    #[pallet::error]
    pub enum Error<T> {
        RootNetworkDoesNotExist,
        /// The address is neither of IPv4 nor of IPv6.
        InvalidIpType,
        /// Loopback, broadcast or out of range.
        InvalidIpAddress,
        /// Port 0.
        InvalidPort,
        /// The signer has no seat in the subnet.
        HotKeyNotRegisteredInSubNet,
        /// Nobody owns this hotkey.
        HotKeyAccountNotExists,
        /// The signer has no seat in the subnet it announces to.
        HotKeyNotRegisteredInNetwork,
        /// The hotkey belongs to another coldkey.
        NonAssociatedColdKey,
        NotEnoughStake,
        /// More than is staked.
        NotEnoughStakeToWithdraw,
        /// Stake below `StakeThreshold`.
        NotEnoughStakeToSetWeights,
        NotEnoughStakeToSetChildkeys,
        /// The coldkey cannot pay.
        NotEnoughBalanceToStake,
        BalanceWithdrawalError,
        ZeroBalanceAfterWithdrawn,
        /// Not among the top stakes at the last epoch.
        NeuronNoValidatorPermit,
        /// As many weights as uids are needed.
        WeightVecNotEqualSize,
        /// A uid twice in one row.
        DuplicateUids,
        /// A uid beyond the last seat.
        UidVecContainInvalidOne,
        /// Fewer uids than `MinAllowedWeights`.
        WeightVecLengthIsLow,
        TooManyRegistrationsThisBlock,
        /// The hotkey has a seat already.
        HotKeyAlreadyRegisteredInSubNet,
        NewHotKeyIsSameWithOld,
        NewHotKeyNotCleanForRootSwap,
        InvalidWorkBlock,
        InvalidDifficulty,
        InvalidSeal,
        MaxWeightExceeded,
        HotKeyAlreadyDelegate,
        /// `WeightsSetRateLimit` blocks have not passed.
        SettingWeightsTooFast,
        /// Older than `WeightsVersionKey`.
        IncorrectWeightVersionKey,
        /// `ServingRateLimit` blocks have not passed.
        ServingRateLimitExceeded,
        /// More uids than seats.
        UidsLengthExceedUidsInSubNet,
        /// `NetworkRateLimit` blocks have not passed.
        NetworkTxRateLimitExceeded,
        DelegateTxRateLimitExceeded,
        HotKeySetTxRateLimitExceeded,
        StakingRateLimitExceeded,
        /// `NetworkRegistrationAllowed` is off.
        SubNetRegistrationDisabled,
        TooManyRegistrationsThisInterval,
        TransactorAccountShouldBeHotKey,
        FaucetDisabled,
        /// Only the owner may.
        NotSubnetOwner,
        /// Root takes no burned registration.
        RegistrationNotPermittedOnRootSubnet,
        StakeTooLowForRoot,
        AllNetworksInImmunity,
        NotEnoughBalanceToPaySwapHotKey,
        NotRootSubnet,
        /// Root has no weights.
        CanNotSetRootNetworkWeights,
        /// Every seat is immune.
        NoNeuronIdAvailable,
        DelegateTakeTooLow,
        DelegateTakeTooHigh,
        NoWeightsCommitFound,
        InvalidRevealCommitHashNotMatch,
        /// Rows must be committed first.
        CommitRevealEnabled,
        CommitRevealDisabled,
        LiquidAlphaDisabled,
        AlphaHighTooLow,
        AlphaLowOutOfRange,
        ColdKeyAlreadyAssociated,
        NotEnoughBalanceToPaySwapColdKey,
        InvalidChild,
        DuplicateChild,
        ProportionOverflow,
        TooManyChildren,
        TxRateLimitExceeded,
        ColdkeySwapAnnouncementNotFound,
        ColdkeySwapTooEarly,
        ColdkeySwapReannouncedTooEarly,
        AnnouncedColdkeyHashDoesNotMatch,
        ColdkeySwapAlreadyDisputed,
        NewColdKeyIsHotkey,
        InvalidChildkeyTake,
        TxChildkeyTakeRateLimitExceeded,
        InvalidIdentity,
        /// No such mechanism of that subnet.
        MechanismDoesNotExist,
        StakeUnavailable,
        /// No such subnet.
        SubnetNotExists,
        TooManyUnrevealedCommits,
        ExpiredWeightCommit,
        RevealTooEarly,
        InputLengthsUnequal,
        CommittingWeightsTooFast,
        /// Below the least stake.
        AmountTooLow,
        /// The subnet holds less TAO than asked for.
        InsufficientLiquidity,
        SlippageTooHigh,
        TransferDisallowed,
        ActivityCutoffTooLow,
        CallDisabled,
        /// The subnet runs already.
        FirstEmissionBlockNumberAlreadySet,
        NeedWaitingMoreBlocksToStarCall,
        NotEnoughAlphaOutToRecycle,
        CannotBurnOrRecycleOnRootSubnet,
        UnableToRecoverPublicKey,
        InvalidRecoveredPublicKey,
        /// The subnet has not been started.
        SubtokenDisabled,
        HotKeySwapOnSubnetIntervalNotPassed,
        SameNetuid,
        InsufficientBalance,
        InvalidLeaseBeneficiary,
        LeaseCannotEndInThePast,
        LeaseNetuidNotFound,
        LeaseDoesNotExist,
        LeaseHasNoEndBlock,
        LeaseHasNotEnded,
        Overflow,
        BeneficiaryDoesNotOwnHotkey,
        ExpectedBeneficiaryOrigin,
        AdminActionProhibitedDuringWeightsWindow,
        SymbolDoesNotExist,
        SymbolAlreadyInUse,
        IncorrectCommitRevealVersion,
        InvalidRevealRound,
        RevealPeriodTooLarge,
        RevealPeriodTooSmall,
        InvalidValue,
        /// No free netuid.
        SubnetLimitReached,
        /// The coldkey cannot pay a network's lock.
        CannotAffordLockCost,
        EvmKeyAssociateRateLimitExceeded,
        SameAutoStakeHotkeyAlreadySet,
        UidMapCouldNotBeCleared,
        TrimmingWouldExceedMaxImmunePercentage,
        ChildParentInconsistency,
        InvalidNumRootClaim,
        InvalidRootClaimThreshold,
        InvalidSubnetNumber,
        TooManyUIDsPerMechanism,
        VotingPowerTrackingNotEnabled,
        InvalidVotingPowerEmaAlpha,
        Deprecated,
        AddStakeBurnRateLimitExceeded,
        ColdkeySwapAnnounced,
        ColdkeySwapDisputed,
        ColdkeySwapClearTooEarly,
        DisabledTemporarily,
        /// The burn is above the limit given.
        RegistrationPriceLimitExceeded,
        LockHotkeyMismatch,
        InsufficientStakeForLock,
        NoExistingLock,
        ActiveLockExists,
        CannotUseSystemAccount,
        UnlockAmountTooHigh,
        TempoOutOfBounds,
        ActivityCutoffFactorMilliOutOfBounds,
        EpochTriggerAlreadyPending,
        AutoEpochAlreadyImminent,
        DynamicTempoBlockedByCommitReveal,
        AccountRejectsLockedAlpha,
    }
}
