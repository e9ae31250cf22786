//! Jobs that wait for a worker: one bounded queue, the first of the highest priority goes first, for all workers of an engine.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;
use tracing::Span;

use crate::{
    ModelError,
    forward::{Ask, Said},
    sequence::Sequence,
    steps::StepCount,
};

/// Tokens to run, and what for.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) tokens: Vec<u32>,
    /// Tokens that there is to be room for, those to come included.
    pub(crate) room: usize,
    /// So many of the first tokens need not run if somebody else's run has left what they leave.
    pub(crate) reusable: usize,
    /// Past it, the work is worth nothing.
    pub(crate) deadline: Option<Instant>,
    /// The highest goes first.
    pub(crate) priority: u8,
    pub(crate) purpose: Purpose,
    pub(crate) trace: Trace,
}

/// A job's spans, so that a trace tells waiting from work.
#[derive(Debug)]
pub(crate) struct Trace {
    /// Whoever asked for it.
    asked: Span,
    /// Open while it waits, and then while it is worked on.
    _stage: Span,
}

impl Trace {
    /// It waits.
    pub(crate) fn queued() -> Self {
        Self { asked: Span::current(), _stage: tracing::info_span!("queued") }
    }

    /// It takes part in the runs of a model, in a slot of it.
    pub(crate) fn batch(&mut self, slot: usize, tokens: usize, reused: usize) {
        self._stage = tracing::info_span!(parent: &self.asked, "batch", slot, tokens, reused);
    }
}

/// What a job is for.
#[derive(Debug)]
pub(crate) enum Purpose {
    /// To go on from the tokens.
    Answer(Box<Sequence>),
    /// To learn what the model says of the last of them.
    Ask(Questions),
}

/// Questions about the last tokens of a job, and the answers so far.
#[derive(Debug)]
pub(crate) struct Questions {
    pub(crate) asks: Vec<Ask>,
    pub(crate) told: Told,
    /// Whether the hidden rows of all tokens are wanted too.
    pub(crate) rows: bool,
    pub(crate) answer: oneshot::Sender<Result<Told, ModelError>>,
}

/// What was learned.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Told {
    pub(crate) said: Vec<Said>,
    /// Of all tokens, if they were wanted.
    pub(crate) rows: Vec<u16>,
}

impl Questions {
    pub(crate) fn new(asks: Vec<Ask>, rows: bool, answer: oneshot::Sender<Result<Told, ModelError>>) -> Self {
        Self { told: Told { said: Vec::with_capacity(asks.len()), rows: Vec::new() }, asks, rows, answer }
    }
}

impl Job {
    /// Whether anybody still waits for it.
    pub(crate) fn is_wanted(&self) -> bool {
        match &self.purpose {
            Purpose::Answer(sequence) => sequence.is_wanted(),
            Purpose::Ask(questions) => !questions.answer.is_closed(),
        }
    }

    pub(crate) fn is_late(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// Ends it with what went wrong.
    pub(crate) fn fail(self, error: ModelError) {
        match self.purpose {
            Purpose::Answer(sequence) => sequence.fail(error),
            Purpose::Ask(questions) => drop(questions.answer.send(Err(error))),
        }
    }
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Waiting {
    state: Mutex<State>,
    /// Something came, or nothing will come any more.
    changed: Condvar,
    limit: usize,
    /// How full the workers' steps were.
    pub steps: StepCount,
}

#[derive(Debug)]
struct State {
    jobs: VecDeque<Job>,
    closed: bool,
    /// When a job ended last, and the mean time between two ends, which forgets.
    last_end: Option<Instant>,
    between_ends: Duration,
}

/// What an idle worker learns when it has waited.
pub(crate) enum Turn {
    /// There may be a job.
    Look,
    /// There is none and none will come.
    Over,
}

/// For a worker that hasn't ended a job yet.
const FIRST_GUESS: Duration = Duration::from_millis(500);

impl Waiting {
    pub(crate) fn new(limit: usize) -> Self {
        let state = State { jobs: VecDeque::new(), closed: false, last_end: None, between_ends: FIRST_GUESS };
        Self { state: Mutex::new(state), changed: Condvar::new(), limit, steps: StepCount::default() }
    }

    /// Adds a job, or says when there may be a place.
    pub(crate) fn push(&self, job: Job) -> Result<(), ModelError> {
        let mut state = self.lock();
        if state.closed {
            return Err(ModelError::Stopped);
        }
        if state.jobs.len() >= self.limit {
            // places of those that went away are free
            drop_unwanted(&mut state.jobs, Instant::now());
        }
        if state.jobs.len() >= self.limit {
            return Err(ModelError::Busy { retry_after: state.between_ends });
        }
        // Behind its equals.
        let place = state.jobs.partition_point(|waiting| waiting.priority >= job.priority);
        state.jobs.insert(place, job);
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    /// Takes the first job that somebody still waits for, if `take` has a place for it.
    pub(crate) fn pop<P>(&self, take: impl FnOnce(&Job) -> Option<P>) -> Option<(Job, P)> {
        let mut state = self.lock();
        drop_unwanted(&mut state.jobs, Instant::now());
        let place = take(state.jobs.front()?)?;
        Some((state.jobs.pop_front()?, place))
    }

    /// Waits until there is a job or there will be none.
    pub(crate) fn wait(&self) -> Turn {
        let mut state = self.lock();
        loop {
            match (state.jobs.is_empty(), state.closed) {
                (false, _) => return Turn::Look,
                (true, true) => return Turn::Over,
                (true, false) => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// A job ended: others may fit now.
    pub(crate) fn ended(&self) {
        let (mut state, now) = (self.lock(), Instant::now());
        if let Some(last) = state.last_end.filter(|_| !state.jobs.is_empty()) {
            // an eighth of the newest
            state.between_ends = (state.between_ends * 7 + now.duration_since(last)) / 8;
        }
        state.last_end = Some(now);
    }

    /// No job comes any more; those that wait are done.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Before they cost anything.
fn drop_unwanted(jobs: &mut VecDeque<Job>, now: Instant) {
    let all = std::mem::take(jobs);
    for job in all {
        match (job.is_wanted(), job.is_late(now)) {
            (true, false) => jobs.push_back(job),
            (true, true) => job.fail(ModelError::Expired),
            (false, _) => tracing::debug!("nobody waits for a job any more"),
        }
    }
}
