//! A subnet as it stood at one block.

use serde::{Deserialize, Serialize};

use crate::{BlockNumber, BlockRef, Certificate, Coldkey, Endpoint, Hotkey, MechId, NetUid, Registration, Uid};

/// One seat of a subnet, at the metagraph's block.
///
/// Each mechanism has its own `last_update` and `incentive`, and `active` follows from the first. What else an epoch
/// found is the sum over all mechanisms, each counting by its part of the emission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neuron {
    /// The seat.
    pub uid: Uid,
    /// Who sits in it.
    pub hotkey: Hotkey,
    /// Who owns it.
    pub coldkey: Coldkey,
    /// `BlockAtRegistration`.
    pub registered_at: BlockNumber,
    /// The announced axon, if it serves.
    pub endpoint: Option<Endpoint>,
    /// The announced key for TLS, if there is one.
    pub certificate: Option<Certificate>,
    /// Whether its weights count.
    pub validator_permit: bool,
    /// Whether its weights are recent enough to count: an epoch at this block would take it as active.
    pub active: bool,
    /// Alpha staked to the hotkey on this subnet, in rao of alpha (1e9 = 1 alpha).
    pub stake_rao: u64,
    /// Share of the subnet's stake at the last epoch, TAO on root and borrowed stake included, of 65535.
    pub stake_weight: u16,
    /// The block of its last accepted weights or commit.
    pub last_update: BlockNumber,
    /// Share of the miners' emission at the last epoch, of 65535.
    pub incentive: u16,
    /// Share of the validators' emission at the last epoch, of 65535.
    pub dividends: u16,
    /// Stake-weighted median of the weights on it at the last epoch, of 65535.
    pub consensus: u16,
    /// How much of its own weights survived clipping at the last epoch, of 65535.
    pub validator_trust: u16,
    /// Paid at the last epoch, in rao of alpha.
    pub emission_rao: u64,
}

/// A subnet at one block: every field of every neuron was read at `block`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metagraph {
    /// Which subnet.
    pub netuid: NetUid,
    /// Which of its mechanisms.
    pub mechanism: MechId,
    /// When.
    pub block: BlockRef,
    /// All seats, `neurons[i].uid == i`.
    pub neurons: Vec<Neuron>,
}

impl Neuron {
    /// The key of this neuron's history.
    pub fn registration(&self) -> Registration {
        Registration { hotkey: self.hotkey, block: self.registered_at }
    }
}

impl Metagraph {
    /// The neuron in a seat.
    pub fn neuron(&self, uid: Uid) -> Option<&Neuron> {
        self.neurons.get(usize::from(uid.0))
    }

    /// The neuron of a hotkey.
    pub fn by_hotkey(&self, hotkey: &Hotkey) -> Option<&Neuron> {
        self.neurons.iter().find(|neuron| neuron.hotkey == *hotkey)
    }
}
