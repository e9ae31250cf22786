//! The engine as its users see it, on a tiny random model whose answers PyTorch gave.
#![cfg(feature = "torch")]

use std::{fs, path::Path, time::Duration};

use assay_model::{Backend, Chunk, Device, Engine, EngineOptions, GenerateJob, ModelError};
use futures::StreamExt;
use primitives::{Digest, FinishReason, GenerateRequest, Prompt, Sampling};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn engine() -> Engine {
    Engine::load(&fixtures().join("llama")).expect("the fixture loads")
}

fn expected() -> serde_json::Value {
    serde_json::from_slice(&fs::read(fixtures().join("expected.json")).expect("there")).expect("json")
}

fn ids(value: &serde_json::Value) -> Vec<u32> {
    serde_json::from_value(value.clone()).expect("token ids")
}

fn job(prompt: &[u32], max_new_tokens: u32, temperature_milli: u32, seed: &str) -> GenerateJob {
    let prompt = Prompt::Tokens(prompt.to_vec());
    let request = GenerateRequest::new(prompt, max_new_tokens, Sampling::at(temperature_milli));
    GenerateJob::new(request, Digest::of(seed.as_bytes()))
}

async fn tokens(engine: &Engine, job: &GenerateJob) -> Vec<u32> {
    let answer = engine.generate(job.clone()).await.expect("starts").collect();
    timeout(PATIENCE, answer).await.expect("in time").expect("an answer").tokens
}

#[tokio::test]
async fn greedy_tokens_are_pytorchs() {
    let (engine, expected) = (engine(), expected());
    let job = job(&ids(&expected["llama"]["prompt"]), 24, 0, "unused");
    let answer = engine.generate(job).await.expect("starts").collect().await.expect("an answer");
    assert_eq!(answer.tokens, ids(&expected["llama"]["greedy"]));
    assert_eq!(answer.finish, FinishReason::Length);
    assert_eq!(answer.text, engine.tokenizer().decode(&answer.tokens).expect("decodes"));
}

#[tokio::test]
async fn the_tokenizer_is_the_reference_and_goes_both_ways() {
    let engine = engine();
    for (text, encoded) in expected()["llama"]["encoded"].as_object().expect("texts") {
        let own = engine.tokenizer().encode(text).expect("encodes");
        assert_eq!(own, ids(encoded), "{text}");
        assert_eq!(engine.tokenizer().decode(&own).expect("decodes"), *text);
    }
}

#[tokio::test]
async fn a_seed_decides_the_answer() {
    let engine = engine();
    let prompt = [5, 6, 7];
    let first = tokens(&engine, &job(&prompt, 30, 1000, "one")).await;
    assert_eq!(tokens(&engine, &job(&prompt, 30, 1000, "one")).await, first);
    assert_ne!(tokens(&engine, &job(&prompt, 30, 1000, "two")).await, first);
}

#[tokio::test]
async fn company_does_not_change_an_answer() {
    let engine = engine();
    let jobs = [job(&[5, 6, 7], 40, 900, "a"), job(&[9; 20], 25, 0, "b"), job(&[30, 31], 12, 1200, "c")];
    let mut alone = Vec::new();
    for job in &jobs {
        alone.push(tokens(&engine, job).await);
    }
    let together = futures::future::join_all(jobs.iter().map(|job| tokens(&engine, job))).await;
    assert_eq!(together, alone);
}

