//! Mechanisms with stages of every kind, and what miners may do under them.
#![allow(dead_code, reason = "each test file uses its part")]

use assay_scoring::{
    Check, Duplicates, Evidence, Gate, Incentive, Limits, Outcome, Pairwise, Reliability, Score, Smoothing, Snapshot,
    Speed, Verifies, WeightMap, Zeros, shares, sketch::Sketch,
};
use proptest::prelude::*;

use crate::subnet::Validator;

/// What a miner does in a round, whatever is verified.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    /// Answers 40 tokens, 0 (just good enough) to 4 (perfect), the first and the last after so many milliseconds.
    Answer { quality: u32, first_ms: u64, latency_ms: u64 },
    /// Answers what is found to be wrong.
    False,
    /// Doesn't answer.
    Fail(Outcome),
    /// Was not asked.
    Rest,
}

/// Ways not to answer. None of them is worse than another.
pub const SILENT: [Outcome; 5] =
    [Outcome::Timeout, Outcome::Unreachable, Outcome::Refused, Outcome::Stale, Outcome::Malformed];

impl Deed {
    /// At least as good an answer, at least as soon: whoever was silent answers, whoever was wrong does too.
    pub fn improved(self, quality: u32, first_ms: u64, latency_ms: u64) -> Self {
        match self {
            Self::Rest => Self::Rest,
            Self::Answer { quality: before, first_ms: first, latency_ms: latency } => {
                let latency_ms = latency.min(latency_ms);
                Self::Answer { quality: before.max(quality), first_ms: first.min(first_ms).min(latency_ms), latency_ms }
            }
            Self::False | Self::Fail(_) => Self::Answer { quality, first_ms: first_ms.min(latency_ms), latency_ms },
        }
    }

    /// What a validator sees of it; answers are alike where their `text` is the same.
    pub fn evidence(self, incentive: &Incentive, text: u8) -> Option<Evidence> {
        let tokens = |matched| Check::Tokens { answered: 40, matched, margin_micro: 1, complete: true };
        let marked = |mark| Check::Marked { answered: 40, mark };
        let by_model = incentive.gate.verifies == Verifies::Model;
        let (first_ms, latency_ms, check) = match self {
            Self::Rest => return None,
            Self::Fail(outcome) => {
                return Some(Evidence { outcome, latency_us: 7_000, first_token_us: None, check: None, sketch: None });
            }
            Self::False if by_model => (1, 1, tokens(12)),
            Self::False => (1, 1, marked(Score::ZERO)),
            Self::Answer { quality, first_ms, latency_ms } if by_model => (first_ms, latency_ms, tokens(36 + quality)),
            Self::Answer { quality, first_ms, latency_ms } => {
                (first_ms, latency_ms, marked(Score::ratio(1 + u64::from(quality), 5)))
            }
        };
        let outcome = check.outcome(incentive);
        let sketch = (incentive.duplicates.looks() && outcome == Outcome::Ok).then_some(Sketch([text; 64]));
        let (latency_us, first_token_us) = (latency_ms * 1_000, Some(first_ms * 1_000));
        Some(Evidence { outcome, latency_us, first_token_us, check: Some(check), sketch })
    }
}

/// An answer of any kind that passes.
pub fn answer() -> impl Strategy<Value = Deed> {
    (0u32..=4, 1u64..3_000, 0u64..3_000).prop_map(|(quality, first_ms, more)| Deed::Answer {
        quality,
        first_ms,
        latency_ms: first_ms + more,
    })
}

pub fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => answer(),
        1 => Just(Deed::False),
        1 => prop::sample::select(&SILENT[..]).prop_map(Deed::Fail),
        1 => Just(Deed::Rest),
    ]
}

/// Three to 13 rounds of so many miners.
pub fn rounds(miners: usize) -> impl Strategy<Value = Vec<Vec<Deed>>> {
    prop::collection::vec(prop::collection::vec(deed(), miners), 3..14)
}

pub fn smoothing() -> impl Strategy<Value = Smoothing> {
    let ema = (1u32..=1_000_000, 1u32..=1_000_000, prop_oneof![Just(0), 0u32..=1_000_000]);
    prop_oneof![
        ema.prop_map(|(one, other, prior_ppm)| Smoothing::Ema {
            success_rate_ppm: one.min(other),
            failure_rate_ppm: one.max(other),
            prior_ppm,
        }),
        (1u32..=50, 0u32..=50)
            .prop_map(|(answers, prior)| Smoothing::Mean { answers, prior_answers: prior.min(answers) }),
    ]
}

pub fn reliability() -> impl Strategy<Value = Reliability> {
    prop_oneof![
        Just(Reliability::None {}),
        (0u32..=3_000, 1u32..=300).prop_map(|(z_milli, answers)| Reliability::Wilson { z_milli, answers }),
    ]
}

