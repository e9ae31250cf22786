//! A chain on which something happened: two subnets, a validator with nominators, miners, weights and epochs.

use codec::{Decode, Encode};
use localnet::{Genesis, GenesisNeuron, SubnetGenesis, dev_account};
use node_subtensor_runtime::{Runtime, RuntimeCall};
use pallet_subtensor::Call;
use primitives::{Keypair, NetUid};

use crate::{
    account::{alice, id},
    node::{Fate, Node},
    subnet::{serve, set_weights},
};

const TAO: u64 = 1_000_000_000;
/// More than the poor one ever earns.
pub const THRESHOLD: u64 = 2 * TAO;

/// Who is there. uid 0 of both subnets is the owner's, then come the validator and the miners; the poor one is in
/// subnet 1 only. The validator's coldkey is Alice's, the miners' is Bob's; Charlie and Dave have stake on the
/// validator, and Charlie on root too.
pub struct Worked {
    pub node: Node,
    pub validator: Keypair,
}

impl Worked {
    pub async fn start() -> Self {
        let [validator, good, poor] = ["//Validator", "//Good", "//Poor"].map(dev_account);
        let neuron = |hotkey: &Keypair, coldkey: &str, stake_rao| GenesisNeuron {
            hotkey: hotkey.hotkey(),
            coldkey: dev_account(coldkey).coldkey(),
            stake_rao,
            validator_permit: stake_rao > 0,
        };
        let subnet = |netuid, neurons| SubnetGenesis { neurons, ..SubnetGenesis::new(NetUid(netuid)) };
        let genesis = Genesis {
            subnets: vec![
                subnet(
                    1,
                    vec![
                        neuron(&validator, "//Alice", 1_000 * TAO),
                        neuron(&good, "//Bob", 0),
                        neuron(&poor, "//Bob", 0),
                    ],
                ),
                subnet(2, vec![neuron(&validator, "//Alice", 70 * TAO), neuron(&good, "//Bob", 0)]),
            ],
            stake_threshold_rao: THRESHOLD,
            ..Genesis::default()
        };
        let node = Node::start(genesis).await;
        for (who, netuid, tao) in [("//Charlie", 1, 30), ("//Dave", 1, 7), ("//Charlie", 0, 500)] {
            let stake = Call::<Runtime>::add_stake { hotkey: id(&validator), netuid, amount_staked: tao * TAO };
            assert_eq!(node.send(&dev_account(who), stake).await, Fate::Done);
        }
        assert_eq!(node.send(&good, serve(0x7f00_0002, 8091, 4)).await, Fate::Done);
        assert_eq!(node.send(&validator, set_weights(&[2, 3], &[900, 100])).await, Fate::Done);
        node.blocks(43 - node.handle.best().number as u32);
        Self { node, validator }
    }

    /// A value of one of the pallet's maps by netuid (or storage index).
    pub async fn of<V: Decode + Default>(&self, map: &str, netuid: u16) -> V {
        self.node.of_subnet(map, &netuid.to_le_bytes()).await
    }
}

/// A key of the pallet's storage, by plain bytes after the item's prefix.
pub fn key(item: &str, rest: &[u8]) -> Vec<u8> {
    [&sp_core::twox_128(b"SubtensorModule")[..], &sp_core::twox_128(item.as_bytes()), rest].concat()
}

/// The part of a key that stands for a hashed value: its BLAKE2-128 and itself.
pub fn blake(value: &[u8]) -> Vec<u8> {
    [&sp_core::blake2_128(value)[..], value].concat()
}

/// Write storage with sudo.
pub async fn write(node: &Node, items: Vec<(Vec<u8>, Vec<u8>)>) {
    let call = Box::new(RuntimeCall::from(frame_system::Call::set_storage { items }));
    assert_eq!(node.send(&alice(), pallet_sudo::Call::<Runtime>::sudo { call }).await, Fate::Done);
}

/// A storage item of a netuid (or storage index).
pub fn item(name: &str, netuid: u16, value: impl Encode) -> (Vec<u8>, Vec<u8>) {
    (key(name, &netuid.to_le_bytes()), value.encode())
}