#[tokio::test]
async fn an_audit_knows_its_own_answer() {
    let engine = engine();
    for temperature in [0, 700, 1000] {
        let own = job(&[5, 6, 7, 8], 40, temperature, "own");
        let answer = tokens(&engine, &own).await;
        let margins = engine.audit(&own.request, own.seed, &answer).await.expect("audited").tokens;
        assert_eq!(margins.len(), answer.len());
        assert!(margins.iter().all(|token| token.margin_micro == 0), "{margins:?}");
        let wrong: Vec<u32> = answer.iter().map(|token| (token + 1) % 288).collect();
        let margins = engine.audit(&own.request, own.seed, &wrong).await.expect("audited").tokens;
        assert!(margins[0].margin_micro > 0, "{margins:?}");
    }
    let own = job(&[5, 6, 7, 8], 40, 1000, "own");
    let other = tokens(&engine, &job(&[5, 6, 7, 8], 40, 1000, "other")).await;
    let margins = engine.audit(&own.request, own.seed, &other).await.expect("audited").tokens;
    let off = margins.iter().filter(|token| token.margin_micro > 0).count();
    assert!(off > margins.len() / 2, "{margins:?}");
    let nothing = engine.audit(&own.request, own.seed, &[]).await.expect("audited");
    assert!(nothing.tokens.is_empty() && nothing.rows.is_empty());
}

#[tokio::test]
async fn the_context_bounds_prompt_and_answer() {
    let engine = engine();
    let max_context = engine.manifest().max_context;
    let long = job(&vec![9; max_context - 3], 500, 1000, "long");
    let answer = engine.generate(long.clone()).await.expect("starts").collect().await.expect("an answer");
    assert_eq!((answer.tokens.len(), answer.finish), (3, FinishReason::Length));
    engine.audit(&long.request, long.seed, &answer.tokens).await.expect("fits");
    let refused = engine.generate(job(&vec![9; max_context], 1, 0, "")).await;
    assert!(matches!(refused, Err(ModelError::TooLong { tokens: 65, max_context: 64 })));
    let refused = engine.audit(&long.request, long.seed, &[1; 4]).await;
    assert!(matches!(refused, Err(ModelError::TooLong { tokens: 65, .. })));
    let none = engine.generate(job(&[9], 0, 0, "")).await.expect("starts").collect().await.expect("an answer");
    assert_eq!((none.tokens.len(), none.finish), (0, FinishReason::Length));
}

#[tokio::test]
async fn bad_requests_are_refused_and_the_engine_lives_on() {
    let engine = engine();
    let refused = engine.generate(job(&[], 4, 0, "")).await;
    assert!(matches!(refused, Err(ModelError::EmptyPrompt)));
    let refused = engine.generate(job(&[5, 288], 4, 0, "")).await;
    assert!(matches!(refused, Err(ModelError::TokenOutOfRange { token: 288, vocab_size: 288 })));
    let refused = engine.audit(&job(&[5], 4, 0, "").request, Digest::of(b""), &[u32::MAX]).await;
    assert!(matches!(refused, Err(ModelError::TokenOutOfRange { token: u32::MAX, .. })));
    let refused = engine.embed(vec!["text".to_owned()]).await;
    assert_eq!(refused.expect_err("no encoder").to_string(), "model llama does not embed texts");
    assert_eq!(tokens(&engine, &job(&[5], 4, 0, "")).await.len(), 4);
}

/// The fixture with numbers that are none in the embedding of one token.
fn poisoned(token: usize) -> Engine {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["config.json", "tokenizer.json"] {
        fs::copy(fixtures().join("llama").join(name), folder.path().join(name)).expect("copied");
    }
    let mut bytes = fs::read(fixtures().join("llama/model.safetensors")).expect("there");
    let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let tensors: serde_json::Value = serde_json::from_slice(&bytes[8..8 + header]).expect("json");
    let start = tensors["model.embed_tokens.weight"]["data_offsets"][0].as_u64().expect("an offset") as usize;
    let row = 8 + header + start + token * 32 * 2;
    bytes[row..row + 32 * 2].fill(0xff);
    fs::write(folder.path().join("model.safetensors"), bytes).expect("written");
    Engine::load(folder.path()).expect("loads")
}

