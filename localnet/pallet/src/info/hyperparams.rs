//! A subnet's hyperparameters, in the three editions that clients ask for, newest first.

use codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;

use crate::*;

macro_rules! hyperparams {
    ({ $($field:ident: $kind:ty,)* } { $($later:ident: $later_kind:ty,)* }) => {
        /// The second edition.
        #[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
        #[allow(missing_docs)]
        pub struct SubnetHyperparamsV2 {
            $(pub $field: $kind,)*
            $(pub $later: $later_kind,)*
        }

        /// The first edition: the second without its end.
        #[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
        #[allow(missing_docs)]
        pub struct SubnetHyperparams {
            $(pub $field: $kind,)*
        }

        impl From<SubnetHyperparamsV2> for SubnetHyperparams {
            fn from(later: SubnetHyperparamsV2) -> Self {
                Self { $($field: later.$field,)* }
            }
        }
    };
}

hyperparams! {
    {
        rho: Compact<u16>,
        kappa: Compact<u16>,
        immunity_period: Compact<u16>,
        min_allowed_weights: Compact<u16>,
        max_weights_limit: Compact<u16>,
        tempo: Compact<u16>,
        min_difficulty: Compact<u64>,
        max_difficulty: Compact<u64>,
        weights_version: Compact<u64>,
        weights_rate_limit: Compact<u64>,
        adjustment_interval: Compact<u16>,
        activity_cutoff: Compact<u64>,
        registration_allowed: bool,
        target_regs_per_interval: Compact<u16>,
        min_burn: Compact<u64>,
        max_burn: Compact<u64>,
        bonds_moving_avg: Compact<u64>,
        max_regs_per_block: Compact<u16>,
        serving_rate_limit: Compact<u64>,
        max_validators: Compact<u16>,
        adjustment_alpha: Compact<u64>,
        difficulty: Compact<u64>,
        commit_reveal_period: Compact<u64>,
        commit_reveal_weights_enabled: bool,
        alpha_high: Compact<u16>,
        alpha_low: Compact<u16>,
        liquid_alpha_enabled: bool,
    }
    {
        alpha_sigmoid_steepness: I32F32,
        yuma_version: Compact<u16>,
        subnet_is_active: bool,
        transfers_enabled: bool,
        bonds_reset_enabled: bool,
        user_liquidity_enabled: bool,
    }
}

/// A hyperparameter of the third edition. Clients take the name of the variant for the unit.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[allow(missing_docs)]
pub enum HyperparamValue {
    Bool(bool),
    U16(Compact<u16>),
    U32(Compact<u32>),
    U64(Compact<u64>),
    U128(Compact<u128>),
    TaoBalance(Compact<u64>),
    I32F32(I32F32),
    U64F64(U64F64),
}

/// A hyperparameter by name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[allow(missing_docs)]
pub struct HyperparamEntry {
    pub name: Vec<u8>,
    pub value: HyperparamValue,
}

impl<T: Config> Pallet<T> {
    /// The first edition.
    pub fn get_subnet_hyperparams(netuid: u16) -> Option<SubnetHyperparams> {
        Self::get_subnet_hyperparams_v2(netuid).map(SubnetHyperparams::from)
    }

