//! A subnet with many seats taken.

use localnet::{Genesis, GenesisNeuron};
use primitives::{Coldkey, Hotkey};

/// The owner and others, of whom nobody holds the key: so many seats together, 256 at most.
pub fn full_subnet(seats: u16) -> Genesis {
    let mut genesis = Genesis::default();
    let key = |uid: u16| {
        let mut key = [7; 32];
        key[..2].copy_from_slice(&uid.to_le_bytes());
        key
    };
    let neuron = |uid| GenesisNeuron {
        hotkey: Hotkey(key(uid)),
        coldkey: Coldkey([9; 32]),
        stake_rao: 1_000_000_000,
        validator_permit: uid < 64,
    };
    genesis.subnets[0].neurons = (1..seats).map(neuron).collect();
    genesis
}
