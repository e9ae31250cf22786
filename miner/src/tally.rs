//! What a miner counts of its own work: the last hour in steps, and whoever asked. It decides nothing.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use dashboard::{Minute, Times};
use primitives::Hotkey;
use scoring::reliability::{Fastness, Histogram, Waiting};

use crate::clock;

/// What is counted together.
const STEP: Duration = Duration::from_secs(10);
/// Steps of a minute, and of the hour that is kept beside the step under way.
const MINUTE: usize = 6;
const HOUR: usize = 60 * MINUTE;
/// So many of those who asked are remembered: whoever was silent for longest is forgotten for another.
const ASKERS: usize = 64;

/// The counts. Clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Tally(Arc<Mutex<Counts>>);

#[derive(Debug)]
struct Counts {
    places: u32,
    began: Instant,
    /// Until when places were counted.
    until: Instant,
    waiting: u32,
    answering: u32,
    /// A token or an answer.
    progress: u64,
    /// The last one is under way.
    steps: VecDeque<Step>,
    /// How many there were before the first of these.
    forgotten: u64,
    outcomes: BTreeMap<&'static str, u64>,
    askers: HashMap<Hotkey, Asked>,
}

#[derive(Debug, Default)]
struct Step {
    requests: u64,
    tokens: u64,
    /// Places that were taken, times how long, in microseconds.
    taken_us: u64,
    first_token_us: Histogram,
    rate_milli: Histogram,
    request_us: Histogram,
}

/// What somebody asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub requests: u64,
    pub tokens: u64,
    pub last_unix_ms: u64,
}

/// What a request came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub outcome: &'static str,
    /// Whether it was answered to its end.
    pub answered: bool,
    pub tokens: u64,
    pub took: Duration,
}

/// The counts at a moment.
#[derive(Clone, Debug)]
pub(crate) struct Glance {
    pub waiting: u32,
    pub answering: u32,
    pub progress: u64,
    pub capacity_used_ppm: u32,
    pub requests_per_second_milli: u64,
    pub tokens_per_second_milli: u64,
    pub times: Times,
    pub outcomes: BTreeMap<&'static str, u64>,
    /// The busiest first.
    pub askers: Vec<(Hotkey, Asked)>,
    pub minutes: Vec<Minute>,
}

impl Tally {
    /// Of a house with so many places.
    pub(crate) fn new(places: u32) -> Self {
        Self::at(places, Instant::now())
    }

    fn at(places: u32, began: Instant) -> Self {
        Self(Arc::new(Mutex::new(Counts {
            places: places.max(1),
            began,
            until: began,
            waiting: 0,
            answering: 0,
            progress: 0,
            steps: VecDeque::from([Step::default()]),
            forgotten: 0,
            outcomes: BTreeMap::new(),
            askers: HashMap::new(),
        })))
    }

    /// A request is let in.
    pub(crate) fn enter(&self, asker: &Hotkey, now: Instant) {
        let mut counts = self.lock();
        counts.step(now).requests += 1;
        counts.waiting += 1;
        let asked = counts.asked(asker);
        asked.requests += 1;
        asked.last_unix_ms = clock::now_ms();
    }

    /// So many tokens came; the first of a request after so long.
    pub(crate) fn tokens(&self, asker: &Hotkey, count: u64, first_after: Option<Duration>, now: Instant) {
        let mut counts = self.lock();
        let step = counts.step(now);
        step.tokens += count;
        if let Some(after) = first_after {
            step.first_token_us.count(micros(after));
            (counts.waiting, counts.answering) = (counts.waiting.saturating_sub(1), counts.answering + 1);
        }
        counts.progress += 1;
        // Who was forgotten meanwhile stays so.
        if let Some(asked) = counts.askers.get_mut(asker) {
            asked.tokens += count;
        }
    }

    /// A request that was let in is over.
    pub(crate) fn leave(&self, ended: Ended, now: Instant) {
        let Ended { outcome, answered, tokens, took } = ended;
        let mut counts = self.lock();
        let step = counts.step(now);
        if answered {
            step.request_us.count(micros(took));
            if let Some(rate) = (tokens * 1_000_000_000).checked_div(micros(took)).filter(|_| tokens > 0) {
                step.rate_milli.count(rate);
            }
            counts.progress += 1;
        }
        let place = if tokens > 0 { &mut counts.answering } else { &mut counts.waiting };
        *place = place.saturating_sub(1);
        *counts.outcomes.entry(outcome).or_default() += 1;
    }

