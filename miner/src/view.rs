//! What a miner shows of itself: its page, its health, and the same figures as metrics. It decides nothing.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use dashboard::{Asker, Board, Head, Load, LoopState, Neuron, Pulse, Serving, ServingSubject};
use model::{Backend, Steps};
use primitives::Hotkey;
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use crate::{
    admission::Subnet,
    beat::BEAT,
    clock, metrics,
    phase::Phase,
    tally::{Glance, Tally},
};

/// Figures of the model's steps are those of so long.
const WINDOW: Duration = Duration::from_secs(60);

/// Where a miner shows itself, and where its loops say that they go on.
pub(crate) struct View {
    pub board: Board<Serving>,
    /// Takes connections off the socket.
    pub connections: Pulse,
    /// Takes them to be served.
    pub service: Pulse,
    chain: Pulse,
    answers: Pulse,
}

/// What is looked at.
pub(crate) struct Sights {
    pub hotkey: Hotkey,
    pub backend: Arc<dyn Backend>,
    pub tally: Tally,
    pub subnet: Subnet,
    pub serving: watch::Receiver<bool>,
    pub phases: watch::Receiver<Phase>,
}

impl View {
    pub(crate) fn new(subject: ServingSubject, stale_after: Duration) -> Self {
        let board = Board::of(Serving::new(subject));
        let pulse = |name| board.health().pulse(name, stale_after);
        let (chain, connections) = (pulse("chain"), pulse("connections"));
        Self { chain, connections, service: pulse("service"), answers: pulse("answers"), board }
    }

    /// Look every second, until the task is dropped.
    pub(crate) async fn watch(self, mut sights: Sights) {
        let mut up = sights.backend.up();
        let mut progress = 0;
        let mut steps = VecDeque::new();
        let mut ticks = interval(BEAT);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first metagraph may have been there before this.
        sights.subnet.mark_changed();
        loop {
            ticks.tick().await;
            let now = Instant::now();
            if sights.subnet.has_changed().unwrap_or(false) {
                self.metagraph(&mut sights);
            }
            let glance = sights.tally.glance(now);
            let goes_on = glance.waiting + glance.answering == 0 || glance.progress != progress;
            progress = glance.progress;
            self.answers(up.as_mut(), *sights.phases.borrow(), goes_on);
            let latest = sights.backend.steps();
            let batch_milli = batch_milli(&mut steps, latest, now);
            self.show(&sights, &glance, latest.map(|steps| steps.slots), batch_milli);
        }
    }

    /// A newer one was read.
    fn metagraph(&self, sights: &mut Sights) {
        let Some(seen) = sights.subnet.borrow_and_update().clone() else { return };
        let seat = seen.seat(&sights.hotkey);
        match seat {
            Some(_) => self.chain.done(),
            None => {
                self.chain.goes_on();
                self.chain.failing("this hotkey has no seat");
            }
        }
        let block = seen.metagraph().block;
        metrics::metagraph(block.number);
        let (seat, endpoint) = (seat.map(Neuron::from), seat.and_then(|neuron| neuron.endpoint));
        let head = Some(Head::new(block, clock::now_ms()));
        self.board.update(|serving| {
            let live = &mut serving.live;
            (live.head, live.seat, live.endpoint) = (head, seat, endpoint);
        });
    }

    fn answers(&self, up: Option<&mut watch::Receiver<bool>>, phase: Phase, goes_on: bool) {
        if goes_on {
            self.answers.goes_on();
        }
        match up.map(|up| *up.borrow_and_update()) {
            _ if phase > Phase::Serving => self.answers.failing("the miner is going down"),
            Some(false) => self.answers.failing("the model can't be asked"),
            _ if goes_on => self.answers.done(),
            _ => {}
        }
    }

    fn show(&self, sights: &Sights, glance: &Glance, slots: Option<u32>, batch_milli: Option<u32>) {
        let load = Load {
            waiting: glance.waiting,
            answering: glance.answering,
            capacity_used_ppm: glance.capacity_used_ppm,
            slots,
            batch_milli,
            requests_per_second_milli: glance.requests_per_second_milli,
            tokens_per_second_milli: glance.tokens_per_second_milli,
        };
        metrics::load(&load);
        for one in self.board.health().report() {
            metrics::goes_on(one.name, one.state == LoopState::Ok);
        }
        let roster = sights.subnet.borrow().clone();
        let askers = glance.askers.iter().filter_map(|(hotkey, asked)| {
            let seat = roster.as_ref()?.seat(hotkey)?;
            Some(Asker {
                hotkey: *hotkey,
                uid: seat.uid,
                validator_permit: seat.validator_permit,
                requests: asked.requests,
                tokens: asked.tokens,
                last_unix_ms: asked.last_unix_ms,
            })
        });
        let askers = askers.collect();
        let serving = *sights.serving.borrow();
        self.board.update(|sheet| {
            sheet.live.serving = serving;
            (sheet.load, sheet.times, sheet.askers) = (load, glance.times, askers);
            sheet.minutes.clone_from(&glance.minutes);
            sheet.outcomes = glance.outcomes.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        });
    }
}

/// Sequences of a step on average, in thousandths, over the last minute; none where there was no step.
fn batch_milli(seen: &mut VecDeque<(Instant, Steps)>, now_seen: Option<Steps>, now: Instant) -> Option<u32> {
    let newest = now_seen?;
    while seen.len() > 1 && seen.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > WINDOW) {
        seen.pop_front();
    }
    seen.push_back((now, newest));
    let oldest = seen.front()?.1;
    let (steps, sequences) = (newest.steps - oldest.steps, newest.sequences - oldest.sequences);
    u32::try_from((sequences * 1_000).checked_div(steps)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_the_mean_of_the_last_minute() {
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        let steps = |steps, sequences| Some(Steps { slots: 8, steps, sequences });
        let mut seen = VecDeque::new();
        assert_eq!(batch_milli(&mut seen, None, at(0)), None, "another program's");
        assert_eq!(batch_milli(&mut seen, steps(0, 0), at(0)), None);
        assert_eq!(batch_milli(&mut seen, steps(2, 5), at(1)), Some(2_500));
        assert_eq!(batch_milli(&mut seen, steps(4, 13), at(2)), Some(3_250));
        // What is older than a minute is no part of it, and a minute without steps has no batch.
        assert_eq!(batch_milli(&mut seen, steps(4, 13), at(63)), None);
        assert!(seen.len() <= 2);
    }
}
