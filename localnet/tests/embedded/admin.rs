//! Hyperparameters: who may set which, how often, and within which bounds.

use std::collections::BTreeSet;

use codec::Encode;
use frame_support::traits::GetCallName;
use localnet::{Genesis, dev_account};
use node_subtensor_runtime::{
    Runtime, RuntimeCall, RuntimeEvent,
    pallet_admin_utils::{Call, Event},
    pallet_subtensor::{self as subtensor, Event as Subtensor, I64F64, I96F32, RecycleOrBurnEnum, U64F64},
};
use primitives::Keypair;

use crate::{
    account::{alice, id},
    node::{Fate, Node},
    subnet::{genesis, register},
};

const NET: u16 = 1;

/// A call, where its value is stored, and what it says.
struct Setting {
    name: &'static str,
    call: Call<Runtime>,
    key: Vec<u8>,
    stored: Vec<u8>,
    event: Option<RuntimeEvent>,
}

/// A value of the whole chain.
macro_rules! of_chain {
    ($call:ident($arg:ident: $value:expr), $store:ident $(, $event:ident)?) => {
        Setting {
            name: stringify!($call),
            call: Call::$call { $arg: $value },
            key: subtensor::$store::<Runtime>::hashed_key().to_vec(),
            stored: $value.encode(),
            event: None $(.or(Some(Subtensor::$event($value).into())))?,
        }
    };
}

/// A value of a subnet.
macro_rules! of_subnet {
    ($call:ident($arg:ident: $value:expr), $store:ident $(, $event:ident)?) => {
        of_subnet!($call($arg: $value), $store; None $(.or(Some(Subtensor::$event(NET, $value).into())))?)
    };
    ($call:ident($arg:ident: $value:expr), $store:ident; $event:expr) => {
        Setting {
            name: stringify!($call),
            call: Call::$call { netuid: NET, $arg: $value },
            key: subtensor::$store::<Runtime>::hashed_key_for(NET),
            stored: $value.encode(),
            event: $event,
        }
    };
}

