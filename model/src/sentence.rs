//! What sentence-transformers keeps beside a model: how its last rows become one vector, and how long a text may be.

use std::path::{Component, Path};

use serde::Deserialize;

use crate::{ModelError, folder::Folder};

const MODULES: &str = "modules.json";
const SENTENCE: &str = "sentence_bert_config.json";
const TOKENIZER: &str = "tokenizer_config.json";

/// How a text's vector is made of its tokens' rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pooling {
    /// The mean of all rows.
    Mean,
    /// The first token's row.
    First,
}

/// How a model's rows become sentence vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sentences {
    pub(crate) pooling: Pooling,
    /// Whether vectors are scaled to length 1.
    pub(crate) normalise: bool,
    /// Texts are cut to so many tokens.
    pub(crate) max_tokens: usize,
    /// Whether texts are put in lower case before they are split, whatever the tokenizer does.
    pub(crate) lower_case: bool,
}

/// A step of the pipeline.
#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Default, Deserialize)]
struct SentenceConfig {
    max_seq_length: Option<usize>,
    #[serde(default)]
    do_lower_case: bool,
}

#[derive(Default, Deserialize)]
struct TokenizerConfig {
    /// Some files say 10^30 for "no limit".
    model_max_length: Option<f64>,
}

/// One mode by name, or a switch for each: newer and older files.
#[derive(Deserialize)]
struct PoolingConfig {
    pooling_mode: Option<Modes>,
    #[serde(flatten)]
    rest: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Modes {
    One(String),
    Many(Vec<String>),
}

impl Sentences {
    /// As the folder's files say; a plain model is taken as a mean of rows, scaled to length 1. `positions` is what the
    /// model has, special tokens included.
    pub(crate) fn read(folder: &mut Folder, positions: usize) -> Result<Self, ModelError> {
        let (pooling, normalise) = pipeline(folder)?;
        let sentence: SentenceConfig = parse(folder, SENTENCE)?.unwrap_or_default();
        let tokenizer: TokenizerConfig = parse(folder, TOKENIZER)?.unwrap_or_default();
        // `as` saturates
        let tokenizer = tokenizer.model_max_length.filter(|length| *length >= 1.0).map(|length| length as usize);
        let max_tokens = sentence.max_seq_length.or(tokenizer).unwrap_or(positions);
        // two tokens are the special ones around the text
        let max_tokens = max_tokens.clamp(2, positions);
        Ok(Self { pooling, normalise, max_tokens, lower_case: sentence.do_lower_case })
    }
}

fn pipeline(folder: &mut Folder) -> Result<(Pooling, bool), ModelError> {
    let Some(modules) = parse::<Vec<Module>>(folder, MODULES)? else { return Ok((Pooling::Mean, true)) };
    let unsupported =
        |folder: &Folder, setting: String| Err(ModelError::UnsupportedSetting { path: folder.path(MODULES), setting });
    let (mut pooling, mut normalise) = (None, false);
    for (index, Module { path, kind }) in modules.iter().enumerate() {
        match (index, kind.rsplit('.').next().unwrap_or_default()) {
            (0, "Transformer") if path.is_empty() => {}
            (0, "Transformer") => return unsupported(folder, format!("a model in the folder {path}")),
            (1, "Pooling") => pooling = Some(self::pooling(folder, path)?),
            (2, "Normalize") => normalise = true,
            _ => return unsupported(folder, format!("{kind} as step {index}")),
        }
    }
    match pooling {
        Some(pooling) => Ok((pooling, normalise)),
        None => unsupported(folder, "no pooling".to_owned()),
    }
}

fn pooling(folder: &mut Folder, step: &str) -> Result<Pooling, ModelError> {
    // a folder in the model's own, and nowhere else
    let mut parts = Path::new(step).components();
    if !matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) {
        let setting = format!("a step in the folder {step:?}");
        return Err(ModelError::UnsupportedSetting { path: folder.path(MODULES), setting });
    }
    let name = format!("{step}/config.json");
    let path = folder.path(&name);
    let config: PoolingConfig = serde_json::from_slice(&folder.text(&name)?)
        .map_err(|source| ModelError::Config { path: path.clone(), source })?;
    let modes = match config.pooling_mode {
        Some(Modes::One(mode)) => vec![mode],
        Some(Modes::Many(modes)) => modes,
        None => {
            let switched = |(key, value): (&String, &serde_json::Value)| {
                let mode = key.strip_prefix("pooling_mode_")?;
                (*value == true).then(|| mode.strip_suffix("_tokens").unwrap_or(mode).replace("cls_token", "cls"))
            };
            config.rest.iter().filter_map(switched).collect()
        }
    };
    match modes.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] | ["mean"] => Ok(Pooling::Mean),
        ["cls"] => Ok(Pooling::First),
        other => Err(ModelError::UnsupportedSetting { path, setting: format!("pooling by {}", other.join(" and ")) }),
    }
}

