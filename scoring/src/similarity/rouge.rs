//! ROUGE: words, pairs of words and sequences of words in common (Lin, "ROUGE: a package for automatic evaluation of
//! summaries", 2004), as the package rouge-score counts them, without stemming.

use std::collections::BTreeMap;

use super::{overlap::Overlap, subsequence::common_subsequence, words::Words};

/// ROUGE-1: words.
pub fn rouge_1(candidate: &str, reference: &str, words: Words) -> Overlap {
    let (candidate, reference) = numbered(candidate, reference, words);
    Overlap::of(candidate, reference)
}

/// ROUGE-2: pairs of neighbouring words. A text of one word has none.
pub fn rouge_2(candidate: &str, reference: &str, words: Words) -> Overlap {
    let (candidate, reference) = numbered(candidate, reference, words);
    let pairs = |words: &[u32]| words.windows(2).map(|pair| (pair[0], pair[1])).collect();
    Overlap::of::<(u32, u32)>(pairs(&candidate), pairs(&reference))
}

/// ROUGE-L, of whole texts: the longest sequence of words that both have in this order. Of a text with more than
/// [`super::MOST_TOKENS`] words, those beyond match nothing but count in its length, so that writing on gains nothing.
pub fn rouge_l(candidate: &str, reference: &str, words: Words) -> Overlap {
    let (candidate, reference) = numbered(candidate, reference, words);
    Overlap {
        matched: common_subsequence(&reference, &candidate),
        candidate: candidate.len() as u64,
        reference: reference.len() as u64,
    }
}

/// Both texts with a number for each word, the same for the same word.
fn numbered(candidate: &str, reference: &str, words: Words) -> (Vec<u32>, Vec<u32>) {
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    let mut number = |text: &str| {
        let mut numbered = Vec::new();
        for word in words.of(text) {
            let next = numbers.len() as u32;
            numbered.push(*numbers.entry(word).or_insert(next));
        }
        numbered
    };
    (number(candidate), number(reference))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Score;

    #[test]
    fn nothing_is_like_nothing() {
        for rouge in [rouge_1, rouge_2, rouge_l] {
            for (candidate, reference) in [("", ""), ("", "cat dog"), ("cat dog", ""), ("…", "—")] {
                assert_eq!(rouge(candidate, reference, Words::Unicode).f_measure(), Score::ZERO);
            }
        }
        assert_eq!(rouge_2("cat", "cat", Words::Ascii), Overlap::default());
    }

    proptest! {
        #[test]
        fn scores_are_symmetric_bounded_and_blind_to_case(
            a in "([abAB]{1,2}[ ,]{1,2}){0,30}", b in "([abAB]{1,2} ){0,30}",
        ) {
            let found = [rouge_1, rouge_2, rouge_l].map(|rouge| rouge(&a, &b, Words::Ascii));
            for (rouge, found) in [rouge_1, rouge_2, rouge_l].into_iter().zip(found) {
                prop_assert_eq!(rouge(&b, &a, Words::Ascii).f_measure(), found.f_measure());
                prop_assert_eq!(rouge(&a.to_uppercase(), &b.replace(' ', " - "), Words::Unicode), found);
                prop_assert!(found.matched <= found.candidate.min(found.reference));
                let own = rouge(&a, &a, Words::Ascii);
                prop_assert!(own.candidate == 0 || own.f_measure() == Score::ONE);
                // Written on, a candidate loses precision and no recall.
                let longer = rouge(&format!("{a} c"), &b, Words::Ascii);
                prop_assert!(longer.recall() == found.recall() && longer.precision() <= found.precision());
            }
            // A sequence in common is a choice of words in common.
            prop_assert!(found[2].matched <= found[0].matched);
        }
    }
}
