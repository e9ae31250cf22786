//! Fewer seats: who leaves, and what becomes of the others' uids.

use localnet::{Genesis, GenesisNeuron, dev_account};
use node_subtensor_runtime::{
    AccountId, Runtime, pallet_admin_utils,
    pallet_subtensor::{self as subtensor, Call},
};
use primitives::Keypair;

use crate::{
    account::{alice, id},
    node::{Fate, Node},
    subnet::{genesis, serve, set_weights},
};

const NET: u16 = 1;
/// The main mechanism's maps have the netuid for a key, the second's this.
const SECOND: u16 = 4_096 + NET;

/// Miners at the uids 2 to 9, after the owner and a validator.
fn miner(uid: u16) -> Keypair {
    dev_account(&format!("//Miner{uid}"))
}

fn validator() -> Keypair {
    dev_account("//Validator")
}

fn trim(max_n: u16) -> pallet_admin_utils::Call<Runtime> {
    pallet_admin_utils::Call::sudo_trim_to_max_allowed_uids { netuid: NET, max_n }
}

fn failed(name: &str) -> Fate {
    Fate::Failed(name.to_owned())
}

fn full(immunity_period: u16) -> Genesis {
    let mut genesis = genesis(|rules| {
        rules.immunity_period = immunity_period;
        rules.max_allowed_uids = 10;
        rules.tempo = 20;
    });
    genesis.subnets[0].owner = dev_account("//Bob").coldkey();
    let neuron = |keypair: Keypair, stake_rao, validator_permit| GenesisNeuron {
        hotkey: keypair.hotkey(),
        coldkey: alice().coldkey(),
        stake_rao,
        validator_permit,
    };
    let mut neurons = vec![neuron(validator(), 1_000_000_000_000, true)];
    neurons.extend((2..10).map(|uid| neuron(miner(uid), 0, false)));
    genesis.subnets[0].neurons = neurons;
    genesis
}

async fn start(immunity_period: u16) -> Node {
    let node = Node::start(full(immunity_period)).await;
    for call in [
        pallet_admin_utils::Call::<Runtime>::sudo_set_admin_freeze_window { window: 0 },
        pallet_admin_utils::Call::sudo_set_min_allowed_uids { netuid: NET, min_allowed_uids: 2 },
    ] {
        assert_eq!(node.sudo(call).await, Fate::Done);
    }
    node
}

async fn hotkeys(node: &Node) -> Vec<AccountId> {
    let mut hotkeys = Vec::new();
    for uid in 0.. {
        match node.storage(&subtensor::Keys::<Runtime>::hashed_key_for(NET, uid)).await {
            Some(hotkey) => hotkeys.push(hotkey),
            None => break,
        }
    }
    hotkeys
}

async fn row(node: &Node, map: &str, index: u16, uid: u16) -> Vec<(u16, u16)> {
    node.of_subnet(map, &[index.to_le_bytes(), uid.to_le_bytes()].concat()).await
}

