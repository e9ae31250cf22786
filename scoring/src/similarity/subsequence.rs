//! The longest common subsequence, 64 places at a time (Crochemore, Iliopoulos, Pinzon and Reid, "A fast and practical
//! bit-vector algorithm for the longest common subsequence problem", Information Processing Letters 80, 2001).

use std::collections::BTreeMap;

/// So many tokens of each text are looked at. What comes after them matches nothing.
pub const MOST_TOKENS: usize = 16_384;

/// The length of the longest sequence that both contain in this order, with gaps, within the first [`MOST_TOKENS`] of
/// each. It takes a step per 64 pairs of tokens, 4 million at most, and memory for a few numbers per token.
pub(super) fn common_subsequence(first: &[u32], second: &[u32]) -> u64 {
    let (first, second) = (&first[..first.len().min(MOST_TOKENS)], &second[..second.len().min(MOST_TOKENS)]);
    let words = first.len().div_ceil(64);
    let places = places(first, words);
    // A zero for each place of the first text that the sequence so far ends a step at.
    let mut open = vec![u64::MAX; words];
    let mut spread = vec![0; words];
    for token in second {
        match places.get(token) {
            None => {}
            Some(Places::Many(mask)) => advance(&mut open, mask),
            Some(Places::Few(few)) => {
                few.iter().for_each(|&at| spread[at / 64] |= 1 << (at % 64));
                advance(&mut open, &spread);
                few.iter().for_each(|&at| spread[at / 64] = 0);
            }
        }
    }
    // Places beyond the end are never matched, so they stay open.
    open.iter().map(|word| u64::from(word.count_zeros())).sum()
}

/// Where a token is.
enum Places {
    /// Where there are fewer places than words of a mask.
    Few(Vec<usize>),
    /// A bit per place. No more than 64 tokens are so frequent.
    Many(Vec<u64>),
}

fn places(tokens: &[u32], words: usize) -> BTreeMap<u32, Places> {
    let mut places: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (at, token) in tokens.iter().enumerate() {
        places.entry(*token).or_default().push(at);
    }
    let pack = |few: Vec<usize>| {
        if few.len() <= words {
            return Places::Few(few);
        }
        let mut mask = vec![0; words];
        few.iter().for_each(|&at| mask[at / 64] |= 1 << (at % 64));
        Places::Many(mask)
    };
    places.into_iter().map(|(token, few)| (token, pack(few))).collect()
}

/// `open = (open + (open & mask)) | (open & !mask)`, as one long number.
fn advance(open: &mut [u64], mask: &[u64]) {
    let mut carry = false;
    for (word, &mask) in open.iter_mut().zip(mask) {
        let (sum, over) = word.overflowing_add(*word & mask);
        let (sum, again) = sum.overflowing_add(u64::from(carry));
        carry = over || again;
        *word = sum | (*word & !mask);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By the table that the definition gives.
    fn by_table(first: &[u32], second: &[u32]) -> u64 {
        let mut row = vec![0; second.len() + 1];
        for a in first {
            let mut corner = 0;
            for (at, b) in second.iter().enumerate() {
                let above = row[at + 1];
                row[at + 1] = if a == b { corner + 1 } else { above.max(row[at]) };
                corner = above;
            }
        }
        row[second.len()]
    }

    #[test]
    fn long_texts_are_cut() {
        let long: Vec<u32> = (0..40_000).collect();
        assert_eq!(common_subsequence(&long, &long), MOST_TOKENS as u64);
        assert_eq!(common_subsequence(&long, &long[MOST_TOKENS..]), 0);
        assert_eq!(common_subsequence(&[7; 20_000], &[7; 100]), 100);
        assert_eq!(common_subsequence(&[], &long), 0);
    }

    proptest! {
        #[test]
        fn it_is_the_tables(
            first in prop::collection::vec(0..6_u32, 0..300), second in prop::collection::vec(0..9_u32, 0..300),
            kinds in 1..7_u32,
        ) {
            let first: Vec<u32> = first.iter().map(|token| token % kinds).collect();
            let found = common_subsequence(&first, &second);
            prop_assert_eq!(found, by_table(&first, &second));
            prop_assert_eq!(found, common_subsequence(&second, &first));
        }
    }
}
