//! Rotary positions: by which angles the halves of a query or key are turned at a position. Pure numbers, computed in
//! f32 and in the order that transformers computes them, so that long contexts agree with it too.

/// How positions beyond those of the training are brought into its range.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scaling {
    /// Not at all.
    None,
    /// All frequencies are divided by `factor`.
    Linear { factor: f64 },
    /// The base grows with the sequence once that is longer than `max_position` (NTK).
    Dynamic { factor: f64, max_position: usize },
    /// Long waves are divided, short ones kept, those between them blended.
    Llama3 { factor: f64, low: f64, high: f64, original: f64 },
    /// As Llama 3's, with a linear ramp over the dimensions from `low` to `high` turns, and louder attention.
    Yarn { factor: f64, original: f64, beta_fast: f64, beta_slow: f64, truncate: bool, attention_factor: f64 },
}

/// The angles of one model's heads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rope {
    theta: f64,
    scaling: Scaling,
    /// Radians per position, one for each pair of dimensions.
    inverse: Vec<f32>,
    attention_factor: f32,
}

impl Rope {
    /// For heads of `dim` dimensions, an even number.
    pub(crate) fn new(dim: usize, theta: f64, scaling: Scaling) -> Self {
        let mut inverse = frequencies(dim, theta);
        let mut attention_factor = 1.0;
        match &scaling {
            Scaling::None | Scaling::Dynamic { .. } => {}
            Scaling::Linear { factor } => inverse.iter_mut().for_each(|f| *f /= *factor as f32),
            Scaling::Llama3 { factor, low, high, original } => {
                inverse.iter_mut().for_each(|f| *f = llama3(*f, *factor as f32, [*low, *high], *original));
            }
            Scaling::Yarn { factor, original, beta_fast, beta_slow, truncate, attention_factor: louder } => {
                let turns = [*beta_fast, *beta_slow];
                let [low, high] = turns.map(|turns| correction(turns, dim, theta, *original));
                let [low, high] = if *truncate { [low.floor(), high.ceil()] } else { [low, high] };
                yarn(&mut inverse, dim, theta, *factor, [low.max(0.0), high.min(dim as f64 - 1.0)]);
                attention_factor = *louder as f32;
            }
        }
        Self { theta, scaling, inverse, attention_factor }
    }

    /// Pairs of dimensions that are turned.
    pub(crate) fn pairs(&self) -> usize {
        self.inverse.len()
    }

    /// Whether a key at the same position differs between sequences of different lengths, which then can't share it.
    #[allow(dead_code)] // for the engine that shares prefixes
    pub(crate) fn depends_on_length(&self) -> bool {
        matches!(self.scaling, Scaling::Dynamic { .. })
    }

    /// Cosines and sines at `position` of a sequence that has `length` tokens, [`Self::pairs`] each.
    pub(crate) fn row(&self, position: usize, length: usize, cos: &mut [f32], sin: &mut [f32]) {
        let longer = match self.scaling {
            Scaling::Dynamic { factor, max_position } if length > max_position => {
                Some(frequencies(2 * self.pairs(), stretched(self.theta, factor, length, max_position, self.pairs())))
            }
            _ => None,
        };
        let inverse = longer.as_deref().unwrap_or(&self.inverse);
        for ((cos, sin), frequency) in cos.iter_mut().zip(sin).zip(inverse) {
            let angle = position as f32 * frequency;
            *cos = angle.cos() * self.attention_factor;
            *sin = angle.sin() * self.attention_factor;
        }
    }
}

fn frequencies(dim: usize, theta: f64) -> Vec<f32> {
    (0..dim).step_by(2).map(|index| 1.0 / power(theta, index as f32 / dim as f32)).collect()
}

/// Rounded once: nearer to what PyTorch's f32 power gives than `f32::powf` of some platforms.
fn power(base: f64, exponent: f32) -> f32 {
    base.powf(f64::from(exponent)) as f32
}

/// The base for a sequence longer than the model was trained for. In f32, because that is what the length is there.
fn stretched(theta: f64, factor: f64, length: usize, max_position: usize, pairs: usize) -> f64 {
    let ratio = factor as f32 * length as f32 / max_position as f32 - (factor - 1.0) as f32;
    let dim = 2.0 * pairs as f64;
    let grown = f64::from(ratio).powf(dim / (dim - 2.0)) as f32;
    f64::from(theta as f32 * grown)
}

fn llama3(frequency: f32, factor: f32, [low, high]: [f64; 2], original: f64) -> f32 {
    let wavelength = 2.0 * std::f32::consts::PI / frequency;
    if wavelength > (original / low) as f32 {
        return frequency / factor;
    }
    if wavelength < (original / high) as f32 {
        return frequency;
    }
    let smooth = (original as f32 / wavelength - low as f32) / (high - low) as f32;
    (1.0 - smooth) * frequency / factor + smooth * frequency
}

