//! Checkpoints of every family, as transformers wrote them, answer as they do there.
#![cfg(feature = "torch")]

use std::{fs, path::PathBuf};

use assay_model::{Backend, Device, Dtype, Engine, EngineOptions, GenerateJob};
use primitives::{Digest, GenerateRequest, Prompt, Sampling};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    prompt: Vec<u32>,
    greedy: Vec<u32>,
    /// Every fourth logit behind the prompt, and behind all of the answer but its last token.
    first: Vec<f32>,
    last: Vec<f32>,
}

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hf")
}

fn expected() -> serde_json::Map<String, serde_json::Value> {
    serde_json::from_slice(&fs::read(fixtures().join("expected.json")).expect("there")).expect("json")
}

fn greedy(prompt: &[u32], new: usize) -> GenerateJob {
    let request = GenerateRequest::new(Prompt::Tokens(prompt.to_vec()), new as u32, Sampling::GREEDY);
    GenerateJob::new(request, Digest::of(b""))
}

#[tokio::test]
async fn all_families_answer_as_in_transformers() {
    let all = expected();
    assert!(all.len() >= 12);
    // one token of a prompt at a time is the hardest way to cut it
    for (slots, step_tokens) in [(3, 4), (8, 256)] {
        for (name, cases) in &all {
            let cases: Vec<Case> = serde_json::from_value(cases.clone()).expect(name);
            let options = EngineOptions { slots, step_tokens: Some(step_tokens), ..EngineOptions::default() };
            let engine = Engine::load_with(&fixtures().join(name), &options, Box::new(|_| ())).expect(name);
            let answers = cases.iter().map(|case| engine.generate(greedy(&case.prompt, case.greedy.len())));
            // all are under way before the first is read
            let answers = futures::future::join_all(answers).await;
            for (answer, case) in answers.into_iter().zip(&cases) {
                let answer = answer.expect(name).collect().await.expect(name);
                assert_eq!(answer.tokens, case.greedy, "{name}, prompt of {}", case.prompt.len());
            }
            for case in &cases {
                let whole = [case.prompt.as_slice(), &case.greedy[..case.greedy.len() - 1]].concat();
                for (tokens, logits) in [(case.prompt.as_slice(), &case.first), (whole.as_slice(), &case.last)] {
                    // where positions depend on the length, the reference came token by token
                    if name == "dynamic" && tokens.len() > case.prompt.len() {
                        continue;
                    }
                    let own = engine.logits(tokens, 1).await.expect(name).remove(0);
                    let own: Vec<f32> = own.into_iter().step_by(4).collect();
                    assert_eq!(own.len(), logits.len());
                    let furthest = own.iter().zip(logits).map(|(own, real)| (own - real).abs()).fold(0.0, f32::max);
                    assert!(furthest < 1e-4, "{name}: logits differ by {furthest}");
                }
            }
        }
    }
}

/// The other types and the other implementation, close enough to take the same tokens for a while.
#[tokio::test]
async fn half_precision_runs_on_libtorch() {
    for (dtype, same) in [(Dtype::Bf16, 0.3), (Dtype::F16, 0.7)] {
        let (mut equal, mut total) = (0, 0);
        for name in ["llama", "qwen2", "qwen3", "mistral"] {
            let cases: Vec<Case> = serde_json::from_value(expected()[name].clone()).expect(name);
            let options = EngineOptions {
                devices: vec![Device::Cpu, Device::Cpu],
                dtype: Some(dtype),
                ..EngineOptions::default()
            };
            let engine = Engine::load_with(&fixtures().join(name), &options, Box::new(|_| ())).expect(name);
            for case in cases {
                let job = greedy(&case.prompt, case.greedy.len());
                let answer = engine.generate(job).await.expect(name).collect().await.expect(name);
                equal += answer.tokens.iter().zip(&case.greedy).take_while(|(own, real)| own == real).count();
                total += case.greedy.len();
            }
        }
        assert!(f64::from(equal as u32) >= same * f64::from(total as u32), "{dtype}: {equal} of {total}");
    }
}
