//! What was measured, for people and for programs.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};

use super::statistics::{Quantiles, Sample, Summary};
use crate::{row, table::Table};

/// Samples that are still coming in. Whatever interrupts the measurement, those that are there count.
pub type Samples = Arc<Mutex<Vec<Sample>>>;

/// All measurements, in order.
#[derive(Debug, Default)]
pub struct Report(Mutex<Vec<(u32, Samples)>>);

impl Report {
    /// Where the samples of another measurement go.
    pub fn level(&self, concurrency: u32) -> Samples {
        let samples = Samples::default();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((concurrency, samples.clone()));
        samples
    }

    /// How many answers were measured.
    pub fn answered(&self) -> usize {
        self.summaries().iter().map(|(_, summary)| summary.answered()).sum()
    }

    fn summaries(&self) -> Vec<(u32, Summary)> {
        let levels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let summary = |samples: &Samples| Summary::of(&samples.lock().unwrap_or_else(PoisonError::into_inner));
        levels.iter().map(|(concurrency, samples)| (*concurrency, summary(samples))).collect()
    }

    /// For programs: an object for each measurement.
    pub fn document(&self) -> Vec<Value> {
        let quantiles = |quantiles: Option<Quantiles>| {
            quantiles.map(
                |Quantiles { p50, p95, p99 }| json!({ "p50": millis(p50), "p95": millis(p95), "p99": millis(p99) }),
            )
        };
        let level = |(concurrency, summary): (u32, Summary)| {
            json!({
                "concurrency": concurrency,
                "outcomes": summary.outcomes,
                "new_tokens": summary.tokens,
                "wall_ms": millis(summary.wall),
                "tokens_per_second": rounded(summary.tokens_per_second),
                "decode_tokens_per_second": rounded(summary.decode_tokens_per_second),
                "first_token_ms": quantiles(summary.first_token),
                "between_tokens_ms": quantiles(summary.between_tokens),
                "whole_ms": quantiles(summary.whole),
            })
        };
        self.summaries().into_iter().map(level).collect()
    }

    /// For people. Times are milliseconds: at the median, and what 95 and 99 of a hundred stay below.
    pub fn table(&self) -> anyhow::Result<String> {
        let mut table = Table::new(&[
            "at a time",
            "ok",
            "failed",
            "tokens/s",
            "decode/s",
            "first token ms",
            "p95",
            "p99",
            "between ms",
            "p95",
            "p99",
            "whole ms",
            "p95",
            "p99",
        ]);
        let mut failures = String::new();
        for (concurrency, summary) in self.summaries() {
            let mut cells = row![
                concurrency,
                summary.answered(),
                summary.failed(),
                format!("{:.1}", summary.tokens_per_second),
                format!("{:.1}", summary.decode_tokens_per_second),
            ];
            for quantiles in [summary.first_token, summary.between_tokens, summary.whole] {
                match quantiles {
                    Some(Quantiles { p50, p95, p99 }) => {
                        cells.extend([p50, p95, p99].map(|time| format!("{:.1}", millis(time))));
                    }
                    None => cells.extend(["-"; 3].map(str::to_owned)),
                }
            }
            table.push(cells);
            for (outcome, count) in summary.outcomes.iter().filter(|(outcome, _)| *outcome != super::statistics::OK) {
                failures += &format!("\n{count} of those at {concurrency} a time: {outcome}");
            }
        }
        let mut out = Vec::new();
        table.write(&mut out)?;
        Ok(String::from_utf8_lossy(&out).trim_end().to_owned() + &failures)
    }
}

/// To a thousandth.
fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1_000.0
}

fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}