#[tokio::test]
async fn the_least_paid_leave_and_the_others_move_up() {
    let node = start(0).await;
    let mechanisms = pallet_admin_utils::Call::<Runtime>::sudo_set_mechanism_count { netuid: NET, mechanism_count: 2 };
    assert_eq!(node.sudo(mechanisms).await, Fate::Done);
    // Miners 3, 5 and 8 are paid; 3 least. The second mechanism pays 5 and 9.
    assert_eq!(node.send(&validator(), set_weights(&[3, 4, 5, 8], &[10, 0, 30, 60])).await, Fate::Done);
    let second =
        Call::set_mechanism_weights { netuid: NET, mecid: 1, dests: vec![5, 9], weights: vec![1, 1], version_key: 0 };
    assert_eq!(node.send(&validator(), second).await, Fate::Done);
    for uid in [4, 9] {
        assert_eq!(node.send(&miner(uid), serve(0x7f00_0002, 8000 + uid, 4)).await, Fate::Done);
    }
    let left = 40 - node.handle.best().number as u32;
    node.blocks(left);
    let before: Vec<u64> = node.of_subnet("Emission", &NET.to_le_bytes()).await;
    assert!(before[3] > 0 && before[4] == 0 && before[9] > before[3], "{before:?}");
    let updates: Vec<u64> = node.of_subnet("LastUpdate", &NET.to_le_bytes()).await;
    let weights: Vec<u16> = node.of_subnet("StakeWeight", &NET.to_le_bytes()).await;
    let bonds = row(&node, "Bonds", NET, 1).await;
    assert_eq!(bonds.iter().map(|bond| bond.0).collect::<Vec<_>>(), [3, 5, 8]);

    assert_eq!(node.send(&dev_account("//Charlie"), trim(6)).await, failed("BadOrigin"));
    assert_eq!(node.send(&dev_account("//Bob"), trim(6)).await, Fate::Done);
    // Nothing was paid to 2, 4, 6 and 7. The owner, in uid 0, was not paid either but stays.
    let owner = id(&dev_account("//Owner//hotkey"));
    let stay = [owner, id(&validator()), id(&miner(3)), id(&miner(5)), id(&miner(8)), id(&miner(9))];
    assert_eq!(hotkeys(&node).await, stay);
    for (uid, hotkey) in (0u16..).zip(&stay) {
        let key = subtensor::Uids::<Runtime>::hashed_key_for(NET, hotkey);
        assert_eq!(node.storage::<u16>(&key).await, Some(uid));
    }
    assert_eq!(node.of_subnet::<u16>("SubnetworkN", &NET.to_le_bytes()).await, 6);
    assert_eq!(node.of_subnet::<u16>("MaxAllowedUids", &NET.to_le_bytes()).await, 6);

    fn kept<V: Copy>(all: &[V]) -> [V; 6] {
        [0, 1, 3, 5, 8, 9].map(|uid| all[uid])
    }
    assert_eq!(node.of_subnet::<Vec<u64>>("Emission", &NET.to_le_bytes()).await, kept(&before));
    assert_eq!(node.of_subnet::<Vec<u64>>("LastUpdate", &NET.to_le_bytes()).await, kept(&updates));
    assert_eq!(node.of_subnet::<Vec<bool>>("ValidatorPermit", &NET.to_le_bytes()).await.len(), 6);
    assert_eq!(node.of_subnet::<Vec<u16>>("StakeWeight", &NET.to_le_bytes()).await, kept(&weights));
    for index in [NET, SECOND] {
        assert_eq!(node.of_subnet::<Vec<u16>>("Incentive", &index.to_le_bytes()).await.len(), 6);
    }
    assert_eq!(row(&node, "Weights", NET, 1).await, [(2, 10923), (3, 32768), (4, 65535)]);
    assert_eq!(row(&node, "Weights", SECOND, 1).await, [(3, 65535), (5, 65535)]);
    let moved: Vec<(u16, u16)> = bonds.iter().zip([2, 3, 4]).map(|(bond, uid)| (uid, bond.1)).collect();
    assert_eq!(row(&node, "Bonds", NET, 1).await, moved);

    // Who left is a stranger; who stayed kept what it announced.
    let axon = |uid| subtensor::Axons::<Runtime>::hashed_key_for(NET, id(&miner(uid)));
    assert!(node.raw(&axon(4)).await.is_none() && node.raw(&axon(9)).await.is_some());
    let member = |uid| subtensor::IsNetworkMember::<Runtime>::hashed_key_for(id(&miner(uid)), NET);
    assert!(node.raw(&member(4)).await.is_none() && node.raw(&member(9)).await.is_some());
    assert!(node.raw(&subtensor::BlockAtRegistration::<Runtime>::hashed_key_for(NET, 6)).await.is_none());

    // The subnet lives on, and its owner may trim once a month.
    let index: u64 = node.of_subnet("SubnetEpochIndex", &NET.to_le_bytes()).await;
    node.blocks(20);
    assert_eq!(node.of_subnet::<u64>("SubnetEpochIndex", &NET.to_le_bytes()).await, index + 1);
    assert_eq!(node.of_subnet::<Vec<u64>>("Emission", &NET.to_le_bytes()).await.len(), 6);
    assert_eq!(node.send(&dev_account("//Bob"), trim(5)).await, failed("TxRateLimitExceeded"));
    assert_eq!(node.sudo(trim(5)).await, Fate::Done);
    assert_eq!(hotkeys(&node).await.len(), 5);
}

#[tokio::test]
async fn of_equals_the_last_leave() {
    let node = start(0).await;
    assert_eq!(node.sudo(trim(7)).await, Fate::Done);
    let stay: Vec<AccountId> = (2..7).map(|uid| id(&miner(uid))).collect();
    assert_eq!(hotkeys(&node).await[2..], stay);
}

#[tokio::test]
async fn the_immune_stay() {
    let node = start(1_000).await;
    // All ten are immune: ten of eight, or of any number of seats, are too many.
    assert_eq!(node.sudo(trim(8)).await, failed("TrimmingWouldExceedMaxImmunePercentage"));
    assert_eq!(node.of_subnet::<u16>("MaxAllowedUids", &NET.to_le_bytes()).await, 10, "nothing changed");

    let immunity = |immunity_period| pallet_admin_utils::Call::<Runtime>::sudo_set_immunity_period {
        netuid: NET,
        immunity_period,
    };
    assert_eq!(node.sudo(immunity(0)).await, Fate::Done);
    // A newcomer takes the seat of the first of those that were paid nothing.
    let newcomer = dev_account("//Newcomer");
    assert_eq!(node.send(&alice(), crate::subnet::register(&newcomer)).await, Fate::Done);
    assert_eq!(node.sudo(immunity(50)).await, Fate::Done);
    node.blocks(45);
    assert_eq!(node.sudo(trim(3)).await, Fate::Done);
    let seated = hotkeys(&node).await;
    assert_eq!(seated.len(), 3);
    assert!(seated.contains(&id(&newcomer)) && seated.contains(&id(&dev_account("//Owner//hotkey"))));
}

#[tokio::test]
async fn bounds() {
    let node = start(0).await;
    assert_eq!(node.sudo(trim(1)).await, failed("InvalidValue"), "fewer than the fewest");
    assert_eq!(node.sudo(trim(11)).await, failed("InvalidValue"), "more than there are");
    let nowhere = pallet_admin_utils::Call::sudo_trim_to_max_allowed_uids { netuid: 9, max_n: 8 };
    assert_eq!(node.sudo(nowhere).await, failed("SubnetNotExists"));
    assert_eq!(node.sudo(trim(10)).await, Fate::Done);
    assert_eq!(hotkeys(&node).await.len(), 10);
}
