//! A sentence encoder's `config.json`.

use std::path::Path;

use serde::Deserialize;

use super::file::{Ranges, parse};
use crate::ModelError;

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

fn bert_epsilon() -> f64 {
    1e-12
}

fn gelu() -> Activation {
    Activation::Gelu
}

/// What bends the feed-forward layers, by Hugging Face's names.
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

impl BertConfig {
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ModelError> {
        let config: Self = parse(path, bytes, &["bert"], "bert")?.1;
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
