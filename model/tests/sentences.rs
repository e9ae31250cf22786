//! Sentence encoders against sentence-transformers, on tiny random models that its files set up in different ways.
#![cfg(feature = "torch")]

use std::{fs, path::Path};

use assay_model::{Backend, Encoder, ModelError};
use serde_json::Value;

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sentences")
}

fn expected() -> Value {
    serde_json::from_slice(&fs::read(fixtures().join("expected.json")).expect("there")).expect("json")
}

fn vectors(value: &Value) -> Vec<Vec<f32>> {
    serde_json::from_value(value.clone()).expect("vectors")
}

fn texts(expected: &Value) -> Vec<String> {
    serde_json::from_value(expected["texts"].clone()).expect("texts")
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[tokio::test]
async fn vectors_are_sentence_transformers() {
    let expected = expected();
    // first token, relu, lower case, as it comes; mean, tanh gelu, scaled
    for (name, max_tokens, unit) in [("first", 24, false), ("mean", 16, true)] {
        let encoder = Encoder::load(&fixtures().join(name)).expect("loads");
        assert_eq!(encoder.manifest().max_context, max_tokens);
        let own = encoder.embed(texts(&expected)).await.expect("embedded");
        for ((text, own), theirs) in texts(&expected).iter().zip(&own).zip(vectors(&expected[name])) {
            assert!(1.0 - cosine(own, &theirs) < 1e-5, "{name} {text:?}: {}", cosine(own, &theirs));
            let off = own.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 2e-5, "{name} {text:?}: {off}");
            let length: f32 = own.iter().map(|x| x * x).sum();
            assert_eq!((length - 1.0).abs() < 1e-4, unit, "{name} {text:?}: {length}");
        }
    }
}

#[tokio::test]
async fn a_vector_does_not_depend_on_the_batch() {
    let expected = expected();
    let encoder = Encoder::load(&fixtures().join("mean")).expect("loads");
    let together = encoder.embed(texts(&expected)).await.expect("embedded");
    for (text, together) in texts(&expected).into_iter().zip(&together) {
        let alone = encoder.embed(vec![text.clone()]).await.expect("embedded");
        let off = alone[0].iter().zip(together).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 1e-5, "{text:?}: {off}");
    }
}

#[test]
fn every_file_that_decides_a_vector_is_part_of_the_manifest() {
    let encoder = Encoder::load(&fixtures().join("mean")).expect("loads");
    let names: Vec<&str> = encoder.manifest().files.iter().map(|file| file.name.as_str()).collect();
    let all = [
        "1_Pooling/config.json",
        "config.json",
        "model.safetensors",
        "modules.json",
        "sentence_bert_config.json",
        "tokenizer.json",
    ];
    assert_eq!(names, all);
}

#[test]
fn what_is_not_supported_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        fs::copy(fixtures().join("mean").join(name), folder.path().join(name)).expect("copied");
    }
    let path = folder.path().join("config.json");
    let good: Value = serde_json::from_slice(&fs::read(&path).expect("there")).expect("json");
    let refusal = |field: &str, value: &str| {
        let mut config = good.clone();
        config[field] = value.into();
        fs::write(&path, config.to_string()).expect("written");
        Encoder::load(folder.path()).expect_err("refused")
    };
    let error = refusal("model_type", "roberta");
    assert!(error.to_string().ends_with(r#"config.json describes a "roberta" model; supported here: bert"#), "{error}");
    let error = refusal("hidden_act", "mish");
    assert!(error.to_string().ends_with("config.json asks for hidden_act mish, which is not supported"), "{error}");
    let error = refusal("position_embedding_type", "relative_key");
    assert!(matches!(error, ModelError::UnsupportedSetting { .. }), "{error}");
}
