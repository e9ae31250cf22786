//! What is asked of a model and what it answers. The wire, the model and the challenges all speak of these values.

use serde::{Deserialize, Serialize};

use crate::Tensor;

/// The text to continue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// As text: the model's tokenizer splits it.
    Text(String),
    /// As token ids of the named model.
    Tokens(Vec<u32>),
    /// As a conversation: the model's chat template makes a text of it, which the model continues as the assistant.
    Chat(Vec<ChatMessage>),
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Who speaks, as the model's template names them: usually `system`, `user` or `assistant`.
    pub role: String,
    /// What is said.
    pub content: String,
}

/// How tokens are chosen. Integers, so that two machines can't disagree on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sampling {
    /// Temperature in thousandths: 0 is greedy, 1000 samples from the model's own distribution.
    pub temperature_milli: u32,
    /// Nucleus in thousandths: tokens are drawn from the fewest likeliest ones that together have at least this share
    /// of the probability at this temperature. 1000 is all of them.
    pub top_p_milli: u32,
    /// Tokens are drawn from so many likeliest ones; 0 is all of them.
    pub top_k: u32,
}

impl Sampling {
    /// Always the likeliest token.
    pub const GREEDY: Self = Self::at(0);

    /// Any token, at this temperature in thousandths.
    pub const fn at(temperature_milli: u32) -> Self {
        Self { temperature_milli, top_p_milli: 1_000, top_k: 0 }
    }
}

/// A request to continue a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerateRequest {
    /// What to continue.
    pub prompt: Prompt,
    /// At most so many new tokens.
    pub max_new_tokens: u32,
    /// How they are chosen.
    pub sampling: Sampling,
    /// Texts that end the answer: it stops before the first of them. None of them is empty.
    pub stop: Vec<String>,
    /// Whether the answer says how likely each of its tokens was.
    pub logprobs: bool,
}

impl GenerateRequest {
    /// A request without stop texts.
    pub fn new(prompt: Prompt, max_new_tokens: u32, sampling: Sampling) -> Self {
        Self { prompt, max_new_tokens, sampling, stop: Vec::new(), logprobs: false }
    }
}

/// A request for sentence embeddings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedRequest {
    /// One vector is returned for each.
    pub texts: Vec<String>,
}

/// A request to run a module on tensors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InferRequest {
    /// The module's arguments, in order.
    pub tensors: Vec<Tensor>,
}

/// Any request. A challenge and a user's request are the same thing to a miner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Continue a prompt.
    Generate(GenerateRequest),
    /// Embed texts.
    Embed(EmbedRequest),
    /// Run a module on tensors.
    Infer(InferRequest),
}

/// Why a generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model ended its text, or came to a text that was to stop it.
    Stop,
    /// `max_new_tokens` were made, or the context is full.
    Length,
}

/// What a backend can show of how it came to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofKind {
    /// Nothing beside the answer.
    None,
    /// How likely the tokens were, where that was asked for. The weaker kind: whoever has the model's probabilities from
    /// anywhere passes.
    Logprobs,
    /// Commitments to hidden rows, and the rows themselves where they are asked for.
    HiddenRows,
}

/// A finished generation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generation {
    /// New tokens, the end-of-text token included where the model chose it.
    pub tokens: Vec<u32>,
    /// Their text, up to the text that stopped it.
    pub text: String,
    /// Natural logarithm of each token's probability in the model's own distribution; empty if it wasn't asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logprobs: Vec<f32>,
    /// Why it ended.
    pub finish: FinishReason,
}
