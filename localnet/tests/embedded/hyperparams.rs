//! Hyperparameters in all three editions, each against a storage item of its own value.

use codec::{Compact, Decode, Encode};
use localnet::Genesis;

use crate::{
    node::Node,
    worked::{blake, item, key, write},
};

const NET: u16 = 1;

/// As the chain's metadata has it: clients match the variants' names.
#[derive(Debug, Decode, PartialEq)]
enum Value {
    Bool(bool),
    U16(Compact<u16>),
    U32(Compact<u32>),
    U64(Compact<u64>),
    U128(Compact<u128>),
    TaoBalance(Compact<u64>),
    I32F32(i64),
    U64F64(u128),
}

#[derive(Debug, Decode, PartialEq)]
struct First {
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

#[derive(Debug, Decode, PartialEq)]
struct Second {
    first: First,
    alpha_sigmoid_steepness: i64,
    yuma_version: Compact<u16>,
    subnet_is_active: bool,
    transfers_enabled: bool,
    bonds_reset_enabled: bool,
    user_liquidity_enabled: bool,
}

/// A subnet whose every number is another one, and whose every switch is where it is not by default.
async fn told_apart() -> Node {
    let node = Node::start(Genesis::default()).await;
    let twox = [&sp_core::twox_64(&NET.encode())[..], &NET.encode()].concat();
    let hashed = |name: &str, value: bool| (key(name, &blake(&NET.encode())), value.encode());
    let items = vec![
        item("Rho", NET, 11u16),
        item("Kappa", NET, 12u16),
        item("ImmunityPeriod", NET, 13u16),
        item("MinAllowedWeights", NET, 14u16),
        item("MaxWeightsLimit", NET, 15u16),
        item("Tempo", NET, 1_600u16),
        item("MinDifficulty", NET, 17u64),
        item("MaxDifficulty", NET, 18u64),
        item("WeightsVersionKey", NET, 19u64),
        item("WeightsSetRateLimit", NET, 20u64),
        item("AdjustmentInterval", NET, 21u16),
        item("ActivityCutoff", NET, 22u16),
        item("ActivityCutoffFactorMilli", NET, 2_500u32),
        item("NetworkRegistrationAllowed", NET, false),
        item("TargetRegistrationsPerInterval", NET, 24u16),
        item("MinBurn", NET, 25u64),
        item("MaxBurn", NET, 1u64 << 62),
        item("BondsMovingAverage", NET, 27u64),
        item("MaxRegistrationsPerBlock", NET, 28u16),
        item("ServingRateLimit", NET, 29u64),
        item("MaxAllowedValidators", NET, 30u16),
        item("AdjustmentAlpha", NET, 31u64),
        item("Difficulty", NET, 32u64),
        (key("RevealPeriodEpochs", &twox), 33u64.encode()),
        item("CommitRevealWeightsEnabled", NET, true),
        item("AlphaValues", NET, (34u16, 35u16)),
        hashed("LiquidAlphaOn", true),
        item("AlphaSigmoidSteepness", NET, -36i16),
        hashed("Yuma3On", false),
        item("SubtokenEnabled", NET, false),
        item("TransferToggle", NET, false),
        item("BondsResetOn", NET, true),
        item("BurnHalfLife", NET, 37u16),
        item("BurnIncreaseMult", NET, 38u128 << 64 | 5),
        item("OwnerCutEnabled", NET, false),
        item("OwnerCutAutoLockEnabled", NET, true),
    ];
    write(&node, items).await;
    node
}

#[tokio::test]
async fn names_and_values_are_the_chains() {
    let node = told_apart().await;
    let entries: Option<Vec<(Vec<u8>, Value)>> = node.call("SubnetInfoRuntimeApi_get_subnet_hyperparams_v3", NET).await;
    let entries = entries.unwrap();
    let entries: Vec<(&str, &Value)> =
        entries.iter().map(|(name, value)| (std::str::from_utf8(name).unwrap(), value)).collect();
    let expected = [
        ("kappa", Value::U16(Compact(12))),
        ("immunity_period", Value::U16(Compact(13))),
        ("min_allowed_weights", Value::U16(Compact(14))),
        ("max_weights_limit", Value::U16(Compact(u16::MAX))),
        ("tempo", Value::U16(Compact(1_600))),
        ("weights_version", Value::U64(Compact(19))),
        ("weights_rate_limit", Value::U64(Compact(20))),
        ("activity_cutoff", Value::U64(Compact(4_000))),
        ("activity_cutoff_factor", Value::U32(Compact(2_500))),
        ("registration_allowed", Value::Bool(false)),
        ("target_regs_per_interval", Value::U16(Compact(24))),
        ("min_burn", Value::TaoBalance(Compact(25))),
        ("max_burn", Value::TaoBalance(Compact(1 << 62))),
        ("burn_half_life", Value::U16(Compact(37))),
        ("burn_increase_mult", Value::U64F64(38 << 64 | 5)),
        ("bonds_moving_avg", Value::U64(Compact(27))),
        ("max_regs_per_block", Value::U16(Compact(28))),
        ("serving_rate_limit", Value::U64(Compact(29))),
        ("max_validators", Value::U16(Compact(30))),
        ("commit_reveal_period", Value::U64(Compact(33))),
        ("commit_reveal_weights_enabled", Value::Bool(true)),
        ("alpha_high", Value::U16(Compact(35))),
        ("alpha_low", Value::U16(Compact(34))),
        ("liquid_alpha_enabled", Value::Bool(true)),
        ("alpha_sigmoid_steepness", Value::I32F32(-36 << 32)),
        ("yuma_version", Value::U16(Compact(2))),
        ("subnet_is_active", Value::Bool(false)),
        ("transfers_enabled", Value::Bool(false)),
        ("bonds_reset_enabled", Value::Bool(true)),
        ("user_liquidity_enabled", Value::Bool(false)),
        ("owner_cut_enabled", Value::Bool(false)),
        ("owner_cut_auto_lock_enabled", Value::Bool(true)),
    ];
    assert_eq!(entries, expected.each_ref().map(|(name, value)| (*name, value)));
    let none: Option<Vec<(Vec<u8>, Value)>> = node.call("SubnetInfoRuntimeApi_get_subnet_hyperparams_v3", 9u16).await;
    assert_eq!(none, None);
}

#[tokio::test]
async fn older_editions_say_the_same() {
    let node = told_apart().await;
    let second: Second = node.call::<Option<_>>("SubnetInfoRuntimeApi_get_subnet_hyperparams_v2", NET).await.unwrap();
    let first: First = node.call::<Option<_>>("SubnetInfoRuntimeApi_get_subnet_hyperparams", NET).await.unwrap();
    let expected = First {
        rho: Compact(11),
        kappa: Compact(12),
        immunity_period: Compact(13),
        min_allowed_weights: Compact(14),
        max_weights_limit: Compact(u16::MAX),
        tempo: Compact(1_600),
        min_difficulty: Compact(17),
        max_difficulty: Compact(18),
        weights_version: Compact(19),
        weights_rate_limit: Compact(20),
        adjustment_interval: Compact(21),
        activity_cutoff: Compact(4_000),
        registration_allowed: false,
        target_regs_per_interval: Compact(24),
        min_burn: Compact(25),
        max_burn: Compact(1 << 62),
        bonds_moving_avg: Compact(27),
        max_regs_per_block: Compact(28),
        serving_rate_limit: Compact(29),
        max_validators: Compact(30),
        adjustment_alpha: Compact(31),
        difficulty: Compact(32),
        commit_reveal_period: Compact(33),
        commit_reveal_weights_enabled: true,
        alpha_high: Compact(35),
        alpha_low: Compact(34),
        liquid_alpha_enabled: true,
    };
    assert_eq!(first, expected);
    let expected = Second {
        first: expected,
        alpha_sigmoid_steepness: -36 << 32,
        yuma_version: Compact(2),
        subnet_is_active: false,
        transfers_enabled: false,
        bonds_reset_enabled: true,
        user_liquidity_enabled: false,
    };
    assert_eq!(second, expected);
    let none: Option<First> = node.call("SubnetInfoRuntimeApi_get_subnet_hyperparams", 9u16).await;
    assert_eq!(none, None);
}
