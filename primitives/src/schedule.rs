//! When a subnet's epochs run, as far as its state tells.
//!
//! The chain decides block by block, before the block's calls: an epoch runs `tempo` blocks after the last one, or when
//! the owner asked for one, or when none took a step for too long. A call sees the state after that. Other subnets can
//! put an epoch off by a block, and an owner can move it: read the schedule again before it matters.

use crate::{BlockNumber, Hyperparameters};

/// The longest tempo. After more blocks than this without a step an epoch runs, whatever the schedule says.
const MAX_TEMPO: u64 = 50_400;

/// A subnet's place in its schedule, as it stands after one block. Names are the chain's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochSchedule {
    /// Blocks between two epochs; 0 means no epochs.
    pub tempo: u16,
    /// The block of the last epoch, or the one in which the tempo was set since.
    pub last_epoch_block: BlockNumber,
    /// An epoch that the owner asked for at a block; 0 means none.
    pub pending_epoch_at: BlockNumber,
    /// Epochs run so far.
    pub epoch_index: u64,
    /// Blocks since the last epoch that took a step.
    pub blocks_since_last_step: u64,
}

/// A block that runs an epoch, and the schedule as it stands after an earlier one.
struct Run {
    before: EpochSchedule,
    at: BlockNumber,
    block: BlockNumber,
}

impl From<&Hyperparameters> for EpochSchedule {
    fn from(rules: &Hyperparameters) -> Self {
        Self {
            tempo: rules.tempo,
            last_epoch_block: rules.last_epoch_block,
            pending_epoch_at: rules.pending_epoch_at,
            epoch_index: rules.epoch_index,
            blocks_since_last_step: rules.blocks_since_last_step,
        }
    }
}

impl EpochSchedule {
    /// Whether a block runs an epoch, where this is the schedule after the block before it.
    pub fn runs_at(&self, block: BlockNumber) -> bool {
        // The chain counts the block before it decides.
        self.is_due(block) || self.is_overdue(self.blocks_since_last_step.saturating_add(1))
    }

    /// The first block after `head` that runs an epoch, where this is the schedule after `head`. None where the subnet
    /// has no epochs.
    pub fn next_epoch_block(&self, head: BlockNumber) -> Option<BlockNumber> {
        if self.tempo == 0 {
            return None;
        }
        let automatic = self.last_epoch_block.saturating_add(self.tempo.into());
        let overdue = head.saturating_add((MAX_TEMPO + 1).saturating_sub(self.blocks_since_last_step));
        let asked = if self.pending_epoch_at > 0 { self.pending_epoch_at } else { BlockNumber::MAX };
        Some(automatic.min(overdue).min(asked).max(head.saturating_add(1)))
    }

    /// The epoch that a call in a block belongs to, where this is the schedule after the block before it.
    pub fn epoch_at(&self, block: BlockNumber) -> u64 {
        self.epoch_index.saturating_add(self.runs_at(block).into())
    }

    /// The first block after `head` whose calls belong to an epoch, where this is the schedule after `head`. None where
    /// that epoch is over, or where the subnet has no epochs.
    pub fn epoch_block(&self, head: BlockNumber, epoch: u64) -> Option<BlockNumber> {
        match epoch.checked_sub(self.epoch_index)? {
            0 => Some(head.saturating_add(1)).filter(|block| !self.runs_at(*block)),
            runs => self.run(head, runs).map(|run| run.block),
        }
    }

