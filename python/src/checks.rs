//! What the check of each answer showed, as columns.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, UInt32Array, UInt64Array};
use scoring::{Check, Scored, Texts, proof::ProofCheck};

use crate::{failure::Failure, table};

/// The checks of answers.
#[derive(Default)]
pub struct Checks {
    kind: Texts<String>,
    seq: Vec<u64>,
    answered: Vec<Option<u32>>,
    matched: Vec<Option<u32>>,
    complete: Vec<Option<bool>>,
    margin_micro: Vec<Option<u64>>,
    peak_micro: Vec<Option<i64>>,
    mismatches: Vec<Option<u32>>,
    mantissa_mean_milli: Vec<Option<u32>>,
    opening_ppm: Vec<Option<u32>>,
}

/// What one says.
#[derive(Default)]
struct Row {
    kind: Option<&'static str>,
    answered: Option<u32>,
    matched: Option<u32>,
    complete: Option<bool>,
    margin_micro: Option<u64>,
    peak_micro: Option<i64>,
    proof: Option<ProofCheck>,
}

impl Row {
    fn of(check: Check) -> Self {
        match check {
            Check::Tokens { answered, matched, margin_micro, complete } => Self {
                kind: Some("tokens"),
                answered: Some(answered),
                matched: Some(matched),
                complete: Some(complete),
                margin_micro: Some(margin_micro),
                ..Self::default()
            },
            Check::Proven { answered, matched, margin_micro, complete, peak_micro, proof } => Self {
                kind: Some("proven"),
                peak_micro: Some(peak_micro),
                proof: Some(proof),
                ..Self::of(Check::Tokens { answered, matched, margin_micro, complete })
            },
            Check::Logprobs { answered, near, complete } => Self {
                kind: Some("logprobs"),
                answered: Some(answered),
                matched: Some(near),
                complete: Some(complete),
                ..Self::default()
            },
            Check::Unaudited { answered } => {
                Self { kind: Some("unaudited"), answered: Some(answered), ..Self::default() }
            }
            Check::Cosines { texts, .. } => Self { kind: Some("cosines"), answered: Some(texts), ..Self::default() },
            Check::Marked { answered, .. } => {
                Self { kind: Some("marked"), answered: Some(answered), ..Self::default() }
            }
        }
    }
}

impl Checks {
    /// Adds that of an answer.
    pub fn push(&mut self, seq: u64, answer: &Scored) {
        let Row { kind, answered, matched, complete, margin_micro, peak_micro, proof } =
            answer.evidence.check.map(Row::of).unwrap_or_default();
        let (mismatches, mantissa_mean_milli, opening_ppm) = match proof {
            Some(ProofCheck::Compared { mismatches, mantissa_mean_milli, opening_ppm, .. }) => {
                (Some(mismatches), Some(mantissa_mean_milli), Some(opening_ppm))
            }
            _ => (None, None, None),
        };
        self.seq.push(seq);
        self.kind.push(kind, |kind: &str| (kind.to_owned(), kind.to_owned()));
        self.answered.push(answered);
        self.matched.push(matched);
        self.complete.push(complete);
        self.margin_micro.push(margin_micro);
        self.peak_micro.push(peak_micro);
        self.mismatches.push(mismatches);
        self.mantissa_mean_milli.push(mantissa_mean_milli);
        self.opening_ppm.push(opening_ppm);
    }

    /// All of them.
    pub fn finish(self) -> Result<RecordBatch, Failure> {
        table::batch([
            ("seq", Arc::new(UInt64Array::from(self.seq)) as ArrayRef, false),
            ("kind", table::dictionary(self.kind)?, true),
            ("answered", Arc::new(UInt32Array::from(self.answered)) as ArrayRef, true),
            ("matched", Arc::new(UInt32Array::from(self.matched)) as ArrayRef, true),
            ("complete", Arc::new(BooleanArray::from(self.complete)) as ArrayRef, true),
            ("margin_micro", Arc::new(UInt64Array::from(self.margin_micro)) as ArrayRef, true),
            ("peak_micro", Arc::new(Int64Array::from(self.peak_micro)) as ArrayRef, true),
            ("mismatches", Arc::new(UInt32Array::from(self.mismatches)) as ArrayRef, true),
            ("mantissa_mean_milli", Arc::new(UInt32Array::from(self.mantissa_mean_milli)) as ArrayRef, true),
            ("opening_ppm", Arc::new(UInt32Array::from(self.opening_ppm)) as ArrayRef, true),
        ])
    }
}
