//! A proof held against the rows of a validator's own pass.

use codec::{Decode, Encode};
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ProofCheck {
    /// The miner gave none.
    Missing,
    /// It can't be of this answer: other chunks, or rows that its root doesn't name.
    Broken,
    /// It is one of rows like these.
    Compared {
        /// Chunks that were compared.
        #[codec(compact)]
        chunks: u32,
        /// Numbers with another exponent or sign, in the chunk that has most of them.
        #[codec(compact)]
        mismatches: u32,
        /// The mean of the chunks' mean mantissa errors, in thousandths.
        #[codec(compact)]
        mantissa_mean_milli: u32,
        /// Rows that were opened.
        #[codec(compact)]
        opened: u32,
        /// The distance of the furthest of them from the own row, in millionths of its length.
        #[codec(compact)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::{RowTree, bf16_from_f32};

    const PROMPT: usize = 5;
    const ANSWERED: usize = 40;

    fn rows(seed: u32) -> Rows {
        let number = |index: u32| bf16_from_f32(((index * 7_919 + seed) % 2_003) as f32 / 500.0 - 2.0);
        let count = (PROMPT + ANSWERED - 1) as u32;
        Rows::new(24, (0..24 * count).map(number).collect()).unwrap()
    }

    fn shown(rows: &Rows) -> Shown {
        let commitments = chunks(PROMPT, ANSWERED).map(|chunk| Commitment::of(rows.slice(chunk).unwrap()).unwrap());
        let tree = RowTree::new(rows).unwrap();
        let opened = [0, 4, 5, 43].map(|position| tree.open(rows, position).unwrap()).into();
        Shown { proof: Some(Proof { commitments: commitments.collect(), root: tree.root() }), opened }
    }

    fn changed(change: impl FnOnce(&mut Proof, &mut Vec<Opening>)) -> ProofCheck {
        let own = rows(0);
        let Shown { proof, mut opened } = shown(&own);
        let mut proof = proof.unwrap();
        change(&mut proof, &mut opened);
        check(&Shown { proof: Some(proof), opened }, &own, PROMPT)
    }

    #[test]
    fn the_own_rows_are_no_distance_away() {
        let exact =
            ProofCheck::Compared { chunks: 3, mismatches: 0, mantissa_mean_milli: 0, opened: 4, opening_ppm: 0 };
        assert_eq!(changed(|_, _| ()), exact);
        assert_eq!(check(&Shown::default(), &rows(0), PROMPT), ProofCheck::Missing);
        let unopened = changed(|_, opened| opened.clear());
        assert!(matches!(unopened, ProofCheck::Compared { opened: 0, opening_ppm: 0, .. }), "{unopened:?}");
    }

    #[test]
    fn what_is_not_of_this_answer_is_broken() {
        let broken = |change: fn(&mut Proof, &mut Vec<Opening>)| assert_eq!(changed(change), ProofCheck::Broken);
        broken(|proof, _| drop(proof.commitments.pop()));
        broken(|proof, _| proof.commitments.push(proof.commitments[0].clone()));
        broken(|proof, _| proof.commitments.clear());
        broken(|proof, _| proof.root.0[3] ^= 1);
        broken(|_, opened| opened[1].row[7] ^= 1);
        broken(|_, opened| opened[1].position = 5);
        broken(|_, opened| opened[2].path[0].0[0] ^= 1);
        broken(|_, opened| opened[2].path.truncate(2));
        broken(|_, opened| opened[3].position = 44);
        broken(|_, opened| opened[0].row.truncate(23));
        // A root that is true of other rows, one of which is shown.
        broken(|_, opened| *opened = shown(&rows(1)).opened);
        // An answer of another length, or to a prompt of another.
        let all = shown(&rows(0));
        let shorter = Rows::new(24, rows(0).values()[..24 * 43].to_vec()).unwrap();
        assert_eq!(check(&all, &shorter, PROMPT), ProofCheck::Broken);
        assert_eq!(check(&all, &rows(0), PROMPT + 8), ProofCheck::Broken);
        assert_eq!(check(&all, &rows(0), 1_000), ProofCheck::Broken);
    }

    #[test]
    fn rows_of_something_else_are_far_away() {
        let ProofCheck::Compared { mismatches, mantissa_mean_milli, opening_ppm, .. } =
            check(&shown(&rows(1_000)), &rows(0), PROMPT)
        else {
            panic!("not compared")
        };
        assert!(mismatches > 40 && mantissa_mean_milli > 5_000 && opening_ppm > 500_000);
        // Chunks in another order are the chunks of something else.
        let swapped = changed(|proof, _| proof.commitments.swap(0, 1));
        assert!(!matches!(swapped, ProofCheck::Compared { mismatches: 0..=40, .. }), "{swapped:?}");
    }

    #[test]
    fn distances_are_shares_of_the_own_length() {
        let row = |numbers: &[f32]| numbers.iter().copied().map(bf16_from_f32).collect::<Vec<_>>();
        let own = row(&[3.0, 4.0]);
        assert_eq!(distance_ppm(&own, &own), Some(0));
        assert_eq!(distance_ppm(&row(&[3.0, 4.5]), &own), Some(100_000));
        assert_eq!(distance_ppm(&row(&[0.0, 0.0]), &own), Some(1_000_000));
        assert_eq!(distance_ppm(&row(&[3.0]), &own), None);
        // What is no number is as far as can be; nothing is nothing away from nothing.
        assert_eq!(distance_ppm(&row(&[f32::NAN, 4.0]), &own), Some(u32::MAX));
        assert_eq!(distance_ppm(&row(&[f32::INFINITY, 4.0]), &own), Some(u32::MAX));
        assert_eq!(distance_ppm(&row(&[1.0, 0.0]), &row(&[0.0, 0.0])), Some(u32::MAX));
        assert_eq!(distance_ppm(&row(&[0.0, 0.0]), &row(&[0.0, 0.0])), Some(0));
    }
}
