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
