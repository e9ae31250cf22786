//! What the score log keeps of one answer: enough integers to compute its score again.

use primitives::{FinishReason, Request};
use serde::{Deserialize, Serialize};

use crate::{
    config::ScoringConfig,
    observation::{Observation, Output, Reference},
    outcome::Outcome,
    score::PPM,
};

/// One answer, summed up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// What became of the request, the check of its output included.
    pub outcome: Outcome,
    /// From sending the request to the end of the answer or its failure.
    pub latency_us: u64,
    /// From sending the request to the first token.
    pub first_token_us: Option<u64>,
    /// The check of the output; none where there was nothing to check.
    pub check: Option<Check>,
}

/// How an output compares with what the validator's own model says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Check {
    /// Of a generation.
    Tokens {
        /// Tokens in the answer.
        answered: u32,
        /// Of these, within the tolerance of the validator's own choice.
        matched: u32,
        /// Sum of the margins, in millionths.
        margin_micro: u64,
        /// Whether the answer ended where it had to and its text is that of its tokens.
        complete: bool,
    },
    /// Of embeddings.
    Cosines {
        /// Vectors in the answer.
        texts: u32,
        /// The smallest cosine, in millionths.
        least_micro: i32,
        /// Their sum, in millionths.
        sum_micro: i64,
    },
}

/// An answer was not compared with anything. That is the validator's failure, so no score may follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an answer of kind ok came without a reference: it can't be scored")]
pub struct Unchecked;

impl Evidence {
    /// Sums up what was seen of the answer to `request`.
    pub fn of(
        request: &Request,
        observation: &Observation,
        reference: Option<&Reference>,
        config: &ScoringConfig,
    ) -> Result<Self, Unchecked> {
        let sum_up = |outcome, check| Self {
            outcome,
            latency_us: observation.latency_us,
            first_token_us: observation.first_token_us,
            check,
        };
        if observation.outcome != Outcome::Ok {
            return Ok(sum_up(observation.outcome, None));
        }
        let output = match &observation.output {
            Some(output) if fits(request, output) => output,
            _ => return Ok(sum_up(Outcome::Malformed, None)),
        };
        let check = Check::of(request, output, reference.ok_or(Unchecked)?, config).ok_or(Unchecked)?;
        Ok(sum_up(check.outcome(config), Some(check)))
    }

    /// Whether the outcome is the one that follows from the check.
    pub fn is_consistent(&self, config: &ScoringConfig) -> bool {
        match &self.check {
            Some(check) => check.is_possible() && self.outcome == check.outcome(config),
            None => self.outcome != Outcome::Ok,
        }
    }
}

/// Whether an output has the shape that was asked for.
fn fits(request: &Request, output: &Output) -> bool {
    match (request, output) {
        (Request::Generate(request), Output::Generation(answer)) => {
            !answer.tokens.is_empty() && answer.tokens.len() as u64 <= u64::from(request.max_new_tokens)
        }
        (Request::Embed(request), Output::Embeddings(vectors)) => {
            !vectors.is_empty() && vectors.len() == request.texts.len()
        }
        (Request::Infer(_), Output::Tensors(tensors)) => !tensors.is_empty(),
        _ => false,
    }
}

impl Check {
    /// None where the reference is not one of this output.
    fn of(request: &Request, output: &Output, reference: &Reference, config: &ScoringConfig) -> Option<Self> {
        match (request, output, reference) {
            (
                Request::Generate(request),
                Output::Generation(answer),
                Reference::Generation { tokens, ends, text_matches },
            ) if tokens.len() == answer.tokens.len() => {
                let answered = u32::try_from(tokens.len()).ok()?;
                let ended = match answer.finish {
                    FinishReason::Stop => *ends,
                    FinishReason::Length => answered == request.max_new_tokens,
                };
                let near = tokens.iter().filter(|token| token.margin_micro <= config.margin_tolerance_micro);
                Some(Self::Tokens {
                    answered,
                    matched: u32::try_from(near.count()).ok()?,
                    margin_micro: tokens.iter().map(|token| u64::from(token.margin_micro)).sum(),
                    complete: ended && *text_matches,
                })
            }
            (Request::Embed(_), Output::Embeddings(vectors), Reference::Embeddings { cosines_micro })
                if cosines_micro.len() == vectors.len() =>
            {
                Some(Self::Cosines {
                    texts: u32::try_from(vectors.len()).ok()?,
                    least_micro: cosines_micro.iter().copied().min()?,
                    sum_micro: cosines_micro.iter().map(|cosine| i64::from(*cosine)).sum(),
                })
            }
            _ => None,
        }
    }

    /// `ok` or `wrong_output`.
    pub fn outcome(&self, config: &ScoringConfig) -> Outcome {
        let passed = match *self {
            Self::Tokens { answered, matched, complete, .. } => {
                let share = u64::from(matched) * PPM;
                complete && answered > 0 && share >= u64::from(answered) * u64::from(config.match_gate_ppm)
            }
            Self::Cosines { texts, least_micro, .. } => texts > 0 && least_micro >= config.cosine_gate_micro,
        };
        if passed { Outcome::Ok } else { Outcome::WrongOutput }
    }

