//! One layer of a Llama-shaped model, and the operations that it is made of.

use tch::{Device, Kind, Tensor};

use crate::{ModelError, config::LlamaConfig, forward::Piece, rope::Rope, tensors::Tensors};

/// From so many rows to so many, MKL multiplies f32 matrices 1.5 to 2 times as fast the other way round.
const TURNED_ROWS: std::ops::RangeInclusive<i64> = 5..=64;

/// A projection.
pub(super) struct Affine {
    pub(super) weight: Tensor,
    pub(super) bias: Option<Tensor>,
}

/// A layer's tensors. Projections that read the same input are kept as one matrix.
pub(super) struct Layer {
    attention_norm: Tensor,
    qkv: Affine,
    query_key_norms: Option<[Tensor; 2]>,
    pub(super) output: Affine,
    mlp_norm: Tensor,
    gate_up: Affine,
    down: Affine,
}

impl Layer {
    pub(super) fn load(config: &LlamaConfig, weights: &Tensors<'_>, index: usize) -> Result<Self, ModelError> {
        let (hidden, ffn, dim) = (config.hidden_size, config.intermediate_size, config.head_dim());
        let (q, kv) = (config.heads * dim, config.kv_heads() * dim);
        let name = |name: &str, what: &str| format!("model.layers.{index}.{name}.{what}");
        let norm = |part: &str, size| weights.tensor(&name(part, "weight"), &[size]);
        let affine = |parts: &[(&str, usize)], columns: usize, biased: bool| -> Result<Affine, ModelError> {
            let stack = |what: &str, shape: &dyn Fn(usize) -> Vec<usize>| {
                let parts: Vec<_> = parts.iter().map(|(part, rows)| (name(part, what), shape(*rows))).collect();
                let parts: Vec<(&str, &[usize])> = parts.iter().map(|(name, shape)| (&**name, &**shape)).collect();
                weights.stack(&parts)
            };
            let weight = stack("weight", &|rows| vec![rows, columns])?;
            Ok(Affine { weight, bias: if biased { Some(stack("bias", &|rows| vec![rows])?) } else { None } })
        };
        Ok(Self {
            attention_norm: norm("input_layernorm", hidden)?,
            qkv: affine(
                &[("self_attn.q_proj", q), ("self_attn.k_proj", kv), ("self_attn.v_proj", kv)],
                hidden,
                config.qkv_bias,
            )?,
            query_key_norms: if config.qk_norm {
                Some([norm("self_attn.q_norm", dim)?, norm("self_attn.k_norm", dim)?])
            } else {
                None
            },
            output: affine(&[("self_attn.o_proj", hidden)], q, config.output_bias)?,
            mlp_norm: norm("post_attention_layernorm", hidden)?,
            gate_up: affine(&[("mlp.gate_proj", ffn), ("mlp.up_proj", ffn)], hidden, config.mlp_bias)?,
            down: affine(&[("mlp.down_proj", hidden)], ffn, config.mlp_bias)?,
        })
    }

    /// Of rows of hidden numbers: queries, keys and values, turned by their positions, as [rows, heads, head size].
    pub(super) fn queries_keys_values(
        &self,
        config: &LlamaConfig,
        x: &Tensor,
        rotation: &Rotation,
    ) -> Result<[Tensor; 3], ModelError> {
        let (heads, kv_heads, dim) = (config.heads as i64, config.kv_heads() as i64, config.head_dim() as i64);
        let qkv = linear(&normalise(x, &self.attention_norm, config.rms_norm_eps)?, &self.qkv)?;
        let qkv = qkv.f_view([x.size()[0], heads + 2 * kv_heads, dim])?;
        let v = qkv.f_narrow(1, heads + kv_heads, kv_heads)?;
        if let Some([q_norm, k_norm]) = &self.query_key_norms {
            let q = normalise(&qkv.f_narrow(1, 0, heads)?, q_norm, config.rms_norm_eps)?;
            let k = normalise(&qkv.f_narrow(1, heads, kv_heads)?, k_norm, config.rms_norm_eps)?;
            return Ok([rotation.turn(&q)?, rotation.turn(&k)?, v]);
        }
        let qk = rotation.turn(&qkv.f_narrow(1, 0, heads + kv_heads)?)?;
        Ok([qk.f_narrow(1, 0, heads)?, qk.f_narrow(1, heads, kv_heads)?, v])
    }

