//! Whatever a few accounts do in whatever order: nothing panics, no TAO and no alpha is made or lost, no share promises
//! more than there is, every seat has its key.
//!
//! The runtime runs here without the node, so that thousands of calls take seconds.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use frame_support::traits::Hooks;
use node_subtensor_runtime::{
    AccountId, Runtime, RuntimeCall, RuntimeGenesisConfig, RuntimeOrigin, SubtensorModule, System, pallet_balances,
};
use pallet_subtensor::{Call, GenesisConfig, GenesisNeuron, GenesisSubnet, Hyperparameters, RootClaimTypeEnum};
use proptest::{
    prelude::*,
    sample::select,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use sp_core::H256;
use sp_runtime::{
    BuildStorage,
    traits::{BlakeTwo256, Dispatchable},
};

type TestExternalities = sp_state_machine::TestExternalities<BlakeTwo256>;

const TAO: u64 = 1_000_000_000;
const SEQUENCES: u32 = 24;
const LONGEST: usize = 150;
/// Kinds of steps, each of which must have done something at least once.
const KINDS: usize = 26;

/// A small world: coldkeys 0 to 2 are rich, 3 has little; hotkeys 0 to 5, the n-th owned by coldkey n modulo 3;
/// networks 0 to 3, of which 3 is still to come.
fn coldkey(index: u8) -> AccountId {
    AccountId::new([0xc0 + index; 32])
}

fn hotkey(index: u8) -> AccountId {
    AccountId::new([0x10 + index; 32])
}

#[derive(Clone, Debug)]
enum Step {
    Call { who: AccountId, name: &'static str, call: Box<Call<Runtime>> },
    Sudo { name: &'static str, call: Box<Call<Runtime>> },
    Blocks(u32),
}

fn genesis() -> TestExternalities {
    let neuron = |index: u8| GenesisNeuron {
        hotkey: hotkey(index),
        coldkey: coldkey(index % 3),
        stake: u64::from(index % 2) * 1_000 * TAO,
        validator_permit: index % 2 == 1,
    };
    let subnet = |netuid, pool, seated: &[u8]| GenesisSubnet {
        netuid,
        owner: coldkey(2),
        owner_hotkey: hotkey(5),
        pool,
        hyperparameters: Hyperparameters {
            tempo: 5,
            immunity_period: 10,
            max_allowed_uids: 4,
            min_non_immune_uids: 0,
            weights_set_rate_limit: 0,
            serving_rate_limit: 0,
            activity_cutoff_factor_milli: 50_000,
            ..Hyperparameters::default()
        },
        neurons: seated.iter().copied().map(neuron).collect(),
    };
    let rich = (0..3).map(|index| (coldkey(index), 1_000_000 * TAO));
    let config = RuntimeGenesisConfig {
        balances: pallet_balances::GenesisConfig {
            balances: rich.chain([(coldkey(3), TAO)]).collect(),
            ..Default::default()
        },
        subtensor_module: GenesisConfig {
            // One deep pool, and one that the rich can empty.
            subnets: vec![
                subnet(1, (1_000_000 * TAO, 1_000_000 * TAO), &[0, 1]),
                subnet(2, (1_000 * TAO, 5_000 * TAO), &[2, 3]),
            ],
            network_min_lock_cost: 100 * TAO,
            ..Default::default()
        },
        ..Default::default()
    };
    config.build_storage().unwrap().into()
}

fn amount() -> impl Strategy<Value = u64> {
    (1u64..10, 5u32..16).prop_map(|(digit, zeros)| digit * 10u64.pow(zeros))
}

fn price() -> impl Strategy<Value = u64> {
    prop_oneof![select(vec![1u64, 190_000_000, 999_000_000, 1_000_000_000, 1_001_000_000, 2_000_000_000]), amount()]
}

fn step() -> impl Strategy<Value = Step> {
    let keys = (0u8..4, 0u8..6, 0u8..4, 0u8..6);
    let nets = (0u16..4, 0u16..4);
    let rest = (amount(), price(), any::<bool>(), any::<u16>());
    (0u8..39, keys, nets, rest).prop_map(
        |(kind, (who, hot, other, other_hot), (net, other_net), (amount, limit_price, flag, small))| {
            let owner = coldkey(hot % 3);
            // Mostly who may: a stranger is only refused.
            let who = if small % 4 == 0 { coldkey(who) } else { owner.clone() };
            let other = coldkey(other);
            let (hot, other_hot) = (hotkey(hot), hotkey(other_hot));
            let call = |name, call| Step::Call { who: who.clone(), name, call: Box::new(call) };
            let by_owner = |name, call| Step::Call { who: owner.clone(), name, call: Box::new(call) };
            let by_hotkey = |name, call| Step::Call { who: hot.clone(), name, call: Box::new(call) };
            let sudo = |name, call| Step::Sudo { name, call: Box::new(call) };
            match kind {
                0..=4 | 16 => Step::Blocks(u32::from(small % 6) + 1),
                5..=7 => by_owner("burned_register", Call::burned_register { netuid: net, hotkey: hot.clone() }),
                8 | 9 => call("add_stake", Call::add_stake { hotkey: hot.clone(), netuid: net, amount_staked: amount }),
                10 => {
                    let hotkey = hot.clone();
                    let allow_partial = flag;
                    let inner = Call::add_stake_limit {
                        hotkey,
                        netuid: net,
                        amount_staked: amount,
                        limit_price,
                        allow_partial,
                    };
                    call("add_stake_limit", inner)
                }
                11 | 12 => {
                    let inner = Call::remove_stake { hotkey: hot.clone(), netuid: net, amount_unstaked: amount };
                    call("remove_stake", inner)
                }
                13 => {
                    let (hotkey, amount_unstaked, allow_partial) = (hot.clone(), amount, flag);
                    let inner =
                        Call::remove_stake_limit { hotkey, netuid: net, amount_unstaked, limit_price, allow_partial };
                    call("remove_stake_limit", inner)
                }
                14 => {
                    let limit_price = flag.then_some(limit_price);
                    let inner = Call::remove_stake_full_limit { hotkey: hot.clone(), netuid: net, limit_price };
                    call("remove_stake_full_limit", inner)
                }
                15 if flag => call("unstake_all", Call::unstake_all { hotkey: hot.clone() }),
                15 => call("unstake_all_alpha", Call::unstake_all_alpha { hotkey: hot.clone() }),
                17 | 31 => {
                    let inner = Call::move_stake {
                        origin_hotkey: hot.clone(),
                        destination_hotkey: other_hot,
                        origin_netuid: net,
                        destination_netuid: other_net,
                        alpha_amount: amount,
                    };
                    call("move_stake", inner)
                }
                18 | 32 => {
                    let inner = Call::transfer_stake {
                        destination_coldkey: other,
                        hotkey: hot.clone(),
                        origin_netuid: net,
                        destination_netuid: other_net,
                        alpha_amount: amount,
                    };
                    call("transfer_stake", inner)
                }
                19 | 33 => {
                    let inner = Call::swap_stake {
                        hotkey: hot.clone(),
                        origin_netuid: net,
                        destination_netuid: other_net,
                        alpha_amount: amount,
                    };
                    call("swap_stake", inner)
                }
                20 | 34 | 35 => {
                    let inner = Call::swap_stake_limit {
                        hotkey: hot.clone(),
                        origin_netuid: net,
                        destination_netuid: other_net,
                        alpha_amount: amount,
                        limit_price,
                        allow_partial: flag,
                    };
                    call("swap_stake_limit", inner)
                }
                21 if flag => call("burn_alpha", Call::burn_alpha { hotkey: hot.clone(), amount, netuid: net }),
                21 => call("recycle_alpha", Call::recycle_alpha { hotkey: hot.clone(), amount, netuid: net }),
                22 => {
                    let limit = flag.then_some(limit_price);
                    call("add_stake_burn", Call::add_stake_burn { hotkey: hot.clone(), netuid: net, amount, limit })
                }
                23 | 24 => {
                    let weights = vec![small, small % 7];
                    let inner = Call::set_weights { netuid: net, dests: vec![0, 1], weights, version_key: 0 };
                    by_hotkey("set_weights", inner)
                }
                25 if flag => {
                    let inner = Call::serve_axon {
                        netuid: net,
                        version: 1,
                        ip: 0x7f00_0002,
                        port: small,
                        ip_type: 4,
                        protocol: 4,
                        placeholder1: 0,
                        placeholder2: 0,
                    };
                    by_hotkey("serve_axon", inner)
                }
                25 => {
                    let inner = Call::set_coldkey_auto_stake_hotkey { netuid: net, hotkey: hot.clone() };
                    call("set_coldkey_auto_stake_hotkey", inner)
                }
                26 if flag => by_owner("decrease_take", Call::decrease_take { hotkey: hot.clone(), take: small }),
                26 => by_owner("root_register", Call::root_register { hotkey: hot.clone() }),
                27 => call("claim_root", Call::claim_root { subnets: BTreeSet::from([net, other_net]) }),
                28 => {
                    let new_root_claim_type = match small % 3 {
                        0 => RootClaimTypeEnum::Swap,
                        1 => RootClaimTypeEnum::Keep,
                        _ => RootClaimTypeEnum::KeepSubnets { subnets: BTreeSet::from([other_net]) },
                    };
                    call("set_root_claim_type", Call::set_root_claim_type { new_root_claim_type })
                }
                29 => by_owner("register_network", Call::register_network { hotkey: hot.clone() }),
                36..=38 => by_owner("start_call", Call::start_call { netuid: 3 }),
                _ if small % 4 > 0 => Step::Blocks(1),
                _ => sudo("root_dissolve_network", Call::root_dissolve_network { netuid: net }),
            }
        },
    )
}

/// One block's beginning, and the end of the one before it.
fn next_block() {
    let ended = System::block_number();
    if ended > 0 {
        SubtensorModule::on_finalize(ended);
    }
    let number = ended + 1;
    System::initialize(&number, &H256::from_low_u64_be(u64::from(number) << 40), &Default::default());
    SubtensorModule::on_initialize(number);
}

/// Calls about alpha mostly name no more than there is, or they would all be refused.
fn fit(coldkey: &AccountId, call: &mut Call<Runtime>) {
    let (hotkey, netuid, amount) = match call {
        Call::remove_stake_limit { hotkey, netuid, amount_unstaked, .. } => (&*hotkey, *netuid, amount_unstaked),
        Call::move_stake { origin_hotkey, origin_netuid, alpha_amount, .. } => {
            (&*origin_hotkey, *origin_netuid, alpha_amount)
        }
        Call::transfer_stake { hotkey, origin_netuid, alpha_amount, .. }
        | Call::swap_stake { hotkey, origin_netuid, alpha_amount, .. }
        | Call::swap_stake_limit { hotkey, origin_netuid, alpha_amount, .. } => {
            (&*hotkey, *origin_netuid, alpha_amount)
        }
        _ => return,
    };
    let staked = SubtensorModule::stake_of(hotkey, coldkey, netuid);
    *amount %= staked.saturating_add(2);
}

/// Whether it did anything.
fn take(step: Step) -> bool {
    let (origin, call) = match step {
        Step::Blocks(count) => {
            (0..count).for_each(|_| next_block());
            return true;
        }
        Step::Call { who, mut call, .. } => {
            fit(&who, &mut call);
            (RuntimeOrigin::signed(who), call)
        }
        Step::Sudo { call, .. } => (RuntimeOrigin::root(), call),
    };
    RuntimeCall::from(*call).dispatch(origin).is_ok()
}

#[test]
fn nothing_is_made_or_lost() {
    let config = Config { cases: SEQUENCES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let done: RefCell<BTreeMap<&str, u32>> = RefCell::default();
    let sequences = proptest::collection::vec(step(), 1..LONGEST);
    let checked = runner.run(&sequences, |steps| {
        genesis().execute_with(|| {
            next_block();
            // Without stake on root, root earns nothing.
            for index in 0..3 {
                let (hotkey, amount_staked) = (hotkey(index), 100_000 * TAO);
                let call = Call::<Runtime>::add_stake { hotkey, netuid: 0, amount_staked };
                assert!(take(Step::Call { who: coldkey(index), name: "", call: Box::new(call) }));
            }
            for step in steps {
                let name = match &step {
                    Step::Call { name, .. } | Step::Sudo { name, .. } => name,
                    Step::Blocks(_) => "blocks",
                };
                if take(step) {
                    *done.borrow_mut().entry(name).or_default() += 1;
                    prop_assert_eq!(SubtensorModule::violations(), vec![], "after {}", name);
                }
            }
            Ok(())
        })
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
    // A sequence of refusals would prove nothing.
    let done = done.into_inner();
    assert_eq!(done.len(), KINDS, "{done:?}");
}
