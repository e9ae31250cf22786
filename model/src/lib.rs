//! Loads and runs models: language models of the Llama family and BERT-shaped sentence encoders from Hugging Face folders,
//! and any TorchScript module, on libtorch (feature `torch`, on by default). Without the feature the values and traits remain.
//!
//! Invariants:
//! * a model is named by its [`Manifest`]: the BLAKE3 digests of the very bytes that were loaded;
//! * every tensor's shape is checked against the configuration before anything runs;
//! * one thread owns a model's tensors; a job that fails, fails alone;
//! * the token at a position depends on model, prompt, temperature, seed and position only: not on what else runs.
//!
//! ```no_run
//! # async fn example() -> Result<(), assay_model::ModelError> {
//! use assay_model::{Backend, Engine, GenerateJob};
//! use primitives::{Digest, GenerateRequest, Prompt, Sampling};
//! let engine = Engine::load("models/tiny".as_ref())?;
//! let prompt = Prompt::Text("The compiler".to_owned());
//! let request = GenerateRequest::new(prompt, 32, Sampling::at(700));
//! let job = GenerateJob::new(request, Digest::of(b"seed"));
//! let answer = engine.generate(job.clone()).await?.collect().await?;
//! println!("{}", answer.text);
//! let audit = engine.audit(&job.request, job.seed, &answer.tokens).await?;
//! assert!(audit.tokens.iter().all(|token| token.margin_micro == 0));
//! # Ok(()) }
//! ```
#![warn(missing_docs)]

mod backend;
mod containment;
mod detokeniser;
mod device;
mod dtype;
mod error;
mod exp;
mod isa;
mod manifest;
mod openai;
mod progress;
mod sample;
mod stream;
mod tensor_file;
mod tensor_json;
mod tokenizer;

// Only an engine, which needs libtorch, uses these.
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
mod config;
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
mod folder;
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
mod forward;
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
mod map;
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
mod prover;
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
mod rope;
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
mod schedule;
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
mod sequence;
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
mod steps;
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
mod stop;
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
mod waiting;
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
mod weights;
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
mod worker;

#[cfg(feature = "torch")]
mod altered;
#[cfg(feature = "torch")]
mod audit;
#[cfg(feature = "torch")]
mod bert;
#[cfg(feature = "torch")]
mod calibration;
#[cfg(feature = "torch")]
mod chat_template;
#[cfg(feature = "torch")]
mod cpu;
#[cfg(feature = "torch")]
mod encoder;
#[cfg(feature = "torch")]
mod engine;
#[cfg(feature = "torch")]
mod generation_config;
#[cfg(feature = "torch")]
mod libtorch;
#[cfg(feature = "torch")]
mod script;
#[cfg(feature = "torch")]
mod sentence;
#[cfg(feature = "torch")]
mod tensors;
#[cfg(feature = "torch")]
mod torch_llama;

pub use backend::{Backend, Combined, GenerateJob};
pub use detokeniser::Detokeniser;
pub use device::{Device, DeviceError};
pub use dtype::{Dtype, DtypeError};
pub use error::ModelError;
pub use manifest::{FileDigest, Manifest};
pub use openai::{OpenAi, OpenAiConfig, OpenAiError};
pub use progress::{LoadProgress, LoadStep, OnProgress};
pub use sample::{NotFinite, Sampler};
pub use steps::Steps;
pub use stop::cut;
pub use stream::{Chunk, Proven, TokenStream};
pub use tensor_file::{read_tensors, write_tensors};
pub use tensor_json::{TensorJsonError, tensor_from_json, tensor_to_json};
pub use tokenizer::Tokenizer;

#[cfg(feature = "torch")]
pub use altered::{Alteration, write_altered};
#[cfg(feature = "torch")]
pub use audit::Audit;
#[cfg(feature = "torch")]
pub use calibration::CALIBRATION_FILE;
#[cfg(feature = "torch")]
pub use encoder::Encoder;
#[cfg(feature = "torch")]
pub use engine::{Engine, EngineOptions};
#[cfg(feature = "torch")]
pub use libtorch::{LIBTORCH_VERSION, Options, libtorch_version, probe};
#[cfg(feature = "torch")]
pub use script::Script;