/// What root sets.
fn of_root() -> Vec<Setting> {
    vec![
        of_chain!(sudo_set_default_take(default_take: 6_553u16), MaxDelegateTake, MaxDelegateTakeSet),
        of_chain!(sudo_set_tx_rate_limit(tx_rate_limit: 7u64), TxRateLimit, TxRateLimitSet),
        of_chain!(sudo_set_subnet_owner_cut(subnet_owner_cut: 7u16), SubnetOwnerCut, SubnetOwnerCutSet),
        of_chain!(sudo_set_network_rate_limit(rate_limit: 7u64), NetworkRateLimit, NetworkRateLimitSet),
        of_chain!(
            sudo_set_network_immunity_period(immunity_period: 7u64),
            NetworkImmunityPeriod,
            NetworkImmunityPeriodSet
        ),
        of_chain!(sudo_set_network_min_lock_cost(lock_cost: 7u64), NetworkMinLockCost, NetworkMinLockCostSet),
        of_chain!(sudo_set_subnet_limit(max_subnets: 7u16), SubnetLimit, SubnetLimitSet),
        of_chain!(
            sudo_set_lock_reduction_interval(interval: 7u64),
            NetworkLockReductionInterval,
            NetworkLockCostReductionIntervalSet
        ),
        of_chain!(sudo_set_stake_threshold(min_stake: 7u64), StakeThreshold, StakeThresholdSet),
        of_chain!(sudo_set_nominator_min_required_stake(min_stake: 7u64), NominatorMinRequiredStake),
        of_chain!(
            sudo_set_tx_delegate_take_rate_limit(tx_rate_limit: 7u64),
            TxDelegateTakeRateLimit,
            TxDelegateTakeRateLimitSet
        ),
        of_chain!(sudo_set_min_delegate_take(take: 7u16), MinDelegateTake, MinDelegateTakeSet),
        of_chain!(sudo_set_subnet_moving_alpha(alpha: I96F32 { bits: 7 }), SubnetMovingAlpha),
        of_chain!(sudo_set_commit_reveal_version(version: 7u16), CommitRevealWeightsVersion, CommitRevealVersionSet),
        of_chain!(sudo_set_ck_burn(burn: 7u64), CKBurn),
        of_chain!(sudo_set_admin_freeze_window(window: 0u16), AdminFreezeWindow, AdminFreezeWindowSet),
        of_chain!(sudo_set_owner_hparam_rate_limit(epochs: 7u16), OwnerHyperparamRateLimit, OwnerHyperparamRateLimitSet),
        of_chain!(sudo_set_tao_flow_cutoff(flow_cutoff: I64F64 { bits: 7 }), TaoFlowCutoff),
        of_chain!(sudo_set_tao_flow_normalization_exponent(exponent: U64F64::from_int(2)), FlowNormExponent),
        of_chain!(sudo_set_tao_flow_smoothing_factor(smoothing_factor: 7u64), FlowEmaSmoothingFactor),
        of_chain!(sudo_set_start_call_delay(delay: 7u64), StartCallDelay, StartCallDelaySet),
        of_chain!(sudo_set_max_mechanism_count(max_mechanism_count: 7u8), MaxMechanismCount),
        of_chain!(sudo_set_net_tao_flow_enabled(enabled: true), NetTaoFlowEnabled),
        of_chain!(sudo_set_max_epochs_per_block(max_epochs_per_block: 7u8), MaxEpochsPerBlock, MaxEpochsPerBlockSet),
        of_subnet!(sudo_set_min_difficulty(min_difficulty: 7u64), MinDifficulty, MinDifficultySet),
        of_subnet!(
            sudo_set_weights_set_rate_limit(weights_set_rate_limit: 7u64),
            WeightsSetRateLimit,
            WeightsSetRateLimitSet
        ),
        of_subnet!(sudo_set_adjustment_interval(adjustment_interval: 7u16), AdjustmentInterval, AdjustmentIntervalSet),
        of_subnet!(sudo_set_kappa(kappa: 7u16), Kappa, KappaSet),
        of_subnet!(
            sudo_set_network_registration_allowed(registration_allowed: false),
            NetworkRegistrationAllowed,
            RegistrationAllowed
        ),
        of_subnet!(
            sudo_set_target_registrations_per_interval(target_registrations_per_interval: 7u16),
            TargetRegistrationsPerInterval,
            RegistrationPerIntervalSet
        ),
        of_subnet!(sudo_set_difficulty(difficulty: 7u64), Difficulty, DifficultySet),
        of_subnet!(
            sudo_set_max_allowed_validators(max_allowed_validators: 7u16),
            MaxAllowedValidators,
            MaxAllowedValidatorsSet
        ),
        of_subnet!(
            sudo_set_max_registrations_per_block(max_registrations_per_block: 7u16),
            MaxRegistrationsPerBlock,
            MaxRegistrationsPerBlockSet
        ),
        of_subnet!(
            sudo_set_rao_recycled(rao_recycled: 7u64),
            RAORecycledForRegistration,
            RAORecycledForRegistrationSet
        ),
        of_subnet!(sudo_set_ema_price_halving_period(ema_halving: 7u64), EMAPriceHalvingBlocks),
        of_subnet!(sudo_set_subtoken_enabled(subtoken_enabled: false), SubtokenEnabled),
        of_subnet!(sudo_set_tempo(tempo: 21u16), Tempo, TempoSet),
        of_subnet!(sudo_set_min_allowed_uids(min_allowed_uids: 0u16), MinAllowedUids, MinAllowedUidsSet),
        of_subnet!(sudo_set_min_non_immune_uids(min: 7u16), MinNonImmuneUids, MinNonImmuneUidsSet),
        of_subnet!(
            sudo_set_subnet_emission_enabled(enabled: false), SubnetEmissionEnabled;
            Some(Event::SubnetEmissionEnabledSet { netuid: NET, enabled: false }.into())
        ),
    ]
}

