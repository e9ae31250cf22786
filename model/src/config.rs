//! `config.json` of the supported architectures, checked before a single tensor is read.

use std::path::Path;

use serde::Deserialize;

use crate::ModelError;

/// A Llama-shaped model: RMS norms, rotary positions, gated SiLU, grouped queries.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct LlamaConfig {
    pub(crate) vocab_size: usize,
    pub(crate) hidden_size: usize,
    pub(crate) intermediate_size: usize,
    #[serde(rename = "num_hidden_layers")]
    pub(crate) layers: usize,
    #[serde(rename = "num_attention_heads")]
    pub(crate) heads: usize,
    #[serde(rename = "num_key_value_heads")]
    kv_heads: Option<usize>,
    head_dim: Option<usize>,
    #[serde(rename = "max_position_embeddings")]
    pub(crate) max_context: usize,
    rope_theta: Option<f64>,
    rope_parameters: Option<RopeParameters>,
    rope_scaling: Option<serde_json::Value>,
    #[serde(default = "llama_epsilon")]
    pub(crate) rms_norm_eps: f64,
    #[serde(default = "silu")]
    hidden_act: String,
    #[serde(default)]
    pub(crate) tie_word_embeddings: bool,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
    eos_token_id: Option<Ids>,
}

/// Newer files keep the rotary base here.
#[derive(Clone, Debug, Deserialize)]
struct RopeParameters {
    rope_theta: Option<f64>,
    rope_type: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Ids {
    One(u32),
    Many(Vec<u32>),
}

/// A BERT-shaped encoder.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct BertConfig {
    pub(crate) vocab_size: usize,
    pub(crate) hidden_size: usize,
    pub(crate) intermediate_size: usize,
    #[serde(rename = "num_hidden_layers")]
    pub(crate) layers: usize,
    #[serde(rename = "num_attention_heads")]
    pub(crate) heads: usize,
    #[serde(rename = "max_position_embeddings")]
    pub(crate) max_positions: usize,
    pub(crate) type_vocab_size: usize,
    #[serde(default = "bert_epsilon")]
    pub(crate) layer_norm_eps: f64,
    #[serde(default = "gelu", rename = "hidden_act")]
    pub(crate) activation: Activation,
    position_embedding_type: Option<String>,
}

/// What bends an encoder's feed-forward layers, by Hugging Face's names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(crate) enum Activation {
    Gelu,
    GeluTanh,
    Relu,
    Other(String),
}

impl From<String> for Activation {
    fn from(name: String) -> Self {
        match name.as_str() {
            "gelu" | "gelu_python" => Self::Gelu,
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Self::GeluTanh,
            "relu" => Self::Relu,
            _ => Self::Other(name),
        }
    }
}

fn llama_epsilon() -> f64 {
    1e-6
}

fn bert_epsilon() -> f64 {
    1e-12
}

fn silu() -> String {
    "silu".to_owned()
}

fn gelu() -> Activation {
    Activation::Gelu
}

impl LlamaConfig {
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ModelError> {
        let config: Self = parse(path, bytes, "llama")?;
        let unsupported = |setting: String| Err(ModelError::UnsupportedSetting { path: path.to_owned(), setting });
        if config.hidden_act != "silu" {
            return unsupported(format!("hidden_act {}", config.hidden_act));
        }
        if config.attention_bias || config.mlp_bias {
            return unsupported("biases in attention or feed-forward layers".to_owned());
        }
        let rope_type = config.rope_parameters.as_ref().and_then(|rope| rope.rope_type.as_deref());
        if config.rope_scaling.is_some() || rope_type.is_some_and(|kind| kind != "default") {
            return unsupported("scaled rotary positions".to_owned());
        }
        let check = Ranges { path };
        check.sizes(config.vocab_size, config.hidden_size, config.intermediate_size, config.layers)?;
        check.range("num_attention_heads", config.heads, 1, 1024)?;
        check.range("num_key_value_heads", config.kv_heads(), 1, config.heads)?;
        check.range("head_dim", config.head_dim(), 2, 1024)?;
        check.range("max_position_embeddings", config.max_context, 1, 1 << 20)?;
        if !config.heads.is_multiple_of(config.kv_heads()) || !config.head_dim().is_multiple_of(2) {
            return unsupported(format!(
                "{} query heads of size {} on {} key heads",
                config.heads,
                config.head_dim(),
                config.kv_heads()
            ));
        }
        if !(config.rope_theta() > 0.0 && config.rope_theta().is_finite() && config.rms_norm_eps >= 0.0) {
            return unsupported(format!("rope_theta {}, rms_norm_eps {}", config.rope_theta(), config.rms_norm_eps));
        }
        for token in config.end_tokens() {
            check.range("eos_token_id", token as usize, 0, config.vocab_size - 1)?;
        }
        Ok(config)
    }

    pub(crate) fn kv_heads(&self) -> usize {
        self.kv_heads.unwrap_or(self.heads)
    }

    pub(crate) fn head_dim(&self) -> usize {
        self.head_dim.unwrap_or(self.hidden_size / self.heads.max(1))
    }

    pub(crate) fn rope_theta(&self) -> f64 {
        let newer = self.rope_parameters.as_ref().and_then(|rope| rope.rope_theta);
        self.rope_theta.or(newer).unwrap_or(10_000.0)
    }

