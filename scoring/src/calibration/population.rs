//! Answers of one kind of miner, and what the checks say of them.

use serde::{Deserialize, Serialize};

use super::interval::clopper_pearson;
use crate::proof::{ProofCheck, Thresholds};

/// Confidence of the intervals.
pub(super) const CONFIDENCE: f64 = 0.95;

/// What a kind of miner does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conduct {
    /// Runs the model and samples as it was asked to.
    Honest,
    /// Runs the model with weights rounded so finely that it may be impossible to tell.
    Rounded,
    /// Runs the model and takes other tokens.
    Sampling,
    /// Runs something else.
    Model,
    /// Gives a proof of nothing that it ran.
    Forged,
}

/// One audited answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The margin of each token, in millionths.
    pub margins_micro: Vec<u32>,
    /// Whether it ended where it had to.
    pub complete: bool,
    /// What became of its proof.
    pub proof: ProofCheck,
}

/// Answers of miners that all do the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// What they do, in words.
    pub name: String,
    /// What they do.
    pub conduct: Conduct,
    /// Their answers.
    pub samples: Vec<Sample>,
}

/// The spread of a number over the answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// The least.
    pub least: u32,
    /// Exceeded by 99 of 100.
    pub q01: u32,
    /// By half.
    pub median: u32,
    /// By one of 100.
    pub q99: u32,
    /// The most.
    pub most: u32,
}

/// [`Observed`], summed up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// What they do, in words.
    pub name: String,
    /// What they do.
    pub conduct: Conduct,
    /// Audited answers.
    pub answers: u32,
    /// Their tokens.
    pub tokens: u64,
    /// Of these, off.
    pub off: u64,
    /// Answers that the tokens or their end give away.
    pub rejected_by_tokens: u32,
    /// Answers that the proof gives away.
    pub rejected_by_proof: u32,
    /// Answers that anything gives away.
    pub rejected: u32,
    /// The true rate of rejection lies between this, in billionths,
    pub rejection_low_ppb: u32,
    /// and this, with a confidence of 95 %.
    pub rejection_high_ppb: u32,
    /// Proofs that could be compared; others are of other chunks or rows, or missing.
    pub compared: u32,
    /// Of the proofs that could be compared.
    pub mismatches: Spread,
    /// Of the proofs that could be compared.
    pub mantissa_mean_milli: Spread,
    /// Of the proofs that could be compared.
    pub opening_ppm: Spread,
}

impl Observed {
    /// Whether the thresholds reject a sample: for its tokens, for its proof.
    pub(super) fn rejected(thresholds: &Thresholds, sample: &Sample) -> (bool, bool) {
        let peak = thresholds.peak(sample.margins_micro.iter().copied());
        (!sample.complete || peak >= thresholds.tokens.reject_micro, !thresholds.hold(&sample.proof))
    }

    /// Sums up what the thresholds say of it.
    pub fn sum_up(&self, thresholds: &Thresholds) -> Population {
        let mut population = Population {
            name: self.name.clone(),
            conduct: self.conduct,
            answers: self.samples.len() as u32,
            tokens: self.samples.iter().map(|sample| sample.margins_micro.len() as u64).sum(),
            off: self.off(thresholds.off_margin_micro),
            rejected_by_tokens: 0,
            rejected_by_proof: 0,
            rejected: 0,
            rejection_low_ppb: 0,
            rejection_high_ppb: 0,
            compared: self.mismatches().len() as u32,
            mismatches: Spread::of(self.mismatches()),
            mantissa_mean_milli: Spread::of(self.mantissa_means_milli()),
            opening_ppm: Spread::of(self.openings_ppm()),
        };
        for sample in &self.samples {
            let (tokens, proof) = Self::rejected(thresholds, sample);
            population.rejected_by_tokens += u32::from(tokens);
            population.rejected_by_proof += u32::from(proof);
            population.rejected += u32::from(tokens || proof);
        }
        let (low, high) = clopper_pearson(population.rejected.into(), population.answers.into(), CONFIDENCE);
        population.rejection_low_ppb = (low * 1e9) as u32;
        population.rejection_high_ppb = libm::ceil(high * 1e9) as u32;
        population
    }

    /// How many tokens are beyond a margin.
    pub(super) fn off(&self, margin_micro: u32) -> u64 {
        self.samples.iter().flat_map(|sample| &sample.margins_micro).filter(|margin| **margin > margin_micro).count()
            as u64
    }

    /// Of each proof that could be compared.
    pub fn mismatches(&self) -> Vec<u32> {
        self.compared(|mismatches, _, _| mismatches)
    }

    /// Of each proof that could be compared.
    pub fn mantissa_means_milli(&self) -> Vec<u32> {
        self.compared(|_, mean, _| mean)
    }

    /// Of each proof that could be compared.
    pub fn openings_ppm(&self) -> Vec<u32> {
        self.compared(|_, _, opening| opening)
    }

    fn compared(&self, number: impl Fn(u32, u32, u32) -> u32) -> Vec<u32> {
        let proofs = self.samples.iter().map(|sample| sample.proof);
        let numbers = proofs.filter_map(|proof| match proof {
            ProofCheck::Compared { mismatches, mantissa_mean_milli, opening_ppm, .. } => {
                Some(number(mismatches, mantissa_mean_milli, opening_ppm))
            }
            ProofCheck::Missing | ProofCheck::Broken => None,
        });
        numbers.collect()
    }
}

impl Spread {
    /// Of some numbers; all zero of none.
    pub fn of(mut numbers: Vec<u32>) -> Self {
        numbers.sort_unstable();
        let Some(last) = numbers.len().checked_sub(1) else { return Self::default() };
        // The lower of two where a quantile lies between them: it is held against what must be caught.
        let at = |percent: usize| numbers[last * percent / 100];
        Self { least: at(0), q01: at(1), median: at(50), q99: at(99), most: at(100) }
    }
}