    /// A request was turned away.
    pub(crate) fn refused(&self, outcome: &'static str) {
        *self.lock().outcomes.entry(outcome).or_default() += 1;
    }

    /// What it comes to now.
    pub(crate) fn glance(&self, now: Instant) -> Glance {
        let mut counts = self.lock();
        counts.step(now);
        let newest = counts.steps.len().saturating_sub(MINUTE + 1);
        let elapsed = counts.elapsed(newest, counts.steps.len());
        let sum = |of: fn(&Step) -> u64| counts.steps.iter().skip(newest).map(of).sum::<u64>();
        let per_second_milli = |count: u64| {
            let micros = u128::from(micros(elapsed).max(1));
            u64::try_from(u128::from(count) * 1_000_000_000 / micros).unwrap_or(u64::MAX)
        };
        let mut askers: Vec<(Hotkey, Asked)> = counts.askers.iter().map(|(who, asked)| (*who, *asked)).collect();
        askers.sort_by_key(|(who, asked)| (std::cmp::Reverse(asked.requests), *who));
        Glance {
            waiting: counts.waiting,
            answering: counts.answering,
            progress: counts.progress,
            capacity_used_ppm: counts.used_ppm(sum(|step| step.taken_us), elapsed),
            requests_per_second_milli: per_second_milli(sum(|step| step.requests)),
            tokens_per_second_milli: per_second_milli(sum(|step| step.tokens)),
            times: Times {
                first_token_us: Waiting::of(counts.steps.iter().map(|step| &step.first_token_us)),
                tokens_per_second_milli: Fastness::of(counts.steps.iter().map(|step| &step.rate_milli)),
                request_us: Waiting::of(counts.steps.iter().map(|step| &step.request_us)),
            },
            outcomes: counts.outcomes.clone(),
            askers,
            minutes: counts.minutes(),
        }
    }