/// What a subnet's owner sets once in two tempos, and root whenever it likes.
fn of_owner() -> Vec<Setting> {
    let twice = U64F64::from_int(2);
    vec![
        of_subnet!(sudo_set_serving_rate_limit(serving_rate_limit: 7u64), ServingRateLimit, ServingRateLimitSet),
        of_subnet!(sudo_set_max_difficulty(max_difficulty: 7u64), MaxDifficulty, MaxDifficultySet),
        of_subnet!(sudo_set_adjustment_alpha(adjustment_alpha: 7u64), AdjustmentAlpha, AdjustmentAlphaSet),
        of_subnet!(sudo_set_immunity_period(immunity_period: 7u16), ImmunityPeriod, ImmunityPeriodSet),
        of_subnet!(sudo_set_min_allowed_weights(min_allowed_weights: 7u16), MinAllowedWeights, MinAllowedWeightSet),
        of_subnet!(sudo_set_max_allowed_uids(max_allowed_uids: 70u16), MaxAllowedUids, MaxAllowedUidsSet),
        of_subnet!(sudo_set_rho(rho: 7u16), Rho),
        of_subnet!(sudo_set_activity_cutoff(activity_cutoff: 367u16), ActivityCutoff, ActivityCutoffSet),
        of_subnet!(sudo_set_min_burn(min_burn: 7u64), MinBurn, MinBurnSet),
        of_subnet!(sudo_set_max_burn(max_burn: 7_000_000_000u64), MaxBurn, MaxBurnSet),
        of_subnet!(
            sudo_set_bonds_moving_average(bonds_moving_average: 7u64),
            BondsMovingAverage,
            BondsMovingAverageSet
        ),
        of_subnet!(
            sudo_set_commit_reveal_weights_enabled(enabled: true),
            CommitRevealWeightsEnabled,
            CommitRevealEnabled
        ),
        of_subnet!(sudo_set_liquid_alpha_enabled(enabled: true), LiquidAlphaOn),
        Setting {
            name: "sudo_set_alpha_values",
            call: Call::sudo_set_alpha_values { netuid: NET, alpha_low: 1_638, alpha_high: 1_639 },
            key: subtensor::AlphaValues::<Runtime>::hashed_key_for(NET),
            stored: (1_638u16, 1_639u16).encode(),
            event: None,
        },
        of_subnet!(
            sudo_set_commit_reveal_weights_interval(interval: 7u64), RevealPeriodEpochs, CommitRevealPeriodsSet
        ),
        of_subnet!(sudo_set_bonds_penalty(bonds_penalty: 7u16), BondsPenalty, BondsPenaltySet),
        of_subnet!(sudo_set_toggle_transfer(toggle: false), TransferToggle, TransferToggle),
        of_subnet!(sudo_set_alpha_sigmoid_steepness(steepness: 7i16), AlphaSigmoidSteepness),
        of_subnet!(
            sudo_set_yuma3_enabled(enabled: false), Yuma3On;
            Some(Event::Yuma3EnableToggled { netuid: NET, enabled: false }.into())
        ),
        of_subnet!(
            sudo_set_bonds_reset_enabled(enabled: true), BondsResetOn;
            Some(Event::BondsResetToggled { netuid: NET, enabled: true }.into())
        ),
        of_subnet!(sudo_set_owner_immune_neuron_limit(immune_neurons: 7u16), ImmuneOwnerUidsLimit),
        of_subnet!(sudo_set_recycle_or_burn(recycle_or_burn: RecycleOrBurnEnum::Recycle), RecycleOrBurn),
        of_subnet!(
            sudo_set_burn_half_life(burn_half_life: 7u16), BurnHalfLife;
            Some(Event::BurnHalfLifeSet { netuid: NET, burn_half_life: 7 }.into())
        ),
        of_subnet!(
            sudo_set_burn_increase_mult(burn_increase_mult: twice), BurnIncreaseMult;
            Some(Event::BurnIncreaseMultSet { netuid: NET, burn_increase_mult: twice }.into())
        ),
        of_subnet!(
            sudo_set_min_childkey_take_per_subnet(take: 7u16), MinChildkeyTakePerSubnet, MinChildKeyTakePerSubnetSet
        ),
    ]
}

