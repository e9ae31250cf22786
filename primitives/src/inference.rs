//! What is asked of a model and what it answers. The wire, the model and the challenges all speak of these values.

use serde::{Deserialize, Serialize};

/// The text to continue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// As text: the model's tokenizer splits it.
    Text(String),
    /// As token ids of the named model.
    Tokens(Vec<u32>),
}

/// A request to continue a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerateRequest {
    /// What to continue.
    pub prompt: Prompt,
    /// At most so many new tokens.
    pub max_new_tokens: u32,
    /// Temperature in thousandths: 0 is greedy, 1000 samples from the model's own distribution. An integer, so that
    /// two machines can't disagree on it.
    pub temperature_milli: u32,
}

/// A request for sentence embeddings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedRequest {
    /// One vector is returned for each.
    pub texts: Vec<String>,
}

/// Any request. A challenge and a user's request are the same thing to a miner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Continue a prompt.
    Generate(GenerateRequest),
    /// Embed texts.
    Embed(EmbedRequest),
}

/// Why a generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model ended its text.
    Stop,
    /// `max_new_tokens` were made, or the context is full.
    Length,
}

/// A finished generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// New tokens, the end-of-text token included where the model chose it.
    pub tokens: Vec<u32>,
    /// Their text.
    pub text: String,
    /// Why it ended.
    pub finish: FinishReason,
}
