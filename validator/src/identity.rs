//! Whose store it is.

use std::fmt;

use primitives::{BlockHash, Hotkey, MechId, NetUid};
use serde::{Deserialize, Serialize};

/// One validator on one mechanism of one subnet of one chain. A store belongs to one of them: scores of another
/// chain, or nonces of another key, would be wrong and look right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The chain, by its first block.
    pub genesis: BlockHash,
    /// The subnet.
    pub netuid: NetUid,
    /// The mechanism.
    pub mech: MechId,
    /// The validator.
    pub validator: Hotkey,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { genesis, netuid, mech, validator } = self;
        write!(f, "validator {validator} of subnet {netuid} (mechanism {mech}) on chain {genesis}")
    }
}
