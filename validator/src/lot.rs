//! What chance decides about an answer that has arrived: whether it is audited, and which rows are opened. Drawn from the
//! system's randomness afterwards, so that nobody could know before.

use std::collections::BTreeSet;

use protos::envelope::fresh_nonce;

/// Whether an answer is audited, with this chance in millionths.
pub(crate) fn falls(probability_ppm: u32) -> bool {
    u64::from(probability_ppm) > below(1_000_000)
}

/// Different rows out of so many, in order; all of them where there are fewer.
pub fn rows(of: u32, count: u32) -> Vec<u32> {
    let mut drawn = BTreeSet::new();
    while drawn.len() < count.min(of) as usize {
        drawn.insert(below(of.into()) as u32);
    }
    drawn.into_iter().collect()
}

/// A number below `end`. Of 128 bits, what is left over favours nobody by more than 2^-64.
fn below(end: u64) -> u64 {
    (u128::from_be_bytes(fresh_nonce()) % u128::from(end.max(1))) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certain_and_impossible_lots() {
        assert!((0..1_000).all(|_| falls(1_000_000)) && !(0..1_000).any(|_| falls(0)));
        let fell = (0..10_000).filter(|_| falls(250_000)).count();
        // Six standard deviations.
        assert!((2_240..2_760).contains(&fell), "{fell}");
    }

    #[test]
    fn every_row_is_drawn_sooner_or_later() {
        assert_eq!(rows(3, 9), [0, 1, 2]);
        assert!(rows(0, 4).is_empty());
        let drawn: BTreeSet<u32> = (0..400).flat_map(|_| rows(20, 3)).collect();
        assert_eq!(drawn.len(), 20);
        assert!((0..100).all(|_| rows(20, 3).len() == 3));
    }
}
