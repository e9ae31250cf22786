//! Moments, of what happens and of what happened before the start.

use std::time::Instant;

use primitives::BlockNumber;
use scoring::reliability::Period;

use crate::unix_time::unix_ms;

/// A clock that only goes forwards, whatever becomes of the system's, and knows when blocks were.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    started: Instant,
    started_unix_ms: u64,
    head: BlockNumber,
    block_ms: u64,
}

impl Clock {
    /// One that starts now, at a block, where blocks take so many milliseconds.
    pub fn new(head: BlockNumber, block_ms: u64) -> Self {
        Self { started: Instant::now(), started_unix_ms: unix_ms(), head, block_ms: block_ms.max(1) }
    }

    /// Milliseconds from one block to the next.
    pub fn block_ms(&self) -> u64 {
        self.block_ms
    }

    /// Now, in seconds.
    pub fn second(&self) -> u64 {
        self.started_unix_ms / 1_000 + self.started.elapsed().as_secs()
    }

    /// When a block was, in milliseconds since 1970: by the pace of late of one before the start.
    pub fn unix_ms_of(&self, block: BlockNumber) -> u64 {
        let ago = self.head.saturating_sub(block).saturating_mul(self.block_ms);
        self.started_unix_ms.saturating_sub(ago)
    }

    /// The same in seconds.
    pub fn second_of(&self, block: BlockNumber) -> u64 {
        self.unix_ms_of(block) / 1_000
    }

    /// What was before this block is in no figure.
    pub fn earliest_block(&self) -> BlockNumber {
        self.head.saturating_sub(Period::LONGEST_SECONDS * 1_000 / self.block_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_before_the_start_follow_from_their_numbers() {
        let clock = Clock::new(100_000, 12_000);
        assert_eq!(clock.second() - clock.second_of(99_700), 3_600);
        assert_eq!(clock.second_of(100_005), clock.second_of(100_000), "none is in the future");
        assert_eq!(clock.earliest_block(), 100_000 - 50_400);
        assert_eq!(Clock::new(3, 0).earliest_block(), 0);
    }
}
