//! Model folders that are wrong: each is refused with a line that names the file and what is wrong with it.
#![cfg(feature = "torch")]

use std::{fs, path::Path};

use assay_model::{Backend, Device, Encoder, Engine, EngineOptions, ModelError};
use primitives::Digest;
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
    refusal_of("llama", change)
}

fn refusal_of(name: &str, change: impl FnOnce(&Path)) -> ModelError {
    let folder = copy(name);
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

/// One shard of the checkpoint in five, and a tensor that its index keeps there.
const SHARD: &str = "model-00004-of-00005.safetensors";
const TENSOR: &str = "model.layers.0.mlp.down_proj.weight";
const INDEX: &str = "model.safetensors.index.json";

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    fs::write(folder.join(name), bytes).expect("written");
}

/// Writes a safetensors header over a shard, and as many bytes as given.
fn shard(folder: &Path, header: &serde_json::Value, bytes: usize) {
    let header = header.to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.resize(file.len() + bytes, 0);
    write(folder, SHARD, &file);
}

fn header(folder: &Path, name: &str) -> serde_json::Value {
    let bytes = fs::read(folder.join(name)).expect("there");
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    serde_json::from_slice(&bytes[8..8 + length]).expect("json")
}

fn edit_index(folder: &Path, edit: impl FnOnce(&mut serde_json::Value)) {
    let mut index: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join(INDEX)).expect("there")).expect("json");
    edit(&mut index["weight_map"]);
    write(folder, INDEX, index.to_string().as_bytes());
}

#[test]
fn broken_checkpoints_in_several_files() {
    type Change = fn(&Path);
    let broken: [(&str, Change, &str); 14] = [
        (
            "a shard is missing",
            |folder| fs::remove_file(folder.join(SHARD)).expect("removed"),
            "SHARD is missing; the index keeps tensor model.layers.0.input_layernorm.weight in it",
        ),
        (
            "a shard is cut off",
            |folder| {
                let bytes = fs::read(folder.join(SHARD)).expect("there");
                write(folder, SHARD, &bytes[..bytes.len() - 9]);
            },
            "SHARD is cut off: tensor model.norm.weight ends 9 bytes beyond it",
        ),
        (
            "a shard is cut off within its header",
            |folder| {
                let bytes = fs::read(folder.join(SHARD)).expect("there");
                write(folder, SHARD, &bytes[..60]);
            },
            "SHARD is not a safetensors file, or is damaged",
        ),
        ("a shard is empty", |folder| write(folder, SHARD, b""), "SHARD is not a safetensors file, or is damaged"),
        (
            "a shard was never fetched",
            |folder| write(folder, SHARD, b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5920\n"),
            "SHARD is a pointer of Git LFS, not the file itself: fetch it with `git lfs pull`",
        ),
        (
            "a shard is longer than its header says",
            |folder| {
                let mut bytes = fs::read(folder.join(SHARD)).expect("there");
                bytes.push(0);
                write(folder, SHARD, &bytes);
            },
            "SHARD is not a safetensors file, or is damaged",
        ),
        (
            "a header that promises more memory than there is",
            |folder| write(folder, SHARD, &[u64::MAX.to_le_bytes(), [b'{'; 8]].concat()),
            "SHARD is not a safetensors file, or is damaged",
        ),
        (
            "a shard lacks its tensors",
            |folder| shard(folder, &serde_json::json!({}), 0),
            "SHARD has no tensor model.layers.0.input_layernorm.weight",
        ),
        (
            "a tensor has another shape",
            |folder| {
                let mut header = header(folder, SHARD);
                header[TENSOR]["shape"] = serde_json::json!([40, 32]);
                shard(folder, &header, (40 * 32 + 3 * 32) * 4);
            },
            "SHARD: tensor TENSOR has shape [40, 32], the configuration says [32, 40]",
        ),
        (
            "a tensor has a type that is not computed in",
            |folder| {
                let mut header = header(folder, SHARD);
                header[TENSOR]["dtype"] = "I32".into();
                shard(folder, &header, (40 * 32 + 3 * 32) * 4);
            },
            "SHARD: tensor TENSOR is of type I32; F32, F16 and BF16 are supported",
        ),
        (
            "the index does not know a tensor",
            |folder| edit_index(folder, |map| drop(map.as_object_mut().expect("a map").remove(TENSOR))),
            "INDEX has no tensor TENSOR",
        ),
        (
            "the index names a file elsewhere",
            |folder| edit_index(folder, |map| map[TENSOR] = "../model.safetensors".into()),
            "INDEX keeps tensor TENSOR in \"../model.safetensors\", which is not the name of a file beside it",
        ),
        (
            "the index names the wrong shard",
            |folder| edit_index(folder, |map| map[TENSOR] = "model-00001-of-00005.safetensors".into()),
            "FOLDER/model-00001-of-00005.safetensors has no tensor TENSOR",
        ),
        ("the index is none", |folder| write(folder, INDEX, b"[]"), "INDEX is not an index of weights"),
    ];
    for (what, change, expected) in broken {
        let mut at = String::new();
        let error = refusal_of("hf/shards", |folder| {
            at = folder.display().to_string();
            change(folder);
        });
        let expected = expected
            .replace("SHARD", &format!("{at}/{SHARD}"))
            .replace("INDEX", &format!("{at}/{INDEX}"))
            .replace("FOLDER", &at)
            .replace("TENSOR", TENSOR);
        assert_eq!(error.to_string(), expected, "{what}");
    }
}

#[test]
fn settings_that_would_be_computed_wrongly() {
    for (name, field, value, expected) in [
        ("hf/llama3", "rope_parameters", serde_json::json!({"rope_type": "longrope"}), "\"longrope\" rotary scaling"),
        ("hf/qwen3", "rope_scaling", serde_json::json!({"type": "mrope"}), "\"mrope\" rotary scaling"),
        ("hf/mistral", "hidden_act", "gelu".into(), "hidden_act gelu"),
        ("hf/qwen2", "quantization_config", serde_json::json!({"quant_method": "awq"}), "quantised weights, awq"),
    ] {
        let error = refusal_of(name, |folder| edit_config(folder, field, value)).to_string();
        assert!(error.ends_with(&format!("config.json asks for {expected}, which is not supported")), "{error}");
    }
}

#[test]
fn all_files_of_a_checkpoint_are_in_its_manifest() {
    let load = |folder: &TempDir| Engine::load(folder.path()).expect("loads").manifest().clone();
    let folder = copy("hf/shards");
    let one = load(&folder);
    let names: Vec<&str> = one.files.iter().map(|file| file.name.as_str()).collect();
    let shards: Vec<String> = (1..=5).map(|shard| format!("model-0000{shard}-of-00005.safetensors")).collect();
    let shards: Vec<&str> = shards.iter().map(String::as_str).collect();
    assert_eq!(names, [&["config.json"], &shards[..], &[INDEX, "tokenizer.json"]].concat());
    let digest = |name: &str| Digest::of(&fs::read(folder.path().join(name)).expect("there"));
    assert!(one.files.iter().all(|file| file.digest == digest(&file.name)));
    // one bit of one weight is another model
    let mut bytes = fs::read(folder.path().join(SHARD)).expect("there");
    *bytes.last_mut().expect("some") ^= 1;
    write(folder.path(), SHARD, &bytes);
    assert_ne!(load(&folder).digest, one.digest);
    // a single file counts, whatever index lies beside it
    let single = copy("hf/llama");
    write(single.path(), INDEX, b"[]");
    assert!(load(&single).files.iter().all(|file| file.name != INDEX));
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
