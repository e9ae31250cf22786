//! What the score log keeps of one answer: enough integers to compute its score again.

use codec::{Decode, Encode};
use primitives::{FinishReason, Request};
use serde::{Deserialize, Serialize};

use crate::{
    incentive::Incentive,
    observation::{Observation, Output, Reference},
    outcome::Outcome,
    proof::{ProofCheck, ProofRules},
    score::{PPM, Score},
    sketch::Sketch,
    stages::Verifies,
};

/// One answer, summed up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// What became of the request, the check of its output included.
    pub outcome: Outcome,
    /// From sending the request to the end of the answer or its failure.
    #[codec(compact)]
    pub latency_us: u64,
    /// From sending the request to the first token.
    pub first_token_us: Option<u64>,
    /// The check of the output; none where there was nothing to check.
    pub check: Option<Check>,
    /// What the answer's text is compared with others' by, where the rules look for copies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sketch: Option<Sketch>,
}

/// How an output compares with what the validator's own model says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Check {
    /// Of a generation.
    Tokens {
        /// Tokens in the answer.
        #[codec(compact)]
        answered: u32,
        /// Of these, within the tolerance of the validator's own choice.
        #[codec(compact)]
        matched: u32,
        /// Sum of the margins, in millionths.
        #[codec(compact)]
        margin_micro: u64,
        /// Whether the answer ended where it had to and its text is that of its tokens.
        complete: bool,
    },
    /// Of a generation with a proof, by the rules of a calibration.
    Proven {
        /// Tokens in the answer.
        #[codec(compact)]
        answered: u32,
        /// Of these, not off.
        #[codec(compact)]
        matched: u32,
        /// Sum of the margins, in millionths.
        #[codec(compact)]
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
        #[codec(compact)]
        answered: u32,
        /// Of these, with a claimed probability within the tolerance of the own model's.
        #[codec(compact)]
        near: u32,
        /// Whether the answer ended where it had to and its text is that of its tokens.
        complete: bool,
    },
    /// None: the lot didn't fall on this generation.
    Unaudited {
        /// Tokens in the answer.
        #[codec(compact)]
        answered: u32,
    },
    /// Of embeddings.
    Cosines {
        /// Vectors in the answer.
        #[codec(compact)]
        texts: u32,
        /// The smallest cosine, in millionths.
        least_micro: i32,
        /// Their sum, in millionths.
        sum_micro: i64,
    },
    /// Of a text, beside the expected one.
    Marked {
        /// Tokens in the answer.
        #[codec(compact)]
        answered: u32,
        /// What the scorer said.
        mark: Score,
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
        incentive: &Incentive,
    ) -> Result<Self, Unchecked> {
        let sum_up = |outcome, check| Self {
            outcome,
            latency_us: observation.latency_us,
            first_token_us: observation.first_token_us,
            check,
            sketch: None,
        };
        if observation.outcome != Outcome::Ok {
            return Ok(sum_up(observation.outcome, None));
        }
        let output = match &observation.output {
            Some(output) if fits(request, output) => output,
            _ => return Ok(sum_up(Outcome::Malformed, None)),
        };
        let check = Check::of(request, output, reference.ok_or(Unchecked)?, incentive).ok_or(Unchecked)?;
        Ok(sum_up(check.outcome(incentive), Some(check)))
    }

    /// Sums up an answer that was not audited. It counts as right; see [`crate::Gate::penalty_answers`].
    pub fn unaudited(request: &Request, observation: &Observation) -> Self {
        let check = answered(request, observation).map(|answered| Check::Unaudited { answered });
        let outcome = match observation.outcome {
            Outcome::Ok if check.is_none() => Outcome::Malformed,
            outcome => outcome,
        };
        Self::without_model(observation, outcome, check)
    }

    /// Sums up an answer that was judged by its text, with the scorer's mark.
    pub fn marked(request: &Request, observation: &Observation, mark: Score, incentive: &Incentive) -> Self {
        let check = answered(request, observation).map(|answered| Check::Marked { answered, mark });
        let outcome = match (observation.outcome, &check) {
            (Outcome::Ok, None) => Outcome::Malformed,
            (Outcome::Ok, Some(check)) => check.outcome(incentive),
            (outcome, _) => outcome,
        };
        Self::without_model(observation, outcome, check)
    }

    fn without_model(observation: &Observation, outcome: Outcome, check: Option<Check>) -> Self {
        let Observation { latency_us, first_token_us, .. } = *observation;
        Self { outcome, latency_us, first_token_us, check, sketch: None }
    }

    /// What it would be under other rules, of answers that both verify the same way.
    pub(crate) fn under(&self, other: &Incentive) -> Self {
        let outcome = match &self.check {
            // It came without a proof, which rules that don't accept the weaker check demand.
            Some(Check::Logprobs { .. }) if other.gate.logprob_share_ppm == 0 => Outcome::BadProof,
            Some(check) => check.outcome(other),
            None => self.outcome,
        };
        let sketched = other.duplicates.looks() && outcome == Outcome::Ok;
        Self { outcome, sketch: self.sketch.filter(|_| sketched), ..self.clone() }
    }

    /// Whether the outcome is the one that follows from the check.
    pub fn is_consistent(&self, incentive: &Incentive) -> bool {
        match &self.check {
            Some(check) => check.is_possible(incentive) && self.outcome == check.outcome(incentive),
            None => self.outcome != Outcome::Ok,
        }
    }
}

