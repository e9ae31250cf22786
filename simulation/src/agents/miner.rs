//! A miner's seat: how well it answers, and whether it cheats.

use primitives::{Registration, Uid};
use scoring::{
    Incentive, Score, Verifies,
    rehearsal::{Act, Answer},
};

use crate::{
    draws::{Draws, LEVELS, chance, key, level, normal},
    scenario::{MinerGroup, MinerStrategy},
};

const NANO: f64 = 1e9;
/// Fraction bits of a factor.
const FACTOR_BITS: u32 = 16;
/// The part of an answer's time until its first token: one of so many.
const FIRST_TOKEN: u64 = 4;
/// Half of what is drawn.
const LOW: u64 = 0xffff_ffff;

/// What miners of a group have in common, in numbers that are quick to use.
#[derive(Clone, Debug)]
pub(crate) struct Temper {
    /// What noise adds to the skill, in billionths, by level.
    skill_noise: Vec<i64>,
    /// What noise makes of a time, by level.
    latency_noise: Vec<u64>,
    /// Chances of 2^32.
    answers: u64,
    lies: u64,
    found: u64,
    /// The mark of what it repeats.
    false_skill: Score,
    false_model: bool,
    /// Of a copier, in microseconds.
    delay_us: u64,
    copies: bool,
    /// How many times a time is longer.
    queue: f64,
}

/// A seat.
#[derive(Clone, Debug)]
pub(crate) struct Miner {
    /// The place of its agent.
    pub agent: usize,
    /// The place of what it is like.
    pub like: usize,
    /// Its operator's number in its group.
    pub number: u64,
    /// Who answers what and when depends on it.
    key: u64,
    pub registration: Registration,
    /// None before it has a seat, and after it lost it.
    pub uid: Option<Uid>,
    /// The epoch in which it came.
    pub came: u64,
    /// The mechanism that it works in; all where there is none.
    pub mechanism: Option<u8>,
    /// How its skill and its time differ from its group's, in standard deviations.
    moods: [f64; 2],
    /// Of this epoch, in billionths and microseconds.
    skill: i64,
    latency_us: u64,
    /// Answers that were asked of it and given, in this epoch.
    pub answered: u64,
}

impl Temper {
    pub fn of(group: &MinerGroup) -> Self {
        let nano = |share: f64| (share * NANO) as i64;
        let spread = |of: &dyn Fn(f64) -> f64| (0..LEVELS).map(|level| of(normal(level))).collect::<Vec<f64>>();
        let skill_noise = spread(&|z| group.skill_noise * z);
        let latency_noise = spread(&|z| libm::exp(group.latency_noise * z));
        let mut temper = Self {
            skill_noise: skill_noise.into_iter().map(nano).collect(),
            latency_noise: latency_noise
                .into_iter()
                .map(|factor| (factor * f64::from(1 << FACTOR_BITS)) as u64)
                .collect(),
            answers: chance(group.answer_rate),
            lies: 0,
            found: 0,
            false_skill: Score::ZERO,
            false_model: false,
            delay_us: 0,
            copies: false,
            queue: 1.0,
        };
        match group.strategy {
            MinerStrategy::Honest {} => {}
            MinerStrategy::Lazy { answered_share } => temper.answers = chance(group.answer_rate * answered_share),
            MinerStrategy::Cacher { repeated_share, repeated_skill, detection } => {
                (temper.lies, temper.found) = (chance(repeated_share), chance(detection));
                // At most a billion.
                temper.false_skill = Score::from_nano(nano(repeated_skill) as u32).unwrap_or(Score::ONE);
            }
            MinerStrategy::Quantiser { detection } => (temper.false_model, temper.found) = (true, chance(detection)),
            MinerStrategy::Sybil { uids, capacity_uids, queues } => {
                let load = (f64::from(uids) / capacity_uids).max(1.0);
                match queues {
                    true => temper.queue = load,
                    false => temper.answers = chance(group.answer_rate / load),
                }
            }
            MinerStrategy::Copier { delay_ms, detection, .. } => {
                (temper.copies, temper.found) = (true, chance(detection));
                temper.delay_us = (delay_ms * 1e3) as u64;
            }
        }
        temper
    }

    /// Whether it says what others say.
    pub fn copies(&self) -> bool {
        self.copies
    }
}

