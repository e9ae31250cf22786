//! What a validator saw of one answer, and what its own model says about it.

use primitives::{Generation, Tensor};

use crate::{outcome::Outcome, proof::ProofCheck, score::Score};

/// What a miner answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// To a generation.
    Generation(Generation),
    /// To an embedding: one vector for each text.
    Embeddings(Vec<Vec<f32>>),
    /// To a module's run: what it returned.
    Tensors(Vec<Tensor>),
}

/// One request, as seen from the validator: times are its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// How the request ended, before anybody looked at the output itself.
    pub outcome: Outcome,
    /// The signed output, where the outcome is `ok`.
    pub output: Option<Output>,
    /// From sending the request to the end of the answer, or to its failure.
    pub latency_us: u64,
    /// From sending the request to the first token.
    pub first_token_us: Option<u64>,
}

/// One answered token, judged by the validator's own model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenCheck {
    /// How far the token's score (logit / T + noise) is below the best one, in millionths: 0 for the token that the
    /// validator would have chosen, `u32::MAX` for one that can't be judged.
    pub margin_micro: u32,
}

/// What the validator's own model says about an output of the same kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// Of a generation: one prefill over prompt and answer.
    Generation {
        /// One check for each answered token, in order.
        tokens: Vec<TokenCheck>,
        /// Whether the last answered token ends a text in this model.
        ends: bool,
        /// Whether the answered text is that of the answered tokens.
        text_matches: bool,
        /// What became of its proof.
        proof: ProofCheck,
        /// How far each claimed probability is from the own model's, in millionths; empty where none were claimed.
        probability_errors_micro: Vec<u32>,
    },
    /// Of embeddings: the cosine between the answered and the own vector of each text, in millionths.
    Embeddings {
        /// See [`cosine_micro`].
        cosines_micro: Vec<i32>,
    },
    /// Of tensors: whether each is the own one, in name, type, shape and every bit. No task asks for tensors yet, so
    /// nothing scores this.
    Tensors {
        /// One for each answered tensor, in order.
        same: Vec<bool>,
    },
}

impl TokenCheck {
    /// From a margin of the model: negative ones count as 0, those that are not numbers as the worst.
    pub fn new(margin: f32) -> Self {
        let micro = (f64::from(margin) * 1e6).round();
        // `as` saturates; NaN is caught first because it would become 0.
        Self { margin_micro: if micro.is_nan() { u32::MAX } else { micro as u32 } }
    }
}

/// Cosine of the angle between two vectors, in millionths. None where they differ in length, are empty or zero, or
/// hold anything but numbers.
pub fn cosine_micro(a: &[f32], b: &[f32]) -> Option<i32> {
    if a.len() != b.len() {
        return None;
    }
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let cosine = dot(a, b) / libm::sqrt(dot(a, a) * dot(b, b));
    cosine.is_finite().then(|| (cosine.clamp(-1.0, 1.0) * 1e6).round() as i32)
}

/// The geometric mean of probabilities, from their natural logarithms: 0 of none, and where one is no number.
pub fn geometric_mean(logprobs: &[f32]) -> Score {
    let sum: f64 = logprobs.iter().map(|logprob| f64::from(*logprob)).sum();
    let mean = libm::exp(sum / logprobs.len() as f64);
    // `as` makes 0 of what is no number, and `min` before it would make 1.
    let nano = (mean * f64::from(Score::ONE.nano())) as u32;
    Score::from_nano(nano.min(Score::ONE.nano())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margins_that_are_no_numbers_are_the_worst() {
        assert_eq!(TokenCheck::new(0.25).margin_micro, 250_000);
        assert_eq!(TokenCheck::new(-1.0).margin_micro, 0);
        for margin in [f32::NAN, f32::INFINITY, f32::MAX] {
            assert_eq!(TokenCheck::new(margin).margin_micro, u32::MAX);
        }
    }

    #[test]
    fn geometric_means_of_anything() {
        assert_eq!(geometric_mean(&[0.0, 0.0]), Score::ONE);
        assert_eq!(geometric_mean(&[-std::f32::consts::LN_2; 3]).nano() / 100, 5_000_000 - 1);
        for none in [&[][..], &[f32::NAN], &[f32::NEG_INFINITY, 0.0]] {
            assert_eq!(geometric_mean(none), Score::ZERO);
        }
        assert_eq!(geometric_mean(&[f32::INFINITY]), Score::ONE);
    }

    #[test]
    fn cosines_of_anything() {
        assert_eq!(cosine_micro(&[1.0, 2.0], &[2.0, 4.0]), Some(1_000_000));
        assert_eq!(cosine_micro(&[1.0, 0.0], &[-3.0, 0.0]), Some(-1_000_000));
        assert_eq!(cosine_micro(&[1.0, 0.0], &[0.0, 5.0]), Some(0));
        assert_eq!(cosine_micro(&[1.0], &[1.0, 2.0]), None);
        assert_eq!(cosine_micro(&[], &[]), None);
        assert_eq!(cosine_micro(&[0.0], &[1.0]), None);
        assert_eq!(cosine_micro(&[f32::NAN], &[1.0]), None);
        assert_eq!(cosine_micro(&[f32::MAX, f32::MAX], &[f32::MAX, f32::MAX]), Some(1_000_000));
    }
}