/// How many tokens a generation has, if there is one of the shape that was asked for.
fn answered(request: &Request, observation: &Observation) -> Option<u32> {
    match &observation.output {
        Some(output @ Output::Generation(answer)) if observation.outcome == Outcome::Ok && fits(request, output) => {
            u32::try_from(answer.tokens.len()).ok()
        }
        _ => None,
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
    fn of(request: &Request, output: &Output, reference: &Reference, incentive: &Incentive) -> Option<Self> {
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
                if incentive.gate.logprob_share_ppm > 0 && *proof == ProofCheck::Missing && claimed {
                    let tolerance = incentive.gate.logprob_tolerance_micro;
                    let near = probability_errors_micro.iter().filter(|error| **error <= tolerance).count();
                    return Some(Self::Logprobs { answered, near: u32::try_from(near).ok()?, complete });
                }
                let margin_micro = tokens.iter().map(|token| u64::from(token.margin_micro)).sum();
                let within = |micro: u32| tokens.iter().filter(move |token| token.margin_micro <= micro).count();
                Some(match incentive.proof.as_deref() {
                    None => {
                        let matched = u32::try_from(within(incentive.gate.margin_tolerance_micro)).ok()?;
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
    pub fn outcome(&self, incentive: &Incentive) -> Outcome {
        let gated = |part: u32, whole: u32| {
            whole > 0 && u64::from(part) * PPM >= u64::from(whole) * u64::from(incentive.gate.match_gate_ppm)
        };
        let passed = match *self {
            Self::Tokens { answered, matched, complete, .. } => complete && gated(matched, answered),
            Self::Logprobs { answered, near, complete } => complete && gated(near, answered),
            Self::Proven { answered, complete, peak_micro, ref proof, .. } => match incentive.proof.as_deref() {
                Some(ProofRules { thresholds, .. })
                    if complete && answered > 0 && peak_micro < thresholds.tokens.reject_micro =>
                {
                    return if thresholds.hold(proof) { Outcome::Ok } else { Outcome::BadProof };
                }
                _ => false,
            },
            Self::Unaudited { answered } => answered > 0,
            Self::Cosines { texts, least_micro, .. } => texts > 0 && least_micro >= incentive.gate.cosine_gate_micro,
            Self::Marked { answered, mark } => {
                answered > 0 && mark >= Score::ONE.scaled(incentive.gate.mark_gate_ppm.into())
            }
        };
        if passed { Outcome::Ok } else { Outcome::WrongOutput }
    }

    /// How many tokens or texts were answered.
    pub fn units(&self) -> u32 {
        match *self {
            Self::Tokens { answered, .. }
            | Self::Proven { answered, .. }
            | Self::Logprobs { answered, .. }
            | Self::Unaudited { answered }
            | Self::Marked { answered, .. } => answered,
            Self::Cosines { texts, .. } => texts,
        }
    }

    /// Whether the numbers can belong to one answer, under these rules.
    fn is_possible(&self, incentive: &Incentive) -> bool {
        if matches!(self, Self::Marked { .. }) != (incentive.gate.verifies == Verifies::Answer)
            && !matches!(self, Self::Unaudited { .. })
        {
            return false;
        }
        match *self {
            Self::Tokens { answered, matched, .. } => incentive.proof.is_none() && matched <= answered,
            Self::Proven { answered, matched, peak_micro, .. } => incentive.proof.as_ref().is_some_and(|rules| {
                let off = i64::from(answered.saturating_sub(matched));
                matched <= answered && (0..=off.saturating_mul(rules.thresholds.tokens.off_micro)).contains(&peak_micro)
            }),
            Self::Logprobs { answered, near, .. } => incentive.gate.logprob_share_ppm > 0 && near <= answered,
            Self::Unaudited { .. } => u64::from(incentive.gate.audit_probability_ppm) < PPM,
            Self::Marked { .. } => true,
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
    use crate::{Hypotheses, Mechanism, Registry, Sprt, observation::TokenCheck, proof::Thresholds, stages::Gate};

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

    /// Without a share of speed.
    fn mechanism(incentive: &Incentive) -> Mechanism {
        Registry::default().build(&Incentive { speed: crate::Speed::None {}, ..incentive.clone() }).unwrap()
    }

    fn outcome(seen: &(Request, Observation), reference: &Reference) -> Outcome {
        let incentive = Incentive::default();
        let evidence = Evidence::of(&seen.0, &seen.1, Some(reference), &incentive).unwrap();
        assert!(evidence.is_consistent(&incentive));
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
        let incentive = Incentive::default();
        assert_eq!(Evidence::of(&request, &seen, None, &incentive), Err(Unchecked));
        assert_eq!(Evidence::of(&request, &seen, Some(&reference([0; 19])), &incentive), Err(Unchecked));
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

    fn calibrated() -> Incentive {
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
        let gate = Gate { logprob_share_ppm: 100_000, ..Gate::default() };
        Incentive { proof: Some(Box::new(proof)), gate, ..Incentive::default() }
    }

    fn compared(mantissa_mean_milli: u32) -> ProofCheck {
        ProofCheck::Compared { chunks: 2, mismatches: 3, mantissa_mean_milli, opened: 4, opening_ppm: 4_000 }
    }

    #[test]
    fn a_proof_is_demanded_where_there_are_rules() {
        let (incentive, (request, seen)) = (calibrated(), generation(20, FinishReason::Length));
        let outcome = |off: usize, proof| {
            let margins = (0..20).map(|token| if token < off { 60_000 } else { 0 });
            let tokens = margins.map(|margin_micro| TokenCheck { margin_micro }).collect();
            let probability_errors_micro = Vec::new();
            let reference =
                Reference::Generation { tokens, ends: false, text_matches: true, proof, probability_errors_micro };
            let evidence = Evidence::of(&request, &seen, Some(&reference), &incentive).unwrap();
            assert!(evidence.is_consistent(&incentive));
            assert!(!evidence.is_consistent(&Incentive::default()));
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
        let (incentive, (request, seen)) = (calibrated(), generation(20, FinishReason::Length));
        let sum_up = |wrong: usize, incentive: &Incentive| {
            let tokens = vec![TokenCheck { margin_micro: 3_000_000 }; 20];
            let errors = (0..20).map(|token| if token < wrong { 50_001 } else { 50_000 });
            let reference = Reference::Generation {
                tokens,
                ends: false,
                text_matches: true,
                proof: ProofCheck::Missing,
                probability_errors_micro: errors.collect(),
            };
            Evidence::of(&request, &seen, Some(&reference), incentive).unwrap()
        };
        let evidence = sum_up(2, &incentive);
        assert_eq!(evidence.outcome, Outcome::Ok);
        assert_eq!(evidence.check, Some(Check::Logprobs { answered: 20, near: 18, complete: true }));
        assert_eq!(mechanism(&incentive).score(&evidence).nano(), 100_000_000);
        assert_eq!(sum_up(3, &incentive).outcome, Outcome::WrongOutput);
        // Nobody accepts it who doesn't say so.
        let unaccepted = Incentive { gate: Gate::default(), ..incentive };
        assert_eq!(sum_up(0, &unaccepted).outcome, Outcome::WrongOutput);
        assert!(!evidence.is_consistent(&unaccepted));
    }

    #[test]
    fn nobody_skips_audits_that_the_rules_demand() {
        let (request, seen) = generation(20, FinishReason::Length);
        let evidence = Evidence::unaudited(&request, &seen);
        assert_eq!((evidence.outcome, evidence.check), (Outcome::Ok, Some(Check::Unaudited { answered: 20 })));
        assert!(!evidence.is_consistent(&Incentive::default()));
        let gate = Gate { audit_probability_ppm: 100_000, penalty_answers: 9, ..Gate::default() };
        let incentive = Incentive { gate: gate.clone(), ..Incentive::default() };
        incentive.check().unwrap();
        assert!(evidence.is_consistent(&incentive));
        assert_eq!(mechanism(&incentive).score(&evidence), Score::ONE);
        assert!(Incentive { gate: Gate { penalty_answers: 0, ..gate }, ..incentive }.check().is_err());
        let (request, seen) = generation(0, FinishReason::Stop);
        assert_eq!(Evidence::unaudited(&request, &seen).outcome, Outcome::Malformed);
    }
}
