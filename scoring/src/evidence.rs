//! What the score log keeps of one answer: enough integers to compute its score again.

use primitives::{FinishReason, Request};
use serde::{Deserialize, Serialize};

use crate::{
    config::ScoringConfig,
    observation::{Observation, Output, Reference},
    outcome::Outcome,
    proof::{ProofCheck, ProofRules},
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
    /// Of a generation with a proof, by the rules of a calibration.
    Proven {
        /// Tokens in the answer.
        answered: u32,
        /// Of these, not off.
        matched: u32,
        /// Sum of the margins, in millionths.
        margin_micro: u64,
        /// Whether the answer ended where it had to and its text is that of its tokens.
        complete: bool,
        /// The highest sum of the sequential test.
        peak_micro: i64,
        /// What became of the proof.
        proof: ProofCheck,
    },
    /// The weaker check, of a generation by a program that says only how likely its tokens were.
    Logprobs {
        /// Tokens in the answer.
        answered: u32,
        /// Of these, with a claimed probability within the tolerance of the own model's.
        near: u32,
        /// Whether the answer ended where it had to and its text is that of its tokens.
        complete: bool,
    },
    /// None: the lot didn't fall on this generation.
    Unaudited {
        /// Tokens in the answer.
        answered: u32,
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

    /// Sums up an answer that was not audited. It counts as right; see [`ScoringConfig::penalty_answers`].
    pub fn unaudited(request: &Request, observation: &Observation) -> Self {
        let check = match &observation.output {
            Some(output) if observation.outcome == Outcome::Ok && fits(request, output) => match output {
                Output::Generation(answer) => {
                    u32::try_from(answer.tokens.len()).ok().map(|answered| Check::Unaudited { answered })
                }
                Output::Embeddings(_) | Output::Tensors(_) => None,
            },
            _ => None,
        };
        let outcome = match observation.outcome {
            Outcome::Ok if check.is_none() => Outcome::Malformed,
            outcome => outcome,
        };
        Self { outcome, latency_us: observation.latency_us, first_token_us: observation.first_token_us, check }
    }

    /// Whether the outcome is the one that follows from the check.
    pub fn is_consistent(&self, config: &ScoringConfig) -> bool {
        match &self.check {
            Some(check) => check.is_possible(config) && self.outcome == check.outcome(config),
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
                Reference::Generation { tokens, ends, text_matches, proof, probability_errors_micro },
            ) if tokens.len() == answer.tokens.len() => {
                let answered = u32::try_from(tokens.len()).ok()?;
                let ended = match answer.finish {
                    FinishReason::Stop => *ends,
                    FinishReason::Length => answered == request.max_new_tokens,
                };
                let complete = ended && *text_matches;
                let claimed = !probability_errors_micro.is_empty();
                if config.logprob_share_ppm > 0 && *proof == ProofCheck::Missing && claimed {
                    let tolerance = config.logprob_tolerance_micro;
                    let near = probability_errors_micro.iter().filter(|error| **error <= tolerance).count();
                    return Some(Self::Logprobs { answered, near: u32::try_from(near).ok()?, complete });
                }
                let margin_micro = tokens.iter().map(|token| u64::from(token.margin_micro)).sum();
                let within = |micro: u32| tokens.iter().filter(move |token| token.margin_micro <= micro).count();
                Some(match config.proof.as_deref() {
                    None => {
                        let matched = u32::try_from(within(config.margin_tolerance_micro)).ok()?;
                        Self::Tokens { answered, matched, margin_micro, complete }
                    }
                    Some(ProofRules { thresholds, .. }) => Self::Proven {
                        answered,
                        matched: u32::try_from(within(thresholds.off_margin_micro)).ok()?,
                        margin_micro,
                        complete,
                        peak_micro: thresholds.peak(tokens.iter().map(|token| token.margin_micro)),
                        proof: *proof,
                    },
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

    /// `ok`, `wrong_output` or `bad_proof`.
    pub fn outcome(&self, config: &ScoringConfig) -> Outcome {
        let gated = |part: u32, whole: u32| {
            whole > 0 && u64::from(part) * PPM >= u64::from(whole) * u64::from(config.match_gate_ppm)
        };
        let passed = match *self {
            Self::Tokens { answered, matched, complete, .. } => complete && gated(matched, answered),
            Self::Logprobs { answered, near, complete } => complete && gated(near, answered),
            Self::Proven { answered, complete, peak_micro, ref proof, .. } => match config.proof.as_deref() {
                Some(ProofRules { thresholds, .. })
                    if complete && answered > 0 && peak_micro < thresholds.tokens.reject_micro =>
                {
                    return if thresholds.hold(proof) { Outcome::Ok } else { Outcome::BadProof };
                }
                _ => false,
            },
            Self::Unaudited { answered } => answered > 0,
            Self::Cosines { texts, least_micro, .. } => texts > 0 && least_micro >= config.cosine_gate_micro,
        };
        if passed { Outcome::Ok } else { Outcome::WrongOutput }
    }

    /// How many tokens or texts were answered.
    pub fn units(&self) -> u32 {
        match *self {
            Self::Tokens { answered, .. }
            | Self::Proven { answered, .. }
            | Self::Logprobs { answered, .. }
            | Self::Unaudited { answered } => answered,
            Self::Cosines { texts, .. } => texts,
        }
    }

    /// Whether the numbers can belong to one answer, under these rules.
    fn is_possible(&self, config: &ScoringConfig) -> bool {
        match *self {
            Self::Tokens { answered, matched, .. } => config.proof.is_none() && matched <= answered,
            Self::Proven { answered, matched, peak_micro, .. } => config.proof.as_ref().is_some_and(|rules| {
                let off = i64::from(answered.saturating_sub(matched));
                matched <= answered && (0..=off.saturating_mul(rules.thresholds.tokens.off_micro)).contains(&peak_micro)
            }),
            Self::Logprobs { answered, near, .. } => config.logprob_share_ppm > 0 && near <= answered,
            Self::Unaudited { .. } => u64::from(config.audit_probability_ppm) < PPM,
            Self::Cosines { texts, least_micro, sum_micro } => {
                let (texts, least) = (i64::from(texts), i64::from(least_micro));
                least >= -(PPM as i64) && sum_micro >= least * texts && sum_micro <= texts * PPM as i64
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use primitives::{Digest, EmbedRequest, GenerateRequest, Generation, Prompt, Sampling};

    use super::*;
    use crate::{Accuracy, Hypotheses, Score, Scorer, Sprt, observation::TokenCheck, proof::Thresholds};

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
        judged(tokens, true, true)
    }

    fn judged(tokens: Vec<TokenCheck>, ends: bool, text_matches: bool) -> Reference {
        let (proof, probability_errors_micro) = (ProofCheck::Missing, Vec::new());
        Reference::Generation { tokens, ends, text_matches, proof, probability_errors_micro }
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
        let no_end = judged(vec![TokenCheck { margin_micro: 0 }; 7], false, true);
        assert_eq!(outcome(&generation(7, FinishReason::Stop), &no_end), Outcome::WrongOutput);
        let other_text = judged(vec![TokenCheck { margin_micro: 0 }; 20], false, false);
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

    fn calibrated() -> ScoringConfig {
        let hypotheses = Hypotheses { honest: 0.01, cheat: 0.1, alpha: 1e-3, beta: 1e-3, tokens: 128 };
        let thresholds = Thresholds {
            off_margin_micro: 50_000,
            tokens: Sprt::design(&hypotheses).unwrap(),
            mismatches: 8,
            mantissa_mean_milli: 600,
            opening_ppm: 5_000,
            opened_rows: 4,
        };
        let (calibration, model) = (Digest::of(b"calibration"), Digest::of(b"model"));
        let proof = ProofRules { calibration, model, thresholds };
        ScoringConfig { proof: Some(Box::new(proof)), logprob_share_ppm: 100_000, ..ScoringConfig::default() }
    }

    fn compared(mantissa_mean_milli: u32) -> ProofCheck {
        ProofCheck::Compared { chunks: 2, mismatches: 3, mantissa_mean_milli, opened: 4, opening_ppm: 4_000 }
    }

    #[test]
    fn a_proof_is_demanded_where_there_are_rules() {
        let (config, (request, seen)) = (calibrated(), generation(20, FinishReason::Length));
        let outcome = |off: usize, proof| {
            let margins = (0..20).map(|token| if token < off { 60_000 } else { 0 });
            let tokens = margins.map(|margin_micro| TokenCheck { margin_micro }).collect();
            let probability_errors_micro = Vec::new();
            let reference =
                Reference::Generation { tokens, ends: false, text_matches: true, proof, probability_errors_micro };
            let evidence = Evidence::of(&request, &seen, Some(&reference), &config).unwrap();
            assert!(evidence.is_consistent(&config));
            assert!(!evidence.is_consistent(&ScoringConfig::default()));
            evidence.outcome
        };
        assert_eq!(outcome(0, compared(600)), Outcome::Ok);
        assert_eq!(outcome(1, compared(600)), Outcome::Ok);
        assert_eq!(outcome(0, compared(601)), Outcome::BadProof);
        assert_eq!(outcome(0, ProofCheck::Missing), Outcome::BadProof);
        assert_eq!(outcome(0, ProofCheck::Broken), Outcome::BadProof);
        // Six of twenty would pass nowhere, four would have passed the gate of nine in ten but two.
        assert_eq!(outcome(6, compared(0)), Outcome::WrongOutput);
    }

    #[test]
    fn claimed_probabilities_are_the_weaker_check() {
        let (config, (request, seen)) = (calibrated(), generation(20, FinishReason::Length));
        let sum_up = |wrong: usize, config: &ScoringConfig| {
            let tokens = vec![TokenCheck { margin_micro: 3_000_000 }; 20];
            let errors = (0..20).map(|token| if token < wrong { 50_001 } else { 50_000 });
            let reference = Reference::Generation {
                tokens,
                ends: false,
                text_matches: true,
                proof: ProofCheck::Missing,
                probability_errors_micro: errors.collect(),
            };
            Evidence::of(&request, &seen, Some(&reference), config).unwrap()
        };
        let evidence = sum_up(2, &config);
        assert_eq!(evidence.outcome, Outcome::Ok);
        assert_eq!(evidence.check, Some(Check::Logprobs { answered: 20, near: 18, complete: true }));
        assert_eq!(Accuracy.score(&evidence, &config).nano(), 100_000_000);
        assert_eq!(sum_up(3, &config).outcome, Outcome::WrongOutput);
        // Nobody accepts it who doesn't say so.
        let unaccepted = ScoringConfig { logprob_share_ppm: 0, ..config };
        assert_eq!(sum_up(0, &unaccepted).outcome, Outcome::WrongOutput);
        assert!(!evidence.is_consistent(&unaccepted));
    }

    #[test]
    fn nobody_skips_audits_that_the_rules_demand() {
        let (request, seen) = generation(20, FinishReason::Length);
        let evidence = Evidence::unaudited(&request, &seen);
        assert_eq!((evidence.outcome, evidence.check), (Outcome::Ok, Some(Check::Unaudited { answered: 20 })));
        assert!(!evidence.is_consistent(&ScoringConfig::default()));
        let config = ScoringConfig { audit_probability_ppm: 100_000, penalty_answers: 9, ..ScoringConfig::default() };
        config.check().unwrap();
        assert!(evidence.is_consistent(&config));
        assert_eq!(Accuracy.score(&evidence, &config), Score::ONE);
        assert!(ScoringConfig { penalty_answers: 0, ..config }.check().is_err());
        let (request, seen) = generation(0, FinishReason::Stop);
        assert_eq!(Evidence::unaudited(&request, &seen).outcome, Outcome::Malformed);
    }
}
