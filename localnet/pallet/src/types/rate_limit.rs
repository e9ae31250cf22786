//! What may not be done too often, and by whom.

use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;

/// Something with a last time.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum RateLimitKey<AccountId> {
    /// A subnet's owner chose its hotkey.
    #[codec(index = 0)]
    SetSNOwnerHotkey(u16),
    /// A subnet's owner set a hyperparameter.
    #[codec(index = 1)]
    OwnerHyperparamUpdate(u16, Hyperparameter),
    /// Somebody created a network.
    #[codec(index = 2)]
    NetworkLastRegistered,
    /// A key sent a transaction.
    #[codec(index = 3)]
    LastTxBlock(AccountId),
    /// A hotkey changed its take from child keys.
    #[codec(index = 4)]
    LastTxBlockChildKeyTake(AccountId),
    /// A hotkey changed its take from nominators.
    #[codec(index = 5)]
    LastTxBlockDelegateTake(AccountId),
    /// Somebody bought and burned a subnet's alpha.
    #[codec(index = 6)]
    AddStakeBurn(u16),
}

/// A hyperparameter that an owner may set, each with a clock of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
#[allow(missing_docs)]
pub enum Hyperparameter {
    Unknown,
    ServingRateLimit,
    MaxDifficulty,
    AdjustmentAlpha,
    MaxWeightLimit,
    ImmunityPeriod,
    MinAllowedWeights,
    Kappa,
    Rho,
    ActivityCutoff,
    PowRegistrationAllowed,
    MinBurn,
    MaxBurn,
    BondsMovingAverage,
    BondsPenalty,
    CommitRevealEnabled,
    LiquidAlphaEnabled,
    AlphaValues,
    WeightCommitInterval,
    TransferEnabled,
    AlphaSigmoidSteepness,
    Yuma3Enabled,
    BondsResetEnabled,
    ImmuneNeuronLimit,
    RecycleOrBurn,
    MaxAllowedUids,
    BurnHalfLife,
    BurnIncreaseMult,
    SubnetEmissionEnabled,
    MinChildkeyTake,
    ActivityCutoffFactorMilli,
    TriggerEpoch,
}
