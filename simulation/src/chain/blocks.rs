//! Block by block.

use primitives::{BlockNumber, EpochSchedule};
use scoring::emission::{block_emission, seat_price};

use super::{Chain, Epoch};

impl Chain {
    /// The next block begins. Returns the epoch that it ran, if one was due.
    pub fn step(&mut self) -> Option<Epoch> {
        self.block = self.block.saturating_add(1);
        let cheaper = seat_price::decayed(self.rules.burn, self.burn_decay);
        // The chain's first block is not a block later.
        self.rules.burn = self.within_burn_bounds(if self.block > 1 { cheaper } else { self.rules.burn });
        self.open_commits();
        let alpha_out = block_emission(self.alpha.alpha_issuance);
        let split = self.alpha.step(&self.terms);
        self.unassigned = self.unassigned.saturating_add(split.rounding(alpha_out));

        let due = self.schedule().runs_at(self.block);
        self.rules.blocks_since_last_step = self.rules.blocks_since_last_step.saturating_add(1);
        if !due {
            return None;
        }
        let drained = self.alpha.drain();
        self.rules.blocks_since_last_step = 0;
        self.rules.last_epoch_block = self.block;
        self.rules.pending_epoch_at = 0;
        self.rules.epoch_index = self.rules.epoch_index.saturating_add(1);
        let epoch = self.run_epoch(drained);
        self.rules.last_mechansim_step_block = self.block;
        Some(epoch)
    }

    /// So many blocks. Returns the epochs that they ran.
    pub fn advance(&mut self, blocks: u64) -> Vec<Epoch> {
        (0..blocks).filter_map(|_| self.step()).collect()
    }

    /// The block that runs the next epoch.
    pub fn next_epoch_block(&self) -> Option<BlockNumber> {
        self.rules.next_epoch_block(self.block)
    }

    /// Blocks up to the one that runs the next epoch.
    pub fn advance_to_epoch(&mut self) -> Epoch {
        loop {
            // Genesis has a tempo, so an epoch is never far.
            if let Some(epoch) = self.step() {
                return epoch;
            }
        }
    }

    /// The epoch that calls of this block belong to: the next one already where it is due and was put off.
    pub(super) fn current_epoch(&self) -> u64 {
        // The block is counted already, and a schedule counts it itself.
        let counted = self.rules.blocks_since_last_step.saturating_sub(1);
        EpochSchedule { blocks_since_last_step: counted, ..self.schedule() }.epoch_at(self.block)
    }

    pub(super) fn within_burn_bounds(&self, burn: u64) -> u64 {
        burn.max(self.rules.min_burn).min(self.rules.max_burn)
    }
}