#[tokio::test]
async fn a_job_that_fails_fails_alone() {
    let engine = poisoned(9);
    let good = engine.generate(job(&[5], 30, 0, "")).await.expect("starts");
    let bad = engine.generate(job(&[5, 9], 30, 1000, "")).await.expect("starts");
    let failed = timeout(PATIENCE, bad.collect()).await.expect("in time");
    assert!(matches!(failed, Err(ModelError::NotFinite(_))), "{failed:?}");
    let checked = engine.audit(&job(&[5, 9], 30, 1000, "").request, Digest::of(b""), &[1, 2]).await;
    assert!(matches!(checked, Err(ModelError::NotFinite(_))), "{checked:?}");
    assert!(!timeout(PATIENCE, good.collect()).await.expect("in time").expect("an answer").tokens.is_empty());
}

#[tokio::test]
async fn a_dropped_answer_stops_and_others_go_on() {
    let engine = engine();
    for _ in 0..50 {
        let mut dropped = engine.generate(job(&[5], 60, 1000, "dropped")).await.expect("starts");
        let first = timeout(PATIENCE, dropped.next()).await.expect("in time").expect("a chunk").expect("no error");
        assert!(matches!(first, Chunk::Tokens { ids, .. } if ids.len() == 1));
    }
    assert_eq!(tokens(&engine, &job(&[5], 8, 0, "")).await.len(), 8);
}

#[tokio::test]
async fn an_answer_under_way_survives_its_engine() {
    let engine = engine();
    let stream = engine.generate(job(&[5], 40, 1000, "last")).await.expect("starts");
    drop(engine);
    assert_eq!(timeout(PATIENCE, stream.collect()).await.expect("in time").expect("whole").tokens.len(), 40);
}

fn engine_with(options: &EngineOptions) -> Engine {
    Engine::load_with(&fixtures().join("llama"), options, Box::new(|_| ())).expect("the fixture loads")
}

/// Requests of all kinds: short and long, greedy and not, some that start alike.
fn mixed(count: u32) -> Vec<GenerateJob> {
    let one = |index: u32| {
        let shared: Vec<u32> = (0..20).map(|at| (at * 13 + index % 3 * 31) % 288).collect();
        let own: Vec<u32> = (0..index % 5).map(|at| (at * 17 + index * 7) % 288).collect();
        let sampling = match index % 4 {
            0 => Sampling::GREEDY,
            1 => Sampling::at(1000),
            2 => Sampling { top_p_milli: 900, ..Sampling::at(800) },
            _ => Sampling { top_k: 40, ..Sampling::at(1300) },
        };
        let request = GenerateRequest::new(Prompt::Tokens([shared, own].concat()), 5 + index % 30, sampling);
        GenerateJob::new(request, Digest::of(&index.to_le_bytes()))
    };
    (0..count).map(one).collect()
}