    pub(super) fn feed_forward(&self, config: &LlamaConfig, x: &Tensor) -> Result<Tensor, ModelError> {
        let ffn = config.intermediate_size as i64;
        let both = linear(&normalise(x, &self.mlp_norm, config.rms_norm_eps)?, &self.gate_up)?;
        let gated = both.f_narrow(1, 0, ffn)?.f_silu()?.f_mul(&both.f_narrow(1, ffn, ffn)?)?;
        linear(&gated, &self.down)
    }
}

/// The cosines and sines of the positions of some rows, as [rows, 1, head size]; the first half of the sines is
/// negated, see [`Self::turn`].
pub(super) struct Rotation {
    cos: Tensor,
    sin: Tensor,
    half: i64,
}

impl Rotation {
    /// Of all tokens of the pieces. Computed in f32 whatever the model's type, as every other implementation does.
    pub(super) fn new(rope: &Rope, pieces: &[&Piece], kind: Kind, device: Device) -> Result<Self, ModelError> {
        let half = rope.pairs();
        let rows: usize = pieces.iter().map(|piece| piece.tokens.len()).sum();
        let (mut cos, mut sin) = (vec![0.0f32; rows * 2 * half], vec![0.0f32; rows * 2 * half]);
        let positions =
            pieces.iter().flat_map(|piece| (0..piece.tokens.len()).map(|index| (piece.start + index, piece.length)));
        for ((position, length), (cos, sin)) in
            positions.zip(cos.chunks_exact_mut(2 * half).zip(sin.chunks_exact_mut(2 * half)))
        {
            let ((cos, cos_again), (negated, sin)) = (cos.split_at_mut(half), sin.split_at_mut(half));
            rope.row(position, length, cos, sin);
            cos_again.copy_from_slice(cos);
            negated.iter_mut().zip(sin).for_each(|(negated, sin)| *negated = -*sin);
        }
        let place = |numbers: &[f32]| -> Result<Tensor, ModelError> {
            let rows = Tensor::f_from_slice(numbers)?.f_view([rows as i64, 1, 2 * half as i64])?;
            Ok(rows.f_to_device(device)?.f_to_kind(kind)?)
        };
        Ok(Self { cos: place(&cos)?, sin: place(&sin)?, half: half as i64 })
    }

    /// Rolling by half a head swaps its halves; with the signs in the sines that is the usual "rotate half".
    fn turn(&self, x: &Tensor) -> Result<Tensor, ModelError> {
        Ok(x.f_mul(&self.cos)?.f_add(&x.f_roll([self.half], [-1])?.f_mul(&self.sin)?)?)
    }
}

pub(super) fn normalise(x: &Tensor, weight: &Tensor, epsilon: f64) -> Result<Tensor, ModelError> {
    Ok(x.f_rms_norm(weight.size(), Some(weight), epsilon)?)
}

/// Rows, contiguous: attention on the processor takes a slow road for others.
pub(super) fn linear(x: &Tensor, affine: &Affine) -> Result<Tensor, ModelError> {
    let Affine { weight, bias } = affine;
    if x.device() == Device::Cpu && x.kind() == Kind::Float && TURNED_ROWS.contains(&x.size()[0]) {
        let rows = weight.f_matmul(&x.f_transpose(0, 1)?)?.f_transpose(0, 1)?.f_contiguous()?;
        return Ok(match bias {
            Some(bias) => rows.f_add(bias)?,
            None => rows,
        });
    }
    Ok(x.f_linear(weight, bias.as_ref())?)
}
