//! Whom the operator serves, beyond what the subnet says.

use primitives::{Coldkey, Hotkey, Neuron};
use serde::{Deserialize, Serialize};

/// Lists of an operator. They can be changed while the miner runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Access {
    /// Where this or `allow_coldkeys` names anybody, nobody else is served.
    pub allow_hotkeys: Vec<Hotkey>,
    /// All hotkeys of these coldkeys are allowed.
    pub allow_coldkeys: Vec<Coldkey>,
    /// Never served, whatever else is said.
    pub deny_hotkeys: Vec<Hotkey>,
    /// Hotkeys of these coldkeys are never served.
    pub deny_coldkeys: Vec<Coldkey>,
    /// Whoever has less stake on the subnet isn't served, unless it is allowed by name. In rao.
    pub min_stake_rao: u64,
    /// Served before everybody else; validators with a permit come next, then the others.
    pub priority_hotkeys: Vec<Hotkey>,
}

/// Why an operator doesn't serve somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAllowed {
    #[error("this miner doesn't serve this signer")]
    Denied,
    #[error("this miner serves signers on its list only")]
    Unlisted,
    #[error("this miner serves signers with a stake of {needed_rao} rao or more")]
    Stake { needed_rao: u64 },
}

/// Who goes first where there isn't room for all; the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// With a seat, and nothing more.
    Seated,
    /// A validator with a permit.
    Permitted,
    /// Named by the operator.
    Named,
}

impl Access {
    /// Whether somebody with a seat is served.
    pub(crate) fn admits(&self, neuron: &Neuron) -> Result<(), NotAllowed> {
        let named = |hotkeys: &[Hotkey], coldkeys: &[Coldkey]| {
            hotkeys.contains(&neuron.hotkey) || coldkeys.contains(&neuron.coldkey)
        };
        if named(&self.deny_hotkeys, &self.deny_coldkeys) {
            return Err(NotAllowed::Denied);
        }
        if named(&self.allow_hotkeys, &self.allow_coldkeys) {
            return Ok(());
        }
        if !self.allow_hotkeys.is_empty() || !self.allow_coldkeys.is_empty() {
            return Err(NotAllowed::Unlisted);
        }
        if neuron.stake_rao < self.min_stake_rao {
            return Err(NotAllowed::Stake { needed_rao: self.min_stake_rao });
        }
        Ok(())
    }

    pub(crate) fn rank(&self, neuron: &Neuron) -> Rank {
        if self.priority_hotkeys.contains(&neuron.hotkey) {
            Rank::Named
        } else if neuron.validator_permit {
            Rank::Permitted
        } else {
            Rank::Seated
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::metagraph;

    #[test]
    fn who_is_denied_is_denied_and_who_is_named_needs_no_stake() {
        let (hotkey, coldkey) = (Hotkey([1; 32]), Coldkey([0; 32]));
        let neuron = metagraph(&[hotkey]).neurons.remove(0);
        let everybody = Access::default();
        assert_eq!(everybody.admits(&neuron), Ok(()));

        let rich = Access { min_stake_rao: 5, ..everybody.clone() };
        assert_eq!(rich.admits(&neuron), Err(NotAllowed::Stake { needed_rao: 5 }));
        assert_eq!(rich.admits(&Neuron { stake_rao: 5, ..neuron.clone() }), Ok(()));
        assert_eq!(Access { allow_hotkeys: vec![hotkey], ..rich.clone() }.admits(&neuron), Ok(()));
        assert_eq!(Access { allow_coldkeys: vec![coldkey], ..rich }.admits(&neuron), Ok(()));

        let others = Access { allow_hotkeys: vec![Hotkey([2; 32])], ..everybody.clone() };
        assert_eq!(others.admits(&neuron), Err(NotAllowed::Unlisted));

        let both = Access { allow_hotkeys: vec![hotkey], deny_coldkeys: vec![coldkey], ..everybody.clone() };
        assert_eq!(both.admits(&neuron), Err(NotAllowed::Denied));
        assert_eq!(Access { deny_hotkeys: vec![hotkey], ..everybody }.admits(&neuron), Err(NotAllowed::Denied));
    }

    #[test]
    fn the_operators_word_ranks_above_a_permit() {
        let neuron = metagraph(&[Hotkey([1; 32])]).neurons.remove(0);
        let permitted = Neuron { validator_permit: true, ..neuron.clone() };
        let access = Access { priority_hotkeys: vec![neuron.hotkey], ..Access::default() };
        assert_eq!(Access::default().rank(&neuron), Rank::Seated);
        assert_eq!(Access::default().rank(&permitted), Rank::Permitted);
        assert_eq!(access.rank(&neuron), Rank::Named);
        assert!(Rank::Named > Rank::Permitted && Rank::Permitted > Rank::Seated);
    }
}
