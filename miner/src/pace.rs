//! How fast requests leave the house: what a refused client is told to wait.

use std::time::{Duration, Instant};

/// Before anything was measured.
const UNMEASURED: Duration = Duration::from_secs(1);
/// Nobody is asked to come back sooner, or told to stay away longer.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);
/// Share of the newest interval in the average: the last dozen or so count.
const NEWEST: f64 = 0.15;

/// A moving average of the time between two requests' ends while there are any. Idle time doesn't count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace {
    inside: u32,
    /// When the last one left, or the first one came into an empty house.
    since: Option<Instant>,
    interval: Option<Duration>,
}

impl Pace {
    /// One comes in.
    pub(crate) fn enter(&mut self, now: Instant) {
        if self.inside == 0 {
            self.since = Some(now);
        }
        self.inside += 1;
    }

    /// One leaves: answered, failed or abandoned, its place is free.
    pub(crate) fn leave(&mut self, now: Instant) {
        self.inside = self.inside.saturating_sub(1);
        let newest = now.saturating_duration_since(self.since.replace(now).unwrap_or(now));
        self.interval = Some(match self.interval {
            Some(average) => average.mul_f64(1.0 - NEWEST) + newest.mul_f64(NEWEST),
            None => newest,
        });
    }

    /// How long those inside will take to be through.
    pub(crate) fn retry_after(&self) -> Duration {
        let interval = self.interval.unwrap_or(UNMEASURED);
        interval.saturating_mul(self.inside).clamp(SHORTEST, LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_the_interval_times_those_ahead() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pace = Pace::default();
        for _ in 0..4 {
            pace.enter(at(0));
        }
        // nothing measured yet: a second each
        assert_eq!(pace.retry_after(), Duration::from_secs(4));
        pace.leave(at(500));
        assert_eq!(pace.retry_after(), Duration::from_millis(1_500));
        pace.leave(at(1_000));
        pace.leave(at(1_500));
        assert_eq!(pace.retry_after(), Duration::from_millis(500));
        // faster, and the average follows
        pace.leave(at(1_600));
        pace.enter(at(9_000));
        assert_eq!(pace.retry_after(), Duration::from_millis(440));
    }

    #[test]
    fn idle_time_does_not_count() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pace = Pace::default();
        pace.enter(at(0));
        pace.leave(at(200));
        pace.enter(at(3_600_000));
        pace.leave(at(3_600_200));
        pace.enter(at(3_600_200));
        assert_eq!(pace.retry_after(), Duration::from_millis(200));
    }

    #[test]
    fn the_wait_is_bounded() {
        let start = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.retry_after(), SHORTEST);
        for _ in 0..1_000 {
            pace.enter(start);
        }
        assert_eq!(pace.retry_after(), LONGEST);
        // a clock that is set back costs nothing, and leaving an empty house neither
        let mut pace = Pace::default();
        pace.leave(start);
        assert_eq!(pace.retry_after(), SHORTEST);
    }
}
