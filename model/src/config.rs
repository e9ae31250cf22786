//! `config.json` of the supported architectures, checked before a single tensor is read.

#[cfg(feature = "torch")]
mod bert;
mod file;
mod rope;

use std::path::Path;

use serde::Deserialize;

#[cfg(feature = "torch")]
pub(crate) use self::bert::{Activation, BertConfig};
use self::{
    file::{Ranges, parse},
    rope::{Positions, RopeFile},
};
use crate::{ModelError, rope::Rope};

const SUPPORTED: &str = "llama, mistral, qwen2, qwen3";

/// A Llama-shaped model: RMS norms, rotary positions, gated SiLU, grouped queries.
#[derive(Clone, Debug)]
pub(crate) struct LlamaConfig {
    /// Hugging Face's name of the architecture.
    pub(crate) model_type: &'static str,
    pub(crate) vocab_size: usize,
    pub(crate) hidden_size: usize,
    pub(crate) intermediate_size: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    kv_heads: usize,
    head_dim: usize,
    /// The longest sequence, with the scaling of positions if there is one.
    pub(crate) max_context: usize,
    pub(crate) rms_norm_eps: f64,
    pub(crate) tie_word_embeddings: bool,
    /// Whether queries, keys and values have a bias.
    pub(crate) qkv_bias: bool,
    /// Whether what attention puts out has one.
    pub(crate) output_bias: bool,
    /// Whether the feed-forward layers have them.
    pub(crate) mlp_bias: bool,
    /// Whether each head's queries and keys are normalised before they are turned.
    pub(crate) qk_norm: bool,
    pub(crate) rope: Rope,
    /// For each layer, how many tokens it sees back from one, that one included, if not all.
    windows: Vec<Option<usize>>,
    end_tokens: Vec<u32>,
}

/// As it is written. What is left out has the value that transformers gives it.
#[derive(Debug, Deserialize)]
struct File {
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    #[serde(default, deserialize_with = "given")]
    num_key_value_heads: Given<usize>,
    head_dim: Option<usize>,
    max_position_embeddings: usize,
    rms_norm_eps: Option<f64>,
    hidden_act: Option<String>,
    tie_word_embeddings: Option<bool>,
    attention_bias: Option<bool>,
    mlp_bias: Option<bool>,
    use_sliding_window: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    sliding_window: Given<usize>,
    max_window_layers: Option<usize>,
    layer_types: Option<Vec<String>>,
    quantization_config: Option<serde_json::Value>,
    #[serde(default, deserialize_with = "given")]
    eos_token_id: Given<serde_json::Value>,
}

/// Left out, or given: a value or null. They differ where a default is not null.
type Given<T> = Option<Option<T>>;

