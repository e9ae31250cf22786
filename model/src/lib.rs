//! Loads and runs models: a Llama-shaped language model and a BERT-shaped sentence encoder, from Hugging Face folders,
//! on libtorch (feature `torch`, on by default). Without the feature the values and traits remain.
//!
//! Invariants:
//! * a model is named by its [`Manifest`]: the BLAKE3 digests of the very bytes that were loaded;
//! * every tensor's shape is checked against the configuration before anything runs;
//! * one thread owns a model's tensors; a job that fails, fails alone;
//! * the token at a position depends on model, prompt, temperature, seed and position only: not on what else runs.
//!
//! ```no_run
//! # async fn example() -> Result<(), assay_model::ModelError> {
//! use assay_model::{Backend, Device, Engine, GenerateJob};
//! use primitives::{Digest, GenerateRequest, Prompt, Sampling};
//! let engine = Engine::load("models/tiny".as_ref(), Device::Cpu)?;
//! let prompt = Prompt::Text("The compiler".to_owned());
//! let request = GenerateRequest::new(prompt, 32, Sampling::at(700));
//! let job = GenerateJob::new(request, Digest::of(b"seed"));
//! let answer = engine.generate(job.clone()).await?.collect().await?;
//! println!("{}", answer.text);
//! let margins = engine.check(&job.request, job.seed, &answer.tokens).await?;
//! assert!(margins.iter().all(|token| token.margin_micro == 0));
//! # Ok(()) }
//! ```
#![warn(missing_docs)]

mod backend;
mod detokeniser;
mod device;
mod error;
mod folder;
mod manifest;
mod openai;
mod sample;
mod stream;
mod tokenizer;

#[cfg(feature = "torch")]
mod bert;
#[cfg(feature = "torch")]
mod config;
#[cfg(feature = "torch")]
mod encoder;
#[cfg(feature = "torch")]
mod engine;
#[cfg(feature = "torch")]
mod kv;
#[cfg(feature = "torch")]
mod libtorch;
#[cfg(feature = "torch")]
mod llama;
#[cfg(feature = "torch")]
mod sequence;
#[cfg(feature = "torch")]
mod weights;

pub use backend::{Backend, Combined, GenerateJob};
pub use detokeniser::Detokeniser;
pub use device::{Device, DeviceError};
pub use error::ModelError;
pub use manifest::{FileDigest, Manifest};
pub use openai::{OpenAi, OpenAiConfig, OpenAiError};
pub use sample::{NotFinite, Sampler};
pub use stream::{Chunk, TokenStream};
pub use tokenizer::Tokenizer;

#[cfg(feature = "torch")]
pub use encoder::Encoder;
#[cfg(feature = "torch")]
pub use engine::Engine;
#[cfg(feature = "torch")]
pub use libtorch::{LIBTORCH_VERSION, Options, libtorch_version};
