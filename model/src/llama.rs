//! A Llama-shaped language model.

use tch::{Device, Kind, Tensor};

use crate::{ModelError, config::LlamaConfig, kv::KvCache, tensors::Tensors};

/// The model's tensors. Projections that read the same input are kept as one matrix.
pub(crate) struct Llama {
    config: LlamaConfig,
    embed: Tensor,
    layers: Vec<Layer>,
    norm: Tensor,
    head: Tensor,
    /// Cosines and sines as [context, 1, head size]; the first half of the sines is negated, see [`Self::rotate`].
    cos: Tensor,
    sin: Tensor,
}

struct Layer {
    attention_norm: Tensor,
    qkv: Tensor,
    output: Tensor,
    mlp_norm: Tensor,
    gate_up: Tensor,
    down: Tensor,
}

impl Llama {
    pub(crate) fn load(config: LlamaConfig, weights: &Tensors<'_>) -> Result<Self, ModelError> {
        let (hidden, ffn) = (config.hidden_size, config.intermediate_size);
        let (q, kv) = (config.heads * config.head_dim(), config.kv_heads() * config.head_dim());
        let embed = weights.tensor("model.embed_tokens.weight", &[config.vocab_size, hidden])?;
        let head = if config.tie_word_embeddings {
            embed.shallow_clone()
        } else {
            weights.tensor("lm_head.weight", &[config.vocab_size, hidden])?
        };
        let mut layers = Vec::with_capacity(config.layers);
        for index in 0..config.layers {
            let tensor =
                |name: &str, shape: &[usize]| weights.tensor(&format!("model.layers.{index}.{name}.weight"), shape);
            let qkv = [
                tensor("self_attn.q_proj", &[q, hidden])?,
                tensor("self_attn.k_proj", &[kv, hidden])?,
                tensor("self_attn.v_proj", &[kv, hidden])?,
            ];
            let gate_up = [tensor("mlp.gate_proj", &[ffn, hidden])?, tensor("mlp.up_proj", &[ffn, hidden])?];
            layers.push(Layer {
                attention_norm: tensor("input_layernorm", &[hidden])?,
                qkv: Tensor::f_cat(&qkv, 0)?,
                output: tensor("self_attn.o_proj", &[hidden, q])?,
                mlp_norm: tensor("post_attention_layernorm", &[hidden])?,
                gate_up: Tensor::f_cat(&gate_up, 0)?,
                down: tensor("mlp.down_proj", &[hidden, ffn])?,
            });
        }
        let norm = weights.tensor("model.norm.weight", &[hidden])?;
        let (cos, sin) = rotary(&config, weights.kind(), weights.device())?;
        Ok(Self { config, embed, layers, norm, head, cos, sin })
    }

    pub(crate) fn config(&self) -> &LlamaConfig {
        &self.config
    }

    pub(crate) fn cache(&self, capacity: usize) -> Result<KvCache, ModelError> {
        KvCache::new(&self.config, capacity, self.embed.kind(), self.embed.device())
    }

    /// Runs `tokens`, which follow what `cache` holds; returns their final hidden rows.
    pub(crate) fn forward(&self, tokens: &[u32], cache: &mut KvCache) -> Result<Tensor, ModelError> {
        let (max_context, vocab_size) = (cache.capacity().min(self.config.max_context), self.config.vocab_size);
        if tokens.is_empty() {
            return Err(ModelError::EmptyPrompt);
        }
        if cache.len() + tokens.len() > max_context {
            return Err(ModelError::TooLong { tokens: cache.len() + tokens.len(), max_context });
        }
        // libtorch does not check an index into an embedding in every kernel
        if let Some(&token) = tokens.iter().find(|token| **token as usize >= vocab_size) {
            return Err(ModelError::TokenOutOfRange { token, vocab_size });
        }
        let ids: Vec<i64> = tokens.iter().map(|token| i64::from(*token)).collect();
        let ids = Tensor::f_from_slice(&ids)?.f_to_device(self.embed.device())?;
        let mut x = self.embed.f_index_select(0, &ids)?;
        for (index, layer) in self.layers.iter().enumerate() {
            x = self.attend(index, layer, &x, cache)?.f_add(&x)?;
            x = self.feed_forward(layer, &x)?.f_add(&x)?;
        }
        cache.advance(tokens.len());
        self.normalise(&x, &self.norm)
    }

