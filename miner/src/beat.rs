//! A stream that says that it is polled: whoever takes connections from it goes on, whether or not any come.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use dashboard::Pulse;
use futures::Stream;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often it wakes whoever polls it.
pub(crate) const BEAT: Duration = Duration::from_secs(1);

/// Passes everything on.
pub(crate) struct Beating<S> {
    inner: S,
    beats: Interval,
    pulse: Pulse,
}

impl<S> Beating<S> {
    pub(crate) fn new(inner: S, pulse: Pulse) -> Self {
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { inner, beats, pulse }
    }
}

impl<S: Stream + Unpin> Stream for Beating<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        while self.beats.poll_tick(context).is_ready() {
            self.pulse.done();
        }
        Pin::new(&mut self.inner).poll_next(context)
    }
}
