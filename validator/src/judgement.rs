//! From an answer to its evidence, by whatever the rules verify.

use model::ModelError;
use scoring::{Challenge, Evidence, Mechanism, Needs, Outcome, Output, Score, Unchecked, Verifies, sketch::Sketch};

use crate::{answer::Answer, referee::Referee};

/// Why an answer can't be judged. That is the validator's failure, and no score follows from it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoJudgement {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Unchecked(#[from] Unchecked),
}

/// What an audited answer shows.
pub(crate) async fn evidence(
    referee: &dyn Referee,
    mechanism: &Mechanism,
    challenge: &Challenge,
    answer: &Answer,
) -> Result<Evidence, NoJudgement> {
    let observation = answer.observation();
    let incentive = mechanism.incentive();
    if incentive.gate.verifies == Verifies::Answer {
        let mark = match &answer.result {
            Ok(Output::Generation(generation)) => mark(referee, mechanism, challenge, &generation.text).await?,
            Ok(Output::Embeddings(_) | Output::Tensors(_)) | Err(_) => Score::ZERO,
        };
        return Ok(Evidence::marked(&challenge.request, &observation, mark, incentive));
    }
    let reference = match (&answer.result, answer.request_digest) {
        (Ok(output), Some(digest)) => Some(referee.judge(&challenge.request, &digest, output, &answer.shown).await?),
        _ => None,
    };
    Ok(Evidence::of(&challenge.request, &observation, reference.as_ref(), incentive)?)
}

/// What a text is worth beside the expected one.
async fn mark(
    referee: &dyn Referee,
    mechanism: &Mechanism,
    challenge: &Challenge,
    answered: &str,
) -> Result<Score, ModelError> {
    let expected = challenge.expected.as_deref().unwrap_or_default();
    match mechanism.scorer().needs() {
        Needs::Text => Ok(mechanism.scorer().mark(expected, answered)),
        Needs::Embeddings => referee.resemblance(expected, answered).await,
        Needs::Logprobs => referee.likelihood(&challenge.request, answered).await,
        // A mechanism that verifies answers has a scorer that marks them.
        Needs::Nothing => Ok(Score::ZERO),
    }
}

/// The same evidence with the sketch of a right answer's text, where copies are looked for.
pub(crate) fn sketched(evidence: Evidence, answer: &Answer, looks: bool) -> Evidence {
    match &answer.result {
        Ok(Output::Generation(generation)) if looks && evidence.outcome == Outcome::Ok => {
            Evidence { sketch: Some(Sketch::of(&generation.text)), ..evidence }
        }
        _ => evidence,
    }
}
