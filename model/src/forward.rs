//! What the engine asks of a language model's tensors, whoever computes with them.

use std::ops::Range;

use crate::{ModelError, NotFinite, Sampler, config::LlamaConfig};

/// Tokens of one sequence that are run in one step, after what its slot holds already.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// Whose keys and values they attend to and add to.
    pub(crate) slot: usize,
    /// Position of the first of them: what the slot holds before.
    pub(crate) start: usize,
    /// At least one.
    pub(crate) tokens: Vec<u32>,
    /// Length of the whole prompt, or of the sequence with these tokens if that is more: rotary positions of some
    /// models depend on it.
    pub(crate) length: usize,
    /// What is asked of the last tokens' outputs, the last question of the last token. Usually one or none.
    pub(crate) asks: Vec<Ask>,
}

/// A question about the logits behind one token.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    /// Which token comes next, as the answer's `position`th, and with which probability if `logprob`.
    Choose { sampler: Sampler, position: u32, logprob: bool },
    /// How far `token` is from being it, and its probability.
    Margin { sampler: Sampler, position: u32, token: u32 },
    /// The logits themselves, `[vocabulary]`.
    Logits,
}

/// An answer to an [`Ask`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    Token { token: u32, logprob: Option<f32> },
    Margin { margin: f32, logprob: f32 },
    Logits(Vec<f32>),
}

/// A language model with the keys, the values and the hidden rows of the sequences that it continues, in numbered slots.
///
/// A hidden row is what the last layer leaves of a token after the final norm, rounded to bf16: every token that runs
/// leaves one, whether or not anything is asked about it.
pub(crate) trait Forward {
    /// What it is.
    fn config(&self) -> &LlamaConfig;

    /// The longest sequence that a slot can be given room for.
    fn slot_tokens(&self) -> usize;

    /// Makes room for a sequence of so many tokens in a slot, keeping the first `keep` that it holds.
    fn reserve(&mut self, slot: usize, tokens: usize, keep: usize) -> Result<(), ModelError>;

    /// Copies what the first `tokens` of one slot left to another, which has room for them.
    fn copy(&mut self, from: usize, to: usize, tokens: usize) -> Result<(), ModelError>;

    /// Gives a slot's memory back, if it has any of its own.
    fn release(&mut self, slot: usize);

    /// Runs the pieces, each of another slot; answers every question, in order. Logits that are no numbers fail the
    /// questions about them only.
    fn run(&mut self, pieces: &[Piece]) -> Result<Vec<Result<Said, NotFinite>>, ModelError>;

    /// The hidden rows of tokens that ran in a slot, one after the other.
    fn rows(&self, slot: usize, tokens: Range<usize>) -> Result<Vec<u16>, ModelError>;
}

/// Answers a question from a row of logits.
pub(crate) fn answer(ask: &Ask, logits: &[f32]) -> Result<Said, NotFinite> {
    Ok(match ask {
        Ask::Choose { sampler, position, logprob } => {
            let token = sampler.choose(logits, *position)?;
            Said::Token { token, logprob: logprob.then(|| crate::sample::logprob(logits, token)) }
        }
        Ask::Margin { sampler, position, token } => Said::Margin {
            margin: sampler.margin(logits, *position, *token)?,
            logprob: crate::sample::logprob(logits, *token),
        },
        Ask::Logits => Said::Logits(logits.to_vec()),
    })
}
