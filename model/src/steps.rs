//! How full the steps of a model are: counted by its workers, read by whoever wants to know.

use std::sync::atomic::{AtomicU64, Ordering};

/// Steps of all workers since the model was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// Answers that can be made at the same time, on all devices.
    pub slots: u32,
    /// How many there were.
    pub steps: u64,
    /// Sequences that they held, together.
    pub sequences: u64,
}

/// The workers' side.
#[derive(Debug, Default)]
pub(crate) struct StepCount {
    slots: AtomicU64,
    steps: AtomicU64,
    sequences: AtomicU64,
}

impl StepCount {
    /// A worker with so many slots begins.
    pub fn begin(&self, slots: usize) {
        self.slots.fetch_add(slots as u64, Ordering::Relaxed);
    }

    /// A step with so many sequences.
    pub fn step(&self, sequences: usize) {
        self.steps.fetch_add(1, Ordering::Relaxed);
        self.sequences.fetch_add(sequences as u64, Ordering::Relaxed);
    }

    /// So far.
    pub fn read(&self) -> Steps {
        Steps {
            slots: u32::try_from(self.slots.load(Ordering::Relaxed)).unwrap_or(u32::MAX),
            steps: self.steps.load(Ordering::Relaxed),
            sequences: self.sequences.load(Ordering::Relaxed),
        }
    }
}
