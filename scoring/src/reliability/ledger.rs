//! What each miner did of late.

use std::collections::BTreeMap;

use primitives::Registration;

use super::{figures::Figures, histogram::Histogram, period::Period, ring::Ring};
use crate::{
    evidence::{Check, Evidence},
    outcome::Outcome,
    record::Record,
};

/// What miners did in the last seven days.
///
/// Its size is bounded by the miners that were asked then, whatever they answer. A step of a window in which nothing happened
/// takes no room; an answer adds at most a bucket to each of two histograms in each of three windows, so a miner that is asked
/// every two minutes and spreads its times as widely as it can has less than 80 KiB, and one as they usually are less
/// than 12.
#[derive(Clone, Debug)]
pub struct Ledger {
    miners: BTreeMap<Registration, Windows<Step>>,
    rounds: Windows<u32>,
    /// The latest moment that was seen, in seconds: time doesn't run backwards here.
    now: u64,
    /// When miners that did nothing for long were forgotten last, in seconds.
    swept: u64,
}

/// The same in each window, in the order of [`Period::ALL`].
type Windows<T> = [Ring<T>; 3];

/// One miner in one step of a window.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    pub requests: u32,
    pub answered: u32,
    pub first_token_us: Histogram,
    pub rate_milli: Histogram,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { miners: BTreeMap::new(), rounds: Period::ALL.map(Ring::new), now: 0, swept: 0 }
    }
}

impl Ledger {
    /// Takes a record of a score log in, which came about at a moment, in seconds. Records that are no rounds and no answers
    /// change nothing.
    pub fn apply(&mut self, record: &Record, second: u64) {
        match record {
            Record::Round(_) => {
                let now = self.tick(second);
                for window in &mut self.rounds {
                    let rounds = window.at(now);
                    *rounds = rounds.saturating_add(1);
                }
            }
            Record::Scored(scored) => self.count(scored.miner, &scored.evidence, second),
            _ => {}
        }
    }

    /// One more answer of a miner, at a moment in seconds.
    pub fn count(&mut self, miner: Registration, evidence: &Evidence, second: u64) {
        let now = self.tick(second);
        for window in self.miners.entry(miner).or_insert_with(|| Period::ALL.map(Ring::new)) {
            window.at(now).count(evidence);
        }
    }

    /// A miner's figures for the windows that end at a moment, in seconds, in the order of [`Period::ALL`].
    pub fn figures(&self, miner: &Registration, second: u64) -> [Figures; 3] {
        let now = second.max(self.now);
        match self.miners.get(miner) {
            Some(windows) => windows.each_ref().map(|window| Figures::of(Shared(window, now).steps())),
            None => [Figures::default(); 3],
        }
    }

    /// Rounds in the windows that end at a moment, in seconds, in the order of [`Period::ALL`]: a miner that announced an
    /// endpoint all the time was asked in each.
    pub fn rounds(&self, second: u64) -> [u64; 3] {
        let now = second.max(self.now);
        self.rounds.each_ref().map(|window| window.until(now).map(|rounds| u64::from(*rounds)).sum())
    }

    /// Forget miners that are not in the subnet any more.
    pub fn retain(&mut self, stays: impl Fn(&Registration) -> bool) {
        self.miners.retain(|miner, _| stays(miner));
    }

    /// Who was asked in the last seven days.
    pub fn miners(&self) -> impl ExactSizeIterator<Item = &Registration> {
        self.miners.keys()
    }

    fn tick(&mut self, second: u64) -> u64 {
        self.now = self.now.max(second);
        // Where nobody says who left, time does.
        if self.now - self.swept >= Period::Hour.step_seconds() * Period::Hour.steps() {
            self.swept = self.now;
            let now = self.now;
            self.miners.retain(|_, windows| windows.iter().any(|window| !window.is_empty_at(now)));
        }
        self.now
    }
}

/// A window and when it ends, in seconds.
struct Shared<'a>(&'a Ring<Step>, u64);

impl<'a> Shared<'a> {
    fn steps(self) -> impl Iterator<Item = &'a Step> + Clone {
        self.0.until(self.1).collect::<Vec<_>>().into_iter()
    }
}

impl Step {
    fn count(&mut self, evidence: &Evidence) {
        self.requests = self.requests.saturating_add(1);
        self.answered = self.answered.saturating_add(u32::from(is_answered(evidence.outcome)));
        if evidence.outcome != Outcome::Ok {
            return;
        }
        if let Some(first_token_us) = evidence.first_token_us {
            self.first_token_us.count(first_token_us);
        }
        if let Some(rate_milli) = rate_milli(evidence) {
            self.rate_milli.count(rate_milli);
        }
    }
}

/// Whether a complete, signed answer came in time.
const fn is_answered(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Ok | Outcome::WrongOutput | Outcome::BadProof => true,
        Outcome::Timeout
        | Outcome::Unreachable
        | Outcome::Refused
        | Outcome::BadSignature
        | Outcome::Stale
        | Outcome::Malformed => false,
    }
}

