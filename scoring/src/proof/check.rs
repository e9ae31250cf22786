//! A proof held against the rows of a validator's own pass.

use primitives::Digest;
use serde::{Deserialize, Serialize};

use super::{Commitment, Distance, Opening, Rows, bf16_to_f32, chunks};

/// Rows that may be opened of one answer.
pub const MAX_OPENED_ROWS: u32 = 16;

/// What a miner says of how it came to an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// One for each chunk, in order.
    pub commitments: Vec<Commitment>,
    /// Of the tree over all rows.
    pub root: Digest,
}

/// What a miner showed of an answer, beside the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// With the answer; none from a miner that doesn't see its hidden rows.
    pub proof: Option<Proof>,
    /// Afterwards, when it was asked.
    pub opened: Vec<Opening>,
}

/// What became of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ProofCheck {
    /// The miner gave none.
    Missing,
    /// It can't be of this answer: other chunks, or rows that its root doesn't name.
    Broken,
    /// It is one of rows like these.
    Compared {
        /// Chunks that were compared.
        chunks: u32,
        /// Numbers with another exponent or sign, in the chunk that has most of them.
        mismatches: u32,
        /// The mean of the chunks' mean mantissa errors, in thousandths.
        mantissa_mean_milli: u32,
        /// Rows that were opened.
        opened: u32,
        /// The distance of the furthest of them from the own row, in millionths of its length.
        opening_ppm: u32,
    },
}

/// Holds what was shown against the own rows of an answer with so many tokens in its prompt.
pub fn check(shown: &Shown, own: &Rows, prompt: usize) -> ProofCheck {
    let Some(proof) = &shown.proof else { return ProofCheck::Missing };
    compared(proof, &shown.opened, own, prompt).unwrap_or(ProofCheck::Broken)
}

fn compared(proof: &Proof, opened: &[Opening], own: &Rows, prompt: usize) -> Option<ProofCheck> {
    let (mut count, mut mismatches, mut means) = (0_u32, 0, 0_u64);
    let mut commitments = proof.commitments.iter();
    for chunk in chunks(prompt, (own.len() + 1).checked_sub(prompt)?) {
        let distance: Distance = commitments.next()?.compare(own.slice(chunk)?)?;
        count += 1;
        mismatches = mismatches.max(distance.exponent_mismatches.saturating_add(distance.sign_mismatches));
        means += u64::from(distance.mantissa_mean_milli);
    }
    if commitments.next().is_some() || count == 0 {
        return None;
    }
    let rows = u32::try_from(own.len()).ok()?;
    let mut opening_ppm = 0;
    for opening in opened {
        if !opening.belongs_to(&proof.root, rows) {
            return None;
        }
        let row = own.row(usize::try_from(opening.position).ok()?)?;
        opening_ppm = opening_ppm.max(distance_ppm(&opening.row, row)?);
    }
    Some(ProofCheck::Compared {
        chunks: count,
        mismatches,
        mantissa_mean_milli: u32::try_from(means / u64::from(count)).ok()?,
        opened: u32::try_from(opened.len()).ok()?,
        opening_ppm,
    })
}

/// How far a row is from another, in millionths of the other's Euclidean length; `u32::MAX` where that is no number. None
/// where one is wider.
pub fn distance_ppm(row: &[u16], own: &[u16]) -> Option<u32> {
    if row.len() != own.len() {
        return None;
    }
    let value = |bits: &u16| f64::from(bf16_to_f32(*bits));
    let apart: f64 = row.iter().zip(own).map(|(a, b)| (value(a) - value(b)) * (value(a) - value(b))).sum();
    let length: f64 = own.iter().map(|b| value(b) * value(b)).sum();
    let ppm = if apart == 0.0 { 0.0 } else { libm::sqrt(apart / length) * 1e6 };
    // `as` saturates; NaN would become 0.
    Some(if ppm.is_nan() { u32::MAX } else { libm::round(ppm) as u32 })
}
