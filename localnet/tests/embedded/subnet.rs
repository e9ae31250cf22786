//! A subnet's life: seats, axons, stake, weights, an epoch, and alpha for who worked.

use codec::Compact;
use localnet::{Genesis, Rules, dev_account};
use node_subtensor_runtime::{AccountId, Runtime};
use pallet_subtensor::{AxonInfo, Call, NeuronInfoLite};
use primitives::Keypair;

use crate::{
    account::{alice, id},
    node::{Fate, Node},
};

const NET: u16 = 1;
const TAO: u64 = 1_000_000_000;

pub fn register(hotkey: &Keypair) -> Call<Runtime> {
    Call::burned_register { netuid: NET, hotkey: id(hotkey) }
}

pub fn set_weights(dests: &[u16], weights: &[u16]) -> Call<Runtime> {
    Call::set_weights { netuid: NET, dests: dests.to_vec(), weights: weights.to_vec(), version_key: 0 }
}

pub fn serve(ip: u128, port: u16, ip_type: u8) -> Call<Runtime> {
    Call::serve_axon { netuid: NET, version: 1, ip, port, ip_type, protocol: 4, placeholder1: 0, placeholder2: 0 }
}

pub fn genesis(change: impl FnOnce(&mut Rules)) -> Genesis {
    let mut genesis = Genesis::default();
    change(&mut genesis.subnets[0].rules);
    genesis
}

/// `TotalHotkeyAlpha` is keyed by BLAKE2-128 of the hotkey and the hotkey, then the netuid.
async fn alpha(node: &Node, hotkey: &Keypair) -> u64 {
    let hotkey = hotkey.public();
    let key = [&sp_core::blake2_128(&hotkey)[..], &hotkey, &NET.to_le_bytes()].concat();
    node.of_subnet("TotalHotkeyAlpha", &key).await
}

#[tokio::test]
async fn who_works_is_paid_at_the_epoch() {
    let node = Node::start(genesis(|rules| rules.tempo = 20)).await;
    let validator = dev_account("//Validator");
    let (good, poor) = (dev_account("//Good"), dev_account("//Poor"));
    // uid 0 is the owner's.
    for hotkey in [&validator, &good, &poor] {
        assert_eq!(node.send(&alice(), register(hotkey)).await, Fate::Done);
    }
    // A hotkey has no TAO: announcing is free.
    assert_eq!(node.send(&good, serve(0x7f00_0002, 8091, 4)).await, Fate::Done);
    let axon_key = [&NET.to_le_bytes()[..], &sp_core::blake2_128(&good.public()), &good.public()].concat();
    let axon: AxonInfo = node.of_subnet("Axons", &axon_key).await;
    assert_eq!((axon.ip, axon.port, axon.ip_type, axon.block), (0x7f00_0002, 8091, 4, 4));

    let stake = Call::add_stake { hotkey: id(&validator), netuid: NET, amount_staked: 1_000 * TAO };
    assert_eq!(node.send(&alice(), stake).await, Fate::Done);
    // A fee of half a thousandth, and a thousandth of the pool.
    let staked = alpha(&node, &validator).await;
    assert!(staked > 998 * TAO && staked < 999 * TAO, "{staked}");

    // The first epoch gives the permit.
    let first_epoch: Option<u64> = node.call("SubnetInfoRuntimeApi_get_next_epoch_start_block", NET).await;
    assert_eq!(first_epoch, Some(20));
    assert_eq!(node.blocks(20 - 5), 20);
    assert_eq!(node.of_subnet::<Vec<bool>>("ValidatorPermit", &NET.to_le_bytes()).await, [true, true, false, false]);
    assert_eq!(node.of_subnet::<u64>("SubnetEpochIndex", &NET.to_le_bytes()).await, 1);
    assert_eq!(node.of_subnet::<u64>("LastEpochBlock", &NET.to_le_bytes()).await, 20);
    assert_eq!(node.of_subnet::<u64>("BlocksSinceLastStep", &NET.to_le_bytes()).await, 0);
    assert_eq!(node.of_subnet::<u64>("LastMechansimStepBlock", &NET.to_le_bytes()).await, 20);

    assert_eq!(node.send(&validator, set_weights(&[2, 3], &[900, 100])).await, Fate::Done);
    let row: Vec<(u16, u16)> = node.of_subnet("Weights", &[NET.to_le_bytes(), 1u16.to_le_bytes()].concat()).await;
    assert_eq!(row, [(2, 65535), (3, 7282)]);
    let updates: Vec<u64> = node.of_subnet("LastUpdate", &NET.to_le_bytes()).await;
    assert_eq!(updates, [0, 21, 2, 3]);

    let pending = node.of_subnet::<u64>("PendingServerEmission", &NET.to_le_bytes()).await;
    assert_eq!(pending, 410_002_288, "one block's half");
    let before = [alpha(&node, &validator).await, alpha(&node, &good).await, alpha(&node, &poor).await];
    assert_eq!(before[1..], [0, 0]);
    assert_eq!(node.blocks(19), 40);
    let paid = [alpha(&node, &validator).await - before[0], alpha(&node, &good).await, alpha(&node, &poor).await];
    // Twenty blocks; the miners share one half 9 to 1, the one validator has the other.
    let half = 20 * 410_002_288;
    assert!(paid[0].abs_diff(half) < 100, "{paid:?}");
    assert!((paid[1] + paid[2]).abs_diff(half) < 100, "{paid:?}");
    assert!(paid[1].abs_diff(half / 10 * 9) < half / 10_000, "{paid:?}");

    assert_eq!(node.of_subnet::<u64>("PendingServerEmission", &NET.to_le_bytes()).await, 0);
    let incentive: Vec<u16> = node.of_subnet("Incentive", &NET.to_le_bytes()).await;
    let dividends: Vec<u16> = node.of_subnet("Dividends", &NET.to_le_bytes()).await;
    let trust: Vec<u16> = node.of_subnet("ValidatorTrust", &NET.to_le_bytes()).await;
    assert_eq!(incentive[..2], [0, 0]);
    assert!(incentive[2] > 8 * incentive[3] && incentive[3] > 0, "{incentive:?}");
    assert_eq!(dividends, [0, 65535, 0, 0]);
    // The parts of its row add up to a little less than one, rounded down.
    assert_eq!(trust, [0, 65534, 0, 0]);
    let bonds: Vec<(u16, u16)> = node.of_subnet("Bonds", &[NET.to_le_bytes(), 1u16.to_le_bytes()].concat()).await;
    assert_eq!(bonds.iter().map(|bond| bond.0).collect::<Vec<_>>(), [2, 3]);

    let neurons: Vec<NeuronInfoLite<AccountId>> = node.call("NeuronInfoRuntimeApi_get_neurons_lite", NET).await;
    assert_eq!(neurons.len(), 4);
    assert_eq!(neurons[2].hotkey, id(&good));
    assert_eq!(neurons[2].coldkey, id(&alice()));
    assert_eq!(neurons[2].stake, vec![(id(&alice()), Compact(paid[1]))]);
    assert_eq!(neurons[2].incentive, Compact(incentive[2]));
    assert_eq!(neurons[2].axon_info, axon);
    assert_eq!(neurons[1].last_update, Compact(21));
}