/// What has another clock, or none.
fn of_other_clocks() -> Vec<Setting> {
    vec![
        of_subnet!(
            sudo_set_weights_version_key(weights_version_key: 7u64), WeightsVersionKey, WeightsVersionKeySet
        ),
        of_subnet!(sudo_set_owner_cut_enabled(enabled: false), OwnerCutEnabled),
        Setting {
            name: "sudo_set_mechanism_emission_split",
            call: Call::sudo_set_mechanism_emission_split { netuid: NET, maybe_split: Some(vec![u16::MAX]) },
            key: subtensor::MechanismEmissionSplit::<Runtime>::hashed_key_for(NET),
            stored: vec![u16::MAX].encode(),
            event: None,
        },
        of_subnet!(sudo_set_mechanism_count(mechanism_count: 2u8), MechanismCountCurrent; None),
    ]
}

/// What is tested elsewhere, or always refused.
const OTHERS: [&str; 5] = [
    "sudo_set_network_pow_registration_allowed",
    "sudo_set_sn_owner_hotkey",
    "sudo_set_subnet_owner_hotkey",
    "sudo_set_total_issuance",
    "sudo_trim_to_max_allowed_uids",
];

/// Bob owns the subnet.
fn bob() -> Keypair {
    dev_account("//Bob")
}

fn owned() -> Genesis {
    let mut genesis = genesis(|rules| rules.max_allowed_uids = 128);
    genesis.subnets[0].owner = bob().coldkey();
    genesis
}

/// Rules may change at any time.
async fn thawed() -> Node {
    let node = Node::start(owned()).await;
    assert_eq!(node.sudo(Call::sudo_set_admin_freeze_window { window: 0 }).await, Fate::Done);
    node
}

fn failed(name: &str) -> Fate {
    Fate::Failed(name.to_owned())
}

impl Setting {
    async fn is_stored(&self, node: &Node) {
        let stored = node.raw(&self.key).await;
        assert_eq!(stored.as_deref(), Some(&self.stored[..]), "{}", self.name);
        if let Some(event) = &self.event {
            assert!(node.events().await.iter().any(|record| record.event == *event), "{}", self.name);
        }
    }
}

#[test]
fn every_setter_is_tested() {
    let tested = [of_root(), of_owner(), of_other_clocks()].into_iter().flatten().map(|setting| setting.name);
    let tested: BTreeSet<_> = tested.chain(OTHERS).collect();
    let all: BTreeSet<_> = Call::<Runtime>::get_call_names().iter().copied().collect();
    assert_eq!(tested, all);
}

#[tokio::test]
async fn root_sets_everything() {
    let node = thawed().await;
    for setting in [of_root(), of_owner(), of_other_clocks()].into_iter().flatten() {
        assert_eq!(node.sudo(setting.call.clone()).await, Fate::Done, "{}", setting.name);
        setting.is_stored(&node).await;
        // Root has no clock.
        assert_eq!(node.sudo(setting.call).await, Fate::Done, "{}", setting.name);
    }
}

#[tokio::test]
async fn the_owner_sets_each_of_its_own_once_in_two_tempos() {
    let node = thawed().await;
    for setting in of_owner() {
        assert_eq!(node.send(&bob(), setting.call.clone()).await, Fate::Done, "{}", setting.name);
        setting.is_stored(&node).await;
        assert_eq!(node.send(&bob(), setting.call).await, failed("TxRateLimitExceeded"), "{}", setting.name);
    }
    node.blocks(40);
    for setting in of_owner() {
        assert_eq!(node.send(&bob(), setting.call).await, Fate::Done, "{}", setting.name);
    }
}

#[tokio::test]
async fn two_tempos_are_counted_to_the_block() {
    let node = thawed().await;
    let rho = |rho| Call::<Runtime>::sudo_set_rho { netuid: NET, rho };
    assert_eq!(node.send(&bob(), rho(1)).await, Fate::Done);
    // What fails starts no clock, and root's changes do not either.
    assert_eq!(node.sudo(rho(2)).await, Fate::Done);
    let set = node.handle.best().number - 1;
    node.blocks((set + 38 - node.handle.best().number) as u32);
    assert_eq!(node.send(&bob(), rho(3)).await, failed("TxRateLimitExceeded"));
    assert_eq!(node.send(&bob(), rho(4)).await, Fate::Done);
    assert_eq!(node.handle.best().number, set + 40);
}

