//! Small numeric ids of the chain, and the key for all history.

use std::fmt;

use codec::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{BlockNumber, Hotkey};

/// A subnet's number on chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(transparent)]
pub struct NetUid(pub u16);

/// A mechanism (sub-subnet) of a subnet; 0 is the main one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(transparent)]
pub struct MechId(pub u8);

/// A neuron's seat in a subnet. Seats are recycled: never a key for history, see [`Registration`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(transparent)]
pub struct Uid(pub u16);

/// One miner's tenure: the hotkey and the block at which it was registered. A hotkey that leaves and returns is a
/// new registration with no history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
pub struct Registration {
    /// Who.
    pub hotkey: Hotkey,
    /// `BlockAtRegistration` on chain.
    #[codec(compact)]
    pub block: BlockNumber,
}

impl NetUid {
    /// The chain's storage index of a mechanism's rows: `mechanism * 4096 + netuid`.
    pub fn storage_index(self, mechanism: MechId) -> u16 {
        u16::from(mechanism.0).wrapping_mul(4096).wrapping_add(self.0)
    }
}

impl fmt::Display for NetUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for MechId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.hotkey, self.block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_index_is_mechanism_times_4096_plus_netuid() {
        assert_eq!(NetUid(1).storage_index(MechId(0)), 1);
        assert_eq!(NetUid(1).storage_index(MechId(1)), 4097);
    }
}