    /// The second edition.
    pub fn get_subnet_hyperparams_v2(netuid: u16) -> Option<SubnetHyperparamsV2> {
        if !NetworksAdded::<T>::get(netuid) {
            return None;
        }
        let (alpha_low, alpha_high) = AlphaValues::<T>::get(netuid);
        Some(SubnetHyperparamsV2 {
            rho: Compact(Rho::<T>::get(netuid)),
            kappa: Compact(Kappa::<T>::get(netuid)),
            immunity_period: Compact(ImmunityPeriod::<T>::get(netuid)),
            min_allowed_weights: Compact(MinAllowedWeights::<T>::get(netuid)),
            // The chain no longer reads its `MaxWeightsLimit`.
            max_weights_limit: Compact(u16::MAX),
            tempo: Compact(Tempo::<T>::get(netuid)),
            min_difficulty: Compact(MinDifficulty::<T>::get(netuid)),
            max_difficulty: Compact(MaxDifficulty::<T>::get(netuid)),
            weights_version: Compact(WeightsVersionKey::<T>::get(netuid)),
            weights_rate_limit: Compact(WeightsSetRateLimit::<T>::get(netuid)),
            adjustment_interval: Compact(AdjustmentInterval::<T>::get(netuid)),
            // In blocks: what the factor makes of the tempo, not the old `ActivityCutoff`.
            activity_cutoff: Compact(Self::activity_cutoff(netuid)),
            registration_allowed: NetworkRegistrationAllowed::<T>::get(netuid),
            target_regs_per_interval: Compact(TargetRegistrationsPerInterval::<T>::get(netuid)),
            min_burn: Compact(MinBurn::<T>::get(netuid)),
            max_burn: Compact(MaxBurn::<T>::get(netuid)),
            bonds_moving_avg: Compact(BondsMovingAverage::<T>::get(netuid)),
            max_regs_per_block: Compact(MaxRegistrationsPerBlock::<T>::get(netuid)),
            serving_rate_limit: Compact(ServingRateLimit::<T>::get(netuid)),
            max_validators: Compact(MaxAllowedValidators::<T>::get(netuid)),
            adjustment_alpha: Compact(AdjustmentAlpha::<T>::get(netuid)),
            difficulty: Compact(Difficulty::<T>::get(netuid)),
            commit_reveal_period: Compact(RevealPeriodEpochs::<T>::get(netuid)),
            commit_reveal_weights_enabled: CommitRevealWeightsEnabled::<T>::get(netuid),
            alpha_high: Compact(alpha_high),
            alpha_low: Compact(alpha_low),
            liquid_alpha_enabled: LiquidAlphaOn::<T>::get(netuid),
            alpha_sigmoid_steepness: I32F32::from_int(AlphaSigmoidSteepness::<T>::get(netuid).into()),
            yuma_version: Compact(if Yuma3On::<T>::get(netuid) { 3 } else { 2 }),
            subnet_is_active: SubtokenEnabled::<T>::get(netuid),
            transfers_enabled: TransferToggle::<T>::get(netuid),
            bonds_reset_enabled: BondsResetOn::<T>::get(netuid),
            user_liquidity_enabled: false,
        })
    }

    /// The third edition: names and values, so that what comes later breaks no client. What no longer has a meaning
    /// (`rho`, everything about proof of work) is left out, as on the chain.
    pub fn get_subnet_hyperparams_v3(netuid: u16) -> Option<Vec<HyperparamEntry>> {
        use HyperparamValue::{Bool, I32F32, TaoBalance, U16, U32, U64, U64F64};

        let rules = Self::get_subnet_hyperparams_v2(netuid)?;
        let entries = [
            ("kappa", U16(rules.kappa)),
            ("immunity_period", U16(rules.immunity_period)),
            ("min_allowed_weights", U16(rules.min_allowed_weights)),
            ("max_weights_limit", U16(rules.max_weights_limit)),
            ("tempo", U16(rules.tempo)),
            ("weights_version", U64(rules.weights_version)),
            ("weights_rate_limit", U64(rules.weights_rate_limit)),
            ("activity_cutoff", U64(rules.activity_cutoff)),
            ("activity_cutoff_factor", U32(Compact(ActivityCutoffFactorMilli::<T>::get(netuid)))),
            ("registration_allowed", Bool(rules.registration_allowed)),
            ("target_regs_per_interval", U16(rules.target_regs_per_interval)),
            ("min_burn", TaoBalance(rules.min_burn)),
            ("max_burn", TaoBalance(rules.max_burn)),
            ("burn_half_life", U16(Compact(BurnHalfLife::<T>::get(netuid)))),
            ("burn_increase_mult", U64F64(BurnIncreaseMult::<T>::get(netuid))),
            ("bonds_moving_avg", U64(rules.bonds_moving_avg)),
            ("max_regs_per_block", U16(rules.max_regs_per_block)),
            ("serving_rate_limit", U64(rules.serving_rate_limit)),
            ("max_validators", U16(rules.max_validators)),
            ("commit_reveal_period", U64(rules.commit_reveal_period)),
            ("commit_reveal_weights_enabled", Bool(rules.commit_reveal_weights_enabled)),
            ("alpha_high", U16(rules.alpha_high)),
            ("alpha_low", U16(rules.alpha_low)),
            ("liquid_alpha_enabled", Bool(rules.liquid_alpha_enabled)),
            ("alpha_sigmoid_steepness", I32F32(rules.alpha_sigmoid_steepness)),
            ("yuma_version", U16(rules.yuma_version)),
            ("subnet_is_active", Bool(rules.subnet_is_active)),
            ("transfers_enabled", Bool(rules.transfers_enabled)),
            ("bonds_reset_enabled", Bool(rules.bonds_reset_enabled)),
            ("user_liquidity_enabled", Bool(rules.user_liquidity_enabled)),
            ("owner_cut_enabled", Bool(OwnerCutEnabled::<T>::get(netuid))),
            ("owner_cut_auto_lock_enabled", Bool(OwnerCutAutoLockEnabled::<T>::get(netuid))),
        ];
        Some(entries.into_iter().map(|(name, value)| HyperparamEntry { name: name.into(), value }).collect())
    }
}