#[tokio::test]
async fn other_clocks() {
    let node = thawed().await;
    for setting in of_other_clocks() {
        assert_eq!(node.send(&bob(), setting.call.clone()).await, Fate::Done, "{}", setting.name);
        setting.is_stored(&node).await;
        let unlimited = setting.name == "sudo_set_owner_cut_enabled";
        let again = if unlimited { Fate::Done } else { failed("TxRateLimitExceeded") };
        assert_eq!(node.send(&bob(), setting.call).await, again, "{}", setting.name);
    }
    // The least version of weights may change every five tempos.
    node.blocks(100);
    let version = Call::<Runtime>::sudo_set_weights_version_key { netuid: NET, weights_version_key: 8 };
    assert_eq!(node.send(&bob(), version).await, Fate::Done);
}

#[tokio::test]
async fn strangers_set_nothing_and_the_owner_not_everything() {
    let node = thawed().await;
    for setting in of_root() {
        assert_eq!(node.send(&bob(), setting.call).await, failed("BadOrigin"), "{}", setting.name);
    }
    for setting in of_owner().into_iter().chain(of_other_clocks()) {
        let charlie = dev_account("//Charlie");
        assert_eq!(node.send(&charlie, setting.call).await, failed("BadOrigin"), "{}", setting.name);
    }
    // Alice has the key of sudo, but says nothing as root here.
    let kappa = Call::<Runtime>::sudo_set_kappa { netuid: NET, kappa: 7 };
    assert_eq!(node.send(&alice(), kappa).await, failed("BadOrigin"));
}

#[tokio::test]
async fn what_an_epoch_must_not_meet_half_done_waits_for_it() {
    const OF_ROOT: [&str; 8] = [
        "sudo_set_difficulty",
        "sudo_set_max_allowed_validators",
        "sudo_set_max_registrations_per_block",
        "sudo_set_min_allowed_uids",
        "sudo_set_min_difficulty",
        "sudo_set_subtoken_enabled",
        "sudo_set_target_registrations_per_interval",
        "sudo_set_tempo",
    ];
    let node = Node::start(owned()).await;
    // Longer than a tempo: it never opens.
    assert_eq!(node.sudo(Call::sudo_set_admin_freeze_window { window: u16::MAX }).await, Fate::Done);
    for setting in of_root().into_iter().filter(|setting| setting.name != "sudo_set_admin_freeze_window") {
        let waits = OF_ROOT.contains(&setting.name);
        let fate = if waits { failed("AdminActionProhibitedDuringWeightsWindow") } else { Fate::Done };
        assert_eq!(node.sudo(setting.call).await, fate, "{}", setting.name);
    }
    for setting in of_owner().into_iter().chain(of_other_clocks()) {
        for fate in [node.sudo(setting.call.clone()).await, node.send(&bob(), setting.call.clone()).await] {
            assert_eq!(fate, failed("AdminActionProhibitedDuringWeightsWindow"), "{}", setting.name);
        }
    }
}

#[tokio::test]
async fn what_the_chain_has_given_up() {
    let node = thawed().await;
    let pow = Call::<Runtime>::sudo_set_network_pow_registration_allowed { netuid: NET, registration_allowed: true };
    assert_eq!(node.sudo(pow.clone()).await, failed("POWRegistrationDisabled"));
    assert_eq!(node.send(&dev_account("//Charlie"), pow).await, failed("POWRegistrationDisabled"));
    assert_eq!(node.sudo(Call::sudo_set_total_issuance { total_issuance: 7 }).await, failed("Deprecated"));
}