impl Miner {
    pub fn new(
        agent: usize,
        (like, number): (usize, u64),
        key: u64,
        registration: Registration,
        mechanism: Option<u8>,
    ) -> Self {
        let mut draws = Draws::new(crate::draws::key(key, u64::MAX));
        let moods = [draws.normal(), draws.normal()];
        let (skill, latency_us, answered) = (0, 0, 0);
        Self {
            agent,
            like,
            number,
            key,
            registration,
            uid: None,
            came: 0,
            mechanism,
            moods,
            skill,
            latency_us,
            answered,
        }
    }

    /// An epoch begins: skill and time drift, and keep their spread.
    pub fn wake(&mut self, epoch: u64, group: &MinerGroup, temper: &Temper) {
        if group.drift_epochs > 0.0 && epoch > 0 {
            let kept = libm::exp(-1.0 / group.drift_epochs);
            let new = (1.0 - kept * kept).max(0.0).sqrt();
            let mut draws = Draws::new(key(key(self.key, u64::MAX - 1), epoch));
            self.moods = self.moods.map(|mood| kept * mood + new * draws.normal());
        }
        self.skill = ((group.skill + group.skill_spread * self.moods[0]) * NANO) as i64;
        let time = group.latency_ms * 1e3 * temper.queue * libm::exp(group.latency_spread * self.moods[1]);
        self.latency_us = time as u64;
        self.answered = 0;
    }

    /// What it does with a question of a validator's round; `victim` is whom it copies.
    pub fn act(&self, temper: &Temper, victim: Option<(&Self, &Temper)>, question: u64, asked: &Asked) -> Act {
        let mut draws = Draws::new(self.key ^ question);
        let (first, second, third) = (draws.bits(), draws.bits(), draws.bits());
        if (first >> 32) >= temper.answers {
            return Act::Fail;
        }
        let audited = (second >> 32) < asked.audits;
        let found = audited && (second & LOW) < temper.found;
        let said = match (temper.copies, victim) {
            (false, _) => {
                let quality = self.quality(temper, third);
                Answer {
                    latency_us: self.time(temper, third),
                    voice: self.key,
                    ..Answer::at_once(asked.tokens, quality)
                }
            }
            // What the victim says to the same validator in the same round.
            (true, Some((victim, its_temper))) => match victim.act(its_temper, None, question, asked) {
                Act::Answer(said) => Answer { latency_us: said.latency_us.saturating_add(temper.delay_us), ..said },
                Act::Fail | Act::Cheat => return Act::Fail,
            },
            (true, None) => return Act::Fail,
        };
        let said = Answer { first_token_us: said.latency_us / FIRST_TOKEN, audited, ..said };
        let repeats = (first & LOW) < temper.lies;
        if !(repeats || temper.false_model || temper.copies) {
            return Act::Answer(said);
        }
        match asked.verifies {
            // Found to be false, or like a true one.
            Verifies::Model if found => Act::Cheat,
            Verifies::Model => Act::Answer(said),
            // It has the mark that it deserves.
            Verifies::Answer if repeats => Act::Answer(Answer { mark: temper.false_skill, ..said }),
            Verifies::Answer if temper.copies && !asked.same_question => {
                Act::Answer(Answer { mark: Score::ZERO, ..said })
            }
            Verifies::Answer => Act::Answer(said),
        }
    }

    fn quality(&self, temper: &Temper, bits: u64) -> Score {
        let nano = (self.skill + temper.skill_noise[level(bits)]).clamp(0, NANO as i64);
        // Just clamped.
        Score::from_nano(nano as u32).unwrap_or(Score::ONE)
    }

    fn time(&self, temper: &Temper, bits: u64) -> u64 {
        // Other bits than the skill's.
        let factor = temper.latency_noise[level(bits << 32)];
        u64::try_from((u128::from(self.latency_us) * u128::from(factor)) >> FACTOR_BITS).unwrap_or(u64::MAX)
    }
}

/// What is asked of miners in a mechanism, as they know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// Tokens of an answer.
    tokens: u32,
    /// Chance of an audit, of 2^32.
    audits: u64,
    verifies: Verifies,
    same_question: bool,
}

impl Asked {
    pub fn under(incentive: &Incentive, tokens: u32) -> Self {
        Self {
            tokens,
            audits: chance(f64::from(incentive.gate.audit_probability_ppm) / 1e6),
            verifies: incentive.gate.verifies,
            same_question: incentive.same_question,
        }
    }
}
