//! A subnet of one chain goes on on another, as it would have where it was copied.

use localnet::{Config, ForkError, Genesis, SubnetGenesis, dev_account, fork};
use pallet_subtensor::Call;
use primitives::{Keypair, NetUid};

use crate::{
    account::{alice, id},
    node::{Fate, Node},
};

const NET: u16 = 2;
const TAO: u64 = 1_000_000_000;

/// A chain of two subnets; the second has neurons, stake and weights, and an epoch behind it.
async fn origin() -> (Node, Keypair) {
    let mut second = SubnetGenesis::new(NetUid(NET));
    second.rules.max_allowed_validators = 7;
    let mut genesis = Genesis::default();
    genesis.subnets.push(second);
    let node = Node::start(genesis).await;
    let validator = dev_account("//Validator");
    for hotkey in [&validator, &dev_account("//Good"), &dev_account("//Poor")] {
        let register = Call::burned_register { netuid: NET, hotkey: id(hotkey) };
        assert_eq!(node.send(&alice(), register).await, Fate::Done);
    }
    for (netuid, tao) in [(NET, 1_000), (0, 50)] {
        let stake = Call::add_stake { hotkey: id(&validator), netuid, amount_staked: tao * TAO };
        assert_eq!(node.send(&alice(), stake).await, Fate::Done);
    }
    node.blocks(20);
    let weights = Call::set_weights { netuid: NET, dests: vec![2, 3], weights: vec![900, 100], version_key: 0 };
    assert_eq!(node.send(&validator, weights).await, Fate::Done);
    (node, validator)
}

async fn of_net<V: codec::Decode + Default>(node: &Node, map: &str) -> V {
    node.of_subnet(map, &NET.to_le_bytes()).await
}

#[tokio::test]
async fn a_copied_subnet_goes_on_as_where_it_was() {
    let (there, validator) = origin().await;
    let copied = fork(&there.handle.url(), NetUid(NET), None).await.unwrap();
    assert_eq!((copied.netuid, copied.at), (NetUid(NET), there.handle.best()));
    assert_eq!(copied.skipped, Vec::<String>::new());

    let genesis = Genesis { subnets: Vec::new(), fork: Some(copied), ..Genesis::default() };
    let here = Node::with(Config { genesis, ..Config::test() }).await;
    assert_eq!(here.handle.best().number, there.handle.best().number);
    let neurons = |node| async move { Node::call::<Vec<u8>>(node, "NeuronInfoRuntimeApi_get_neurons", NET).await };
    assert_eq!(neurons(&here).await, neurons(&there).await);
    assert_eq!(of_net::<u16>(&here, "MaxAllowedValidators").await, 7);

    // An epoch on both, with the same weights, pays the same.
    let epoch = of_net::<u64>(&there, "SubnetEpochIndex").await;
    for node in [&there, &here] {
        node.blocks(24);
        assert!(of_net::<u64>(node, "SubnetEpochIndex").await > epoch);
    }
    for map in ["Incentive", "Dividends", "Consensus", "ValidatorTrust"] {
        let (ours, theirs) = (of_net::<Vec<u16>>(&here, map).await, of_net::<Vec<u16>>(&there, map).await);
        assert!(ours.iter().any(|value| *value > 0), "{map}");
        assert_eq!(ours, theirs, "{map}");
    }
    // Stake of others can be taken out: the pool has its TAO, the coldkey its shares.
    let unstake = Call::remove_stake { hotkey: id(&validator), netuid: NET, amount_unstaked: 10 * TAO };
    assert_eq!(here.send(&alice(), unstake).await, Fate::Done);
}

#[tokio::test]
async fn what_cannot_be_copied_is_named() {
    let (there, _) = origin().await;
    let missing = fork(&there.handle.url(), NetUid(9), None).await;
    assert!(matches!(missing, Err(ForkError::NoSubnet { netuid: 9, .. })), "{missing:?}");
    let nowhere = fork("ws://127.0.0.1:1", NetUid(NET), None).await;
    assert!(matches!(nowhere, Err(ForkError::Connect { .. })), "{nowhere:?}");
    let copied = fork(&there.handle.url(), NetUid(NET), None).await.unwrap();
    let mut genesis = Genesis { fork: Some(copied), ..Genesis::default() };
    genesis.subnets.push(SubnetGenesis::new(NetUid(NET)));
    assert!(localnet::spawn(Config { genesis, ..Config::test() }).await.is_err());
}
