//! Judging by prefill, with the model of the repository.
#![cfg(feature = "torch")]

use std::{path::Path, sync::Arc};

use assay_validator::{Prefill, Referee};
use model::{Backend, Engine, GenerateJob};
use primitives::{Digest, EmbedRequest, FinishReason, GenerateRequest, Generation, Prompt, Request, Sampling};
use scoring::{
    Check, Evidence, Gate, Incentive, Observation, Outcome, Output, Reference, Score, geometric_mean, noise,
    proof::Shown,
};

fn outcome(request: &Request, answer: &Generation, reference: &Reference) -> Outcome {
    let output = Some(Output::Generation(answer.clone()));
    let seen = Observation { outcome: Outcome::Ok, output, latency_us: 1, first_token_us: None };
    Evidence::of(request, &seen, Some(reference), &Incentive::default()).unwrap().outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_good_for_its_own_request_only() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny");
    let engine = Arc::new(Engine::load(&folder).unwrap());
    let referee = Prefill { engine: engine.clone(), encoder: None };
    let prompt = Prompt::Text("The compiler".into());
    let asked = GenerateRequest::new(prompt, 24, Sampling::at(1_000));
    let request = Request::Generate(asked.clone());
    let digest = Digest::of(b"this request");
    let job = GenerateJob::new(asked, noise::sampling_seed(&digest));
    let honest = engine.generate(job).await.unwrap().collect().await.unwrap();
    let judge = async |digest: &Digest, answer: &Generation| {
        let reference =
            referee.judge(&request, digest, &Output::Generation(answer.clone()), &Shown::default()).await.unwrap();
        outcome(&request, answer, &reference)
    };
    assert_eq!(judge(&digest, &honest).await, Outcome::Ok);

    // Kept from before, cut, dressed up, or not of this model at all.
    assert_eq!(judge(&Digest::of(b"another request"), &honest).await, Outcome::WrongOutput);
    let half = Generation { tokens: honest.tokens[..12].to_vec(), finish: FinishReason::Stop, ..honest.clone() };
    assert_eq!(judge(&digest, &half).await, Outcome::WrongOutput);
    let dressed = Generation { text: format!("{} And more.", honest.text), ..honest.clone() };
    assert_eq!(judge(&digest, &dressed).await, Outcome::WrongOutput);
    let foreign = Generation { tokens: vec![u32::MAX; 24], ..honest.clone() };
    assert_eq!(judge(&digest, &foreign).await, Outcome::WrongOutput);

    // Without an encoder nobody is judged on embeddings: that is ours to mend.
    let texts = Request::Embed(EmbedRequest { texts: vec!["a".into()] });
    assert!(referee.judge(&texts, &digest, &Output::Embeddings(vec![vec![1.0]]), &Shown::default()).await.is_err());
}

/// Where miners choose their models, a text is worth what the validator's own model thinks of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_marked_by_the_own_model() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny");
    let engine = Arc::new(Engine::load(&folder).unwrap());
    let referee = Prefill { engine: engine.clone(), encoder: None };
    let asked = GenerateRequest::new(Prompt::Text("The compiler".into()), 24, Sampling::at(0));
    let request = Request::Generate(asked.clone());
    let own = engine.generate(GenerateJob::new(asked, Digest::of(b"any"))).await.unwrap().collect().await.unwrap();
    let likelihood = async |text: &str| referee.likelihood(&request, text).await.unwrap();
    let (greedy, other) = (likelihood(&own.text).await, likelihood(" zebra xylophone quasar of of").await);
    assert!(greedy > other && other > Score::ZERO, "{greedy} {other}");
    assert_eq!(likelihood("").await, Score::ZERO);
    // The mean of the model's own probabilities, to the last digit that a score has.
    let tokens = engine.tokenizer().encode_bare(&own.text).unwrap();
    let Request::Generate(asked) = &request else { unreachable!() };
    let audit = engine.audit(asked, Digest([0; 32]), &tokens[..tokens.len().min(24)]).await.unwrap();
    assert_eq!(greedy, geometric_mean(&audit.logprobs));
    // No encoder, no resemblance.
    assert!(referee.resemblance("a", "b").await.is_err());
}

/// A miner that shows no hidden rows and says how likely its tokens were, by rules that pay for that.
#[tokio::test(flavor = "multi_thread")]
async fn probabilities_are_the_weaker_check() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny");
    let engine = Arc::new(Engine::load(&folder).unwrap());
    let referee = Prefill { engine: engine.clone(), encoder: None };
    let prompt = Prompt::Text("The compiler".into());
    let asked = GenerateRequest { logprobs: true, ..GenerateRequest::new(prompt, 24, Sampling::at(1_000)) };
    let request = Request::Generate(asked.clone());
    let digest = Digest::of(b"this request");
    // Another program's generator: the tokens are not the ones that our noise picks.
    let job = GenerateJob::new(asked, Digest::of(b"its own seed"));
    let honest = engine.generate(job).await.unwrap().collect().await.unwrap();
    assert_eq!(honest.logprobs.len(), honest.tokens.len());
    let gate = Gate { logprob_share_ppm: 400_000, ..Gate::default() };
    let config = Incentive { gate, ..Incentive::default() };
    let judge = async |answer: &Generation, config: &Incentive| {
        let output = Output::Generation(answer.clone());
        let reference = referee.judge(&request, &digest, &output, &Shown::default()).await.unwrap();
        let seen = Observation { outcome: Outcome::Ok, output: Some(output), latency_us: 1, first_token_us: None };
        Evidence::of(&request, &seen, Some(&reference), config).unwrap()
    };
    let evidence = judge(&honest, &config).await;
    assert_eq!(evidence.outcome, Outcome::Ok);
    assert!(matches!(evidence.check, Some(Check::Logprobs { answered: 24, near: 24, complete: true })), "{evidence:?}");
    // It is named as what it is, and counts for nothing where the rules don't want it.
    assert_eq!(judge(&honest, &Incentive::default()).await.outcome, Outcome::WrongOutput);
    // Probabilities of something else.
    let other = Generation { logprobs: vec![-0.1; honest.tokens.len()], ..honest.clone() };
    assert_eq!(judge(&other, &config).await.outcome, Outcome::WrongOutput);
}