/// Tokens over the whole time, in thousandths of a token a second; none of what has no tokens.
fn rate_milli(evidence: &Evidence) -> Option<u64> {
    let tokens = match evidence.check? {
        Check::Tokens { answered, .. }
        | Check::Proven { answered, .. }
        | Check::Logprobs { answered, .. }
        | Check::Unaudited { answered }
        | Check::Marked { answered, .. } => answered,
        Check::Cosines { .. } => return None,
    };
    // At most 2^32 times 10^9: it fits.
    Some(u64::from(tokens) * 1_000_000_000 / evidence.latency_us.max(1))
}

#[cfg(test)]
mod tests {
    use primitives::{BlockHash, BlockRef, Hotkey};

    use super::*;
    use crate::{
        record::Round,
        reliability::{Fastness, Waiting},
    };

    const HOUR: u64 = 3_600;

    fn miner(number: u8) -> Registration {
        Registration { hotkey: Hotkey([number; 32]), block: 5 }
    }

    fn answer(outcome: Outcome, first_token_us: u64, latency_us: u64) -> Evidence {
        let check = is_answered(outcome).then_some(Check::Unaudited { answered: 10 });
        Evidence { outcome, latency_us, first_token_us: Some(first_token_us), check, sketch: None }
    }

    #[test]
    fn what_is_up_and_what_is_down() {
        let mut ledger = Ledger::default();
        for outcome in Outcome::ALL {
            ledger.count(miner(1), &answer(outcome, 1_000, 10_000), 50);
        }
        let [hour, day, week] = ledger.figures(&miner(1), 50);
        assert_eq!((hour.requests, hour.answered, hour.uptime_ppm), (9, 3, Some(333_333)));
        // One answer was right, in 10 ms; a wrong one's speed counts for nothing.
        assert_eq!(hour.first_token_us, Some(Waiting { p50: 1_008, p90: 1_008, p99: 1_008 }));
        let rate = 999_424;
        assert_eq!(hour.tokens_per_second_milli, Some(Fastness { p50: rate, p10: rate, p01: rate }));
        assert_eq!((hour, hour), (day, week));
        assert_eq!(ledger.figures(&miner(2), 50), [Figures::default(); 3]);
    }

    #[test]
    fn what_was_long_ago_is_forgotten() {
        let mut ledger = Ledger::default();
        let round = Round { round: 1, block: BlockRef { number: 2, hash: BlockHash([3; 32]) } };
        ledger.apply(&Record::Round(round), 10 * HOUR);
        ledger.count(miner(1), &answer(Outcome::Timeout, 1, 1), 10 * HOUR);
        let requests = |ledger: &Ledger, second| ledger.figures(&miner(1), second).map(|figures| figures.requests);
        assert_eq!(requests(&ledger, 10 * HOUR + 54 * 60), [1, 1, 1]);
        assert_eq!(requests(&ledger, 11 * HOUR), [0, 1, 1]);
        assert_eq!(ledger.rounds(11 * HOUR), [0, 1, 1]);
        assert_eq!(requests(&ledger, 34 * HOUR), [0, 0, 1]);
        assert_eq!(requests(&ledger, 7 * 24 * HOUR - 1), [0, 0, 1]);
        assert_eq!(requests(&ledger, 7 * 24 * HOUR), [0, 0, 0], "the week moves in half days");
        // Another answer sweeps what nobody will ask for again.
        ledger.count(miner(2), &answer(Outcome::Ok, 1, 1), 9 * 24 * HOUR);
        assert_eq!(ledger.miners().copied().collect::<Vec<_>>(), [miner(2)]);
        // A moment that is over counts as the last one.
        ledger.count(miner(2), &answer(Outcome::Ok, 1, 1), 0);
        assert_eq!(ledger.figures(&miner(2), 0)[0].requests, 2);
        ledger.retain(|_| false);
        assert_eq!(ledger.miners().len(), 0);
    }

    /// A week of answers every two minutes, their times each as far from the last as can be, or within an octave.
    #[test]
    fn a_miner_has_less_than_80_kib() {
        let bytes = |shifts: u64| {
            let mut ledger = Ledger::default();
            for number in 0..5_040_u64 {
                let least = 1 << (10 + number * 7 % shifts);
                let time = least + least / 16 * (number / shifts % 16);
                ledger.count(miner(1), &answer(Outcome::Ok, time, time), number * 120);
            }
            assert_eq!(ledger.figures(&miner(1), 5_040 * 120)[2].requests, 4_680);
            // A vector may have twice the room that it needs.
            let room = |histogram: &Histogram| 2 * histogram.buckets() * Histogram::BUCKET_BYTES;
            let step = |step: &Step| size_of::<Step>() + room(&step.first_token_us) + room(&step.rate_milli);
            let windows = &ledger.miners[&miner(1)];
            windows.iter().map(|ring| ring.until(5_040 * 120).map(step).sum::<usize>()).sum::<usize>()
        };
        let (worst, usual) = (bytes(26), bytes(1));
        assert!(worst < 80 << 10, "{worst}");
        assert!(usual < 12 << 10, "{usual}");
    }
}
