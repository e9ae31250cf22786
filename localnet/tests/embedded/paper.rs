//! What the simulator starts and goes on from, read from the state of a chain by the pallets' own getters.

use node_subtensor_runtime::{AccountId, Runtime};
use pallet_subtensor::{
    ActivityCutoffFactorMilli, AlphaSigmoidSteepness, AlphaValues, BlockAtRegistration, BlocksSinceLastStep,
    BondsMovingAverage, BondsPenalty, Burn, BurnHalfLife, BurnIncreaseMult, CommitRevealWeightsEnabled, Delegates,
    ImmuneOwnerUidsLimit, ImmunityPeriod, Kappa, Keys, LastEpochBlock, LastMechansimStepBlock, LiquidAlphaOn,
    MaxAllowedUids, MaxAllowedValidators, MaxBurn, MechanismCountCurrent, MechanismEmissionSplit, MinAllowedWeights,
    MinBurn, MinNonImmuneUids, Owner, OwnerCutEnabled, Pallet, PendingEpochAt, PendingOwnerCut, PendingRootAlphaDivs,
    PendingServerEmission, PendingValidatorEmission, RecycleOrBurn, RecycleOrBurnEnum, RevealPeriodEpochs,
    StakeThreshold, SubnetAlphaInEmission, SubnetEpochIndex, SubnetMovingPrice, SubnetOwner, SubnetOwnerCut,
    SubnetOwnerHotkey, SubnetTAO, SubnetworkN, TaoWeight, Tempo, TotalHotkeyAlpha, ValidatorPermit,
    WeightsSetRateLimit, Yuma3On,
};
use primitives::{Coldkey, Hotkey, Hyperparameters};
use scoring::emission::{Pending, Subnet, Terms};
use simulation::chain::{Genesis, GenesisSeat};

use crate::worked::key;

const ROOT: u16 = 0;

/// A subnet as it stands, before anybody set or committed a row.
pub fn genesis(netuid: u16) -> Genesis {
    Genesis {
        block: Pallet::<Runtime>::current_block(),
        rules: rules(netuid),
        min_non_immune_uids: MinNonImmuneUids::<Runtime>::get(netuid),
        immune_owner_uids_limit: ImmuneOwnerUidsLimit::<Runtime>::get(netuid),
        burn_half_life: BurnHalfLife::<Runtime>::get(netuid),
        burn_increase_mult: BurnIncreaseMult::<Runtime>::get(netuid).bits,
        recycles_withheld: RecycleOrBurn::<Runtime>::get(netuid) == RecycleOrBurnEnum::Recycle,
        terms: terms(netuid, root_sells()),
        alpha: Subnet { alpha_issuance: Pallet::<Runtime>::alpha_issuance(netuid), pending: pending(netuid) },
        seats: (0..SubnetworkN::<Runtime>::get(netuid)).map(|uid| seat(netuid, uid)).collect(),
    }
}

/// Who owns a hotkey.
pub fn owner_of(hotkey: &Hotkey) -> Coldkey {
    Coldkey(*Owner::<Runtime>::get(account(hotkey)).as_ref())
}

/// Who sits.
pub fn tenant(netuid: u16, uid: u16) -> Hotkey {
    Hotkey(*Keys::<Runtime>::get(netuid, uid).as_ref())
}

pub fn account(hotkey: &Hotkey) -> AccountId {
    AccountId::new(hotkey.0)
}

/// Whether root's alpha is sold in the next block: the prices of all subnets add up to more than one TAO.
pub fn root_sells() -> bool {
    SubnetMovingPrice::<Runtime>::iter_values().map(|price| price.bits).sum::<i128>() > 1 << 32
}

/// Alpha of nobody, in rao: in no metadata, and counted all the same.
pub fn unassigned(netuid: u16) -> u64 {
    frame_support::storage::unhashed::get_or_default(&key("UnassignedAlpha", &netuid.to_le_bytes()))
}