fn given<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Given<T>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl LlamaConfig {
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ModelError> {
        let (model_type, file): (_, File) = parse(path, bytes, &["llama", "mistral", "qwen2", "qwen3"], SUPPORTED)?;
        // apart from the others: a flattened struct loses numbers where serde_json keeps them as text
        let rope: RopeFile =
            serde_json::from_slice(bytes).map_err(|source| ModelError::Config { path: path.to_owned(), source })?;
        let unsupported = |setting: String| ModelError::UnsupportedSetting { path: path.to_owned(), setting };
        let activation = file.hidden_act.as_deref().unwrap_or("silu");
        if !["silu", "swish"].contains(&activation) {
            return Err(unsupported(format!("hidden_act {activation}")));
        }
        if let Some(quantised) = &file.quantization_config {
            let method = quantised["quant_method"].as_str().unwrap_or("of a method it does not name");
            return Err(unsupported(format!("quantised weights, {method}")));
        }
        let check = Ranges { path };
        check.sizes(file.vocab_size, file.hidden_size, file.intermediate_size, file.num_hidden_layers)?;
        check.range("num_attention_heads", file.num_attention_heads, 1, 1024)?;
        let heads = file.num_attention_heads;
        let kv_heads = match (file.num_key_value_heads, model_type) {
            (Some(Some(given)), _) => given,
            (Some(None), _) | (None, "llama") => heads,
            (None, "mistral") => 8,
            (None, _) => 32,
        };
        let head_dim = file.head_dim.unwrap_or(if model_type == "qwen3" { 128 } else { file.hidden_size / heads });
        check.range("num_key_value_heads", kv_heads, 1, heads)?;
        check.range("head_dim", head_dim, 2, 1024)?;
        check.range("max_position_embeddings", file.max_position_embeddings, 1, 1 << 24)?;
        if !heads.is_multiple_of(kv_heads) || !head_dim.is_multiple_of(2) {
            return Err(unsupported(format!("{heads} query heads of size {head_dim} on {kv_heads} key heads")));
        }
        let rms_norm_eps = file.rms_norm_eps.unwrap_or(1e-6);
        if !(rms_norm_eps >= 0.0 && rms_norm_eps.is_finite()) {
            return Err(unsupported(format!("rms_norm_eps {rms_norm_eps}")));
        }
        let positions = rope.positions(head_dim, file.max_position_embeddings);
        let Positions { rope, max_context } = positions.map_err(unsupported)?;
        check.range("max_position_embeddings, scaled,", max_context, 1, 1 << 24)?;
        let windows = file.windows(model_type).map_err(unsupported)?;
        for window in windows.iter().flatten() {
            check.range("sliding_window", *window, 1, 1 << 24)?;
        }
        let end_tokens = match &file.eos_token_id {
            None if matches!(model_type, "llama" | "mistral") && file.vocab_size > 2 => vec![2],
            None | Some(None) => Vec::new(),
            Some(Some(one_or_many)) => {
                ids(one_or_many).ok_or_else(|| unsupported(format!("eos_token_id {one_or_many}")))?
            }
        };
        for token in &end_tokens {
            check.range("eos_token_id", *token as usize, 0, file.vocab_size - 1)?;
        }
        let attention_bias = file.attention_bias.unwrap_or(false);
        Ok(Self {
            model_type,
            vocab_size: file.vocab_size,
            hidden_size: file.hidden_size,
            intermediate_size: file.intermediate_size,
            layers: file.num_hidden_layers,
            heads,
            kv_heads,
            head_dim,
            max_context,
            rms_norm_eps,
            tie_word_embeddings: file.tie_word_embeddings.unwrap_or(false),
            qkv_bias: model_type == "qwen2" || attention_bias && model_type != "mistral",
            output_bias: attention_bias && matches!(model_type, "llama" | "qwen3"),
            mlp_bias: model_type == "llama" && file.mlp_bias.unwrap_or(false),
            qk_norm: model_type == "qwen3",
            rope,
            windows,
            end_tokens,
        })
    }

    pub(crate) fn kv_heads(&self) -> usize {
        self.kv_heads
    }

    pub(crate) fn head_dim(&self) -> usize {
        self.head_dim
    }

    /// How many tokens a layer sees back from one, that one included, if not all.
    pub(crate) fn window(&self, layer: usize) -> Option<usize> {
        self.windows.get(layer).copied().flatten()
    }

    /// The generation's configuration knows better.
    pub(crate) fn set_end_tokens(&mut self, ids: Vec<u32>) {
        self.end_tokens = ids;
    }

    pub(crate) fn end_tokens(&self) -> Vec<u32> {
        self.end_tokens.clone()
    }
}

/// One token id or a list of them.
fn ids(value: &serde_json::Value) -> Option<Vec<u32>> {
    let id = |value: &serde_json::Value| u32::try_from(value.as_u64()?).ok();
    match value.as_array() {
        Some(ids) => ids.iter().map(id).collect(),
        None => Some(vec![id(value)?]),
    }
}