    /// The first block at which the chain reveals what is committed in the block after `head`, where this is the schedule
    /// after `head`. None where the subnet has no epochs.
    pub fn reveal_block(&self, head: BlockNumber, reveal_period: u64) -> Option<BlockNumber> {
        let committed = head.saturating_add(1);
        if reveal_period == 0 {
            // The chain allows no such period: it would be the epoch of the commit itself.
            return (self.tempo > 0).then(|| committed.saturating_add(1));
        }
        let run = self.after(committed).run(committed, reveal_period)?;
        // Reveals come before the epoch and before the block is counted: one that is overdue takes them by surprise.
        let waited = run.block.saturating_sub(run.at).saturating_sub(1);
        let waited = run.before.blocks_since_last_step.saturating_add(waited);
        let foreseen = run.before.is_due(run.block) || run.before.is_overdue(waited);
        Some(if foreseen { run.block } else { run.block.saturating_add(1) })
    }

    /// The epoch that is `runs`, from 1 on, runs away from `head`.
    fn run(&self, head: BlockNumber, runs: u64) -> Option<Run> {
        let first = self.next_epoch_block(head)?;
        // From the first one on, epochs are equally far apart.
        let Some(whole) = runs.checked_sub(2) else {
            return Some(Run { before: *self, at: head, block: first });
        };
        let apart = u64::from(self.tempo).min(MAX_TEMPO + 1);
        let at = first.saturating_add(whole.saturating_mul(apart));
        Some(Run { before: self.after_epoch(at), at, block: at.saturating_add(apart) })
    }

    /// By its tempo or by its owner's wish.
    fn is_due(&self, block: BlockNumber) -> bool {
        let asked = self.pending_epoch_at > 0 && block >= self.pending_epoch_at;
        self.tempo > 0 && (asked || block.saturating_sub(self.last_epoch_block) >= self.tempo.into())
    }

    fn is_overdue(&self, blocks_since_last_step: u64) -> bool {
        self.tempo > 0 && blocks_since_last_step > MAX_TEMPO
    }

    /// The schedule after one more block.
    fn after(&self, block: BlockNumber) -> Self {
        match self.runs_at(block) {
            true => self.after_epoch(block),
            false => Self { blocks_since_last_step: self.blocks_since_last_step.saturating_add(1), ..*self },
        }
    }

