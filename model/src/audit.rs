//! What one run over a prompt and somebody's answer shows.

use scoring::{TokenCheck, proof::Rows};

/// What this model says of an answer that somebody gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Of each answered token, how far it is from what this model would have chosen.
    pub tokens: Vec<TokenCheck>,
    /// The natural logarithm of each answered token's probability, at temperature 1.
    pub logprobs: Vec<f32>,
    /// The hidden rows of prompt and answer, none for the last token; none at all for an answer without tokens.
    pub rows: Rows,
}
