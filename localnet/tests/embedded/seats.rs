//! Who gets a seat, and who loses it.

use localnet::{Genesis, dev_account};
use node_subtensor_runtime::{AccountId, Runtime};
use pallet_subtensor::{Call, NeuronInfoLite};
use primitives::Keypair;

use crate::{
    account::{alice, id},
    node::{Fate, Node},
    subnet::{genesis, register, serve, set_weights},
};

const NET: u16 = 1;

async fn hotkeys(node: &Node) -> Vec<AccountId> {
    let neurons: Vec<NeuronInfoLite<AccountId>> = node.call("NeuronInfoRuntimeApi_get_neurons_lite", NET).await;
    neurons.into_iter().map(|neuron| neuron.hotkey).collect()
}

#[tokio::test]
async fn a_full_subnet_replaces_the_least_paid_and_clears_what_it_had() {
    let node = Node::start(genesis(|rules| {
        rules.max_allowed_uids = 4;
        rules.immunity_period = 30;
    }))
    .await;
    let [validator, good, poor, late, later]: [Keypair; 5] =
        ["//V", "//Good", "//Poor", "//Late", "//Later"].map(dev_account);
    for hotkey in [&validator, &good, &poor] {
        assert_eq!(node.send(&alice(), register(hotkey)).await, Fate::Done);
    }
    let stake = Call::<Runtime>::add_stake { hotkey: id(&validator), netuid: NET, amount_staked: 1_000_000_000_000 };
    assert_eq!(node.send(&alice(), stake).await, Fate::Done);
    assert_eq!(node.send(&poor, serve(0x7f00_0003, 8091, 4)).await, Fate::Done);
    node.blocks(20);
    assert_eq!(node.send(&validator, set_weights(&[2, 3], &[3, 1])).await, Fate::Done);
    node.blocks(20);

    // uid 3 earned least and is past immunity; the owner in uid 0 earned nothing and stays.
    assert_eq!(node.send(&alice(), register(&late)).await, Fate::Done);
    let owner = id(&dev_account("//Owner//hotkey"));
    assert_eq!(hotkeys(&node).await, [owner.clone(), id(&validator), id(&good), id(&late)]);
    let row: Vec<(u16, u16)> = node.of_subnet("Weights", &[NET.to_le_bytes(), 1u16.to_le_bytes()].concat()).await;
    assert_eq!(row, [(2, 65535), (3, 0)]);
    let neurons: Vec<NeuronInfoLite<AccountId>> = node.call("NeuronInfoRuntimeApi_get_neurons_lite", NET).await;
    assert_eq!((neurons[3].incentive.0, neurons[3].emission.0, neurons[3].axon_info.port), (0, 0, 0));
    let at: u64 = node.of_subnet("BlockAtRegistration", &[NET.to_le_bytes(), 3u16.to_le_bytes()].concat()).await;
    assert_eq!(at, node.handle.best().number);

    // The newcomer is immune: the miner with the least emission of the others goes, though it earned much.
    assert_eq!(node.send(&alice(), register(&later)).await, Fate::Done);
    let seated = hotkeys(&node).await;
    assert!(seated.contains(&id(&late)) && seated.contains(&id(&later)) && !seated.contains(&id(&good)));
}

#[tokio::test]
async fn who_may_not_have_one() {
    let node = Node::start(genesis(|rules| rules.burn = 1_000_000_000)).await;
    let failed = |name: &str| Fate::Failed(name.to_owned());
    let miner = dev_account("//Miner");
    assert_eq!(node.send(&alice(), register(&miner)).await, Fate::Done);
    assert_eq!(node.send(&alice(), register(&miner)).await, failed("HotKeyAlreadyRegisteredInSubNet"));
    let at = |netuid| Call::<Runtime>::burned_register { netuid, hotkey: id(&miner) };
    assert_eq!(node.send(&alice(), at(0)).await, failed("RegistrationNotPermittedOnRootSubnet"));
    assert_eq!(node.send(&alice(), at(9)).await, failed("SubnetNotExists"));
    let limited = Call::<Runtime>::register_limit { netuid: NET, hotkey: id(&dev_account("//M2")), limit_price: 1 };
    assert_eq!(node.send(&alice(), limited).await, failed("RegistrationPriceLimitExceeded"));
    // Bob does not own Alice's hotkey, wherever he takes it.
    let bob = dev_account("//Bob");
    let elsewhere = Call::<Runtime>::register_network { hotkey: id(&miner) };
    assert_eq!(node.send(&bob, elsewhere).await, failed("NonAssociatedColdKey"));
    // Nobody without TAO gets that far.
    let poor = node.send(&dev_account("//Pauper"), register(&dev_account("//M3"))).await;
    assert_eq!(poor, Fate::Refused("Inability to pay some fees (e.g. account balance too low)".into()));

    let closed = Node::start(genesis(|rules| rules.registration_allowed = false)).await;
    assert_eq!(closed.send(&alice(), register(&miner)).await, failed("SubNetRegistrationDisabled"));
}

#[tokio::test]
async fn the_price_rises_with_each_and_falls_with_time() {
    let node = Node::start(Genesis::default()).await;
    let burn = async || node.of_subnet::<u64>("Burn", &NET.to_le_bytes()).await;
    let first = burn().await;
    assert_eq!(node.send(&alice(), register(&dev_account("//Miner"))).await, Fate::Done);
    let risen = burn().await;
    assert!(risen > first / 4 * 5, "{first} {risen}");
    node.blocks(360);
    let fallen = burn().await;
    assert!(fallen.abs_diff(risen / 2) < risen / 200, "{risen} {fallen}");
}
