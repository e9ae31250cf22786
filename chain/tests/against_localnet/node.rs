//! A chain for one test, and blocks for it.

use std::{pin::pin, time::Duration};

use assay_chain::Client;
use localnet::{Config, Genesis, GenesisNeuron, Handle, Rules, SubnetGenesis, dev_account, spawn};
use primitives::{Keypair, NetUid};

pub const NET: NetUid = NetUid(1);
/// Rows have to be committed first.
pub const COMMITTED: NetUid = NetUid(2);
/// Wants three uids, version 7, and 50 blocks between rows.
pub const STRICT: NetUid = NetUid(3);

pub const STAKE: u64 = 5_000_000_000;

/// The account that owns all neurons of the genesis.
pub fn alice() -> Keypair {
    dev_account("//Alice")
}

/// A seat with stake and a permit, uid 1 everywhere.
pub fn validator() -> Keypair {
    dev_account("//Validator")
}

/// A seat with neither, uid 2 everywhere.
pub fn miner() -> Keypair {
    dev_account("//Miner")
}

/// Owner, validator and miner on three subnets.
pub fn genesis() -> Genesis {
    let subnet = |netuid, change: fn(&mut Rules)| {
        let mut subnet = SubnetGenesis::new(netuid);
        let neuron = |keypair: Keypair, stake_rao, validator_permit| GenesisNeuron {
            hotkey: keypair.hotkey(),
            coldkey: alice().coldkey(),
            stake_rao,
            validator_permit,
        };
        subnet.neurons = vec![neuron(validator(), STAKE, true), neuron(miner(), 0, false)];
        change(&mut subnet.rules);
        subnet
    };
    Genesis {
        subnets: vec![
            subnet(NET, |_| {}),
            subnet(COMMITTED, |rules| rules.commit_reveal_weights_enabled = true),
            subnet(STRICT, |rules| {
                rules.min_allowed_weights = 3;
                rules.weights_version_key = 7;
                rules.weights_set_rate_limit = 50;
            }),
        ],
        ..Genesis::default()
    }
}

/// A chain, and a client of it.
pub async fn start() -> (Handle, Client) {
    let node = spawn(Config { genesis: genesis(), ..Config::test() }).await.unwrap();
    let client = Client::connect(&node.url()).await.unwrap();
    (node, client)
}

/// Make blocks until a call is done. Its transaction has 128 of them to get into one.
pub async fn with_blocks<T>(node: &Handle, call: impl Future<Output = T>) -> T {
    let mut call = pin!(call);
    let mut clock = tokio::time::interval(Duration::from_millis(50));
    loop {
        tokio::select! {
            biased;
            done = &mut call => return done,
            _ = clock.tick() => {
                node.author_block().unwrap();
            }
        }
    }
}
