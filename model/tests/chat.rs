//! Conversations become the tokens that Hugging Face makes of them.
#![cfg(feature = "torch")]

use std::{fs, path::Path};

use assay_model::{Backend, Engine, GenerateJob, ModelError};
use primitives::{ChatMessage, Digest, GenerateRequest, Prompt, Sampling};
use serde_json::Value;
use tempfile::TempDir;

fn golden() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/chat/chat.json");
    let mut golden: Value = serde_json::from_slice(&fs::read(path).expect("there")).expect("json");
    golden["folder"].take()
}

/// The tiny model with these files beside it.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/llama")).expect("the fixture")
    {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("copied");
    }
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

fn load(folder: &TempDir) -> Result<Engine, ModelError> {
    Engine::load(folder.path())
}

fn chat(messages: &[(&str, &str)]) -> Prompt {
    let message = |(role, content): &(&str, &str)| ChatMessage { role: (*role).into(), content: (*content).into() };
    Prompt::Chat(messages.iter().map(message).collect())
}

#[test]
fn tokens_are_hugging_faces() {
    let golden = golden();
    let files: Vec<(&str, &str)> = golden["files"]
        .as_object()
        .expect("files")
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str().expect("text")))
        .collect();
    assert_eq!(files.len(), 2);
    let engine = load(&folder(&files)).expect("loads");
    let names: Vec<&str> = engine.manifest().files.iter().map(|file| file.name.as_str()).collect();
    for name in ["chat_template.jinja", "tokenizer_config.json"] {
        assert!(names.contains(&name), "{names:?}");
    }
    // short enough for a context of 64
    let messages: Vec<ChatMessage> = serde_json::from_value(golden["messages"].clone()).expect("messages");
    let expected: Vec<u32> = serde_json::from_value(golden["tokens"].clone()).expect("tokens");
    match engine.prompt_tokens(&Prompt::Chat(messages.clone())) {
        Ok(tokens) => assert_eq!(tokens, expected),
        // said only if the tokens are too many
        Err(ModelError::TooLong { tokens, max_context: 64 }) => assert_eq!(tokens, expected.len() + 1),
        Err(error) => panic!("{error}"),
    }
    let tokens = engine.prompt_tokens(&Prompt::Chat(messages[..1].to_vec())).expect("fits");
    // the first turn is the same; the template's end follows
    let same = tokens.iter().zip(&expected).take_while(|(a, b)| a == b).count();
    assert!(same >= 12, "{tokens:?} {expected:?}");
}

#[tokio::test]
async fn a_refused_conversation_is_told_in_the_templates_words() {
    let template = "{% if messages[0].role != 'user' %}{{ raise_exception('users first') }}{% endif %}\
                    {{ messages[0].content }}";
    let engine = load(&folder(&[("chat_template.jinja", template)])).expect("loads");
    let job = |prompt| {
        let request = GenerateRequest::new(prompt, 2, Sampling::GREEDY);
        GenerateJob::new(request, Digest::of(b""))
    };
    let answer = engine.generate(job(chat(&[("user", "the cat")]))).await.expect("starts").collect().await;
    let same = engine.generate(job(Prompt::Text("the cat".to_owned()))).await.expect("starts").collect().await;
    assert_eq!(answer.expect("an answer"), same.expect("an answer"));
    match engine.generate(job(chat(&[("critic", "no")]))).await {
        Err(ModelError::ChatRefused { reason }) => assert_eq!(reason, "users first"),
        other => panic!("{:?}", other.map(|_| ())),
    }
    assert!(matches!(engine.prompt_tokens(&chat(&[("user", "")])), Err(ModelError::EmptyPrompt)));
}

#[test]
fn a_bad_template_ends_the_loading() {
    let folder = folder(&[("chat_template.jinja", "{% if %}")]);
    let error = load(&folder).expect_err("refused");
    let path = folder.path().join("chat_template.jinja");
    assert_eq!(error.to_string(), format!("{} is no chat template that can be used here", path.display()));
    let source = std::error::Error::source(&error).expect("a cause").to_string();
    assert!(source.contains("syntax error"), "{source}");
}

#[test]
fn no_template_no_conversation() {
    let engine = load(&folder(&[])).expect("loads");
    assert!(matches!(engine.prompt_tokens(&chat(&[("user", "hi")])), Err(ModelError::NoChatTemplate { .. })));
}

#[test]
fn the_generation_configuration_ends_texts() {
    let name = "generation_config.json";
    let ends = |text: &str| load(&folder(&[(name, text)])).expect("loads").manifest().end_tokens.clone();
    assert_eq!(load(&folder(&[])).expect("loads").manifest().end_tokens, [0]);
    assert_eq!(ends(r#"{ "eos_token_id": 7, "temperature": 0.6 }"#), [7]);
    assert_eq!(ends(r#"{ "eos_token_id": [7, 0] }"#), [7, 0]);
    for nothing in ["{}", r#"{ "eos_token_id": null }"#, r#"{ "eos_token_id": [] }"#] {
        assert_eq!(ends(nothing), [0]);
    }
    let (plain, with) = (folder(&[]), folder(&[(name, "{}")]));
    let digest = |folder| load(folder).expect("loads").manifest().digest;
    assert_ne!(digest(&plain), digest(&with));
    let error = load(&folder(&[(name, r#"{ "eos_token_id": 288 }"#)])).expect_err("refused");
    assert!(error.to_string().ends_with("generation_config.json: eos_token_id is 288, outside 0..=287"), "{error}");
    let error = load(&folder(&[(name, r#"{ "eos_token_id": "end" }"#)])).expect_err("refused");
    assert!(error.to_string().ends_with("asks for eos_token_id \"end\", which is not supported"), "{error}");
    let error = load(&folder(&[(name, "[")])).expect_err("refused");
    assert!(matches!(error, ModelError::Config { path, .. } if path.ends_with(name)));
}

#[tokio::test]
async fn its_end_tokens_end_an_answer() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/expected.json");
    let expected: Value = serde_json::from_slice(&fs::read(path).expect("there")).expect("json");
    let ids = |field: &str| serde_json::from_value::<Vec<u32>>(expected["llama"][field].clone()).expect("ids");
    let (prompt, greedy) = (ids("prompt"), ids("greedy"));
    let end = greedy[5];
    let first = greedy.iter().position(|id| *id == end).expect("it is there");
    let config = serde_json::json!({ "eos_token_id": [end] }).to_string();
    let engine = load(&folder(&[("generation_config.json", &config)])).expect("loads");
    let request = GenerateRequest::new(Prompt::Tokens(prompt), 24, Sampling::GREEDY);
    let answer = engine.generate(GenerateJob::new(request, Digest::of(b""))).await.expect("starts");
    let answer = answer.collect().await.expect("an answer");
    assert_eq!((answer.tokens.as_slice(), answer.finish), (&greedy[..=first], primitives::FinishReason::Stop));
}
