//! Each refusal of weights and axons, by its name or, where the chain refuses before a block, by its number.

use localnet::{Genesis, GenesisNeuron, Rules, dev_account};
use node_subtensor_runtime::Runtime;
use pallet_subtensor::Call;
use primitives::Keypair;

use crate::{
    account::alice,
    node::{Fate, Node},
    subnet::{genesis, serve, set_weights},
};

const STAKE: u64 = 1_000_000_000_000;

fn validator() -> Keypair {
    dev_account("//Validator")
}

fn miner() -> Keypair {
    dev_account("//Miner")
}

/// The owner, a validator with stake and permit, a miner with neither.
fn seated(change: impl FnOnce(&mut Rules)) -> Genesis {
    let mut genesis = genesis(change);
    let neuron = |keypair: Keypair, stake_rao, validator_permit| GenesisNeuron {
        hotkey: keypair.hotkey(),
        coldkey: alice().coldkey(),
        stake_rao,
        validator_permit,
    };
    genesis.subnets[0].neurons = vec![neuron(validator(), STAKE, true), neuron(miner(), 0, false)];
    genesis
}

fn failed(name: &str) -> Fate {
    Fate::Failed(name.to_owned())
}

fn custom(code: u8) -> Fate {
    Fate::Refused(format!("Custom error: {code}"))
}

#[tokio::test]
async fn of_weights_by_shape() {
    let node = Node::start(seated(|rules| rules.min_allowed_weights = 2)).await;
    let send = async |dests: &[u16], weights: &[u16]| node.send(&validator(), set_weights(dests, weights)).await;
    assert_eq!(send(&[1, 2], &[1]).await, failed("WeightVecNotEqualSize"));
    assert_eq!(send(&[0, 1, 2, 3], &[1, 1, 1, 1]).await, failed("UidsLengthExceedUidsInSubNet"));
    assert_eq!(send(&[2, 2], &[1, 1]).await, failed("DuplicateUids"));
    assert_eq!(send(&[2, 3], &[1, 1]).await, failed("UidVecContainInvalidOne"));
    assert_eq!(send(&[2], &[1]).await, failed("WeightVecLengthIsLow"));
    // One's own weight alone is always allowed.
    assert_eq!(send(&[1], &[1]).await, Fate::Done);
    assert_eq!(send(&[2, 0], &[1, 1]).await, Fate::Done);
}

#[tokio::test]
async fn of_weights_by_place_and_person() {
    let node = Node::start(seated(|rules| rules.weights_version_key = 7)).await;
    let weights =
        |netuid, version_key| Call::<Runtime>::set_weights { netuid, dests: vec![2], weights: vec![1], version_key };
    assert_eq!(node.send(&validator(), weights(0, 7)).await, failed("CommitRevealEnabled"));
    assert_eq!(node.send(&validator(), weights(9, 7)).await, failed("CommitRevealEnabled"));
    assert_eq!(node.send(&validator(), weights(1, 6)).await, failed("IncorrectWeightVersionKey"));
    assert_eq!(node.send(&dev_account("//Stranger"), weights(1, 7)).await, failed("HotKeyNotRegisteredInSubNet"));
    let other = Call::<Runtime>::burned_register { netuid: 1, hotkey: crate::account::id(&dev_account("//Other")) };
    assert_eq!(node.send(&alice(), other).await, Fate::Done);
    assert_eq!(node.send(&miner(), weights(1, 7)).await, Fate::Done, "its own weight needs no permit");
    let to_owner = Call::<Runtime>::set_weights { netuid: 1, dests: vec![0], weights: vec![1], version_key: 7 };
    assert_eq!(node.send(&miner(), to_owner).await, failed("NeuronNoValidatorPermit"));
    let mechanism = Call::<Runtime>::set_mechanism_weights {
        netuid: 1,
        mecid: 1,
        dests: vec![2],
        weights: vec![1],
        version_key: 7,
    };
    // Who has a seat has never waited long enough for a mechanism that is not there.
    assert_eq!(node.send(&validator(), mechanism.clone()).await, custom(6));
    assert_eq!(node.send(&dev_account("//Stranger"), mechanism).await, failed("MechanismDoesNotExist"));
    assert_eq!(node.send(&validator(), weights(1, 7)).await, Fate::Done);
}

#[tokio::test]
async fn of_weights_before_a_block() {
    let mut genesis = seated(|rules| rules.weights_set_rate_limit = 5);
    genesis.stake_threshold_rao = STAKE;
    let node = Node::start(genesis).await;
    assert_eq!(node.send(&miner(), set_weights(&[1], &[1])).await, custom(1), "too little stake");
    assert_eq!(node.send(&validator(), set_weights(&[2], &[1])).await, Fate::Done);
    assert_eq!(node.send(&validator(), set_weights(&[2], &[1])).await, custom(6), "too soon");

    // In a batch the same call is refused by name.
    let inner = set_weights(&[2], &[1]).into();
    let batch = pallet_utility::Call::<Runtime>::batch_all { calls: vec![inner] };
    let sent = node.handle.best().number;
    assert!(sent < 5);
    // The hotkey pays for the batch, so it needs TAO.
    let gift = pallet_balances::Call::<Runtime>::transfer_keep_alive {
        dest: node_subtensor_runtime::Address::Id(crate::account::id(&validator())),
        value: 1_000_000_000,
    };
    assert_eq!(node.send(&alice(), gift).await, Fate::Done);
    assert_eq!(node.send(&validator(), batch).await, failed("SettingWeightsTooFast"));

    node.blocks(5);
    assert_eq!(node.send(&validator(), set_weights(&[2], &[1])).await, Fate::Done);
}

#[tokio::test]
async fn of_axons() {
    let node = Node::start(seated(|rules| rules.serving_rate_limit = 5)).await;
    let send = async |ip, port, ip_type| node.send(&miner(), serve(ip, port, ip_type)).await;
    assert_eq!(send(0x7f00_0001, 8091, 4).await, custom(11), "127.0.0.1");
    assert_eq!(send(u128::from(u32::MAX), 8091, 4).await, custom(11));
    assert_eq!(send(1, 8091, 6).await, custom(11), "::1");
    assert_eq!(send(0x7f00_0002, 0, 4).await, custom(13));
    assert_eq!(send(0x7f00_0002, 8091, 5).await, custom(255));
    assert_eq!(node.send(&dev_account("//Stranger"), serve(0x7f00_0002, 8091, 4)).await, custom(10));
    assert_eq!(send(0x7f00_0002, 8091, 4).await, Fate::Done);
    assert_eq!(send(0x7f00_0003, 8091, 4).await, custom(12));
    node.blocks(5);
    // Address 0 takes it back.
    assert_eq!(send(0, 1, 4).await, Fate::Done);
}