    fn after_epoch(&self, block: BlockNumber) -> Self {
        Self {
            tempo: self.tempo,
            last_epoch_block: block,
            pending_epoch_at: 0,
            epoch_index: self.epoch_index.saturating_add(1),
            blocks_since_last_step: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn schedule(last_epoch_block: BlockNumber, tempo: u16) -> EpochSchedule {
        EpochSchedule { tempo, last_epoch_block, pending_epoch_at: 0, epoch_index: 0, blocks_since_last_step: 0 }
    }

    #[test]
    fn the_next_epoch_is_the_chains() {
        assert_eq!(schedule(100, 50).next_epoch_block(100), Some(150));
        assert_eq!(EpochSchedule { pending_epoch_at: 120, ..schedule(100, 50) }.next_epoch_block(100), Some(120));
        assert_eq!(EpochSchedule { pending_epoch_at: 200, ..schedule(100, 50) }.next_epoch_block(100), Some(150));
        // Put off: the next block has it.
        assert_eq!(schedule(100, 50).next_epoch_block(155), Some(156));
        assert_eq!(schedule(100, 0).next_epoch_block(100), None);
    }

    #[test]
    fn reveals_are_where_other_implementations_have_them() {
        assert_eq!(schedule(10, 50).reveal_block(10, 1), Some(60));
        assert_eq!(EpochSchedule { pending_epoch_at: 95, ..schedule(80, 20) }.reveal_block(91, 1), Some(95));
        assert_eq!(schedule(100, 50).epoch_at(121), 0);
        assert_eq!(schedule(10, 0).reveal_block(10, 1), None);
        // The block after the head runs the epoch: the commit belongs to the next one.
        assert_eq!((schedule(10, 50).epoch_at(60), schedule(10, 50).reveal_block(59, 1)), (1, Some(110)));
        assert_eq!(schedule(10, 50).reveal_block(58, 3), Some(160));
    }

    #[test]
    fn epochs_have_their_blocks() {
        let epochs = [0, 1, 2, 5].map(|epoch| schedule(10, 50).epoch_block(20, epoch));
        assert_eq!(epochs, [Some(21), Some(60), Some(110), Some(260)]);
        // The next block runs the first one.
        assert_eq!([0, 1].map(|epoch| schedule(10, 50).epoch_block(59, epoch)), [None, Some(60)]);
        let later = EpochSchedule { epoch_index: 7, ..schedule(10, 50) };
        assert_eq!([6, 7, 8].map(|epoch| later.epoch_block(20, epoch)), [None, Some(21), Some(60)]);
        assert_eq!(schedule(10, 0).epoch_block(20, 1), None);
    }

    #[test]
    fn what_took_no_step_for_too_long_is_overdue() {
        // The tempo was set anew: the schedule starts over, the count of blocks does not.
        let waiting = EpochSchedule { blocks_since_last_step: 50_399, ..schedule(1_000_000, 360) };
        assert!(!waiting.runs_at(1_000_001));
        assert_eq!(waiting.next_epoch_block(1_000_000), Some(1_000_002));
        // Reveals look before the block is counted.
        assert_eq!(waiting.reveal_block(1_000_000, 1), Some(1_000_003));
        assert_eq!(waiting.reveal_block(1_000_000, 2), Some(1_000_362));
        assert_eq!(schedule(0, 50_400).reveal_block(0, 100), Some(5_040_000));
    }

    /// What the chain does in one block, step by step.
    struct Steps(EpochSchedule, BlockNumber);

    impl Steps {
        /// Returns the epoch that reveals see, and whether one ran.
        fn block(&mut self) -> (u64, bool) {
            let Self(state, block) = self;
            *block += 1;
            let should_run = |state: &EpochSchedule| {
                state.tempo != 0
                    && ((state.pending_epoch_at > 0 && *block >= state.pending_epoch_at)
                        || state.blocks_since_last_step > 50_400
                        || block.saturating_sub(state.last_epoch_block) >= u64::from(state.tempo))
            };
            let revealed = state.epoch_index + u64::from(should_run(state));
            state.blocks_since_last_step += 1;
            let runs = should_run(state);
            if runs {
                (state.blocks_since_last_step, state.last_epoch_block, state.pending_epoch_at) = (0, *block, 0);
                state.epoch_index += 1;
            }
            (revealed, runs)
        }
    }

    proptest! {
        #[test]
        fn leaps_are_the_steps(
            tempo in 1u16..40,
            since_epoch in 0u64..60,
            asked in prop_oneof![Just(0u64), 1u64..60],
            waited in prop_oneof![0u64..100, 50_380u64..50_402],
            reveal_period in 1u64..5,
        ) {
            let head = 1_000_000;
            let state = EpochSchedule {
                tempo,
                last_epoch_block: head - since_epoch,
                pending_epoch_at: if asked == 0 { 0 } else { head - 20 + asked },
                epoch_index: 7,
                blocks_since_last_step: waited,
            };
            let mut steps = Steps(state, head);
            let (_, runs) = steps.block();
            prop_assert_eq!(state.runs_at(head + 1), runs);
            prop_assert_eq!(state.epoch_at(head + 1), steps.0.epoch_index);
            let (mut next, mut revealed) = (runs.then_some(head + 1), None);
            let target = steps.0.epoch_index + reveal_period;
            while next.is_none() || revealed.is_none() {
                let (epoch, runs) = steps.block();
                if runs && next.is_none() {
                    next = Some(steps.1);
                }
                if epoch == target && revealed.is_none() {
                    revealed = Some(steps.1);
                }
                prop_assert!(steps.1 < head + 1_000);
            }
            prop_assert_eq!(state.next_epoch_block(head), next);
            prop_assert_eq!(state.epoch_block(head, 8), next);
            prop_assert_eq!(state.reveal_block(head, reveal_period), revealed);
        }
    }
}