    /// How many tokens or texts were answered.
    pub fn units(&self) -> u32 {
        match *self {
            Self::Tokens { answered, .. } => answered,
            Self::Cosines { texts, .. } => texts,
        }
    }

    /// Whether the numbers can belong to one answer.
    fn is_possible(&self) -> bool {
        match *self {
            Self::Tokens { answered, matched, .. } => matched <= answered,
            Self::Cosines { texts, least_micro, sum_micro } => {
                let (texts, least) = (i64::from(texts), i64::from(least_micro));
                least >= -(PPM as i64) && sum_micro >= least * texts && sum_micro <= texts * PPM as i64
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use primitives::{EmbedRequest, GenerateRequest, Generation, Prompt, Sampling};

    use super::*;
    use crate::observation::TokenCheck;

    fn generation(tokens: u32, finish: FinishReason) -> (Request, Observation) {
        let request = Request::Generate(GenerateRequest::new(Prompt::Text("Once".into()), 20, Sampling::at(1_000)));
        let output = Output::Generation(Generation {
            tokens: vec![5; tokens as usize],
            text: "text".into(),
            logprobs: Vec::new(),
            finish,
        });
        (request, Observation { outcome: Outcome::Ok, output: Some(output), latency_us: 9, first_token_us: Some(3) })
    }

    fn reference(margins: impl IntoIterator<Item = u32>) -> Reference {
        let tokens = margins.into_iter().map(|margin_micro| TokenCheck { margin_micro }).collect();
        Reference::Generation { tokens, ends: true, text_matches: true }
    }

    fn outcome(seen: &(Request, Observation), reference: &Reference) -> Outcome {
        let config = ScoringConfig::default();
        let evidence = Evidence::of(&seen.0, &seen.1, Some(reference), &config).unwrap();
        assert!(evidence.is_consistent(&config));
        evidence.outcome
    }

    #[test]
    fn answers_are_gated_by_their_matches() {
        let honest = generation(20, FinishReason::Length);
        assert_eq!(outcome(&honest, &reference([0; 20])), Outcome::Ok);
        let two_off = (0..20).map(|i| if i < 2 { 900_000 } else { 40_000 });
        assert_eq!(outcome(&honest, &reference(two_off)), Outcome::Ok);
        let three_off = (0..20).map(|i| if i < 3 { 900_000 } else { 0 });
        assert_eq!(outcome(&honest, &reference(three_off)), Outcome::WrongOutput);
    }

    #[test]
    fn answers_must_end_where_the_model_ends() {
        assert_eq!(outcome(&generation(7, FinishReason::Stop), &reference([0; 7])), Outcome::Ok);
        assert_eq!(outcome(&generation(7, FinishReason::Length), &reference([0; 7])), Outcome::WrongOutput);
        let no_end =
            Reference::Generation { tokens: vec![TokenCheck { margin_micro: 0 }; 7], ends: false, text_matches: true };
        assert_eq!(outcome(&generation(7, FinishReason::Stop), &no_end), Outcome::WrongOutput);
        let other_text = Reference::Generation {
            tokens: vec![TokenCheck { margin_micro: 0 }; 20],
            ends: false,
            text_matches: false,
        };
        assert_eq!(outcome(&generation(20, FinishReason::Length), &other_text), Outcome::WrongOutput);
    }

    #[test]
    fn shapes_that_were_not_asked_for_are_malformed() {
        assert_eq!(outcome(&generation(0, FinishReason::Stop), &reference([])), Outcome::Malformed);
        assert_eq!(outcome(&generation(21, FinishReason::Length), &reference([0; 21])), Outcome::Malformed);
        let (_, seen) = generation(3, FinishReason::Stop);
        let embed = Request::Embed(EmbedRequest { texts: vec!["a".into()] });
        assert_eq!(outcome(&(embed, seen), &reference([0; 3])), Outcome::Malformed);
    }

    #[test]
    fn nothing_is_scored_without_a_reference() {
        let (request, seen) = generation(20, FinishReason::Length);
        let config = ScoringConfig::default();
        assert_eq!(Evidence::of(&request, &seen, None, &config), Err(Unchecked));
        assert_eq!(Evidence::of(&request, &seen, Some(&reference([0; 19])), &config), Err(Unchecked));
    }

    #[test]
    fn embeddings_are_gated_by_their_worst() {
        let request = Request::Embed(EmbedRequest { texts: vec!["a".into(), "b".into()] });
        let output = Output::Embeddings(vec![vec![1.0]; 2]);
        let seen = Observation { outcome: Outcome::Ok, output: Some(output), latency_us: 1, first_token_us: None };
        let seen = (request, seen);
        assert_eq!(outcome(&seen, &Reference::Embeddings { cosines_micro: vec![999_000; 2] }), Outcome::Ok);
        let one_bad = Reference::Embeddings { cosines_micro: vec![999_000, 400_000] };
        assert_eq!(outcome(&seen, &one_bad), Outcome::WrongOutput);
    }
}