/// The dimension whose wave turns so many times within the original context.
fn correction(turns: f64, dim: usize, theta: f64, original: f64) -> f64 {
    dim as f64 * (original / (turns * 2.0 * std::f64::consts::PI)).ln() / (2.0 * theta.ln())
}

fn yarn(inverse: &mut [f32], dim: usize, theta: f64, factor: f64, [low, high]: [f64; 2]) {
    // two equal ends would be a division by zero
    let high = if low == high { high + 0.001 } else { high };
    for (index, frequency) in inverse.iter_mut().enumerate() {
        let wave = power(theta, (2 * index) as f32 / dim as f32);
        let ramp = ((index as f32 - low as f32) / (high - low) as f32).clamp(0.0, 1.0);
        let kept = 1.0 - ramp;
        *frequency = 1.0 / (factor as f32 * wave) * (1.0 - kept) + 1.0 / wave * kept;
    }
}

/// What yarn multiplies cosines and sines with where the configuration does not say it.
pub(crate) fn yarn_attention_factor(factor: f64, mscale: Option<(f64, f64)>) -> f64 {
    let scale = |mscale: f64| if factor <= 1.0 { 1.0 } else { 0.1 * mscale * factor.ln() + 1.0 };
    match mscale {
        Some((one, all)) => scale(one) / scale(all),
        None => scale(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(rope: &Rope, position: usize, length: usize) -> (Vec<f32>, Vec<f32>) {
        let (mut cos, mut sin) = (vec![0.0; rope.pairs()], vec![0.0; rope.pairs()]);
        rope.row(position, length, &mut cos, &mut sin);
        (cos, sin)
    }

    #[test]
    fn only_dynamic_positions_depend_on_the_length() {
        let scaling = Scaling::Dynamic { factor: 4.0, max_position: 16 };
        let dynamic = Rope::new(8, 10_000.0, scaling);
        assert!(dynamic.depends_on_length());
        assert_eq!(row(&dynamic, 5, 3), row(&dynamic, 5, 16));
        assert_ne!(row(&dynamic, 5, 16), row(&dynamic, 5, 17));
        let linear = Rope::new(8, 10_000.0, Scaling::Linear { factor: 4.0 });
        assert!(!linear.depends_on_length());
        assert_eq!(row(&linear, 5, 3), row(&linear, 5, 1000));
        assert_eq!(row(&linear, 20, 40), row(&Rope::new(8, 10_000.0, Scaling::None), 5, 40));
    }

    #[derive(serde::Deserialize)]
    struct Golden {
        head_dim: usize,
        max_position_embeddings: usize,
        rope_parameters: serde_json::Value,
        rows: Vec<Row>,
    }

    /// Every third pair at a position of a sequence that ends there.
    #[derive(serde::Deserialize)]
    struct Row {
        position: usize,
        cos: Vec<f32>,
        sin: Vec<f32>,
    }

    #[test]
    fn rows_are_transformers() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hf/rope.json");
        let cases: Vec<Golden> = serde_json::from_slice(&std::fs::read(path).expect("there")).expect("json");
        assert_eq!(cases.len(), 11);
        for Golden { head_dim, max_position_embeddings, rope_parameters, rows } in cases {
            let config = serde_json::json!({
                "model_type": "llama", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48,
                "num_hidden_layers": 1, "num_attention_heads": 1, "head_dim": head_dim,
                "max_position_embeddings": max_position_embeddings, "rope_parameters": rope_parameters,
            });
            let config = crate::config::LlamaConfig::parse("config.json".as_ref(), config.to_string().as_bytes());
            let rope = config.expect("valid").rope;
            for Row { position, cos, sin } in rows {
                let own = row(&rope, position, position + 1);
                // one bit of a frequency in f32, times the position, beside the rounding of the result
                let tolerance = 5e-7 + position as f32 * f32::EPSILON;
                for (own, expected) in [(own.0, cos), (own.1, sin)] {
                    for (own, expected) in own.iter().step_by(3).zip(&expected) {
                        let off = (own - expected).abs();
                        assert!(off <= tolerance, "{rope_parameters} at {position}: {own} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_first_position_is_not_turned() {
        for scaling in [Scaling::None, Scaling::Linear { factor: 2.0 }] {
            assert_eq!(row(&Rope::new(4, 100.0, scaling), 0, 1), (vec![1.0; 2], vec![0.0; 2]));
        }
    }
}