    /// The share of the places that was taken in the last minute, in millionths.
    pub(crate) fn capacity_used_ppm(&self, now: Instant) -> u32 {
        let mut counts = self.lock();
        counts.step(now);
        let newest = counts.steps.len().saturating_sub(MINUTE + 1);
        let taken = counts.steps.iter().skip(newest).map(|step| step.taken_us).sum();
        counts.used_ppm(taken, counts.elapsed(newest, counts.steps.len()))
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// The step that a moment is in; no earlier one than the last. Places are counted until then.
    fn step(&mut self, now: Instant) -> &mut Step {
        while self.until < now {
            let end = self.end_of_last();
            let to = end.min(now);
            let taken = u64::from(self.waiting + self.answering) * micros(to - self.until);
            self.last().taken_us += taken;
            self.until = to;
            if to == end {
                self.steps.push_back(Step::default());
                if self.steps.len() > HOUR + 1 {
                    self.steps.pop_front();
                    self.forgotten += 1;
                }
            }
        }
        self.last()
    }

    fn last(&mut self) -> &mut Step {
        let last = self.steps.len() - 1;
        &mut self.steps[last]
    }

    fn end_of_last(&self) -> Instant {
        let number = self.forgotten + self.steps.len() as u64;
        self.began + STEP.saturating_mul(u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// How long these steps are, the one under way as far as it is.
    fn elapsed(&self, from: usize, to: usize) -> Duration {
        let whole = STEP * u32::try_from(to - from).unwrap_or(u32::MAX);
        let left = if to == self.steps.len() { self.end_of_last() - self.until } else { Duration::ZERO };
        whole.saturating_sub(left)
    }

    fn used_ppm(&self, taken_us: u64, elapsed: Duration) -> u32 {
        let all = u128::from(self.places) * u128::from(micros(elapsed).max(1));
        u32::try_from((u128::from(taken_us) * 1_000_000 / all).min(1_000_000)).unwrap_or(1_000_000)
    }

    /// The last hour by minutes, the oldest first.
    fn minutes(&self) -> Vec<Minute> {
        let mut minutes = Vec::new();
        let mut from = 0;
        while from < self.steps.len() {
            let number = self.forgotten as usize + from;
            let to = (from + MINUTE - number % MINUTE).min(self.steps.len());
            let steps = || self.steps.range(from..to);
            minutes.push(Minute {
                requests: steps().map(|step| step.requests).sum(),
                tokens: steps().map(|step| step.tokens).sum(),
                capacity_used_ppm: self.used_ppm(steps().map(|step| step.taken_us).sum(), self.elapsed(from, to)),
            });
            from = to;
        }
        // The oldest one may have lost some of its steps.
        minutes.split_off(minutes.len().saturating_sub(HOUR / MINUTE))
    }

    fn asked(&mut self, asker: &Hotkey) -> &mut Asked {
        if self.askers.len() >= ASKERS
            && !self.askers.contains_key(asker)
            && let Some(silent) =
                self.askers.iter().min_by_key(|(_, asked)| (asked.last_unix_ms, asked.requests)).map(|(who, _)| *who)
        {
            self.askers.remove(&silent);
        }
        self.askers.entry(*asker).or_default()
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(began: Instant, seconds: u64) -> Instant {
        began + Duration::from_secs(seconds)
    }

    #[test]
    fn places_rates_and_times_are_those_of_the_last_minute() {
        let began = Instant::now();
        let (tally, asker) = (Tally::at(4, began), Hotkey([1; 32]));
        tally.enter(&asker, began);
        tally.enter(&asker, began);
        tally.tokens(&asker, 2, Some(Duration::from_millis(500)), at(began, 5));
        let glance = tally.glance(at(began, 10));
        assert_eq!((glance.waiting, glance.answering, glance.capacity_used_ppm), (1, 1, 500_000));
        assert_eq!((glance.requests_per_second_milli, glance.tokens_per_second_milli), (200, 200));
        let ended = Ended { outcome: "ANSWERED", answered: true, tokens: 2, took: Duration::from_secs(20) };
        tally.leave(ended, at(began, 20));
        tally.leave(Ended { outcome: "GONE", answered: false, tokens: 0, ..ended }, at(began, 20));
        let glance = tally.glance(at(began, 40));
        assert_eq!((glance.waiting, glance.answering, glance.capacity_used_ppm), (0, 0, 250_000));
        assert_eq!(glance.times.request_us.map(|us| us.p99 / 1_000_000), Some(20));
        assert_eq!(glance.times.first_token_us.map(|us| us.p50.abs_diff(500_000) < 10_000), Some(true));
        assert_eq!(glance.times.tokens_per_second_milli.map(|milli| milli.p50.abs_diff(100) < 5), Some(true));
        assert_eq!(glance.outcomes, BTreeMap::from([("ANSWERED", 1), ("GONE", 1)]));
        // An hour is kept, and a minute counts.
        let glance = tally.glance(at(began, 200));
        assert_eq!((glance.capacity_used_ppm, glance.requests_per_second_milli), (0, 0));
        assert_eq!((glance.minutes[0].requests, glance.minutes[0].capacity_used_ppm), (2, 166_666));
        assert!(glance.times.request_us.is_some());
        let glance = tally.glance(at(began, 5_000));
        assert!(glance.times.request_us.is_none() && glance.minutes.len() == 60);
        assert!(glance.minutes.iter().all(|minute| *minute == Minute::default()));
        assert_eq!(glance.outcomes.len(), 2, "since the start");
    }

    #[test]
    fn so_many_askers_are_remembered() {
        let began = Instant::now();
        let tally = Tally::at(4, began);
        for number in 0..=255 {
            tally.enter(&Hotkey([number; 32]), began);
            tally.enter(&Hotkey([255; 32]), began);
        }
        let askers = tally.glance(began).askers;
        assert_eq!((askers.len(), askers[0].0, askers[0].1.requests), (ASKERS, Hotkey([255; 32]), 257));
        let gone = (0..255).map(|number| Hotkey([number; 32])).find(|who| askers.iter().all(|(known, _)| known != who));
        tally.tokens(&gone.unwrap(), 5, None, began);
        assert_eq!(tally.glance(began).askers, askers, "whoever was forgotten stays so");
    }
}