    /// Logits of hidden rows.
    pub(crate) fn logits(&self, rows: &Tensor) -> Result<Tensor, ModelError> {
        Ok(rows.f_linear(&self.head, None::<Tensor>)?)
    }

    fn normalise(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor, ModelError> {
        Ok(x.f_rms_norm([self.config.hidden_size as i64], Some(weight), self.config.rms_norm_eps)?)
    }

    fn attend(&self, index: usize, layer: &Layer, x: &Tensor, cache: &KvCache) -> Result<Tensor, ModelError> {
        let (heads, kv_heads) = (self.config.heads as i64, self.config.kv_heads() as i64);
        let (dim, new, past) = (self.config.head_dim() as i64, x.size()[0], cache.len() as i64);
        let qkv = self.normalise(x, &layer.attention_norm)?.f_linear(&layer.qkv, None::<Tensor>)?;
        let qkv = qkv.f_view([new, heads + 2 * kv_heads, dim])?;
        let qk = self.rotate(&qkv.f_narrow(1, 0, heads + kv_heads)?, past)?;
        let q = qk.f_narrow(1, 0, heads)?.f_transpose(0, 1)?;
        let k = qk.f_narrow(1, heads, kv_heads)?.f_transpose(0, 1)?;
        let v = qkv.f_narrow(1, heads + kv_heads, kv_heads)?.f_transpose(0, 1)?;
        let (keys, values) = cache.extend(index, &k, &v)?;
        let (keys, values) = (keys.f_unsqueeze(0)?, values.f_unsqueeze(0)?);
        let sdpa = Tensor::f_scaled_dot_product_attention::<Tensor>;
        let attended = if new == 1 {
            // the queries that share a key head become rows of one query matrix: nothing is repeated, nothing masked
            let q = q.f_reshape([1, kv_heads, heads / kv_heads, dim])?;
            sdpa(&q, &keys, &values, None, 0.0, false, None, false)?.f_reshape([1, heads * dim])?
        } else {
            let q = q.f_unsqueeze(0)?;
            let attended = if past == 0 {
                sdpa(&q, &keys, &values, None, 0.0, true, None, true)?
            } else {
                let ones = Tensor::f_ones([new, past + new], (Kind::Bool, x.device()))?;
                sdpa(&q, &keys, &values, Some(ones.f_tril(past)?), 0.0, false, None, true)?
            };
            attended.f_squeeze_dim(0)?.f_transpose(0, 1)?.f_reshape([new, heads * dim])?
        };
        Ok(attended.f_linear(&layer.output, None::<Tensor>)?)
    }

    /// Rotates [tokens, heads, head size]. Rolling by half a head swaps its halves; with the signs in `sin` that is the
    /// usual "rotate half".
    fn rotate(&self, x: &Tensor, past: i64) -> Result<Tensor, ModelError> {
        let (new, half) = (x.size()[0], self.config.head_dim() as i64 / 2);
        let (cos, sin) = (self.cos.f_narrow(0, past, new)?, self.sin.f_narrow(0, past, new)?);
        Ok(x.f_mul(&cos)?.f_add(&x.f_roll([half], [-1])?.f_mul(&sin)?)?)
    }

    fn feed_forward(&self, layer: &Layer, x: &Tensor) -> Result<Tensor, ModelError> {
        let ffn = self.config.intermediate_size as i64;
        let both = self.normalise(x, &layer.mlp_norm)?.f_linear(&layer.gate_up, None::<Tensor>)?;
        let gated = both.f_narrow(1, 0, ffn)?.f_silu()?.f_mul(&both.f_narrow(1, ffn, ffn)?)?;
        Ok(gated.f_linear(&layer.down, None::<Tensor>)?)
    }
}

/// Computed in f32 whatever the model's type, as every other implementation does.
fn rotary(config: &LlamaConfig, kind: Kind, device: Device) -> Result<(Tensor, Tensor), ModelError> {
    let (pairs, context) = (config.rope.pairs(), config.max_context);
    let (mut cos, mut sin) = (vec![0.0; pairs * context], vec![0.0; pairs * context]);
    for position in 0..context {
        let row = position * pairs..(position + 1) * pairs;
        config.rope.row(position, 0, &mut cos[row.clone()], &mut sin[row]);
    }
    let size = [context as i64, pairs as i64];
    let (cos, sin) = (Tensor::f_from_slice(&cos)?.f_view(size)?, Tensor::f_from_slice(&sin)?.f_view(size)?);
    let place = |halves: [&Tensor; 2]| -> Result<Tensor, ModelError> {
        Ok(Tensor::f_cat(&halves, 1)?.f_unsqueeze(1)?.f_to_device(device)?.f_to_kind(kind)?)
    };
    Ok((place([&cos, &cos])?, place([&sin.f_neg()?, &sin])?))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::tensors::floats;

    fn fixture() -> (Llama, serde_json::Value) {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let read = |name: &str| fs::read(fixtures.join(name)).expect(name);
        let config = LlamaConfig::parse("config.json".as_ref(), &read("llama/config.json")).expect("valid");
        let mut folder = crate::folder::Folder::open(&fixtures.join("llama")).expect("there");
        let weights = folder.weights(&mut |_| ()).expect("valid");
        let mut report = |_| ();
        let weights = Tensors::new(&weights, Device::Cpu, crate::Dtype::F32, &mut report);
        let expected: serde_json::Value = serde_json::from_slice(&read("expected.json")).expect("valid");
        (Llama::load(config, &weights).expect("loads"), expected["llama"].clone())
    }

    fn numbers<T: serde::de::DeserializeOwned>(value: &serde_json::Value) -> Vec<T> {
        serde_json::from_value(value.clone()).expect("numbers")
    }

    fn furthest(a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    fn run(model: &Llama, cache: &mut KvCache, tokens: &[u32]) -> Vec<f32> {
        floats(&model.logits(&model.forward(tokens, cache).expect("runs")).expect("runs")).expect("numbers")
    }

    #[test]
    fn logits_are_pytorchs() {
        let (model, expected) = fixture();
        let (prompt, greedy): (Vec<u32>, Vec<u32>) = (numbers(&expected["prompt"]), numbers(&expected["greedy"]));
        let whole = [prompt.clone(), greedy].concat();
        let logits = run(&model, &mut model.cache(64).expect("fits"), &whole);
        let rows: Vec<&[f32]> = logits.chunks_exact(model.config().vocab_size).collect();
        for (row, name) in [(prompt.len() - 1, "logits_first"), (whole.len() - 2, "logits_last")] {
            let own: Vec<f32> = rows[row].iter().copied().step_by(8).collect();
            assert!(furthest(&own, &numbers(&expected[name])) < 1e-4, "{name}");
        }
    }

    #[test]
    fn token_by_token_and_in_pieces_is_the_same_as_at_once() {
        let (model, expected) = fixture();
        let tokens: Vec<u32> = numbers(&expected["greedy"]);
        let whole = run(&model, &mut model.cache(64).expect("fits"), &tokens);
        for piece in [1, 5, 7] {
            let mut cache = model.cache(tokens.len()).expect("fits");
            let pieces: Vec<f32> = tokens.chunks(piece).flat_map(|part| run(&model, &mut cache, part)).collect();
            assert!(furthest(&whole, &pieces) < 1e-4, "in pieces of {piece}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let (model, _) = fixture();
        let mut cache = model.cache(4).expect("fits");
        assert!(matches!(model.forward(&[1; 5], &mut cache), Err(ModelError::TooLong { tokens: 5, max_context: 4 })));
        assert!(matches!(model.forward(&[288], &mut cache), Err(ModelError::TokenOutOfRange { token: 288, .. })));
        assert!(matches!(model.forward(&[], &mut cache), Err(ModelError::EmptyPrompt)));
        assert_eq!(model.forward(&[1; 4], &mut cache).expect("fits").size(), [4, 32]);
    }
}