pub fn speed() -> impl Strategy<Value = Speed> {
    let latency = (0u64..2_000_000, 0u64..50_000, 0u32..=1_000_000);
    let parts = (0u64..1_000_000, 0u64..50_000, 0u32..=1_000_000, 0u32..=1_000_000);
    prop_oneof![
        Just(Speed::None {}),
        latency.prop_map(|(start_us, unit_us, least_ppm)| Speed::Latency { start_us, unit_us, least_ppm }),
        parts.prop_map(|(first_token_us, token_us, first_token_share_ppm, least_ppm)| Speed::FirstTokenAndRate {
            first_token_us,
            token_us,
            first_token_share_ppm,
            least_ppm,
        }),
    ]
}

pub fn pairwise() -> impl Strategy<Value = Pairwise> {
    prop_oneof![
        2 => Just(Pairwise::None {}),
        1 => (1u32..=50, 100u32..=5_000).prop_map(|(rounds, prior_milli)| Pairwise::BradleyTerry { rounds, prior_milli }),
    ]
}

/// Maps that look at the standings only.
pub fn map_of_standings() -> impl Strategy<Value = WeightMap> {
    prop_oneof![
        (1u32..=16).prop_map(|power| WeightMap::Proportional { power }),
        (10_000u32..=2_000_000).prop_map(|temperature_ppm| WeightMap::Softmax { temperature_ppm }),
        (1u32..=1_000_000).prop_map(|decay_ppm| WeightMap::Rank { decay_ppm }),
        Just(WeightMap::WinnerTakesAll {}),
    ]
}

pub fn map() -> impl Strategy<Value = WeightMap> {
    let hill = (0u32..=100_000, 1u32..=500_000);
    prop_oneof![
        4 => map_of_standings(),
        1 => hill.prop_map(|(margin_ppm, alpha_ppm)| WeightMap::KingOfTheHill { margin_ppm, alpha_ppm }),
    ]
}

/// Copies are found by one answer in common.
pub const LOOKING: Duplicates =
    Duplicates::MinHash { resemblance_ppm: 900_000, rounds: 100, share_ppm: 800_000, least_rounds: 1 };

pub fn limits() -> impl Strategy<Value = Limits> {
    let cap = prop_oneof![Just(1_000_000), 1u32..=1_000_000];
    let burn = prop_oneof![
        Just((None, 0, false)),
        (0u32..=1_000_000, any::<bool>()).prop_map(|(share, idle)| (Some(0), share, idle))
    ];
    (cap, 1u16..=3, burn).prop_map(|(cap_ppm, min_miners, (burn_uid, burn_share_ppm, burn_when_idle))| Limits {
        cap_ppm,
        min_miners,
        burn_uid,
        burn_share_ppm,
        burn_when_idle,
    })
}

/// Rules with stages of every kind. Seat 0 is burnt where one is.
pub fn incentive() -> impl Strategy<Value = Incentive> {
    let verified = prop_oneof![
        Just((Verifies::Model, Duplicates::None {})),
        Just((Verifies::Answer, Duplicates::None {})),
        Just((Verifies::Answer, LOOKING)),
    ];
    let stages = (smoothing(), reliability(), speed(), pairwise(), map(), limits());
    let zeros = prop::sample::select(&[Zeros::Omit, Zeros::Explicit][..]);
    (verified, stages, zeros, 0u32..5, 2u64..8).prop_map(
        |((verifies, duplicates), stages, zeros, penalty_answers, stale)| {
            let (smoothing, reliability, speed, pairwise, weights, limits) = stages;
            Incentive {
                same_question: duplicates.looks(),
                gate: Gate { verifies, penalty_answers, ..Gate::default() },
                quality: if verifies == Verifies::Model { "accuracy" } else { "reference_logprob" }.into(),
                speed,
                smoothing,
                reliability,
                pairwise,
                duplicates,
                weights,
                limits,
                zeros,
                stale_after_rounds: stale,
                ..Incentive::default()
            }
        },
    )
}

/// The round that a king reigns from.
pub const REIGN: usize = 2;

/// A validator that has seen all rounds; `texts` are what the miners answer. A row is written after the round
/// before [`REIGN`], so that there may be a king from there on; what miners did beside each other counts from the next
/// round on.
pub fn play(incentive: &Incentive, rounds: &[Vec<Deed>], texts: &[u8], snapshot: &Snapshot) -> Validator {
    let mut validator = Validator::new(incentive.clone());
    for (number, deeds) in rounds.iter().enumerate() {
        validator.judged(deeds.iter().zip(texts).map(|(deed, text)| deed.evidence(incentive, *text)).collect());
        if number + 1 == REIGN {
            // There may be no row yet.
            let _ = validator.weigh(snapshot.clone());
        }
    }
    validator
}

/// Each seat's share of the row: all 0 where there is none.
pub fn payoffs(validator: &Validator, snapshot: &Snapshot) -> Vec<f64> {
    let Ok(shares) = shares(validator.table(), snapshot) else { return vec![0.0; snapshot.seats.len()] };
    let whole: u64 = shares.iter().map(|share| share.exact).sum();
    shares.iter().map(|share| share.exact as f64 / whole as f64).collect()
}