pub fn pending(netuid: u16) -> Pending {
    Pending {
        server: PendingServerEmission::<Runtime>::get(netuid),
        validator: PendingValidatorEmission::<Runtime>::get(netuid),
        root: PendingRootAlphaDivs::<Runtime>::get(netuid),
        owner_cut: PendingOwnerCut::<Runtime>::get(netuid),
    }
}

pub fn terms(netuid: u16, root_sells: bool) -> Terms {
    Terms {
        owner_cut: OwnerCutEnabled::<Runtime>::get(netuid).then(SubnetOwnerCut::<Runtime>::get),
        root_tao: SubnetTAO::<Runtime>::get(ROOT),
        tao_weight: TaoWeight::<Runtime>::get(),
        root_sells,
        alpha_in: SubnetAlphaInEmission::<Runtime>::get(netuid),
    }
}

fn seat(netuid: u16, uid: u16) -> GenesisSeat {
    let hotkey = tenant(netuid, uid);
    let account = account(&hotkey);
    GenesisSeat {
        hotkey,
        coldkey: owner_of(&hotkey),
        stake: TotalHotkeyAlpha::<Runtime>::get(&account, netuid),
        root_stake: TotalHotkeyAlpha::<Runtime>::get(&account, ROOT),
        take: Delegates::<Runtime>::get(&account),
        validator_permit: ValidatorPermit::<Runtime>::get(netuid)[usize::from(uid)],
        registered_at: BlockAtRegistration::<Runtime>::get(netuid, uid),
    }
}

pub fn rules(netuid: u16) -> Hyperparameters {
    Hyperparameters {
        subnet_owner: Coldkey(*SubnetOwner::<Runtime>::get(netuid).as_ref()),
        subnet_owner_hotkey: Hotkey(*SubnetOwnerHotkey::<Runtime>::get(netuid).as_ref()),
        tempo: Tempo::<Runtime>::get(netuid),
        immunity_period: ImmunityPeriod::<Runtime>::get(netuid),
        min_allowed_weights: MinAllowedWeights::<Runtime>::get(netuid),
        max_allowed_uids: MaxAllowedUids::<Runtime>::get(netuid),
        max_allowed_validators: MaxAllowedValidators::<Runtime>::get(netuid),
        weights_rate_limit: WeightsSetRateLimit::<Runtime>::get(netuid),
        activity_cutoff_factor_milli: ActivityCutoffFactorMilli::<Runtime>::get(netuid),
        commit_reveal_weights_enabled: CommitRevealWeightsEnabled::<Runtime>::get(netuid),
        reveal_period_epochs: RevealPeriodEpochs::<Runtime>::get(netuid),
        kappa: Kappa::<Runtime>::get(netuid),
        bonds_penalty: BondsPenalty::<Runtime>::get(netuid),
        bonds_moving_average: BondsMovingAverage::<Runtime>::get(netuid),
        yuma3_on: Yuma3On::<Runtime>::get(netuid),
        liquid_alpha_on: LiquidAlphaOn::<Runtime>::get(netuid),
        alpha_values: AlphaValues::<Runtime>::get(netuid),
        alpha_sigmoid_steepness: AlphaSigmoidSteepness::<Runtime>::get(netuid),
        stake_threshold: StakeThreshold::<Runtime>::get(),
        tao_weight: TaoWeight::<Runtime>::get(),
        burn: Burn::<Runtime>::get(netuid),
        min_burn: MinBurn::<Runtime>::get(netuid),
        max_burn: MaxBurn::<Runtime>::get(netuid),
        mechanism_count_current: MechanismCountCurrent::<Runtime>::get(netuid),
        mechanism_emission_split: MechanismEmissionSplit::<Runtime>::get(netuid),
        epoch_index: SubnetEpochIndex::<Runtime>::get(netuid),
        last_epoch_block: LastEpochBlock::<Runtime>::get(netuid),
        pending_epoch_at: PendingEpochAt::<Runtime>::get(netuid),
        blocks_since_last_step: BlocksSinceLastStep::<Runtime>::get(netuid),
        last_mechansim_step_block: LastMechansimStepBlock::<Runtime>::get(netuid),
        // No epoch looks at the others.
        ..Hyperparameters::default()
    }
}
