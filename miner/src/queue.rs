//! How many requests may be in the house at once, waiting or running. Which of them run is the model's to decide.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use protos::{Reason, Refusal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::pace::Pace;

/// The house.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    places: Arc<Semaphore>,
    size: u32,
    pace: Arc<Mutex<Pace>>,
}

/// A place in it, kept until the answer is done or given up.
#[derive(Debug)]
pub(crate) struct Place {
    pace: Arc<Mutex<Pace>>,
    _place: OwnedSemaphorePermit,
}

impl Queue {
    /// With room for so many, at least one.
    pub(crate) fn new(size: usize) -> Self {
        let size = u32::try_from(size.clamp(1, Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        Self { places: Arc::new(Semaphore::new(size as usize)), size, pace: Arc::default() }
    }

    /// Wait until nobody is in the house.
    pub(crate) async fn empty(&self) {
        // The semaphore is never closed.
        let _ = self.places.acquire_many(self.size).await;
    }

    /// A place, or a refusal at once.
    pub(crate) fn enter(&self) -> Result<Place, Refusal> {
        let Ok(place) = self.places.clone().try_acquire_owned() else { return Err(self.full()) };
        lock(&self.pace).enter(Instant::now());
        Ok(Place { pace: self.pace.clone(), _place: place })
    }

    #[cfg(test)]
    pub(crate) fn is_full(&self) -> bool {
        self.places.available_permits() == 0
    }

    fn full(&self) -> Refusal {
        Refusal::retry(Reason::QueueFull, "the queue is full", lock(&self.pace).retry_after())
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
