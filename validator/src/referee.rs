//! What the validator's own model says of an answer.

use std::sync::Arc;

use async_trait::async_trait;
use model::{Backend, GenerateJob, ModelError};
#[cfg(feature = "torch")]
use primitives::GenerateRequest;
use primitives::{Digest, EmbedRequest, FinishReason, Generation, Request, Tensor};
use scoring::{
    Output, Reference, Score, TokenCheck, cosine_micro, noise,
    proof::{ProofCheck, ProofRules, Shown},
};

#[cfg(feature = "torch")]
use scoring::{geometric_mean, proof::check};

#[cfg(feature = "torch")]
use crate::wording::Wording;

/// Judges answers. A failure is the validator's own: the miner gets no score from it, good or bad.
#[async_trait]
pub trait Referee: Send + Sync + 'static {
    /// What the own model says of `output`, the answer to the request with this digest, and of what was shown with it.
    async fn judge(
        &self,
        request: &Request,
        digest: &Digest,
        output: &Output,
        shown: &Shown,
    ) -> Result<Reference, ModelError>;

    /// How many hidden rows an answer has; none where it has none, or the referee doesn't see them.
    fn rows(&self, _: &Request, _: &Output) -> Option<u32> {
        None
    }

    /// How alike two texts are, by the cosine of their vectors: 0 where they point apart.
    async fn resemblance(&self, expected: &str, answered: &str) -> Result<Score, ModelError>;

    /// How likely the own model finds a text after a prompt: the geometric mean of its tokens' probabilities.
    async fn likelihood(&self, request: &Request, answered: &str) -> Result<Score, ModelError>;

    /// What is demanded of proofs by the calibration of its model; none of a referee that sees no hidden rows, or whose
    /// model was never calibrated.
    fn rules(&self) -> Option<ProofRules> {
        None
    }
}

/// Answers every request again, and compares. It needs no more of a model than a miner does, and accepts no rounding:
/// a token is the same or wrong.
pub struct Repetition {
    /// Answers again.
    pub backend: Arc<dyn Backend>,
}

/// Reads prompt and answer in one go, and says of every token how far it is from its own choice. As the seed of the
/// randomness is the request's digest, another model, another sampler or an older answer chooses other tokens.
#[cfg(feature = "torch")]
pub struct Prefill {
    /// The language model.
    pub engine: Arc<model::Engine>,
    /// The sentence encoder, where embeddings are scored.
    pub encoder: Option<Arc<dyn Backend>>,
}

#[async_trait]
impl Referee for Repetition {
    async fn judge(
        &self,
        request: &Request,
        digest: &Digest,
        output: &Output,
        _: &Shown,
    ) -> Result<Reference, ModelError> {
        match (request, output) {
            (Request::Generate(request), Output::Generation(answer)) => {
                let job = GenerateJob::new(request.clone(), noise::sampling_seed(digest));
                Ok(compare(answer, &self.backend.generate(job).await?.collect().await?))
            }
            (Request::Embed(request), Output::Embeddings(vectors)) => {
                cosines(self.backend.as_ref(), request, vectors).await
            }
            (Request::Infer(request), Output::Tensors(tensors)) => {
                Ok(same(tensors, &self.backend.infer(request.tensors.clone()).await?))
            }
            _ => Ok(unanswerable(output)),
        }
    }

    async fn resemblance(&self, expected: &str, answered: &str) -> Result<Score, ModelError> {
        resemblance(self.backend.as_ref(), expected, answered).await
    }

    async fn likelihood(&self, _: &Request, _: &str) -> Result<Score, ModelError> {
        let model = self.backend.manifest().name.clone();
        Err(ModelError::Unsupported { model, what: "say how likely a text is" })
    }
}

#[cfg(feature = "torch")]
#[async_trait]
impl Referee for Prefill {
    async fn judge(
        &self,
        request: &Request,
        digest: &Digest,
        output: &Output,
        shown: &Shown,
    ) -> Result<Reference, ModelError> {
        match (request, output) {
            (Request::Generate(request), Output::Generation(answer)) => {
                self.prefill(request, digest, answer, shown).await
            }
            (Request::Embed(request), Output::Embeddings(vectors)) => cosines(self.encoder(), request, vectors).await,
            _ => Ok(unanswerable(output)),
        }
    }