#[tokio::test]
async fn what_the_owners_miners_earn_is_burned() {
    let mut genesis = genesis(|_| {});
    genesis.subnets[0].owner = alice().coldkey();
    let node = Node::start(genesis).await;
    let (validator, miner) = (dev_account("//Validator"), dev_account("//Miner"));
    for hotkey in [&validator, &miner] {
        assert_eq!(node.send(&alice(), register(hotkey)).await, Fate::Done);
    }
    let stake = Call::add_stake { hotkey: id(&validator), netuid: NET, amount_staked: 1_000 * TAO };
    assert_eq!(node.send(&alice(), stake).await, Fate::Done);
    node.blocks(20);
    assert_eq!(node.send(&validator, set_weights(&[2], &[1])).await, Fate::Done);
    node.blocks(20);
    let incentive: Vec<u16> = node.of_subnet("Incentive", &NET.to_le_bytes()).await;
    assert_eq!(incentive, [0, 0, 65535]);
    assert_eq!(alpha(&node, &miner).await, 0);
}

#[tokio::test]
async fn a_new_network_starts_when_its_owner_says_so() {
    let node = Node::start(Genesis::default()).await;
    let (bob, hotkey) = (dev_account("//Bob"), dev_account("//Bob//hotkey"));
    let create = || Call::<Runtime>::register_network { hotkey: id(&hotkey) };
    assert_eq!(node.send(&bob, create()).await, Fate::Done);
    let two = 2u16.to_le_bytes();
    assert!(node.of_subnet::<bool>("NetworksAdded", &two).await);
    assert!(!node.of_subnet::<bool>("SubtokenEnabled", &two).await);
    assert_eq!(node.of_subnet::<u16>("SubnetworkN", &two).await, 1);

    let stake = || Call::<Runtime>::add_stake { hotkey: id(&hotkey), netuid: 2, amount_staked: TAO };
    assert_eq!(node.send(&bob, stake()).await, Fate::Failed("SubtokenDisabled".into()));
    let start = || Call::<Runtime>::start_call { netuid: 2 };
    assert_eq!(node.send(&alice(), start()).await, Fate::Failed("BadOrigin".into()));
    assert_eq!(node.send(&bob, start()).await, Fate::Done);
    assert_eq!(node.send(&bob, start()).await, Fate::Failed("FirstEmissionBlockNumberAlreadySet".into()));
    assert_eq!(node.send(&bob, stake()).await, Fate::Done);
    let weights = Call::set_weights { netuid: 2, dests: vec![0], weights: vec![1], version_key: 0 };
    assert_eq!(node.send(&hotkey, weights).await, Fate::Failed("CommitRevealEnabled".into()));
    let out: u64 = node.of_subnet("SubnetAlphaOutEmission", &two).await;
    assert_eq!(out, TAO);
}
