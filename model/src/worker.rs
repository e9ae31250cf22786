//! The loop of the one thread that owns a model's tensors.

use std::{ops::Range, sync::Arc, time::Instant};

use crate::{
    ModelError, NotFinite,
    containment::contain,
    forward::{Forward, Piece, Said},
    schedule::{Admission, Limits, Run, Schedule},
    sequence::Sequence,
    waiting::{Job, Purpose, Questions, Turn, Waiting},
};

/// A model and the sequences that it works on.
pub(crate) struct Worker {
    model: Box<dyn Forward>,
    schedule: Schedule,
    /// By slot.
    jobs: Vec<Option<Live>>,
    /// Tokens that end an answer.
    ends: Vec<u32>,
    waiting: Arc<Waiting>,
}

struct Live {
    job: Job,
    /// Length of what was to run at first.
    prompt: usize,
}

type Answers = Vec<Result<Said, NotFinite>>;

impl Worker {
    pub(crate) fn new(model: Box<dyn Forward>, limits: Limits, ends: Vec<u32>, waiting: Arc<Waiting>) -> Self {
        let limits = Limits { reuse: limits.reuse && !model.config().rope.depends_on_length(), ..limits };
        waiting.steps.begin(limits.slots);
        let jobs = (0..limits.slots).map(|_| None).collect();
        Self { model, schedule: Schedule::new(limits), jobs, ends, waiting }
    }

    /// Works until there is nothing left to do and nothing will come.
    pub(crate) fn run(mut self) {
        loop {
            self.drop_unwanted();
            self.admit();
            if !self.schedule.is_idle() {
                self.step();
            } else if matches!(self.waiting.wait(), Turn::Over) {
                return;
            }
        }
    }

    /// Ends what nobody waits for any more, before it costs another step.
    fn drop_unwanted(&mut self) {
        let now = Instant::now();
        for slot in 0..self.jobs.len() {
            let Some(Live { job, .. }) = &self.jobs[slot] else { continue };
            if !job.is_wanted() {
                tracing::debug!(slot, "nobody waits for an answer any more");
                self.end(slot);
            } else if job.is_late(now) {
                self.fail(slot, ModelError::Expired);
            }
        }
    }

    fn admit(&mut self) {
        while let Some((mut job, admission)) = {
            let schedule = &mut self.schedule;
            self.waiting.pop(|job| schedule.admit(&job.tokens, job.room, job.reusable))
        } {
            let slot = admission.slot;
            if let Err(error) = contain(|| self.prepare(&admission)) {
                job.fail(error);
                self.schedule.spoil(slot);
                continue;
            }
            tracing::debug!(slot, tokens = job.tokens.len(), reused = admission.reused, "job admitted");
            let prompt = job.tokens.len();
            job.trace.batch(slot, prompt, admission.reused);
            self.jobs[slot] = Some(Live { job, prompt });
        }
    }

    fn prepare(&mut self, admission: &Admission) -> Result<(), ModelError> {
        let Admission { slot, room, reused, ref release, copy_from } = *admission;
        release.iter().for_each(|slot| self.model.release(*slot));
        match copy_from {
            None => self.model.reserve(slot, room, reused),
            Some(from) => {
                self.model.reserve(slot, room, 0)?;
                self.model.copy(from, slot, reused)
            }
        }
    }

    /// Its spans, here and where models sample, are what `examples/throughput.rs` says of where the time goes.
    fn step(&mut self) {
        let _step = tracing::trace_span!("step").entered();
        let runs = self.schedule.plan();
        self.waiting.steps.step(runs.len());
        let pieces: Vec<Piece> = runs.iter().map(|run| self.piece(run)).collect();
        match contain(|| tracing::trace_span!("forward").in_scope(|| self.model.run(&pieces))) {
            Ok(mut answers) => {
                for (run, piece) in runs.iter().zip(&pieces) {
                    let rest = answers.split_off(piece.asks.len().min(answers.len()));
                    self.take(run, answers);
                    answers = rest;
                }
            }
            // one of them is at fault: each by itself, so that it ends alone
            Err(error) if runs.len() > 1 => {
                tracing::warn!(%error, sequences = runs.len(), "step failed, sequences are tried one by one");
                for (run, piece) in runs.iter().zip(&pieces) {
                    match contain(|| self.model.run(std::slice::from_ref(piece))) {
                        Ok(answers) => self.take(run, answers),
                        Err(error) => self.spoil(run.slot, error),
                    }
                }
            }
            Err(error) => match runs.first() {
                Some(run) => self.spoil(run.slot, error),
                None => tracing::error!(%error, "step without sequences failed"),
            },
        }
    }

