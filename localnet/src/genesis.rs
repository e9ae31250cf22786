//! Block 0.

use node_subtensor_runtime::{
    AccountId, Balance, BlockNumber, RuntimeGenesisConfig, SlotDuration, pallet_balances, pallet_drand, pallet_shield,
    pallet_subtensor, pallet_sudo,
};
pub use pallet_subtensor::Hyperparameters as Rules;
use primitives::{Coldkey, Hotkey, Keypair, NetUid};
use sp_core::storage::Storage;
use sp_runtime::BuildStorage;

use crate::{Beacon, Fork, shield::Shield};

/// The accounts of every development chain: `//Alice` and so on.
pub const DEV_ACCOUNTS: [&str; 6] = ["//Alice", "//Bob", "//Charlie", "//Dave", "//Eve", "//Ferdie"];

/// Public keys of the default genesis. To derive one takes as long as to make a few dozen blocks.
const KNOWN: [(&str, &str); 8] = [
    ("//Alice", "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"),
    ("//Bob", "8eaf04151687736326c9fea17e25fc5287613693c912909cb226aa4794f26a48"),
    ("//Charlie", "90b5ab205c6974c9ea841be688864633dc9ca8a357843eeacf2314649965fe22"),
    ("//Dave", "306721211d5404bd9da88e0204360a1a9ab8b87c66c1bc2fcdd37f3c2222cc20"),
    ("//Eve", "e659a7a1628cdd93febc04a4e0646ea20e9f5f0ce097d9a05290d4a9e054df4e"),
    ("//Ferdie", "1cbd2d43530a44705ad088af313e18f80b53ef16b36177cd4b77b846f2a5f07c"),
    ("//Owner", "967565a72ebaf286e32c4fa2bff58394bb727afb3c2b10f0a628d4f56d890075"),
    ("//Owner//hotkey", "f4aa3d5bcd8449ea3507374fd79ab68110a4658f88a8172e4e63bcef7ef67436"),
];

/// One TAO in rao.
const TAO: u64 = 1_000_000_000;

/// What stands in block 0. The default: six rich development accounts, `//Alice` with sudo, subnet 1 running.
#[derive(Clone, Debug, PartialEq)]
pub struct Genesis {
    /// Who may call sudo.
    pub sudo: Coldkey,
    /// Free balances, in rao.
    pub balances: Vec<(Coldkey, u64)>,
    /// Running subnets. Root is always there.
    pub subnets: Vec<SubnetGenesis>,
    /// Stake that a hotkey needs to set weights and to count at an epoch, in rao of alpha.
    pub stake_threshold_rao: u64,
    /// What a new network costs, in rao.
    pub network_lock_rao: u64,
    /// Fewest blocks between two new networks.
    pub network_rate_limit: u64,
    /// A subnet copied from another chain. The chain's first block follows the one that was copied.
    pub fork: Option<Fork>,
}

/// A subnet that runs from the start.
#[derive(Clone, Debug, PartialEq)]
pub struct SubnetGenesis {
    /// Which.
    pub netuid: NetUid,
    /// Who owns it. What miners of this coldkey earn is burned, as on the chain: give miners another one.
    pub owner: Coldkey,
    /// The owner's hotkey, which has uid 0.
    pub owner_hotkey: Hotkey,
    /// TAO and alpha in its pool, in rao: their ratio is the price. The TAO is issued beside the balances, and there
    /// are never more than 21 million.
    pub pool: (u64, u64),
    /// Its hyperparameters.
    pub rules: Rules,
    /// Neurons with a seat from the start, from uid 1.
    pub neurons: Vec<GenesisNeuron>,
}

/// A neuron with a seat from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenesisNeuron {
    /// Who sits.
    pub hotkey: Hotkey,
    /// Who owns it.
    pub coldkey: Coldkey,
    /// Alpha staked to it, in rao.
    pub stake_rao: u64,
    /// Whether its weights count before the first epoch.
    pub validator_permit: bool,
}

impl Default for Genesis {
    fn default() -> Self {
        Self {
            sudo: Coldkey(public_key("//Alice")),
            balances: DEV_ACCOUNTS.iter().map(|uri| (Coldkey(public_key(uri)), 1_000_000 * TAO)).collect(),
            subnets: vec![SubnetGenesis::new(NetUid(1))],
            stake_threshold_rao: 0,
            network_lock_rao: 1_000 * TAO,
            network_rate_limit: 0,
            fork: None,
        }
    }
}

