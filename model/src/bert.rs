//! A BERT-shaped encoder: one text in, one unit vector out.

use tch::Tensor;

use crate::{ModelError, config::BertConfig, tensors::Tensors};

/// The encoder's tensors.
pub(crate) struct Bert {
    config: BertConfig,
    words: Tensor,
    positions: Tensor,
    /// The row of token type 0, added to every token: there is only one text.
    token_type: Tensor,
    norm: Affine,
    layers: Vec<Layer>,
}

/// A weight with its bias.
struct Affine {
    weight: Tensor,
    bias: Tensor,
}

struct Layer {
    qkv: Affine,
    output: Affine,
    attention_norm: Affine,
    up: Affine,
    down: Affine,
    norm: Affine,
}

impl Bert {
    pub(crate) fn load(config: BertConfig, weights: &Tensors<'_>) -> Result<Self, ModelError> {
        // some folders hold the whole pre-training model, with the encoder under a name of its own
        let prefix = if weights.has("bert.embeddings.word_embeddings.weight") { "bert." } else { "" };
        let (hidden, ffn) = (config.hidden_size, config.intermediate_size);
        let tensor = |name: &str, shape: &[usize]| weights.tensor(&format!("{prefix}{name}"), shape);
        let affine = |name: &str, shape: &[usize]| -> Result<Affine, ModelError> {
            let weight = tensor(&format!("{name}.weight"), shape)?;
            Ok(Affine { weight, bias: tensor(&format!("{name}.bias"), &shape[..1])? })
        };
        let mut layers = Vec::with_capacity(config.layers);
        for index in 0..config.layers {
            let affine = |name: &str, shape: &[usize]| affine(&format!("encoder.layer.{index}.{name}"), shape);
            let parts = [
                affine("attention.self.query", &[hidden, hidden])?,
                affine("attention.self.key", &[hidden, hidden])?,
                affine("attention.self.value", &[hidden, hidden])?,
            ];
            let weight = Tensor::f_cat(&parts.each_ref().map(|part| &part.weight), 0)?;
            let bias = Tensor::f_cat(&parts.each_ref().map(|part| &part.bias), 0)?;
            layers.push(Layer {
                qkv: Affine { weight, bias },
                output: affine("attention.output.dense", &[hidden, hidden])?,
                attention_norm: affine("attention.output.LayerNorm", &[hidden])?,
                up: affine("intermediate.dense", &[ffn, hidden])?,
                down: affine("output.dense", &[hidden, ffn])?,
                norm: affine("output.LayerNorm", &[hidden])?,
            });
        }
        let types = tensor("embeddings.token_type_embeddings.weight", &[config.type_vocab_size, hidden])?;
        Ok(Self {
            words: tensor("embeddings.word_embeddings.weight", &[config.vocab_size, hidden])?,
            positions: tensor("embeddings.position_embeddings.weight", &[config.max_positions, hidden])?,
            token_type: types.f_narrow(0, 0, 1)?,
            norm: affine("embeddings.LayerNorm", &[hidden])?,
            layers,
            config,
        })
    }

    /// The mean of the last rows, scaled to length 1.
    pub(crate) fn embed(&self, tokens: &[u32]) -> Result<Tensor, ModelError> {
        let (max_context, vocab_size) = (self.config.max_positions, self.config.vocab_size);
        if tokens.is_empty() {
            return Err(ModelError::EmptyPrompt);
        }
        if tokens.len() > max_context {
            return Err(ModelError::TooLong { tokens: tokens.len(), max_context });
        }
        if let Some(&token) = tokens.iter().find(|token| **token as usize >= vocab_size) {
            return Err(ModelError::TokenOutOfRange { token, vocab_size });
        }
        let ids: Vec<i64> = tokens.iter().map(|token| i64::from(*token)).collect();
        let ids = Tensor::f_from_slice(&ids)?.f_to_device(self.words.device())?;
        let positions = self.positions.f_narrow(0, 0, tokens.len() as i64)?;
        let x = self.words.f_index_select(0, &ids)?.f_add(&positions)?.f_add(&self.token_type)?;
        let mut x = self.normalise(&x, &self.norm)?;
        for layer in &self.layers {
            let attended = linear(&self.attend(&linear(&x, &layer.qkv)?)?, &layer.output)?;
            x = self.normalise(&x.f_add(&attended)?, &layer.attention_norm)?;
            let widened = linear(&x, &layer.up)?.f_gelu("none")?;
            x = self.normalise(&x.f_add(&linear(&widened, &layer.down)?)?, &layer.norm)?;
        }
        let mean = x.f_to_kind(tch::Kind::Float)?.f_mean_dim([0i64].as_slice(), false, None)?;
        Ok(mean.f_div(&mean.f_norm()?.f_clamp_min(1e-12)?)?)
    }

    fn attend(&self, qkv: &Tensor) -> Result<Tensor, ModelError> {
        let (heads, hidden) = (self.config.heads as i64, self.config.hidden_size as i64);
        let tokens = qkv.size()[0];
        let part = |index: i64| -> Result<Tensor, ModelError> {
            let part = qkv.f_narrow(1, index * hidden, hidden)?.f_reshape([1, tokens, heads, hidden / heads])?;
            Ok(part.f_transpose(1, 2)?)
        };
        let (q, k, v) = (part(0)?, part(1)?, part(2)?);
        let mask = None::<Tensor>;
        let attended = Tensor::f_scaled_dot_product_attention(&q, &k, &v, mask, 0.0, false, None, false)?;
        Ok(attended.f_transpose(1, 2)?.f_reshape([tokens, hidden])?)
    }

    fn normalise(&self, x: &Tensor, norm: &Affine) -> Result<Tensor, ModelError> {
        let (shape, eps) = ([self.config.hidden_size as i64], self.config.layer_norm_eps);
        Ok(x.f_layer_norm(shape, Some(&norm.weight), Some(&norm.bias), eps, true)?)
    }
}

fn linear(x: &Tensor, affine: &Affine) -> Result<Tensor, ModelError> {
    Ok(x.f_linear(&affine.weight, Some(&affine.bias))?)
}
