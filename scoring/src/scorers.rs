//! The scorers that come with the crate.

use serde::Deserialize;

use crate::{
    evidence::{Check, Evidence},
    score::Score,
    scorer::{Needs, Scorer, matched},
    similarity::{self, Overlap, Words},
};

macro_rules! scorers {
    ($($(#[$doc:meta])* $name:ident { $($body:item)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $name {}

            impl Scorer for $name { $($body)* }
        )*
    };
}

scorers! {
    /// All answers that pass are equally good: what counts is speed and reliability.
    Verified {
        fn needs(&self) -> Needs {
            Needs::Nothing
        }

        fn grade(&self, _: &Check, _: &Evidence) -> Score {
            Score::ONE
        }
    }

    /// Share of the tokens that match, or all where a proof holds; mean cosine of embeddings.
    Accuracy {
        fn needs(&self) -> Needs {
            Needs::Nothing
        }

        fn grade(&self, check: &Check, _: &Evidence) -> Score {
            matched(check)
        }
    }

    /// Whether the text is the expected one: case, punctuation, articles and spaces apart.
    Exact {
        fn mark(&self, expected: &str, answered: &str) -> Score {
            similarity::exact(answered, expected)
        }
    }

    /// chrF: runs of up to six characters in common.
    Chrf {
        fn mark(&self, expected: &str, answered: &str) -> Score {
            similarity::chrf(answered, expected)
        }
    }

    /// The cosine of both texts' vectors, by the validator's encoder.
    Embedding {
        fn needs(&self) -> Needs {
            Needs::Embeddings
        }
    }

    /// How likely the validator's own model finds the answer: the geometric mean of its tokens' probabilities.
    ReferenceLogprob {
        fn needs(&self) -> Needs {
            Needs::Logprobs
        }
    }
}

macro_rules! rouge {
    ($($(#[$doc:meta])* $name:ident: $overlap:path;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Deserialize)]
            #[serde(deny_unknown_fields, default)]
            pub struct $name {
                /// What a word is.
                pub words: Words,
            }

            impl Default for $name {
                fn default() -> Self {
                    Self { words: Words::Unicode }
                }
            }

            impl Scorer for $name {
                fn mark(&self, expected: &str, answered: &str) -> Score {
                    let overlap: Overlap = $overlap(answered, expected, self.words);
                    overlap.f_measure()
                }
            }
        )*
    };
}

rouge! {
    /// ROUGE-1: words in common.
    Rouge1: similarity::rouge_1;
    /// ROUGE-2: pairs of words in common.
    Rouge2: similarity::rouge_2;
    /// ROUGE-L: the longest row of words in common, gaps allowed.
    RougeL: similarity::rouge_l;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    const TOKENS: Check = Check::Tokens { answered: 40, matched: 30, margin_micro: 0, complete: true };

    fn grade(scorer: &dyn Scorer, check: Check) -> u32 {
        let evidence =
            Evidence { outcome: Outcome::Ok, latency_us: 1, first_token_us: None, check: Some(check), sketch: None };
        scorer.grade(&check, &evidence).nano()
    }

    #[test]
    fn accuracy_is_a_share_and_verified_is_all() {
        assert_eq!(grade(&Accuracy {}, TOKENS), 750_000_000);
        assert_eq!(grade(&Verified {}, TOKENS), 1_000_000_000);
        let cosines = |sum_micro| Check::Cosines { texts: 2, least_micro: -1, sum_micro };
        assert_eq!(grade(&Accuracy {}, cosines(1_900_000)), 950_000_000);
        assert_eq!(grade(&Accuracy {}, cosines(-1_900_000)), 0);
        assert_eq!(grade(&Accuracy {}, Check::Unaudited { answered: 3 }), 1_000_000_000);
        assert_eq!(grade(&Accuracy {}, Check::Tokens { answered: 0, matched: 0, margin_micro: 0, complete: true }), 0);
    }

    #[test]
    fn those_that_mark_give_the_mark_as_their_grade() {
        let marking: [&dyn Scorer; 7] = [
            &Exact {},
            &Rouge1::default(),
            &Rouge2::default(),
            &RougeL::default(),
            &Chrf {},
            &Embedding {},
            &ReferenceLogprob {},
        ];
        for scorer in marking {
            let mark = Score::ONE.scaled(123_456);
            assert_eq!(grade(scorer, Check::Marked { answered: 1, mark }), mark.nano());
            assert_ne!(scorer.needs(), Needs::Nothing);
        }
        assert_eq!((Verified {}.needs(), Accuracy {}.needs()), (Needs::Nothing, Needs::Nothing));
        assert_eq!((Embedding {}.needs(), ReferenceLogprob {}.needs()), (Needs::Embeddings, Needs::Logprobs));
    }

    #[test]
    fn texts_are_marked_beside_the_expected_one() {
        let (expected, answered) = ("the cat sat on the mat", "The cat lay on a mat.");
        assert_eq!(Exact {}.mark(expected, "Cat sat on mat!"), Score::ONE);
        assert_eq!(Exact {}.mark(expected, answered), Score::ZERO);
        // Four of six words are in common, one of five pairs, and a row of four.
        assert_eq!(Rouge1::default().mark(expected, answered), Score::ratio(4, 6));
        assert_eq!(Rouge2::default().mark(expected, answered), Score::ratio(1, 5));
        assert_eq!(RougeL::default().mark(expected, answered), Score::ratio(4, 6));
        let marking: [&dyn Scorer; 4] = [&Rouge1::default(), &Rouge2::default(), &RougeL::default(), &Chrf {}];
        for scorer in marking {
            assert_eq!(scorer.mark(expected, expected), Score::ONE);
            assert_eq!(scorer.mark(expected, ""), Score::ZERO);
            assert!(scorer.mark(expected, answered) < Score::ONE);
        }
    }

    #[test]
    fn settings_are_known_or_refused() {
        let rouge: Rouge1 = serde_json::from_str(r#"{"words":"unicode"}"#).unwrap();
        assert_eq!(rouge.words, Words::Unicode);
        assert!(serde_json::from_str::<Rouge1>(r#"{"stem":true}"#).is_err());
        assert!(serde_json::from_str::<Exact>(r#"{"case":true}"#).is_err());
    }
}
