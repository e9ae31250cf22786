//! What `config.json` says of rotary positions: `rope_parameters` in files that transformers 5 wrote, `rope_theta` and
//! `rope_scaling` in older ones.

use serde::Deserialize;

use crate::rope::{Rope, Scaling, yarn_attention_factor};

/// Both, as they are in the file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RopeFile {
    rope_theta: Option<f64>,
    rope_parameters: Option<Parameters>,
    rope_scaling: Option<Parameters>,
    partial_rotary_factor: Option<f64>,
    original_max_position_embeddings: Option<f64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Parameters {
    rope_type: Option<String>,
    /// The older name.
    r#type: Option<String>,
    rope_theta: Option<f64>,
    partial_rotary_factor: Option<f64>,
    factor: Option<f64>,
    original_max_position_embeddings: Option<f64>,
    low_freq_factor: Option<f64>,
    high_freq_factor: Option<f64>,
    attention_factor: Option<f64>,
    beta_fast: Option<f64>,
    beta_slow: Option<f64>,
    mscale: Option<f64>,
    mscale_all_dim: Option<f64>,
    truncate: Option<bool>,
    /// One set for each kind of layer, as other architectures have it.
    full_attention: Option<serde_json::Value>,
    sliding_attention: Option<serde_json::Value>,
}

/// The positions of a model, and the longest sequence that they are made for.
pub(super) struct Positions {
    pub(super) rope: Rope,
    pub(super) max_context: usize,
}

impl RopeFile {
    /// What is not supported is the error, in words that follow "asks for".
    pub(super) fn positions(&self, dim: usize, max_position: usize) -> Result<Positions, String> {
        let none = Parameters::default();
        let given = self.rope_scaling.as_ref().or(self.rope_parameters.as_ref()).unwrap_or(&none);
        let newer = self.rope_parameters.as_ref().and_then(|newer| newer.rope_theta);
        let theta = given.rope_theta.or(newer).or(self.rope_theta).unwrap_or(10_000.0);
        if !(theta > 0.0 && theta.is_finite()) {
            return Err(format!("rope_theta {theta}"));
        }
        if given.full_attention.is_some() || given.sliding_attention.is_some() {
            return Err("other rotary positions in each kind of layer".to_owned());
        }
        let part = given.partial_rotary_factor.or(self.partial_rotary_factor).unwrap_or(1.0);
        if part != 1.0 {
            return Err(format!("partial_rotary_factor {part}"));
        }
        let kind = given.rope_type.as_deref().or(given.r#type.as_deref()).unwrap_or("default");
        let number = |name: &str, value: Option<f64>| match value {
            Some(value) if value > 0.0 && value.is_finite() => Ok(value),
            Some(value) => Err(format!("{kind} rotary scaling with {name} {value}")),
            None => Err(format!("{kind} rotary scaling without {name}")),
        };
        let factor = || number("factor", given.factor);
        let original = || {
            let original = self.original_max_position_embeddings.or(given.original_max_position_embeddings);
            number("original_max_position_embeddings", original.or(Some(max_position as f64)))
        };
        let (scaling, context) = match kind {
            "default" => (Scaling::None, max_position as f64),
            // the configuration names the context that was trained, the scaling is for what goes beyond
            "linear" => (Scaling::Linear { factor: factor()? }, max_position as f64 * factor()?),
            "dynamic" if dim > 2 => {
                (Scaling::Dynamic { factor: factor()?, max_position }, max_position as f64 * factor()?)
            }
            "llama3" => {
                let low = number("low_freq_factor", given.low_freq_factor)?;
                let high = number("high_freq_factor", given.high_freq_factor)?;
                if low >= high {
                    return Err(format!("{kind} rotary scaling with low_freq_factor {low}, high_freq_factor {high}"));
                }
                // here it names the context with the scaling
                (Scaling::Llama3 { factor: factor()?, low, high, original: original()? }, max_position as f64)
            }
            "yarn" => {
                let original = original()?;
                let factor = number("factor", given.factor.or(Some(max_position as f64 / original)))?;
                let mscale = given.mscale.zip(given.mscale_all_dim).filter(|(one, all)| *one != 0.0 && *all != 0.0);
                let louder = given.attention_factor.unwrap_or_else(|| yarn_attention_factor(factor, mscale));
                let turns = |given: Option<f64>, usual| given.filter(|turns| *turns != 0.0).or(Some(usual));
                let scaling = Scaling::Yarn {
                    factor,
                    original,
                    beta_fast: number("beta_fast", turns(given.beta_fast, 32.0))?,
                    beta_slow: number("beta_slow", turns(given.beta_slow, 1.0))?,
                    truncate: given.truncate.unwrap_or(true),
                    attention_factor: number("attention_factor", Some(louder))?,
                };
                // and here either: some name the one, some the other
                (scaling, (original * factor).max(max_position as f64))
            }
            other => return Err(format!("{other:?} rotary scaling")),
        };
        Ok(Positions { rope: Rope::new(dim, theta, scaling), max_context: context as usize })
    }
}
