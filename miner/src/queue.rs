//! Requests that wait for the model, and how many may.

use std::{sync::Arc, time::Duration};

use protos::{Reason, Refusal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// When to ask again if the queue is full.
const FULL_RETRY: Duration = Duration::from_secs(1);

/// A bounded queue, first come first served.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    places: Arc<Semaphore>,
    runners: Arc<Semaphore>,
}

/// A place in the queue, kept until the answer is done.
#[derive(Debug)]
pub(crate) struct Place {
    _place: OwnedSemaphorePermit,
    runners: Arc<Semaphore>,
}

/// The right to run.
#[derive(Debug)]
pub(crate) struct Running {
    _place: Place,
    _runner: Option<OwnedSemaphorePermit>,
}

impl Queue {
    /// At most `concurrency` run, at most `waiting` wait.
    pub(crate) fn new(concurrency: usize, waiting: usize) -> Self {
        let concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS / 2);
        let places = concurrency + waiting.min(Semaphore::MAX_PERMITS / 2);
        Self { places: Arc::new(Semaphore::new(places)), runners: Arc::new(Semaphore::new(concurrency)) }
    }

    /// A place, or a refusal at once.
    pub(crate) fn enter(&self) -> Result<Place, Refusal> {
        match self.places.clone().try_acquire_owned() {
            Ok(place) => Ok(Place { _place: place, runners: self.runners.clone() }),
            Err(_) => Err(Refusal::retry(Reason::QueueFull, "the queue is full", FULL_RETRY)),
        }
    }
}

impl Place {
    /// Wait for one's turn.
    pub(crate) async fn turn(self) -> Running {
        // The semaphore is never closed: None doesn't happen, and would only mean a turn at once.
        let runner = self.runners.clone().acquire_owned().await.ok();
        Running { _place: self, _runner: runner }
    }
}