#[tokio::test]
async fn bounds() {
    let node = thawed().await;
    assert_eq!(node.send(&alice(), register(&dev_account("//Miner"))).await, Fate::Done);
    let netuid = NET;
    // Too many for two mechanisms.
    assert_eq!(node.sudo(Call::sudo_set_max_allowed_uids { netuid, max_allowed_uids: 129 }).await, Fate::Done);
    let refused: Vec<(Call<Runtime>, &str)> = vec![
        (Call::sudo_set_kappa { netuid: 9, kappa: 1 }, "SubnetDoesNotExist"),
        (Call::sudo_set_immunity_period { netuid: 9, immunity_period: 1 }, "SubnetDoesNotExist"),
        (
            Call::sudo_set_max_allowed_validators { netuid, max_allowed_validators: 257 },
            "MaxValidatorsLargerThanMaxUIds",
        ),
        (Call::sudo_set_max_allowed_uids { netuid, max_allowed_uids: 63 }, "MaxAllowedUidsLessThanMinAllowedUids"),
        (
            Call::sudo_set_max_allowed_uids { netuid, max_allowed_uids: 257 },
            "MaxAllowedUidsGreaterThanDefaultMaxAllowedUids",
        ),
        (Call::sudo_set_min_allowed_uids { netuid, min_allowed_uids: 256 }, "MinAllowedUidsGreaterThanMaxAllowedUids"),
        (Call::sudo_set_min_allowed_uids { netuid, min_allowed_uids: 2 }, "MinAllowedUidsGreaterThanCurrentUids"),
        (Call::sudo_set_activity_cutoff { netuid, activity_cutoff: 359 }, "ActivityCutoffTooLow"),
        (Call::sudo_set_min_burn { netuid, min_burn: 1_000_000_000 }, "ValueNotInBounds"),
        (Call::sudo_set_max_burn { netuid, max_burn: 100_000_000 }, "ValueNotInBounds"),
        (Call::sudo_set_alpha_values { netuid, alpha_low: 1_638, alpha_high: 1_638 }, "LiquidAlphaDisabled"),
        (Call::sudo_set_commit_reveal_weights_interval { netuid, interval: 0 }, "RevealPeriodTooSmall"),
        (Call::sudo_set_commit_reveal_weights_interval { netuid, interval: 101 }, "RevealPeriodTooLarge"),
        (Call::sudo_set_owner_immune_neuron_limit { netuid, immune_neurons: 0 }, "InvalidValue"),
        (Call::sudo_set_owner_immune_neuron_limit { netuid, immune_neurons: 11 }, "InvalidValue"),
        (Call::sudo_set_burn_half_life { netuid, burn_half_life: 0 }, "InvalidValue"),
        (Call::sudo_set_burn_half_life { netuid, burn_half_life: 36_101 }, "InvalidValue"),
        (Call::sudo_set_burn_half_life { netuid: 0, burn_half_life: 7 }, "NotPermittedOnRootSubnet"),
        (Call::sudo_set_burn_increase_mult { netuid, burn_increase_mult: U64F64 { bits: 1 } }, "InvalidValue"),
        (Call::sudo_set_burn_increase_mult { netuid, burn_increase_mult: U64F64::from_int(4) }, "InvalidValue"),
        (Call::sudo_set_min_childkey_take_per_subnet { netuid, take: 11_797 }, "InvalidValue"),
        (Call::sudo_set_max_epochs_per_block { max_epochs_per_block: 0 }, "ValueNotInBounds"),
        (Call::sudo_set_tao_flow_normalization_exponent { exponent: U64F64::from_int(3) }, "InvalidValue"),
        (Call::sudo_set_max_mechanism_count { max_mechanism_count: 0 }, "InvalidValue"),
        (Call::sudo_set_mechanism_count { netuid, mechanism_count: 0 }, "InvalidValue"),
        (Call::sudo_set_mechanism_count { netuid, mechanism_count: 3 }, "InvalidValue"),
        (Call::sudo_set_mechanism_count { netuid, mechanism_count: 2 }, "TooManyUIDsPerMechanism"),
        (Call::sudo_set_mechanism_emission_split { netuid, maybe_split: Some(vec![1]) }, "InvalidValue"),
    ];
    for (call, error) in refused {
        assert_eq!(node.sudo(call.clone()).await, failed(error), "{call:?}");
    }
    let liquid = Call::sudo_set_liquid_alpha_enabled { netuid, enabled: true };
    assert_eq!(node.sudo(liquid).await, Fate::Done);
    let alpha = |alpha_low, alpha_high| Call::sudo_set_alpha_values { netuid, alpha_low, alpha_high };
    assert_eq!(node.sudo(alpha(1, 1_637)).await, failed("AlphaHighTooLow"));
    assert_eq!(node.sudo(alpha(1_637, 1_638)).await, failed("AlphaLowOutOfRange"));
    assert_eq!(node.sudo(alpha(1_640, 1_639)).await, failed("AlphaLowOutOfRange"));

    // Only the owner has these bounds.
    let average = |bonds_moving_average| Call::sudo_set_bonds_moving_average { netuid, bonds_moving_average };
    assert_eq!(node.send(&bob(), average(975_001)).await, failed("BondsMovingAverageMaxReached"));
    assert_eq!(node.send(&bob(), average(975_000)).await, Fate::Done);
    assert_eq!(node.sudo(average(1_000_000)).await, Fate::Done);
    let steepness = |steepness| Call::sudo_set_alpha_sigmoid_steepness { netuid, steepness };
    assert_eq!(node.send(&bob(), steepness(-1)).await, failed("NegativeSigmoidSteepness"));
    assert_eq!(node.sudo(steepness(-1)).await, Fate::Done);
}