    /// The generation's configuration knows better.
    pub(crate) fn set_end_tokens(&mut self, ids: Vec<u32>) {
        self.eos_token_id = Some(Ids::Many(ids));
    }

    pub(crate) fn end_tokens(&self) -> Vec<u32> {
        match &self.eos_token_id {
            None => Vec::new(),
            Some(Ids::One(id)) => vec![*id],
            Some(Ids::Many(ids)) => ids.clone(),
        }
    }
}

impl BertConfig {
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ModelError> {
        let config: Self = parse(path, bytes, "bert")?;
        let unsupported = |setting: String| Err(ModelError::UnsupportedSetting { path: path.to_owned(), setting });
        if let Activation::Other(name) = &config.activation {
            return unsupported(format!("hidden_act {name}"));
        }
        if let Some(kind) = config.position_embedding_type.as_deref().filter(|kind| *kind != "absolute") {
            return unsupported(format!("position_embedding_type {kind}"));
        }
        let check = Ranges { path };
        check.sizes(config.vocab_size, config.hidden_size, config.intermediate_size, config.layers)?;
        check.range("num_attention_heads", config.heads, 1, 1024)?;
        check.range("max_position_embeddings", config.max_positions, 2, 1 << 16)?;
        check.range("type_vocab_size", config.type_vocab_size, 1, 1 << 16)?;
        if !config.hidden_size.is_multiple_of(config.heads) {
            return unsupported(format!("{} heads on {} columns", config.heads, config.hidden_size));
        }
        Ok(config)
    }
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path, bytes: &[u8], supported: &'static str) -> Result<T, ModelError> {
    #[derive(Deserialize)]
    struct Kind {
        model_type: Option<String>,
    }
    let failed = |source| ModelError::Config { path: path.to_owned(), source };
    let kind: Kind = serde_json::from_slice(bytes).map_err(failed)?;
    let found = kind.model_type.unwrap_or_default();
    if found != supported {
        return Err(ModelError::UnsupportedArchitecture { path: path.to_owned(), found, supported });
    }
    serde_json::from_slice(bytes).map_err(failed)
}

/// Bounds far above any real model, so that a damaged file can't make us reserve the machine's memory.
struct Ranges<'a> {
    path: &'a Path,
}

impl Ranges<'_> {
    fn range(&self, field: &'static str, value: usize, min: usize, max: usize) -> Result<(), ModelError> {
        if (min..=max).contains(&value) {
            return Ok(());
        }
        let (value, min, max) = (value as u64, min as u64, max as u64);
        Err(ModelError::ConfigRange { path: self.path.to_owned(), field, value, min, max })
    }

    fn sizes(&self, vocab: usize, hidden: usize, intermediate: usize, layers: usize) -> Result<(), ModelError> {
        self.range("vocab_size", vocab, 1, 1 << 20)?;
        self.range("hidden_size", hidden, 2, 1 << 16)?;
        self.range("intermediate_size", intermediate, 1, 1 << 18)?;
        self.range("num_hidden_layers", layers, 1, 512)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn llama(change: &[(&str, serde_json::Value)]) -> Result<LlamaConfig, ModelError> {
        let mut config = serde_json::json!({
            "model_type": "llama", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
            "max_position_embeddings": 128, "eos_token_id": [1, 2], "unknown": true
        });
        for (field, value) in change {
            config[field] = value.clone();
        }
        LlamaConfig::parse("config.json".as_ref(), config.to_string().as_bytes())
    }

    #[test]
    fn what_is_left_out_has_the_usual_value() {
        let config = llama(&[]).expect("valid");
        assert_eq!((config.head_dim(), config.kv_heads(), config.rope_theta()), (8, 2, 10_000.0));
        assert_eq!(config.end_tokens(), [1, 2]);
        let newer = llama(&[("rope_parameters", serde_json::json!({"rope_theta": 500.0, "rope_type": "default"}))]);
        assert_eq!(newer.expect("valid").rope_theta(), 500.0);
    }

    #[test]
    fn absurd_and_unsupported_are_named() {
        for (field, value, expected) in [
            ("model_type", "mamba".into(), r#"config.json describes a "mamba" model; supported here: llama"#),
            (
                "vocab_size",
                1_u64.wrapping_shl(40).into(),
                "config.json: vocab_size is 1099511627776, outside 1..=1048576",
            ),
            ("num_hidden_layers", 0.into(), "config.json: num_hidden_layers is 0, outside 1..=512"),
            ("num_key_value_heads", 0.into(), "config.json: num_key_value_heads is 0, outside 1..=4"),
            ("eos_token_id", 64.into(), "config.json: eos_token_id is 64, outside 0..=63"),
            ("hidden_act", "relu".into(), "config.json asks for hidden_act relu, which is not supported"),
            ("hidden_size", (-1).into(), "config.json is not a model configuration"),
        ] {
            assert_eq!(llama(&[(field, value)]).expect_err(field).to_string(), expected);
        }
        let scaled = llama(&[("rope_scaling", serde_json::json!({"rope_type": "llama3", "factor": 8.0}))]);
        assert!(matches!(scaled, Err(ModelError::UnsupportedSetting { .. })));
        assert!(matches!(llama(&[("num_key_value_heads", 3.into())]), Err(ModelError::UnsupportedSetting { .. })));
        let torn = LlamaConfig::parse("config.json".as_ref(), b"{\"model_type\": \"lla");
        assert!(matches!(torn, Err(ModelError::Config { .. })));
    }
}
