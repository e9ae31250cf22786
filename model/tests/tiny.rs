//! The model that comes with the repository.
#![cfg(feature = "torch")]

use std::{fs, path::Path};

use assay_model::{Backend, Engine, GenerateJob};
use primitives::{Digest, GenerateRequest, Prompt, Sampling};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny")
}

#[test]
fn it_stays_small() {
    let size = |name: &str| fs::metadata(folder().join(name)).expect(name).len();
    let total: u64 = ["config.json", "model.safetensors", "tokenizer.json", "README.md"].into_iter().map(size).sum();
    assert!(total <= 8 << 20, "{total} bytes");
}

#[test]
fn its_card_states_what_was_measured() {
    let read = |name: &str| fs::read_to_string(folder().join(name)).expect(name);
    let card = read("README.md");
    let training: serde_json::Value = serde_json::from_str(&read("training.json")).expect("json");
    for field in ["parameters", "steps", "tokens", "seed", "train_loss", "holdout_loss"] {
        let value = training[field].to_string();
        assert!(card.replace(' ', "").contains(&value), "{field} {value}");
    }
}

#[tokio::test]
async fn it_writes_english_and_checks_what_it_wrote() {
    const COMMON: [&str; 24] = [
        "the", "a", "an", "of", "to", "is", "are", "in", "and", "that", "for", "it", "this", "be", "with", "as", "by",
        "or", "not", "can", "you", "if", "on", "from",
    ];
    let engine = Engine::load(&folder()).expect("loads");
    for (prompt, temperature_milli) in [("The compiler", 0), ("When you call a function,", 700), ("A reference", 1000)]
    {
        let request = GenerateRequest::new(Prompt::Text(prompt.to_owned()), 60, Sampling::at(temperature_milli));
        let seed = Digest::of(prompt.as_bytes());
        let answer = engine.generate(GenerateJob::new(request.clone(), seed)).await.expect("starts");
        let answer = answer.collect().await.expect("an answer");
        let words: Vec<&str> = answer.text.split_whitespace().collect();
        let common = words.iter().filter(|word| COMMON.contains(&word.to_lowercase().as_str())).count();
        // in prose, these words are every third
        assert!(words.is_empty() || common * 6 >= words.len(), "{prompt}{}", answer.text);
        let margins = engine.audit(&request, seed, &answer.tokens).await.expect("audited").tokens;
        // a near tie may fall the other way when the whole answer is run at once
        let off = margins.iter().filter(|token| token.margin_micro > 1000).count();
        assert_eq!(off, 0, "{margins:?}");
    }
}