    async fn resemblance(&self, expected: &str, answered: &str) -> Result<Score, ModelError> {
        resemblance(self.encoder(), expected, answered).await
    }

    async fn likelihood(&self, request: &Request, answered: &str) -> Result<Score, ModelError> {
        let Request::Generate(request) = request else { return Ok(Score::ZERO) };
        // The own tokens of the text: the miner's model may have others. Too long a text is no answer to the question.
        let tokens = self.engine.tokenizer().encode_bare(answered)?;
        let tokens = &tokens[..tokens.len().min(request.max_new_tokens as usize)];
        match self.engine.audit(request, Digest([0; 32]), tokens).await {
            Ok(audit) => Ok(geometric_mean(&audit.logprobs)),
            Err(ModelError::TokenOutOfRange { .. } | ModelError::TooLong { .. }) => Ok(Score::ZERO),
            Err(error) => Err(error),
        }
    }

    fn rows(&self, request: &Request, output: &Output) -> Option<u32> {
        let (Request::Generate(request), Output::Generation(answer)) = (request, output) else { return None };
        let prompt = self.engine.prompt_tokens(&request.prompt).ok()?.len();
        u32::try_from(prompt + answer.tokens.len().checked_sub(1)?).ok()
    }

    fn rules(&self) -> Option<ProofRules> {
        self.engine.proof_rules()
    }
}

#[cfg(feature = "torch")]
impl Prefill {
    fn encoder(&self) -> &dyn Backend {
        match &self.encoder {
            Some(encoder) => encoder.as_ref(),
            None => self.engine.as_ref(),
        }
    }

    async fn prefill(
        &self,
        request: &GenerateRequest,
        digest: &Digest,
        answer: &Generation,
        shown: &Shown,
    ) -> Result<Reference, ModelError> {
        // A prompt that our own model can't read is our fault, not the miner's.
        self.engine.prompt_tokens(&request.prompt)?;
        let seed = noise::sampling_seed(digest);
        let audit = match self.engine.audit(request, seed, &answer.tokens).await {
            Ok(audit) => audit,
            // Tokens that this model can't even be asked about.
            Err(ModelError::TokenOutOfRange { .. } | ModelError::TooLong { .. }) => {
                return Ok(unanswerable(&Output::Generation(answer.clone())));
            }
            Err(error) => return Err(error),
        };
        let end_token = answer.tokens.last().is_some_and(|last| self.engine.manifest().end_tokens.contains(last));
        let before = answer.tokens.split_last().map_or(&[][..], |(_, before)| before);
        let tokenizer = self.engine.tokenizer();
        let (whole, before) = (tokenizer.decode(&answer.tokens)?, tokenizer.decode(before)?);
        let Wording { ends, text_matches } = Wording::of(&answer.text, &whole, &before, end_token, &request.stop);
        Ok(Reference::Generation {
            proof: check(shown, &audit.rows, audit.prompt_tokens),
            probability_errors_micro: probability_errors(&answer.logprobs, &audit.logprobs),
            tokens: audit.tokens,
            ends,
            text_matches,
        })
    }
}

/// How far claimed probabilities are from the own ones; nothing of an answer that doesn't claim one of each token.
#[cfg(feature = "torch")]
fn probability_errors(claimed: &[f32], own: &[f32]) -> Vec<u32> {
    let error = |(claimed, own): (&f32, &f32)| {
        let apart = (f64::from(*claimed).exp() - f64::from(*own).exp()).abs();
        // A probability that is no number is as far off as one can be.
        if apart.is_nan() { 1_000_000 } else { (apart * 1e6).round() as u32 }
    };
    if claimed.len() == own.len() { claimed.iter().zip(own).map(error).collect() } else { Vec::new() }
}

const WRONG: TokenCheck = TokenCheck { margin_micro: u32::MAX };