#[tokio::test]
async fn the_owners_hotkey_may_change_once_a_week() {
    let node = thawed().await;
    let hotkey = dev_account("//Chosen");
    let choose = |hotkey: &Keypair| Call::<Runtime>::sudo_set_sn_owner_hotkey { netuid: NET, hotkey: id(hotkey) };
    assert_eq!(node.send(&dev_account("//Charlie"), choose(&hotkey)).await, failed("BadOrigin"));
    let pot = subtensor::Pallet::<Runtime>::subnet_account(NET);
    let pot = Call::<Runtime>::sudo_set_sn_owner_hotkey { netuid: NET, hotkey: pot };
    assert_eq!(node.send(&bob(), pot).await, failed("CannotUseSystemAccount"));

    assert_eq!(node.send(&bob(), choose(&hotkey)).await, Fate::Done);
    let event = RuntimeEvent::from(Subtensor::SubnetOwnerHotkeySet(NET, id(&hotkey)));
    assert!(node.events().await.iter().any(|record| record.event == event));
    let chosen: [u8; 32] = node.of_subnet("SubnetOwnerHotkey", &NET.to_le_bytes()).await;
    assert_eq!(chosen, hotkey.public());
    // Root waits, too, and under the call's older name.
    assert_eq!(node.sudo(choose(&hotkey)).await, failed("TxRateLimitExceeded"));
    let older = RuntimeCall::from(Call::sudo_set_subnet_owner_hotkey { netuid: NET, hotkey: id(&hotkey) });
    assert_eq!(node.sudo(older).await, failed("TxRateLimitExceeded"));
    let nowhere = Call::sudo_set_subnet_owner_hotkey { netuid: 9, hotkey: id(&hotkey) };
    assert_eq!(node.sudo(nowhere).await, failed("SubnetNotExists"));
}

#[tokio::test]
async fn nominations_that_root_calls_too_small_are_sold() {
    let node = thawed().await;
    let hotkey = dev_account("//Validator");
    assert_eq!(node.send(&alice(), register(&hotkey)).await, Fate::Done);
    let stake = |rao| subtensor::Call::<Runtime>::add_stake { hotkey: id(&hotkey), netuid: NET, amount_staked: rao };
    for (who, rao) in [("//Alice", 5_000_000), ("//Bob", 5_000_000), ("//Charlie", 20_000_000)] {
        assert_eq!(node.send(&dev_account(who), stake(rao)).await, Fate::Done);
    }
    // Five times the least stake, which is 0.002 TAO.
    let call = Call::sudo_set_nominator_min_required_stake { min_stake: 5_000_000 };
    assert_eq!(node.sudo(call).await, Fate::Done);
    let share = async |who: &str| {
        let key = (id(&hotkey), id(&dev_account(who)), NET);
        node.raw(&subtensor::AlphaV2::<Runtime>::hashed_key_for(key)).await
    };
    assert!(share("//Alice").await.is_some(), "its owner is no nominator");
    assert!(share("//Bob").await.is_none());
    assert!(share("//Charlie").await.is_some());
}
