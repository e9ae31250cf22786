//! What one set of rules comes to over a log, in a few numbers.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt64Array};
use primitives::{Digest, Weights};
use scoring::{
    Reweighed,
    concentration::{herfindahl, total_variation},
};

use crate::{failure::Failure, table};

/// Rows of a log beside those of other rules, summed up in the order in which they come.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    rows: u64,
    refused: u64,
    changed: u64,
    distance: f64,
    herfindahl: f64,
    last_distance: f64,
    last: Weights,
}

impl Summary {
    /// The next row, and the one that stands under the other rules.
    pub fn take(&mut self, row: &Reweighed<'_>, standing: Option<&Weights>) {
        self.last = standing.cloned().unwrap_or_default();
        self.rows += 1;
        self.refused += u64::from(row.other.is_err());
        self.changed += u64::from(self.last != *row.logged);
        self.last_distance = total_variation(row.logged, &self.last);
        self.distance += self.last_distance;
        self.herfindahl += herfindahl(self.last.iter());
    }

    fn mean(&self, sum: f64) -> Option<f64> {
        (self.rows > 0).then(|| sum / self.rows as f64)
    }

    fn paid(&self) -> u64 {
        self.last.iter().filter(|(_, value)| *value > 0).count() as u64
    }

    fn largest_share(&self) -> Option<f64> {
        let sum: u64 = self.last.iter().map(|(_, value)| u64::from(value)).sum();
        let largest = self.last.iter().map(|(_, value)| value).max()?;
        (sum > 0).then(|| f64::from(largest) / sum as f64)
    }

    /// An entry for each set of rules.
    pub fn table(all: &[(Digest, Self)]) -> Result<RecordBatch, Failure> {
        let counts = |of: fn(&Self) -> u64| {
            Arc::new(all.iter().map(|(_, summary)| of(summary)).collect::<UInt64Array>()) as ArrayRef
        };
        let numbers = |of: fn(&Self) -> Option<f64>| {
            Arc::new(all.iter().map(|(_, summary)| of(summary)).collect::<Float64Array>()) as ArrayRef
        };
        let lists = |of| table::lists(all.iter().map(|(_, summary)| &summary.last), of);
        let digests: Vec<String> = all.iter().map(|(digest, _)| digest.to_string()).collect();
        table::batch([
            ("rules", Arc::new(StringArray::from(digests)) as ArrayRef, false),
            ("rows", counts(|summary| summary.rows), false),
            ("refused", counts(|summary| summary.refused), false),
            ("changed", counts(|summary| summary.changed), false),
            ("distance", numbers(|summary| summary.mean(summary.distance)), true),
            ("last_distance", numbers(|summary| (summary.rows > 0).then_some(summary.last_distance)), true),
            ("herfindahl", numbers(|summary| summary.mean(summary.herfindahl)), true),
            ("last_herfindahl", numbers(|summary| (summary.rows > 0).then(|| herfindahl(summary.last.iter()))), true),
            ("paid", counts(Self::paid), false),
            ("largest_share", numbers(Self::largest_share), true),
            ("uids", lists(Weights::uids), false),
            ("weights", lists(Weights::values), false),
        ])
    }
}
