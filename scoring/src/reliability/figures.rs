//! What is said of one miner and one window.

use serde::{Deserialize, Serialize};

use super::{
    histogram::{Histogram, Sum},
    ledger::Step,
};

/// One miner in one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Requests that were scored.
    pub requests: u64,
    /// Of these, answered: completely, in time and signed.
    pub answered: u64,
    /// The share of these, in millionths; none without requests.
    pub uptime_ppm: Option<u32>,
    /// Time to the first token of right answers, in microseconds; none where there was no stream of tokens.
    pub first_token_us: Option<Waiting>,
    /// Tokens of right answers over their whole time, in thousandths of a token a second; none where there were no tokens.
    pub tokens_per_second_milli: Option<Fastness>,
}

/// Percentiles of what should be small: the half, nine tenths and 99 of a hundred took at most so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// In the middle.
    pub p50: u64,
    /// In one of ten it was longer.
    pub p90: u64,
    /// In one of a hundred it was longer.
    pub p99: u64,
}

/// Percentiles of what should be great: the half, nine tenths and 99 of a hundred were at least so fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fastness {
    /// In the middle.
    pub p50: u64,
    /// One of ten was slower.
    pub p10: u64,
    /// One of a hundred was slower.
    pub p01: u64,
}

impl Waiting {
    /// Of all that was counted; none where nothing was.
    pub fn of<'a>(counted: impl IntoIterator<Item = &'a Histogram>) -> Option<Self> {
        let sum = Sum::of(counted);
        Some(Self { p50: sum.percentile(50)?, p90: sum.percentile(90)?, p99: sum.percentile(99)? })
    }
}

impl Fastness {
    /// Of all that was counted; none where nothing was.
    pub fn of<'a>(counted: impl IntoIterator<Item = &'a Histogram>) -> Option<Self> {
        let sum = Sum::of(counted);
        Some(Self { p50: sum.percentile(50)?, p10: sum.percentile(10)?, p01: sum.percentile(1)? })
    }
}

impl Figures {
    /// Of the steps of a window.
    pub(super) fn of<'a>(steps: impl Iterator<Item = &'a Step> + Clone) -> Self {
        let requests: u64 = steps.clone().map(|step| u64::from(step.requests)).sum();
        let answered: u64 = steps.clone().map(|step| u64::from(step.answered)).sum();
        let share = (answered * 1_000_000).checked_div(requests);
        Self {
            requests,
            answered,
            uptime_ppm: share.and_then(|share| u32::try_from(share).ok()),
            first_token_us: Waiting::of(steps.clone().map(|step| &step.first_token_us)),
            tokens_per_second_milli: Fastness::of(steps.map(|step| &step.rate_milli)),
        }
    }
}
