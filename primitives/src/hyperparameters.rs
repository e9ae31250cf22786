//! A subnet's rules, with the chain's names.

use serde::{Deserialize, Serialize};

use crate::BlockNumber;

/// The hyperparameters that a validator needs, read at one block. Names and units are the chain's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hyperparameters {
    /// Blocks between two epochs; 0 means no epochs.
    pub tempo: u16,
    /// Blocks during which a new neuron can't be replaced.
    pub immunity_period: u16,
    /// Fewest uids a weights row may name.
    pub min_allowed_weights: u16,
    /// Seats.
    pub max_allowed_uids: u16,
    /// Seats with a permit.
    pub max_allowed_validators: u16,
    /// Fewest blocks between two rows of one validator.
    pub weights_rate_limit: u64,
    /// The version that a row must carry at least; 0 means any.
    pub weights_version: u64,
    /// Whether rows must be committed first and revealed later.
    pub commit_reveal_weights_enabled: bool,
    /// The majority of stake that sets consensus, of 65535.
    pub kappa: u16,
    /// Epochs run so far.
    pub epoch_index: u64,
    /// The block of the last epoch.
    pub last_epoch_block: BlockNumber,
    /// An epoch that the owner asked for at a block; 0 means none.
    pub pending_epoch_at: BlockNumber,
    /// Blocks since the last epoch.
    pub blocks_since_last_step: u64,
}

impl Hyperparameters {
    /// The block whose end runs the next epoch, as the chain schedules it: `tempo` blocks after the last one, or
    /// where the owner asked for one earlier. None where the subnet has no epochs.
    pub fn next_epoch_block(&self) -> Option<BlockNumber> {
        if self.tempo == 0 {
            return None;
        }
        let automatic = self.last_epoch_block.saturating_add(u64::from(self.tempo));
        Some(match self.pending_epoch_at {
            0 => automatic,
            asked => automatic.min(asked),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_epoch_follows_the_chains_schedule() {
        let at = |last_epoch_block, pending_epoch_at, tempo| {
            Hyperparameters {
                tempo,
                immunity_period: 0,
                min_allowed_weights: 1,
                max_allowed_uids: 256,
                max_allowed_validators: 64,
                weights_rate_limit: 100,
                weights_version: 0,
                commit_reveal_weights_enabled: false,
                kappa: 32767,
                epoch_index: 0,
                last_epoch_block,
                pending_epoch_at,
                blocks_since_last_step: 0,
            }
            .next_epoch_block()
        };
        assert_eq!(at(100, 0, 50), Some(150));
        assert_eq!(at(100, 120, 50), Some(120));
        assert_eq!(at(100, 200, 50), Some(150));
        assert_eq!(at(100, 0, 0), None);
    }
}
