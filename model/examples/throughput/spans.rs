//! Time that the engine spends in its spans: whole steps, the model's part of them, the choice of tokens in that, and
//! commitments to hidden rows.

use std::{
    cell::Cell,
    ops::Sub,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use anyhow::Context;
use serde::Serialize;
use tracing::{
    Event, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};

const NAMES: [&str; 4] = ["step", "forward", "sample", "prove"];

static NANOS: [AtomicU64; NAMES.len()] = [const { AtomicU64::new(0) }; NAMES.len()];
static ENTERED: [AtomicU64; NAMES.len()] = [const { AtomicU64::new(0) }; NAMES.len()];

thread_local! {
    // a span is entered and left on one thread, and never within itself
    static SINCE: [Cell<Option<Instant>>; NAMES.len()] = const { [const { Cell::new(None) }; NAMES.len()] };
}

/// Seconds in each kind of span since the start, and how many steps that were.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spent {
    steps: u64,
    step_s: f64,
    forward_s: f64,
    sample_s: f64,
    prove_s: f64,
}

impl Sub for Spent {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            steps: self.steps - before.steps,
            step_s: self.step_s - before.step_s,
            forward_s: self.forward_s - before.forward_s,
            sample_s: self.sample_s - before.sample_s,
            prove_s: self.prove_s - before.prove_s,
        }
    }
}

/// From here on, spans are timed.
pub fn listen() -> anyhow::Result<()> {
    tracing::subscriber::set_global_default(Stopwatch).context("listening for the engine's spans")
}

pub fn spent() -> Spent {
    let [step_s, forward_s, sample_s, prove_s] =
        [0, 1, 2, 3].map(|kind| NANOS[kind].load(Ordering::Relaxed) as f64 / 1e9);
    Spent { steps: ENTERED[0].load(Ordering::Relaxed), step_s, forward_s, sample_s, prove_s }
}

struct Stopwatch;

fn kind(metadata: &Metadata<'_>) -> Option<usize> {
    let ours = metadata.is_span() && metadata.target().starts_with("assay_model");
    NAMES.iter().position(|name| ours && *name == metadata.name())
}

/// Spans of a kind share one id: nothing else is asked of them.
fn index(id: &Id) -> usize {
    (id.into_u64() as usize - 1).min(NAMES.len() - 1)
}

impl Subscriber for Stopwatch {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        kind(metadata).is_some()
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        Id::from_u64(kind(span.metadata()).unwrap_or(0) as u64 + 1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, id: &Id) {
        SINCE.with(|since| since[index(id)].set(Some(Instant::now())));
        ENTERED[index(id)].fetch_add(1, Ordering::Relaxed);
    }

    fn exit(&self, id: &Id) {
        if let Some(since) = SINCE.with(|all| all[index(id)].take()) {
            let nanos = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
            NANOS[index(id)].fetch_add(nanos, Ordering::Relaxed);
        }
    }
}