impl SubnetGenesis {
    /// A running subnet owned by `//Owner` (hotkey `//Owner//hotkey`) with the chain's rules for a new subnet, but for
    /// what would make tests wait: no limit on weights, axons and registrations, commit-reveal off, tempo 20. Its pool
    /// holds a million TAO and as much alpha, so that a thousand TAO move the price by a fifth of a percent.
    pub fn new(netuid: NetUid) -> Self {
        Self {
            netuid,
            owner: Coldkey(public_key("//Owner")),
            owner_hotkey: Hotkey(public_key("//Owner//hotkey")),
            pool: (1_000_000 * TAO, 1_000_000 * TAO),
            rules: Rules {
                tempo: 20,
                weights_set_rate_limit: 0,
                serving_rate_limit: 0,
                min_non_immune_uids: 0,
                ..Rules::default()
            },
            neurons: Vec::new(),
        }
    }
}

/// A key that everybody knows, from its URI: `//Alice`.
///
/// # Panics
/// Where `uri` is no secret URI. It is meant for constants.
pub fn dev_account(uri: &str) -> Keypair {
    Keypair::from_uri(uri).unwrap_or_else(|error| panic!("{uri}: {error}"))
}

fn public_key(uri: &str) -> [u8; 32] {
    let mut key = [0; 32];
    let known = KNOWN.iter().find(|(name, _)| *name == uri);
    match known.map(|(_, digits)| hex::decode_to_slice(digits, &mut key)) {
        Some(Ok(())) => key,
        _ => dev_account(uri).public(),
    }
}

impl Genesis {
    /// The state in which the chain starts.
    pub(crate) fn storage(&self, beacon: Beacon, slot_ms: u64) -> Result<Storage, String> {
        let mut storage = self.runtime_config(beacon).build_storage()?;
        storage.top.extend([SlotDuration::item(slot_ms)]);
        if let Some(fork) = &self.fork {
            if self.subnets.iter().any(|subnet| subnet.netuid == fork.netuid) {
                return Err(format!("subnet {} is made and copied", fork.netuid.0));
            }
            fork.put(&mut storage);
        }
        Ok(storage)
    }

    /// The block in whose state the chain starts.
    pub(crate) fn first_block(&self) -> BlockNumber {
        self.fork.as_ref().map_or(0, Fork::block_number)
    }

    fn runtime_config(&self, beacon: Beacon) -> RuntimeGenesisConfig {
        let account = |key: &[u8; 32]| AccountId::new(*key);
        let subnets = self.subnets.iter().map(|subnet| pallet_subtensor::GenesisSubnet {
            netuid: subnet.netuid.0,
            owner: account(&subnet.owner.0),
            owner_hotkey: account(&subnet.owner_hotkey.0),
            pool: subnet.pool,
            hyperparameters: subnet.rules.clone(),
            neurons: subnet
                .neurons
                .iter()
                .map(|neuron| pallet_subtensor::GenesisNeuron {
                    hotkey: account(&neuron.hotkey.0),
                    coldkey: account(&neuron.coldkey.0),
                    stake: neuron.stake_rao,
                    validator_permit: neuron.validator_permit,
                })
                .collect(),
        });
        let balances: Vec<(AccountId, Balance)> =
            self.balances.iter().map(|(coldkey, rao)| (account(&coldkey.0), *rao)).collect();
        RuntimeGenesisConfig {
            balances: pallet_balances::GenesisConfig { balances, ..Default::default() },
            mev_shield: pallet_shield::GenesisConfig {
                key: Shield::default().public_key().to_vec(),
                ..Default::default()
            },
            drand: pallet_drand::GenesisConfig { beacon: Some(beacon.configuration()), ..Default::default() },
            sudo: pallet_sudo::GenesisConfig { key: Some(account(&self.sudo.0)) },
            subtensor_module: pallet_subtensor::GenesisConfig {
                subnets: subnets.collect(),
                stake_threshold: self.stake_threshold_rao,
                network_min_lock_cost: self.network_lock_rao,
                network_rate_limit: self.network_rate_limit,
            },
            ..Default::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_keys_are_those_of_their_names() {
        for (uri, digits) in KNOWN {
            assert_eq!(hex::encode(dev_account(uri).public()), digits, "{uri}");
        }
    }
}
