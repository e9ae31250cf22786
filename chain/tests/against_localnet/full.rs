//! A subnet without a free seat.

use localnet::{Genesis, GenesisNeuron};
use primitives::{Coldkey, Hotkey};

pub const SEATS: u16 = 256;

/// The owner and 255 others, of whom nobody holds the key.
pub fn full_subnet() -> Genesis {
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
    genesis.subnets[0].neurons = (1..SEATS).map(neuron).collect();
    genesis
}
