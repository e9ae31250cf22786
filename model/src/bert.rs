//! A BERT-shaped encoder: a batch of texts in, a vector each out.

use tch::{Kind, Tensor};

use crate::{
    ModelError,
    config::{Activation, BertConfig},
    sentence::Pooling,
    tensors::Tensors,
};

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

/// Texts of about one length, filled up to the longest.
struct Batch {
    /// `[texts, tokens]`
    ids: Tensor,
    /// Where there are tokens; none where no text is filled up.
    mask: Option<Tensor>,
    texts: i64,
    tokens: i64,
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

    /// One row for each text, `[texts, columns]` in f32. What a text's row is doesn't depend on the others, but for
    /// rounding.
    pub(crate) fn embed(&self, texts: &[&[u32]], pooling: Pooling, normalise: bool) -> Result<Tensor, ModelError> {
        let batch = self.batch(texts)?;
        let rows = self.rows(&batch)?.f_to_kind(Kind::Float)?;
        let pooled = match (pooling, &batch.mask) {
            (Pooling::First, _) => rows.f_select(1, 0)?,
            (Pooling::Mean, None) => rows.f_mean_dim([1i64].as_slice(), false, None)?,
            (Pooling::Mean, Some(mask)) => {
                let mask = mask.f_to_kind(Kind::Float)?.f_unsqueeze(2)?;
                let sum = rows.f_mul(&mask)?.f_sum_dim_intlist([1i64].as_slice(), false, None)?;
                sum.f_div(&mask.f_sum_dim_intlist([1i64].as_slice(), false, None)?)?
            }
        };
        if !normalise {
            return Ok(pooled);
        }
        let length = pooled.f_norm_scalaropt_dim(2.0, [1i64].as_slice(), true)?.f_clamp_min(1e-12)?;
        Ok(pooled.f_div(&length)?)
    }

    fn batch(&self, texts: &[&[u32]]) -> Result<Batch, ModelError> {
        let (max_context, vocab_size) = (self.config.max_positions, self.config.vocab_size);
        let longest = texts.iter().map(|tokens| tokens.len()).max().unwrap_or(0);
        if texts.iter().any(|tokens| tokens.is_empty()) || longest == 0 {
            return Err(ModelError::EmptyPrompt);
        }
        if longest > max_context {
            return Err(ModelError::TooLong { tokens: longest, max_context });
        }
        if let Some(&token) = texts.iter().copied().flatten().find(|token| **token as usize >= vocab_size) {
            return Err(ModelError::TokenOutOfRange { token, vocab_size });
        }
        let (mut ids, mut there) = (Vec::new(), Vec::new());
        for tokens in texts {
            let filling = longest - tokens.len();
            ids.extend(tokens.iter().map(|token| i64::from(*token)));
            // any token does: nothing attends to it
            ids.extend(std::iter::repeat_n(0, filling));
            there.extend(std::iter::repeat_n(true, tokens.len()));
            there.extend(std::iter::repeat_n(false, filling));
        }
        let (count, tokens) = (texts.len() as i64, longest as i64);
        let placed = |tensor: Tensor| tensor.f_reshape([count, tokens])?.f_to_device(self.words.device());
        let mask = if there.iter().all(|there| *there) { None } else { Some(placed(Tensor::f_from_slice(&there)?)?) };
        Ok(Batch { ids: placed(Tensor::f_from_slice(&ids)?)?, mask, texts: count, tokens })
    }

    /// The last layer's rows, `[texts, tokens, hidden]`.
    fn rows(&self, batch: &Batch) -> Result<Tensor, ModelError> {
        let hidden = self.config.hidden_size as i64;
        let positions = self.positions.f_narrow(0, 0, batch.tokens)?.f_add(&self.token_type)?;
        let words = self.words.f_index_select(0, &batch.ids.f_flatten(0, -1)?)?;
        let x = words.f_reshape([batch.texts, batch.tokens, hidden])?.f_add(&positions)?;
        let mut x = self.normalise(&x, &self.norm)?;
        // every query of every head sees the same tokens
        let mask = batch.mask.as_ref().map(|mask| mask.f_reshape([batch.texts, 1, 1, batch.tokens])).transpose()?;
        for layer in &self.layers {
            let attended = linear(&self.attend(&linear(&x, &layer.qkv)?, mask.as_ref())?, &layer.output)?;
            x = self.normalise(&x.f_add(&attended)?, &layer.attention_norm)?;
            let widened = self.activate(&linear(&x, &layer.up)?)?;
            x = self.normalise(&x.f_add(&linear(&widened, &layer.down)?)?, &layer.norm)?;
        }
        Ok(x)
    }

    fn activate(&self, x: &Tensor) -> Result<Tensor, ModelError> {
        Ok(match self.config.activation {
            Activation::Gelu => x.f_gelu("none")?,
            Activation::GeluTanh => x.f_gelu("tanh")?,
            Activation::Relu => x.f_relu()?,
            // refused when the configuration was read
            Activation::Other(_) => x.f_gelu("none")?,
        })
    }

    fn attend(&self, qkv: &Tensor, mask: Option<&Tensor>) -> Result<Tensor, ModelError> {
        let (heads, hidden) = (self.config.heads as i64, self.config.hidden_size as i64);
        let (texts, tokens) = (qkv.size()[0], qkv.size()[1]);
        let part = |index: i64| -> Result<Tensor, ModelError> {
            let part = qkv.f_narrow(2, index * hidden, hidden)?.f_reshape([texts, tokens, heads, hidden / heads])?;
            Ok(part.f_transpose(1, 2)?)
        };
        let (q, k, v) = (part(0)?, part(1)?, part(2)?);
        let attended = Tensor::f_scaled_dot_product_attention(&q, &k, &v, mask, 0.0, false, None, false)?;
        Ok(attended.f_transpose(1, 2)?.f_reshape([texts, tokens, hidden])?)
    }

    fn normalise(&self, x: &Tensor, norm: &Affine) -> Result<Tensor, ModelError> {
        let (shape, eps) = ([self.config.hidden_size as i64], self.config.layer_norm_eps);
        Ok(x.f_layer_norm(shape, Some(&norm.weight), Some(&norm.bias), eps, true)?)
    }
}

fn linear(x: &Tensor, affine: &Affine) -> Result<Tensor, ModelError> {
    Ok(x.f_linear(&affine.weight, Some(&affine.bias))?)
}
