//! Time on the wall and of the processor: of a piece of code, and of each of the validator's rounds by its span.

use std::time::{Duration, Instant};

use anyhow::Context;
use cpu_time::ProcessTime;
use tokio::sync::mpsc;
use tracing::{Subscriber, level_filters::LevelFilter, span};
use tracing_subscriber::{
    Layer, Registry,
    layer::{self, SubscriberExt},
    registry::LookupSpan,
};

#[derive(Clone, Copy, Debug)]
pub struct Lap {
    pub wall: Duration,
    /// Of all threads of this process.
    pub cpu: Duration,
}

#[derive(Clone, Copy)]
pub struct Stopwatch {
    wall: Instant,
    cpu: ProcessTime,
}

impl Stopwatch {
    pub fn start() -> Self {
        Self { cpu: ProcessTime::now(), wall: Instant::now() }
    }

    pub fn lap(&self) -> Lap {
        Lap { wall: self.wall.elapsed(), cpu: self.cpu.elapsed() }
    }
}

/// The rounds of this process's validator, as they end.
pub struct Laps(mpsc::UnboundedReceiver<Lap>);

impl Laps {
    /// From here on, rounds are timed. Once in a process.
    pub fn listen() -> anyhow::Result<Self> {
        let (sender, laps) = mpsc::unbounded_channel();
        let subscriber = Registry::default().with(Listener(sender).with_filter(LevelFilter::INFO));
        tracing::subscriber::set_global_default(subscriber).context("listening for the validator's spans")?;
        Ok(Self(laps))
    }

    pub async fn next(&mut self) -> anyhow::Result<Lap> {
        self.0.recv().await.context("nobody times rounds any more")
    }
}

struct Listener(mpsc::UnboundedSender<Lap>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Listener {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: layer::Context<'_, S>) {
        if attributes.metadata().name() == "round"
            && let Some(span) = context.span(id)
        {
            span.extensions_mut().insert(Stopwatch::start());
        }
    }

    fn on_close(&self, id: span::Id, context: layer::Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        if let Some(stopwatch) = span.extensions().get::<Stopwatch>() {
            // Nobody may be waiting any more.
            let _ = self.0.send(stopwatch.lap());
        }
    }
}