/// The same tokens in the same places.
fn compare(answer: &Generation, own: &Generation) -> Reference {
    let same = |(index, token): (usize, &u32)| match own.tokens.get(index) {
        Some(expected) if expected == token => TokenCheck { margin_micro: 0 },
        _ => WRONG,
    };
    Reference::Generation {
        tokens: answer.tokens.iter().enumerate().map(same).collect(),
        ends: own.finish == FinishReason::Stop && own.tokens.len() == answer.tokens.len(),
        text_matches: own.tokens != answer.tokens || own.text == answer.text,
        proof: ProofCheck::Missing,
        probability_errors_micro: Vec::new(),
    }
}

async fn cosines(encoder: &dyn Backend, request: &EmbedRequest, vectors: &[Vec<f32>]) -> Result<Reference, ModelError> {
    let own = encoder.embed(request.texts.clone()).await?;
    let cosine = |(theirs, own): (&Vec<f32>, &Vec<f32>)| cosine_micro(theirs, own).unwrap_or(-1_000_000);
    Ok(Reference::Embeddings { cosines_micro: vectors.iter().zip(&own).map(cosine).collect() })
}

async fn resemblance(encoder: &dyn Backend, expected: &str, answered: &str) -> Result<Score, ModelError> {
    let vectors = encoder.embed(vec![expected.to_owned(), answered.to_owned()]).await?;
    let cosine = match vectors.as_slice() {
        [expected, answered] => cosine_micro(expected, answered).unwrap_or(0),
        _ => 0,
    };
    Ok(Score::ratio(u64::try_from(cosine).unwrap_or(0), 1_000_000))
}

/// The same tensors in the same places, and no others.
fn same(answered: &[Tensor], own: &[Tensor]) -> Reference {
    let alike = |(index, tensor)| answered.len() == own.len() && own.get(index) == Some(tensor);
    Reference::Tensors { same: answered.iter().enumerate().map(alike).collect() }
}

/// Everything about it is wrong.
fn unanswerable(output: &Output) -> Reference {
    match output {
        Output::Generation(answer) => {
            let tokens = vec![WRONG; answer.tokens.len()];
            let (proof, probability_errors_micro) = (ProofCheck::Broken, Vec::new());
            Reference::Generation { tokens, ends: false, text_matches: false, proof, probability_errors_micro }
        }
        Output::Embeddings(vectors) => Reference::Embeddings { cosines_micro: vec![-1_000_000; vectors.len()] },
        Output::Tensors(tensors) => Reference::Tensors { same: vec![false; tensors.len()] },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generation(tokens: &[u32], finish: FinishReason) -> Generation {
        Generation { tokens: tokens.to_vec(), text: format!("{tokens:?}"), logprobs: Vec::new(), finish }
    }

    #[test]
    fn the_same_tokens_or_wrong_ones() {
        let own = generation(&[1, 2, 3], FinishReason::Stop);
        let margins = |tokens: &[u32]| match compare(&generation(tokens, FinishReason::Stop), &own) {
            Reference::Generation { tokens, ends, .. } => {
                (tokens.iter().map(|token| token.margin_micro).collect::<Vec<_>>(), ends)
            }
            other => panic!("not of a generation: {other:?}"),
        };
        assert_eq!(margins(&[1, 2, 3]), (vec![0, 0, 0], true));
        assert_eq!(margins(&[1, 9, 3]), (vec![0, u32::MAX, 0], true));
        assert_eq!(margins(&[1, 2]), (vec![0, 0], false));
        assert_eq!(margins(&[1, 2, 3, 4]), (vec![0, 0, 0, u32::MAX], false));
    }

    #[test]
    fn tensors_are_compared_bit_by_bit() {
        let tensor = |name: &str, value: u8| {
            Tensor::new(name.into(), primitives::DataType::U8, vec![1], vec![value]).expect("fits")
        };
        let own = [tensor("a", 1), tensor("b", 2)];
        assert_eq!(same(&own, &own), Reference::Tensors { same: vec![true, true] });
        assert_eq!(same(&[tensor("a", 1), tensor("b", 3)], &own), Reference::Tensors { same: vec![true, false] });
        assert_eq!(same(&[tensor("c", 1), tensor("b", 2)], &own), Reference::Tensors { same: vec![false, true] });
        assert_eq!(same(&own[..1], &own), Reference::Tensors { same: vec![false] });
    }
}
