//! What can go wrong with a model, each with the file or value at fault.

use std::{error::Error, io, path::PathBuf, time::Duration};

use crate::{Device, Dtype, NotFinite, OpenAiError};

/// A model can't be loaded, or a job can't be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // the fields are what the messages say
pub enum ModelError {
    #[error("no model folder at {}", path.display())]
    MissingFolder { path: PathBuf },
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is no calibration of this model", path.display())]
    Calibration { path: PathBuf, source: scoring::calibration::CalibrationError },
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} has {bytes} bytes, more than the {limit} that such a file may have", path.display())]
    TooLarge { path: PathBuf, bytes: u64, limit: u64 },
    #[error("{} is not a model configuration", path.display())]
    Config { path: PathBuf, source: serde_json::Error },
    #[error("{} describes a {found:?} model; supported here: {supported}", path.display())]
    UnsupportedArchitecture { path: PathBuf, found: String, supported: &'static str },
    #[error("{} asks for {setting}, which is not supported", path.display())]
    UnsupportedSetting { path: PathBuf, setting: String },
    #[error("{}: {field} is {value}, outside {min}..={max}", path.display())]
    ConfigRange { path: PathBuf, field: &'static str, value: u64, min: u64, max: u64 },
    #[error("{} is not a safetensors file, or is damaged", path.display())]
    Weights { path: PathBuf, source: safetensors::SafeTensorError },
    #[error("{} is a pointer of Git LFS, not the file itself: fetch it with `git lfs pull`", path.display())]
    Pointer { path: PathBuf },
    #[error("{} is cut off: tensor {tensor} ends {missing} bytes beyond it", path.display())]
    Truncated { path: PathBuf, tensor: String, missing: u64 },
    #[error("{} changed while it was loaded", path.display())]
    Changed { path: PathBuf },
    #[error("{} is not an index of weights", path.display())]
    Index { path: PathBuf, source: serde_json::Error },
    #[error("{} keeps tensor {tensor} in {shard:?}, which is not the name of a file beside it", path.display())]
    ShardName { path: PathBuf, tensor: String, shard: String },
    #[error("{} is missing; the index keeps tensor {tensor} in it", path.display())]
    MissingShard { path: PathBuf, tensor: String },
    #[error("{} has no tensor {tensor}", path.display())]
    MissingTensor { path: PathBuf, tensor: String },
    #[error("{}: tensor {tensor} has shape {found:?}, the configuration says {expected:?}", path.display())]
    Shape { path: PathBuf, tensor: String, expected: Vec<usize>, found: Vec<usize> },
    #[error("{}: tensor {tensor} is of type {found}; F32, F16 and BF16 are supported", path.display())]
    Dtype { path: PathBuf, tensor: String, found: String },
    #[error("{} is not a tokenizer", path.display())]
    Tokenizer { path: PathBuf, source: Box<dyn Error + Send + Sync> },
    #[error("{}: the tokenizer has {tokenizer} tokens, the model only {model}", path.display())]
    Vocabulary { path: PathBuf, tokenizer: usize, model: usize },
    #[error("device {device} cannot be used: {reason}")]
    DeviceUnavailable { device: Device, reason: String },
    #[error("device {device} cannot compute in {dtype}: {reason}")]
    DtypeUnavailable { device: Device, dtype: Dtype, reason: String },
    #[error("device {device} has no room for tensor {tensor}: {bytes} bytes")]
    WeightMemory { device: Device, tensor: String, bytes: u64 },
    #[error(
        "device {device} has no room for the keys and values of {slots} sequences of {tokens} tokens: {bytes} bytes"
    )]
    CacheMemory { device: Device, slots: usize, tokens: usize, bytes: u64 },
    #[error("libtorch {found} is loaded, but this program was built for {expected}")]
    LibtorchVersion { expected: &'static str, found: String },
    #[error("the text cannot be split into tokens")]
    Tokenise { source: Box<dyn Error + Send + Sync> },
    #[error("model {model} has no chat template: ask it with a text")]
    NoChatTemplate { model: String },
    #[cfg(feature = "torch")]
    #[error("{} is no chat template that can be used here", path.display())]
    ChatTemplate { path: PathBuf, source: minijinja::Error },
    #[error("the model's chat template refuses the conversation: {reason}")]
    ChatRefused { reason: String },
    #[error("the prompt has no tokens")]
    EmptyPrompt,
    #[error("{tokens} tokens do not fit the model's context of {max_context}")]
    TooLong { tokens: usize, max_context: usize },
    #[error("token {token} is outside the vocabulary of {vocab_size}")]
    TokenOutOfRange { token: u32, vocab_size: usize },
    #[error("model {model} does not {what}")]
    Unsupported { model: String, what: &'static str },
    #[error("{} is no TorchScript module that can be loaded here: {reason}", path.display())]
    ScriptFile { path: PathBuf, reason: String },
    #[error("the module failed: {reason}")]
    Script { reason: String },
    #[error("the module returned {found}; tensors, and tuples, lists and dictionaries of them are supported")]
    ScriptOutput { found: String },
    #[error("the module returned {bytes} bytes in {tensors} tensors, more than the {limit} that an answer may have")]
    OutputTooLarge { tensors: usize, bytes: usize, limit: usize },
    #[error("{}: {reason}", path.display())]
    TensorFile { path: PathBuf, reason: String },
    #[error(transparent)]
    Tensor(#[from] primitives::TensorError),
    #[error(transparent)]
    NotFinite(#[from] NotFinite),
    #[error("the job panicked: {reason}")]
    Panicked { reason: String },
    #[error("the model can't be asked: {source}")]
    Unavailable { retry_after: Duration, source: Box<dyn Error + Send + Sync> },
    #[error("the model refuses the request: {source}")]
    Refused { source: Box<dyn Error + Send + Sync> },
    #[error("the model has more to do than it can take")]
    Busy { retry_after: Duration },
    #[error("the time for the answer was over before it was whole")]
    Expired,
    #[error(transparent)]
    OpenAi(#[from] OpenAiError),
    #[error("the model's thread cannot be started")]
    Thread { source: io::Error },
    #[error("the model has stopped")]
    Stopped,
    #[cfg(feature = "torch")]
    #[error("libtorch refused an operation")]
    Torch(#[from] tch::TchError),
}

const _: () = assert!(size_of::<ModelError>() <= 120);
