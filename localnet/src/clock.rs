//! The chain's clock: simulated, but it follows the wall's where blocks come by themselves.

use std::time::{SystemTime, UNIX_EPOCH};

use node_subtensor_runtime::{SlotDuration, Timestamp};
use sp_core::Get;

use crate::executor::Panicked;

/// No later time is taken: what clients read as JSON stays exact.
const LATEST_MS: u64 = 1 << 53;

/// Tells the next block's time.
pub(crate) struct Clock {
    follows_wall: bool,
    /// What block 0 counts as.
    started_ms: u64,
    /// How far the chain is ahead of the wall.
    ahead_ms: i64,
    travel: Option<Travel>,
}

/// What was asked for the next block.
#[derive(Clone, Copy)]
enum Travel {
    By(u64),
    To(u64),
}

/// Where the chain's clock stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// The best block's time, in milliseconds since 1970. Zero is block 0's.
    pub now_ms: u64,
    pub slot_ms: u64,
}

impl Reading {
    /// Within the runtime.
    pub fn of_state() -> Self {
        Self { now_ms: Timestamp::get(), slot_ms: SlotDuration::get() }
    }
}

/// Why the clock does not go there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// The clock only goes forward, by half a slot or more.
    #[error("the next block can't be earlier than {earliest_ms}")]
    Past {
        /// The earliest time of the next block, in milliseconds since 1970.
        earliest_ms: u64,
    },
    /// Out of the range of times.
    #[error("no block can be later than {LATEST_MS}")]
    TooLate,
    /// It can't be read.
    #[error("the chain's clock can't be read")]
    Runtime(#[from] Panicked),
}

impl Clock {
    pub fn new(follows_wall: bool) -> Self {
        Self { follows_wall, started_ms: wall_ms(), ahead_ms: 0, travel: None }
    }

    /// The next block's time.
    pub fn next_ms(&self, Reading { now_ms, slot_ms }: Reading) -> u64 {
        let now_ms = if now_ms == 0 { self.started_ms } else { now_ms };
        let mut next = now_ms.saturating_add(slot_ms);
        if self.follows_wall {
            next = next.max(wall_ms().saturating_add_signed(self.ahead_ms));
        }
        match self.travel {
            None => next,
            Some(Travel::By(ms)) => next.saturating_add(ms),
            Some(Travel::To(at)) => at.max(now_ms.saturating_add(slot_ms / 2)),
        }
    }

    /// The next block's time was used.
    pub fn made(&mut self, at_ms: u64) {
        if self.travel.take().is_some() {
            self.resume(at_ms);
        }
    }

    /// Let time go on from here.
    fn resume(&mut self, at_ms: u64) {
        self.ahead_ms = i64::try_from(at_ms).unwrap_or(i64::MAX).saturating_sub_unsigned(wall_ms());
    }

    /// Let time go on from a chain's last block, where that is ahead of the wall.
    pub fn resume_after(&mut self, at_ms: u64) {
        if at_ms > wall_ms() {
            self.resume(at_ms);
        }
    }

    /// Forget what was asked for the next block.
    pub fn forget_travel(&mut self) {
        self.travel = None;
    }

    /// Let the next block be later by so much. Returns its time.
    pub fn advance(&mut self, reading: Reading, seconds: u64) -> Result<u64, ClockError> {
        let ms = seconds.checked_mul(1_000).ok_or(ClockError::TooLate)?;
        let travel = match self.travel {
            None => Travel::By(ms),
            Some(Travel::By(before)) => Travel::By(before.saturating_add(ms)),
            Some(Travel::To(at)) => Travel::To(at.saturating_add(ms)),
        };
        self.go(reading, travel)
    }

    /// Let the next block have this time. Returns it.
    pub fn set_next(&mut self, reading: Reading, at_ms: u64) -> Result<u64, ClockError> {
        let now_ms = if reading.now_ms == 0 { self.started_ms } else { reading.now_ms };
        let earliest_ms = now_ms.saturating_add(reading.slot_ms / 2);
        if at_ms < earliest_ms {
            return Err(ClockError::Past { earliest_ms });
        }
        self.go(reading, Travel::To(at_ms))
    }

    fn go(&mut self, reading: Reading, travel: Travel) -> Result<u64, ClockError> {
        let before = self.travel.replace(travel);
        let next = self.next_ms(reading);
        if next > LATEST_MS {
            self.travel = before;
            return Err(ClockError::TooLate);
        }
        Ok(next)
    }
}

/// Before 1970 it is 1970.
fn wall_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