impl File {
    fn windows(&self, model_type: &str) -> Result<Vec<Option<usize>>, String> {
        let layers = self.num_hidden_layers;
        let size = self.sliding_window.unwrap_or(Some(4096));
        match (model_type, size) {
            ("mistral", _) => return Ok(vec![size; layers]),
            ("qwen2" | "qwen3", Some(_)) if self.use_sliding_window.unwrap_or(false) => {}
            _ => return Ok(vec![None; layers]),
        }
        let Some(types) = &self.layer_types else {
            let first = self.max_window_layers.unwrap_or(28);
            return Ok((0..layers).map(|layer| size.filter(|_| layer >= first)).collect());
        };
        if types.len() != layers {
            return Err(format!("{} layer_types for {layers} layers", types.len()));
        }
        let window = |kind: &String| match kind.as_str() {
            "sliding_attention" => Ok(size),
            "full_attention" => Ok(None),
            other => Err(format!("{other:?} layers")),
        };
        types.iter().map(window).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn config(model_type: &str, change: &[(&str, Value)]) -> Result<LlamaConfig, ModelError> {
        let mut config = json!({
            "model_type": model_type, "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
            "max_position_embeddings": 128, "eos_token_id": [1, 2], "unknown": true
        });
        for (field, value) in change {
            config[field] = value.clone();
        }
        LlamaConfig::parse("config.json".as_ref(), config.to_string().as_bytes())
    }

    fn llama(change: &[(&str, Value)]) -> Result<LlamaConfig, ModelError> {
        config("llama", change)
    }

    #[test]
    fn what_is_left_out_has_the_usual_value() {
        let plain = llama(&[]).expect("valid");
        assert_eq!((plain.head_dim(), plain.kv_heads(), plain.end_tokens()), (8, 2, vec![1, 2]));
        assert_eq!((plain.window(0), plain.max_context), (None, 128));
        assert_eq!(plain.rope, Rope::new(8, 10_000.0, crate::rope::Scaling::None));
        assert_eq!(llama(&[("num_key_value_heads", Value::Null)]).expect("valid").kv_heads(), 4);
        assert_eq!(config("qwen3", &[]).expect("valid").head_dim(), 128);
    }

    #[test]
    fn older_and_newer_files_mean_the_same() {
        let same = |older: &[(&str, Value)], newer: Value| {
            let older = llama(older).expect("valid");
            let newer = llama(&[("rope_parameters", newer)]).expect("valid");
            assert_eq!((older.rope, older.max_context), (newer.rope, newer.max_context));
        };
        same(&[("rope_theta", 500.0.into())], json!({"rope_theta": 500.0, "rope_type": "default"}));
        same(
            &[("rope_theta", 500.0.into()), ("rope_scaling", json!({"type": "linear", "factor": 4}))],
            json!({"rope_theta": 500.0, "rope_type": "linear", "factor": 4.0}),
        );
        same(
            &[("rope_scaling", json!({"rope_type": "yarn", "factor": 4.0})), ("rope_theta", 10_000.into())],
            json!({"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 128}),
        );
    }

    #[test]
    fn scaling_lengthens_the_context_unless_the_length_is_named_with_it() {
        for (scaling, context) in [
            (json!({"rope_type": "linear", "factor": 4.0}), 512),
            (json!({"rope_type": "dynamic", "factor": 2.0}), 256),
            (json!({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}), 128),
            (json!({"rope_type": "yarn", "factor": 4.0}), 512),
            (json!({"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}), 128),
        ] {
            let config = llama(&[("rope_scaling", scaling.clone())]).expect("valid");
            assert_eq!(config.max_context, context, "{scaling}");
        }
    }

    #[test]
    fn biases_and_norms_are_the_architectures() {
        let biased = [("attention_bias", true.into()), ("mlp_bias", true.into())];
        for (model_type, plain, with) in [
            ("llama", [false; 4], [true, true, true, false]),
            ("mistral", [false; 4], [false; 4]),
            ("qwen2", [true, false, false, false], [true, false, false, false]),
            ("qwen3", [false, false, false, true], [true, true, false, true]),
        ] {
            let of = |config: LlamaConfig| [config.qkv_bias, config.output_bias, config.mlp_bias, config.qk_norm];
            assert_eq!(of(config(model_type, &[]).expect("valid")), plain, "{model_type}");
            assert_eq!(of(config(model_type, &biased).expect("valid")), with, "{model_type}");
        }
    }

    #[test]
    fn windows_are_the_layers() {
        let windows = |model_type, change: &[(&str, Value)]| config(model_type, change).map(|config| config.windows);
        let (size, used) = (("sliding_window", 7.into()), ("use_sliding_window", true.into()));
        assert_eq!(windows("mistral", &[]).expect("valid"), [Some(4096); 2]);
        assert_eq!(windows("mistral", std::slice::from_ref(&size)).expect("valid"), [Some(7); 2]);
        assert_eq!(windows("mistral", &[("sliding_window", Value::Null)]).expect("valid"), [None; 2]);
        assert_eq!(windows("llama", &[size.clone(), used.clone()]).expect("valid"), [None; 2]);
        assert_eq!(windows("qwen2", std::slice::from_ref(&size)).expect("valid"), [None; 2]);
        assert_eq!(windows("qwen2", &[size.clone(), used.clone()]).expect("valid"), [None; 2]);
        let first = ("max_window_layers", 1.into());
        assert_eq!(windows("qwen2", &[size.clone(), used.clone(), first]).expect("valid"), [None, Some(7)]);
        let types = |types: [&str; 2]| ("layer_types", json!(types));
        let named = types(["sliding_attention", "full_attention"]);
        assert_eq!(windows("qwen3", &[size.clone(), used.clone(), named]).expect("valid"), [Some(7), None]);
        let odd = windows("qwen3", &[size.clone(), used, types(["linear_attention", "full_attention"])]);
        let odd = odd.expect_err("refused").to_string();
        assert_eq!(odd, r#"config.json asks for "linear_attention" layers, which is not supported"#);
        let none = windows("mistral", &[("sliding_window", 0.into())]).expect_err("refused").to_string();
        assert_eq!(none, "config.json: sliding_window is 0, outside 1..=16777216");
    }

    #[test]
    fn absurd_and_unsupported_are_named() {
        for (field, value, expected) in [
            (
                "model_type",
                "mamba".into(),
                r#"config.json describes a "mamba" model; supported here: llama, mistral, qwen2, qwen3"#,
            ),
            (
                "vocab_size",
                1_u64.wrapping_shl(40).into(),
                "config.json: vocab_size is 1099511627776, outside 1..=1048576",
            ),
            ("num_hidden_layers", 0.into(), "config.json: num_hidden_layers is 0, outside 1..=512"),
            ("num_key_value_heads", 0.into(), "config.json: num_key_value_heads is 0, outside 1..=4"),
            ("num_attention_heads", 0.into(), "config.json: num_attention_heads is 0, outside 1..=1024"),
            ("eos_token_id", 64.into(), "config.json: eos_token_id is 64, outside 0..=63"),
            ("eos_token_id", "</s>".into(), r#"config.json asks for eos_token_id "</s>", which is not supported"#),
            ("hidden_act", "relu".into(), "config.json asks for hidden_act relu, which is not supported"),
            (
                "quantization_config",
                json!({"quant_method": "gptq"}),
                "config.json asks for quantised weights, gptq, which is not supported",
            ),
            ("hidden_size", (-1).into(), "config.json is not a model configuration"),
            (
                "partial_rotary_factor",
                0.5.into(),
                "config.json asks for partial_rotary_factor 0.5, which is not supported",
            ),
            ("rope_theta", 0.into(), "config.json asks for rope_theta 0, which is not supported"),
            (
                "num_key_value_heads",
                3.into(),
                "config.json asks for 4 query heads of size 8 on 3 key heads, which is not supported",
            ),
        ] {
            assert_eq!(llama(&[(field, value)]).expect_err(field).to_string(), expected);
        }
        let torn = LlamaConfig::parse("config.json".as_ref(), b"{\"model_type\": \"lla");
        assert!(matches!(torn, Err(ModelError::Config { .. })));
    }

    #[test]
    fn scalings_that_are_not_known_or_not_whole_are_named() {
        for (scaling, expected) in [
            (json!({"rope_type": "longrope", "factor": 2.0}), "\"longrope\" rotary scaling"),
            (json!({"type": "su"}), "\"su\" rotary scaling"),
            (json!({"type": "linear"}), "linear rotary scaling without factor"),
            (json!({"rope_type": "linear", "factor": 0.0}), "linear rotary scaling with factor 0"),
            (json!({"rope_type": "llama3", "factor": 8.0}), "llama3 rotary scaling without low_freq_factor"),
            (
                json!({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4.0, "high_freq_factor": 4.0}),
                "llama3 rotary scaling with low_freq_factor 4, high_freq_factor 4",
            ),
            (json!({"rope_type": "yarn", "factor": -1.0}), "yarn rotary scaling with factor -1"),
            (json!({"rope_type": "default", "partial_rotary_factor": 0.25}), "partial_rotary_factor 0.25"),
            (json!({"full_attention": {"rope_type": "default"}}), "other rotary positions in each kind of layer"),
        ] {
            for field in ["rope_scaling", "rope_parameters"] {
                let error = llama(&[(field, scaling.clone())]).expect_err(expected).to_string();
                assert_eq!(error, format!("config.json asks for {expected}, which is not supported"));
            }
        }
    }
}
