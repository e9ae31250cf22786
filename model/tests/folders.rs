//! Model folders that are wrong: each is refused with a line that names the file and what is wrong with it.
#![cfg(feature = "torch")]

use std::{fs, path::Path};

use assay_model::{Backend, Device, Encoder, Engine, EngineOptions, ModelError};
use tempfile::TempDir;

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn copy(name: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(fixture(name)).expect("the fixture") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("copied");
    }
    folder
}

/// What loading says once `change` was done to a good folder.
fn refusal(change: impl FnOnce(&Path)) -> ModelError {
    let folder = copy("llama");
    change(folder.path());
    let error = Engine::load(folder.path()).expect_err("refused");
    assert!(error.to_string().contains(&*folder.path().to_string_lossy()), "{error}");
    error
}

fn edit_config(folder: &Path, field: &str, value: impl Into<serde_json::Value>) {
    let path = folder.join("config.json");
    let mut config: serde_json::Value = serde_json::from_slice(&fs::read(&path).expect("there")).expect("json");
    config[field] = value.into();
    fs::write(path, config.to_string()).expect("written");
}

#[test]
fn missing_folders_and_files() {
    let missing = Engine::load("no/such/model".as_ref()).expect_err("refused");
    assert_eq!(missing.to_string(), "no model folder at no/such/model");
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        let error = refusal(|folder| fs::remove_file(folder.join(name)).expect("removed"));
        assert!(matches!(&error, ModelError::Read { path, .. } if path.ends_with(name)), "{error}");
    }
}

#[test]
fn damaged_weights() {
    let cut = |keep: usize| {
        move |folder: &Path| {
            let path = folder.join("model.safetensors");
            let bytes = fs::read(&path).expect("there");
            fs::write(&path, &bytes[..keep]).expect("written");
        }
    };
    for keep in [0, 7, 100] {
        let error = refusal(cut(keep));
        assert!(matches!(error, ModelError::Weights { .. }), "{keep}: {error}");
    }
    let ModelError::Truncated { missing, .. } = refusal(cut(50_000)) else { panic!("another refusal") };
    assert!(missing > 0);
    let error = refusal(|folder| fs::write(folder.join("model.safetensors"), [0xff; 4096]).expect("written"));
    assert!(error.to_string().ends_with("model.safetensors is not a safetensors file, or is damaged"), "{error}");
}

#[test]
fn tensors_that_do_not_fit_the_configuration() {
    let error = refusal(|folder| edit_config(folder, "intermediate_size", 57));
    let ModelError::Shape { tensor, expected, found, .. } = &error else { panic!("{error}") };
    assert_eq!(tensor, "model.layers.0.mlp.gate_proj.weight");
    assert_eq!((expected.as_slice(), found.as_slice()), ([57, 32].as_slice(), [56, 32].as_slice()));
    let error = refusal(|folder| edit_config(folder, "num_hidden_layers", 3));
    assert!(matches!(error, ModelError::MissingTensor { tensor, .. } if tensor.starts_with("model.layers.2.")));
    let error = refusal(|folder| edit_config(folder, "vocab_size", 200));
    assert!(matches!(error, ModelError::Vocabulary { model: 200, .. }), "{error}");
    // more rows than tokens is allowed by the tokenizer, but these weights don't have them
    let error = refusal(|folder| edit_config(folder, "vocab_size", 300));
    assert!(matches!(error, ModelError::Shape { tensor, .. } if tensor == "model.embed_tokens.weight"));
}

#[test]
fn other_files_that_are_not_what_they_should_be() {
    let error = refusal(|folder| fs::write(folder.join("tokenizer.json"), "{}").expect("written"));
    assert!(matches!(error, ModelError::Tokenizer { .. }), "{error}");
    let error = refusal(|folder| fs::write(folder.join("config.json"), "{").expect("written"));
    assert!(matches!(error, ModelError::Config { .. }), "{error}");
    let error = refusal(|folder| edit_config(folder, "model_type", "gpt2"));
    assert!(
        error.to_string().ends_with(r#"describes a "gpt2" model; supported here: llama, mistral, qwen2, qwen3"#),
        "{error}"
    );
    let error = refusal(|folder| edit_config(folder, "max_position_embeddings", 1_u64 << 40));
    assert!(matches!(error, ModelError::ConfigRange { field: "max_position_embeddings", .. }), "{error}");
    let bert = Engine::load(&fixture("bert")).expect_err("refused");
    assert!(
        matches!(bert, ModelError::UnsupportedArchitecture { supported: "llama, mistral, qwen2, qwen3", .. }),
        "{bert}"
    );
    let llama = Encoder::load(&fixture("llama")).expect_err("refused");
    assert!(matches!(llama, ModelError::UnsupportedArchitecture { supported: "bert", .. }), "{llama}");
}

#[test]
fn a_device_that_is_not_there() {
    let cuda = EngineOptions { devices: vec![Device::Cuda(200)], ..EngineOptions::default() };
    let error = Engine::load_with(&fixture("llama"), &cuda, Box::new(|_| ())).expect_err("refused");
    assert!(error.to_string().starts_with("device cuda:200 cannot be used: "), "{error}");
}

#[test]
fn the_loaded_libtorch_says_its_version() {
    assert_eq!(assay_model::libtorch_version().as_deref(), Some(assay_model::LIBTORCH_VERSION));
}

#[test]
fn the_manifest_is_of_the_bytes() {
    let load = |folder: &TempDir| Engine::load(folder.path()).expect("loads").manifest().clone();
    let folder = copy("llama");
    let one = load(&folder);
    let names: Vec<&str> = one.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["config.json", "model.safetensors", "tokenizer.json"]);
    assert_eq!((one.vocab_size, one.max_context, one.end_tokens.as_slice()), (288, 64, [0].as_slice()));
    let moved = load(&copy("llama"));
    assert_eq!(moved.digest, one.digest);
    edit_config(folder.path(), "rope_theta", 5001.0);
    assert_ne!(load(&folder).digest, one.digest);
}