    fn piece(&self, run: &Run) -> Piece {
        let Run { slot, ref range, ref tokens, last } = *run;
        let live = self.jobs[slot].as_ref();
        let asks = match live.map(|live| &live.job.purpose) {
            Some(Purpose::Answer(sequence)) if last => vec![sequence.ask()],
            Some(Purpose::Ask(Questions { asks, .. })) => {
                // the questions are about the last tokens of all; those of them that run now
                let first = live.map_or(0, |live| live.prompt) - asks.len();
                let from = range.start.max(first);
                asks[from.saturating_sub(first).min(asks.len())..range.end.saturating_sub(first)].to_vec()
            }
            _ => Vec::new(),
        };
        let length = range.end.max(live.map_or(0, |live| live.prompt));
        Piece { slot, start: range.start, tokens: tokens.clone(), length, asks }
    }

    /// Hands out what the model said of one run.
    fn take(&mut self, run: &Run, answers: Answers) {
        self.schedule.done(run);
        let slot = run.slot;
        let Some(Live { job, prompt }) = &mut self.jobs[slot] else { return };
        let (model, prompt) = (&*self.model, *prompt);
        let read = |tokens: Range<usize>| model.rows(slot, tokens);
        let result = match &mut job.purpose {
            Purpose::Answer(sequence) => match answers.into_iter().next() {
                Some(answer) => answer
                    .map_err(ModelError::from)
                    .and_then(|said| contain(|| go_on(sequence, &said, &self.ends, read))),
                None => Ok(Some(None)),
            },
            Purpose::Ask(questions) => contain(|| learn(questions, answers, run.last.then_some(prompt), read)),
        };
        match result {
            Ok(Some(next)) => next.into_iter().for_each(|token| self.schedule.push(slot, token)),
            Ok(None) => self.end(slot),
            // what is no number is in the cache too, and must not be anybody else's prefix
            Err(error) => self.spoil(slot, error),
        }
    }

    fn end(&mut self, slot: usize) {
        self.schedule.end(slot);
        if let Some(Live { job: Job { purpose: Purpose::Ask(questions), .. }, .. }) = self.jobs[slot].take() {
            let _ = questions.answer.send(Ok(questions.told));
        }
        self.waiting.ended();
    }

    fn fail(&mut self, slot: usize, error: ModelError) {
        if let Some(Live { job, .. }) = self.jobs[slot].take() {
            tracing::warn!(%error, slot, "job failed");
            job.fail(error);
        }
        self.schedule.end(slot);
        self.waiting.ended();
    }

    fn spoil(&mut self, slot: usize, error: ModelError) {
        self.fail(slot, error);
        self.schedule.spoil(slot);
    }
}

/// Takes the token that the model chose; the token that runs next, or None if the answer is whole.
fn go_on(
    sequence: &mut Sequence,
    said: &Said,
    ends: &[u32],
    read: impl FnMut(Range<usize>) -> Result<Vec<u16>, ModelError>,
) -> Result<Option<Option<u32>>, ModelError> {
    let Said::Token { token, logprob } = *said else { return Err(ModelError::Stopped) };
    Ok(sequence.take(token, logprob, ends.contains(&token), read)?.then_some(Some(token)))
}

/// Takes what the model said of one run; None once all has run, which is so many tokens.
fn learn(
    questions: &mut Questions,
    answers: Answers,
    all: Option<usize>,
    read: impl Fn(Range<usize>) -> Result<Vec<u16>, ModelError>,
) -> Result<Option<Option<u32>>, ModelError> {
    for answer in answers {
        questions.told.said.push(answer?);
    }
    let Some(tokens) = all else { return Ok(Some(None)) };
    if questions.rows {
        questions.told.rows = read(0..tokens)?;
    }
    Ok(None)
}

#[cfg(test)]
#[path = "worker/tests.rs"]
mod tests;
