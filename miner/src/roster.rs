//! Who sits on the subnet: a metagraph, and where each hotkey is in it.

use std::collections::HashMap;

use primitives::{Hotkey, Metagraph, Neuron};

/// A metagraph that is asked by hotkey, once per request.
#[derive(Clone, Debug)]
pub struct Roster {
    metagraph: Metagraph,
    places: HashMap<Hotkey, usize>,
    stake_rao: u128,
}

impl Roster {
    /// Of one metagraph.
    pub fn new(metagraph: Metagraph) -> Self {
        let places = metagraph.neurons.iter().enumerate().map(|(place, neuron)| (neuron.hotkey, place)).collect();
        let stake_rao = metagraph.neurons.iter().map(|neuron| u128::from(neuron.stake_rao)).sum();
        Self { metagraph, places, stake_rao }
    }

    /// What it was made of.
    pub fn metagraph(&self) -> &Metagraph {
        &self.metagraph
    }

    /// The neuron of a hotkey.
    pub fn seat(&self, hotkey: &Hotkey) -> Option<&Neuron> {
        self.metagraph.neurons.get(*self.places.get(hotkey)?)
    }

    /// `whole` split by stake: a neuron's part of it, rounded down.
    pub(crate) fn part(&self, neuron: &Neuron, whole: u32) -> u32 {
        let part = u128::from(whole) * u128::from(neuron.stake_rao);
        part.checked_div(self.stake_rao).and_then(|part| u32::try_from(part).ok()).unwrap_or(0)
    }
}
