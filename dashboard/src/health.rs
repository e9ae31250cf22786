//! Whether loops go on. A process that lives and does nothing is not healthy.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::document::{Loop, LoopState};

/// The loops of a process. Clones are of the same loops.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<Vec<Pulse>>>);

/// Where one loop says that it goes on.
#[derive(Clone, Debug)]
pub struct Pulse {
    name: &'static str,
    stale_after: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    last: Instant,
    trouble: Option<&'static str>,
}

impl Health {
    /// A loop that is stale where it doesn't go on for `stale_after`; it counts from now.
    pub fn pulse(&self, name: &'static str, stale_after: Duration) -> Pulse {
        let state = State { last: Instant::now(), trouble: None };
        let pulse = Pulse { name, stale_after, state: Arc::new(Mutex::new(state)) };
        lock(&self.0).push(pulse.clone());
        pulse
    }

    /// How each loop is doing.
    pub fn report(&self) -> Vec<Loop> {
        let now = Instant::now();
        lock(&self.0).iter().map(|pulse| pulse.report(now)).collect()
    }
}

impl Pulse {
    /// The loop goes on; what it stumbled over may not be over.
    pub fn goes_on(&self) {
        lock(&self.state).last = Instant::now();
    }

    /// The loop got done what it is for.
    pub fn done(&self) {
        *lock(&self.state) = State { last: Instant::now(), trouble: None };
    }

    /// The loop goes on, and gets nothing done: why, in constant words.
    pub fn failing(&self, trouble: &'static str) {
        lock(&self.state).trouble = Some(trouble);
    }

    fn report(&self, now: Instant) -> Loop {
        let State { last, trouble } = &*lock(&self.state);
        let idle = now.saturating_duration_since(*last);
        let state = match trouble {
            _ if idle >= self.stale_after => LoopState::Stale,
            Some(_) => LoopState::Failing,
            None => LoopState::Ok,
        };
        Loop {
            name: self.name.into(),
            state,
            idle_seconds: idle.as_secs(),
            stale_after_seconds: self.stale_after.as_secs(),
            trouble: trouble.map(str::to_owned),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_stale_or_failing_until_it_gets_something_done() {
        let pulse = Health::default().pulse("rounds", Duration::from_secs(10));
        let state = |after| pulse.report(Instant::now() + Duration::from_secs(after)).state;
        assert_eq!((state(9), state(11)), (LoopState::Ok, LoopState::Stale));
        pulse.failing("the disk");
        pulse.goes_on();
        assert_eq!((state(0), state(11)), (LoopState::Failing, LoopState::Stale));
        assert_eq!(pulse.report(Instant::now()).trouble.as_deref(), Some("the disk"));
        pulse.done();
        assert_eq!(state(0), LoopState::Ok);
    }
}
