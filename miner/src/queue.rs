//! How many requests may be in the house at once, waiting or running. Which of them run is the model's to decide.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use protos::{Reason, Refusal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{access::Rank, pace::Pace};

/// The house.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    places: Arc<Semaphore>,
    size: u32,
    /// Places that whoever has a seat and nothing more doesn't get.
    reserved: usize,
    pace: Arc<Mutex<Pace>>,
}

/// A place in it, kept until the answer is done or given up.
#[derive(Debug)]
pub(crate) struct Place {
    pace: Arc<Mutex<Pace>>,
    _place: OwnedSemaphorePermit,
}

impl Queue {
    /// With room for so many, at least one; of them so many in a hundred, rounded down, for validators with a permit and
    /// whom the operator names.
    pub(crate) fn new(size: usize, reserved_percent: u32) -> Self {
        let size = u32::try_from(size.clamp(1, Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        let reserved = u64::from(size) * u64::from(reserved_percent.min(100)) / 100;
        let reserved = usize::try_from(reserved).unwrap_or(usize::MAX);
        Self { places: Arc::new(Semaphore::new(size as usize)), size, reserved, pace: Arc::default() }
    }

    /// Wait until nobody is in the house.
    pub(crate) async fn empty(&self) {
        // The semaphore is never closed.
        let _ = self.places.acquire_many(self.size).await;
    }

    /// A place, or a refusal at once.
    pub(crate) fn enter(&self, rank: Rank) -> Result<Place, Refusal> {
        // Held while places are counted and one is taken: two don't get the last one.
        let mut pace = lock(&self.pace);
        let free = self.places.available_permits();
        let place = match rank {
            Rank::Seated if free <= self.reserved => None,
            _ => self.places.clone().try_acquire_owned().ok(),
        };
        let Some(place) = place else {
            return Err(Refusal::retry(Reason::QueueFull, "the queue is full", pace.retry_after()));
        };
        pace.enter(Instant::now());
        drop(pace);
        Ok(Place { pace: self.pace.clone(), _place: place })
    }

    #[cfg(test)]
    pub(crate) fn is_full(&self) -> bool {
        self.places.available_permits() == 0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.pace).leave(Instant::now());
    }
}

fn lock(pace: &Mutex<Pace>) -> MutexGuard<'_, Pace> {
    pace.lock().unwrap_or_else(PoisonError::into_inner)
}