fn parse<T: serde::de::DeserializeOwned>(folder: &mut Folder, name: &str) -> Result<Option<T>, ModelError> {
    let path = folder.path(name);
    let Some(bytes) = folder.optional(name)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|source| ModelError::Config { path, source })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};

    use super::*;

    fn read(files: &[(&str, Value)]) -> Result<Sentences, ModelError> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, value) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, value.to_string()).expect("written");
        }
        Sentences::read(&mut Folder::open(folder.path()).expect("open"), 512)
    }

    fn modules(steps: &[(&str, &str)]) -> (&'static str, Value) {
        let steps = steps.iter().enumerate().map(|(idx, (kind, path))| {
            json!({ "idx": idx, "name": idx.to_string(), "path": path, "type": format!("sentence_transformers.models.{kind}") })
        });
        (MODULES, Value::Array(steps.collect()))
    }

    const PLAIN: [(&str, &str); 2] = [("Transformer", ""), ("Pooling", "1_Pooling")];

    fn pooled(config: Value) -> Result<Pooling, ModelError> {
        read(&[modules(&PLAIN), ("1_Pooling/config.json", config)]).map(|sentences| sentences.pooling)
    }

    #[test]
    fn a_plain_model_is_a_mean_of_length_one() {
        let plain = read(&[]).expect("reads");
        assert_eq!(plain, Sentences { pooling: Pooling::Mean, normalise: true, max_tokens: 512, lower_case: false });
    }

    #[test]
    fn vectors_are_scaled_only_if_a_step_says_so() {
        let config = || ("1_Pooling/config.json", json!({ "pooling_mode_mean_tokens": true }));
        assert!(!read(&[modules(&PLAIN), config()]).expect("reads").normalise);
        let scaled = [PLAIN[0], PLAIN[1], ("Normalize", "2_Normalize")];
        assert!(read(&[modules(&scaled), config()]).expect("reads").normalise);
        for steps in [
            &[("Transformer", ""), ("Pooling", "1_Pooling"), ("Dense", "2_Dense")][..],
            &[("Transformer", "0_Transformer"), ("Pooling", "1_Pooling")],
            &[("Transformer", ""), ("Pooling", "../1_Pooling")],
            &[("Transformer", ""), ("Pooling", "/1_Pooling")],
            &[("Transformer", ""), ("Normalize", "1_Normalize")],
            &[("Transformer", "")],
            &[("CLIPModel", "")],
        ] {
            let error = read(&[modules(steps), config()]).expect_err("refused");
            assert!(matches!(error, ModelError::UnsupportedSetting { .. }), "{steps:?}: {error}");
            assert!(error.to_string().contains(MODULES), "{error}");
        }
    }

    #[test]
    fn pooling_is_named_in_old_files_and_new_ones() {
        let old = |mode: &str| {
            json!({ "word_embedding_dimension": 4, "pooling_mode_cls_token": mode == "cls",
                    "pooling_mode_mean_tokens": mode == "mean", "pooling_mode_max_tokens": mode == "max" })
        };
        for (mode, pooling) in [("mean", Pooling::Mean), ("cls", Pooling::First)] {
            assert_eq!(pooled(old(mode)).expect("reads"), pooling);
            assert_eq!(pooled(json!({ "embedding_dimension": 4, "pooling_mode": mode })).expect("reads"), pooling);
            assert_eq!(pooled(json!({ "pooling_mode": [mode] })).expect("reads"), pooling);
        }
        assert_eq!(pooled(json!({})).expect("reads"), Pooling::Mean);
        for config in [old("max"), json!({ "pooling_mode": "max" }), json!({ "pooling_mode": ["max"] })] {
            let error = pooled(config).expect_err("refused").to_string();
            assert!(
                error.ends_with("1_Pooling/config.json asks for pooling by max, which is not supported"),
                "{error}"
            );
        }
        assert!(pooled(json!({ "pooling_mode": ["cls", "mean"] })).is_err());
    }

    #[test]
    fn lengths_are_the_nearest_files() {
        let sentence = |value: Value| (SENTENCE, json!({ "max_seq_length": value, "do_lower_case": true }));
        let tokenizer = |length: f64| (TOKENIZER, json!({ "model_max_length": length }));
        let length = |files: &[(&str, Value)]| read(files).expect("reads").max_tokens;
        assert_eq!(length(&[sentence(json!(128)), tokenizer(64.0)]), 128);
        assert_eq!(length(&[sentence(Value::Null), tokenizer(64.0)]), 64);
        assert_eq!(length(&[tokenizer(1e30)]), 512);
        assert_eq!(length(&[sentence(json!(4_096))]), 512);
        assert!(read(&[sentence(json!(128))]).expect("reads").lower_case);
    }
}
