//! chrF: sequences of characters in common (Popović, "chrF: character n-gram F-score for automatic MT evaluation",
//! 2015).

use super::{exact::is_space, overlap::Overlap};
use crate::Score;

/// The longest sequences.
const LONGEST: usize = 6;

/// Recall counts so many times as much as precision: beta is 2.
const BETA_SQUARED: u128 = 4;

/// Shares of one order are parts of this, so that the products below stay within 128 bits. It is five digits finer than
/// a score.
const ONE: u128 = 1 << 44;

/// The chrF2 score of sacrebleu's defaults: sequences of 1 to 6 characters, white space left out, case kept, precision
/// and recall averaged over the lengths of which both texts have any. Zero where either text is empty. A character is a
/// code point.
pub fn chrf(candidate: &str, reference: &str) -> Score {
    let letters = |text: &str| text.chars().filter(|letter| !is_space(*letter)).map(u128::from).collect::<Vec<_>>();
    let (candidate, reference) = (letters(candidate), letters(reference));
    let longest = LONGEST.min(candidate.len()).min(reference.len());
    let (mut precision, mut recall) = (0, 0);
    for length in 1..=longest {
        let found = Overlap::of(sequences(&candidate, length), sequences(&reference, length));
        precision += u128::from(found.matched) * ONE / u128::from(found.candidate);
        recall += u128::from(found.matched) * ONE / u128::from(found.reference);
    }
    // Six times 2^44 each, five and a billion: less than 2^126.
    let billion = u128::from(Score::ONE.nano());
    let part = (1 + BETA_SQUARED) * precision * recall * billion;
    let whole = (BETA_SQUARED * precision + recall) * ONE * longest as u128;
    let nano = part.checked_div(whole).and_then(|nano| u32::try_from(nano).ok());
    nano.and_then(Score::from_nano).unwrap_or(Score::ZERO)
}

/// Sequences of this length, each packed into one number: a character has 21 bits.
fn sequences(letters: &[u128], length: usize) -> Vec<u128> {
    letters.windows(length).map(|window| window.iter().fold(0, |packed, letter| packed << 21 | letter)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn edges_are_sound() {
        for (candidate, reference) in [("", ""), ("", "a"), ("a", ""), (" \n", "a"), ("b", "a")] {
            assert_eq!(chrf(candidate, reference), Score::ZERO);
        }
        assert_eq!(chrf("a", "a"), Score::ONE);
        assert_eq!(chrf("a b\u{1F}c\u{3000}d", "abcd"), Score::ONE);
        assert!(chrf("ABCD", "abcd") == Score::ZERO);
        let long = "\u{10FFFF}x".repeat(50_000);
        assert_eq!(chrf(&long, &long), Score::ONE);
    }

    proptest! {
        #[test]
        fn it_is_one_for_the_same_and_blind_to_spaces(a in "[ab é日]{0,40}", b in "[ab é日]{0,40}") {
            let found = chrf(&a, &b);
            prop_assert!(found <= Score::ONE);
            prop_assert_eq!(chrf(&a.replace(' ', ""), &b.replace(' ', "\t\n")), found);
            prop_assert!(a.trim().is_empty() || chrf(&a, &a) == Score::ONE);
            // Either is zero exactly where no character is in common.
            prop_assert_eq!(chrf(&b, &a) == Score::ZERO, found == Score::ZERO);
        }
    }
}