/// The same request and seed give the same tokens, exactly: whatever else runs, however prompts are cut, on however many
/// threads and copies, with or without another prompt's leavings.
#[tokio::test]
async fn nothing_else_changes_an_answer() {
    let jobs = mixed(40);
    let alone = EngineOptions { slots: 1, prefix_reuse: false, step_tokens: Some(64), ..EngineOptions::default() };
    let engine = engine_with(&alone);
    let mut expected = Vec::new();
    for job in &jobs {
        expected.push(tokens(&engine, job).await);
    }
    let threads = |count| std::num::NonZero::new(count);
    let others = [
        EngineOptions { slots: 16, ..EngineOptions::default() },
        EngineOptions { slots: 3, step_tokens: Some(4), threads: threads(2), ..EngineOptions::default() },
        EngineOptions { devices: vec![Device::Cpu; 3], slots: 2, threads: threads(1), ..EngineOptions::default() },
    ];
    for options in others {
        let engine = engine_with(&options);
        // twice: the second time every prefix is there
        for _ in 0..2 {
            let together = futures::future::join_all(jobs.iter().map(|job| tokens(&engine, job))).await;
            for ((own, expected), job) in together.iter().zip(&expected).zip(&jobs) {
                assert_eq!(own, expected, "{options:?}: {job:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_text_ends_an_answer_before_itself() {
    let engine = engine();
    let plain = engine.generate(job(&[5, 6, 7], 40, 1000, "stop")).await.expect("starts");
    let plain = plain.collect().await.expect("an answer");
    let third = plain.text.char_indices().nth(plain.text.chars().count() / 3).expect("a text").0;
    let wanted: String = plain.text[third..].chars().take(3).collect();
    let mut stopped = job(&[5, 6, 7], 40, 1000, "stop");
    stopped.request.stop = vec!["never in it".into(), wanted.clone()];
    let mut stream = engine.generate(stopped).await.expect("starts");
    let mut answer = (Vec::new(), String::new());
    while let Some(chunk) = stream.next().await {
        match chunk.expect("no error") {
            Chunk::Tokens { ids, text, .. } => {
                answer.0.extend(ids);
                answer.1 += &text;
                assert!(!answer.1.contains(&wanted), "a stop text was shown");
            }
            Chunk::Commitment(_) => {}
            Chunk::Finished { reason, .. } => assert_eq!(reason, FinishReason::Stop),
        }
    }
    let end = plain.text.find(&wanted).expect("it is there");
    assert_eq!(answer.1, plain.text[..end]);
    // the same tokens as without, up to the one that completed the text
    assert!(plain.tokens.starts_with(&answer.0) && answer.0.len() < plain.tokens.len());
    assert!(engine.tokenizer().decode(&answer.0).expect("decodes").contains(&wanted));
}

#[tokio::test]
async fn probabilities_are_said_if_they_are_asked_for() {
    let engine = engine();
    let mut asked = job(&[5, 6, 7], 12, 700, "likely");
    asked.request.logprobs = true;
    let answer = engine.generate(asked).await.expect("starts").collect().await.expect("an answer");
    assert_eq!(answer.logprobs.len(), answer.tokens.len());
    let mut before = vec![5, 6, 7];
    for (token, logprob) in answer.tokens.iter().zip(&answer.logprobs) {
        let logits = engine.logits(&before, 1).await.expect("logits").remove(0);
        let sum: f64 = logits.iter().map(|logit| f64::from(*logit).exp()).sum();
        let expected = f64::from(logits[*token as usize]) - sum.ln();
        assert!((f64::from(*logprob) - expected).abs() < 1e-5, "{logprob} is {expected}");
        before.push(*token);
    }
    let plain = engine.generate(job(&[5], 3, 0, "")).await.expect("starts").collect().await.expect("an answer");
    assert!(plain.logprobs.is_empty());
}

#[tokio::test]
async fn what_is_late_or_too_much_is_refused() {
    let engine = engine_with(&EngineOptions { queue: 0, ..EngineOptions::default() });
    let refused = engine.generate(job(&[5], 3, 0, "")).await;
    assert!(matches!(refused, Err(ModelError::Busy { .. })));
    let engine = engine_with(&EngineOptions { slot_tokens: 10, ..EngineOptions::default() });
    assert_eq!(engine.manifest().max_context, 10);
    assert!(matches!(engine.generate(job(&[5; 10], 3, 0, "")).await, Err(ModelError::TooLong { .. })));
    let mut late = job(&[5], 3, 0, "");
    late.deadline = Some(std::time::Instant::now());
    let answer = engine.generate(late).await.expect("starts").collect().await;
    assert!(matches!(answer, Err(ModelError::Expired)), "{answer:?}");
}

#[test]
fn what_a_device_cannot_do_is_said_at_the_start() {
    let options = EngineOptions { devices: vec![Device::Cpu, Device::Cuda(99)], ..EngineOptions::default() };
    let refused = Engine::load_with(&fixtures().join("llama"), &options, Box::new(|_| ()));
    assert!(matches!(refused, Err(ModelError::DeviceUnavailable { device: Device::Cuda(99), .. })));
}
