//! What happened in the steps of a window.

use std::collections::VecDeque;

use super::period::Period;

/// Steps of a window in which something happened, the oldest first.
#[derive(Clone, Debug)]
pub(super) struct Ring<T> {
    period: Period,
    steps: VecDeque<(u64, T)>,
}

impl<T: Default> Ring<T> {
    /// An empty window.
    pub const fn new(period: Period) -> Self {
        Self { period, steps: VecDeque::new() }
    }

    /// The step that a moment is in, in seconds; no earlier one than the last.
    pub fn at(&mut self, second: u64) -> &mut T {
        let newest = self.steps.back().map_or(0, |(step, _)| *step);
        let step = (second / self.period.step_seconds()).max(newest);
        self.forget(step);
        if self.steps.back().is_none_or(|(last, _)| *last < step) {
            self.steps.push_back((step, T::default()));
        }
        let last = self.steps.len() - 1;
        &mut self.steps[last].1
    }

    /// What is in the window that ends at a moment, in seconds.
    pub fn until(&self, second: u64) -> impl Iterator<Item = &T> {
        let now = second / self.period.step_seconds();
        let steps = self.period.steps();
        self.steps.iter().filter(move |(step, _)| now.saturating_sub(*step) < steps).map(|(_, what)| what)
    }

    /// Whether nothing is in the window that ends at a moment, in seconds.
    pub fn is_empty_at(&self, second: u64) -> bool {
        self.until(second).next().is_none()
    }

    fn forget(&mut self, now: u64) {
        while self.steps.front().is_some_and(|(step, _)| now - step >= self.period.steps()) {
            self.steps.pop_front();
        }
    }
}
