//! The quality of an answer: the part of its score that a mechanism is about.

use crate::{
    evidence::{Check, Evidence},
    score::{PPM, Score},
};

/// A rule that says how good answers are which passed their check.
///
/// What a rule decides by lies in the score log, so that everybody can decide again. There are two kinds: those that
/// look at the check only ([`Needs::Nothing`]), and those that mark a text while it is there ([`Needs::Text`]): the log
/// keeps the mark.
pub trait Scorer: Send + Sync {
    /// What the rule needs besides the check, to mark an answer.
    fn needs(&self) -> Needs {
        Needs::Text
    }

    /// How good the answered text is beside the expected one. Asked only where [`Self::needs`] says [`Needs::Text`].
    fn mark(&self, expected: &str, answered: &str) -> Score {
        if expected == answered { Score::ONE } else { Score::ZERO }
    }

    /// The quality of an answer whose outcome is `ok`; `check` is its check.
    fn grade(&self, check: &Check, _: &Evidence) -> Score {
        matched(check)
    }
}

/// What a [`Scorer`] needs to mark an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: it doesn't mark.
    Nothing,
    /// The text that the task expects.
    Text,
    /// Vectors of both texts, by the validator's encoder: the mark is their cosine.
    Embeddings,
    /// How likely the validator's own model finds the answer's tokens: the mark is the geometric mean of their
    /// probabilities.
    Logprobs,
}

/// Share of the tokens that match, or all where a proof holds; mean cosine of embeddings; the mark of a text.
pub(crate) fn matched(check: &Check) -> Score {
    match *check {
        Check::Tokens { answered, matched, .. } => Score::ratio(matched.into(), answered.into()),
        // What is off in a proven answer is the rounding that its test allows for.
        Check::Proven { .. } | Check::Unaudited { .. } | Check::Logprobs { .. } => Score::ONE,
        Check::Cosines { texts, sum_micro, .. } => {
            Score::ratio(u64::try_from(sum_micro).unwrap_or(0), u64::from(texts) * PPM)
        }
        Check::Marked { mark, .. } => mark,
    }
}
