//! The sentence encoder against PyTorch's numbers on a tiny random model.
#![cfg(feature = "torch")]

use std::{fs, path::Path};

use assay_model::{Backend, Encoder, GenerateJob, ModelError};
use primitives::{Digest, GenerateRequest, Prompt, Sampling};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    text: String,
    tokens: Vec<u32>,
    embedding: Vec<f32>,
}

fn encoder() -> (Encoder, Vec<Case>) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let expected = fs::read(fixtures.join("expected.json")).expect("there");
    let mut expected: serde_json::Value = serde_json::from_slice(&expected).expect("json");
    let cases = serde_json::from_value(expected["bert"].take()).expect("cases");
    (Encoder::load(&fixtures.join("bert")).expect("the fixture loads"), cases)
}

#[tokio::test]
async fn embeddings_are_pytorchs() {
    let (encoder, cases) = encoder();
    assert_eq!(encoder.manifest().max_context, 16);
    // the longest one is cut, and keeps its closing token
    assert!(cases.iter().any(|case| case.tokens.len() == 16));
    let vectors = encoder.embed(cases.iter().map(|case| case.text.clone()).collect()).await.expect("embedded");
    assert_eq!(vectors.len(), cases.len());
    for (case, vector) in cases.iter().zip(&vectors) {
        assert_eq!(vector.len(), case.embedding.len());
        let off = vector.iter().zip(&case.embedding).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 1e-5, "{}: {off}", case.text);
        let length: f32 = vector.iter().map(|x| x * x).sum();
        assert!((length - 1.0).abs() < 1e-5);
    }
}

#[tokio::test]
async fn no_texts_and_an_empty_text() {
    let (encoder, _) = encoder();
    assert_eq!(encoder.embed(Vec::new()).await.expect("embedded"), Vec::<Vec<f32>>::new());
    // the two special tokens around it are still there
    assert_eq!(encoder.embed(vec![String::new()]).await.expect("embedded").len(), 1);
}

#[tokio::test]
async fn an_encoder_does_not_generate() {
    let (encoder, _) = encoder();
    let prompt = Prompt::Text("the cat".to_owned());
    let request = GenerateRequest::new(prompt, 1, Sampling::GREEDY);
    let refused = encoder.generate(GenerateJob::new(request, Digest::of(b""))).await;
    assert!(matches!(refused, Err(ModelError::Unsupported { what: "generate text", .. })));
}
