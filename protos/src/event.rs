//! One event of a stream.

use primitives::{Digest, FinishReason};
use prost::Message;

use crate::{
    WireError,
    error::{at_most, fixed},
    limits::{MAX_COMMITMENT_BYTES, MAX_EVENT_BYTES, MAX_NEW_TOKENS},
    wire,
};

/// A part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// New tokens, and the text that they complete (a character may need several tokens).
    Tokens {
        /// Token ids.
        ids: Vec<u32>,
        /// Their text.
        text: String,
        /// Natural logarithm of each token's probability, if it was asked for.
        logprobs: Vec<f32>,
    },
    /// To the next chunk of hidden rows.
    Commitment(Vec<u8>),
    /// The end.
    Finished {
        /// Why.
        reason: FinishReason,
        /// How many tokens there were.
        tokens: u32,
        /// Of the tree over the hidden rows; none from a miner that doesn't see them.
        rows_root: Option<Digest>,
        /// Share of the miner's places that was taken in the last minute, in millionths: its own word, and nobody can check it.
        capacity_used_ppm: Option<u32>,
    },
}

impl Event {
    /// The payload.
    pub fn encode(&self) -> Vec<u8> {
        let event = match self.clone() {
            Self::Tokens { ids, text, logprobs } => wire::event::Event::Tokens(wire::Tokens { ids, text, logprobs }),
            Self::Commitment(bytes) => wire::event::Event::Commitment(bytes),
            Self::Finished { reason, tokens, rows_root, capacity_used_ppm } => {
                let reason = match reason {
                    FinishReason::Stop => wire::FinishReason::Stop,
                    FinishReason::Length => wire::FinishReason::Length,
                };
                let rows_root = rows_root.map_or_else(Vec::new, |root| root.0.to_vec());
                let reason = reason.into();
                wire::event::Event::Finished(wire::Finished { reason, tokens, rows_root, capacity_used_ppm })
            }
        };
        wire::Event { event: Some(event) }.encode_to_vec()
    }

    /// From a payload.
    pub fn decode(payload: &[u8]) -> Result<Self, WireError> {
        at_most("event", payload.len(), MAX_EVENT_BYTES)?;
        let message = wire::Event::decode(payload).map_err(|source| WireError::Decode { message: "Event", source })?;
        match message.event.ok_or(WireError::Missing("event"))? {
            wire::event::Event::Tokens(wire::Tokens { ids, text, logprobs }) => {
                at_most("event tokens", ids.len(), MAX_NEW_TOKENS as usize)?;
                if !logprobs.is_empty() && logprobs.len() != ids.len() {
                    return Err(WireError::Count { field: "logprobs", actual: logprobs.len(), expected: ids.len() });
                }
                // a probability is at most 1, and a token that was chosen had one
                if let Some(index) = logprobs.iter().position(|value| !(value.is_finite() && *value <= 0.0)) {
                    return Err(WireError::NotFinite { field: "logprob", index });
                }
                Ok(Self::Tokens { ids, text, logprobs })
            }
            wire::event::Event::Commitment(bytes) => {
                at_most("commitment", bytes.len(), MAX_COMMITMENT_BYTES)?;
                Ok(Self::Commitment(bytes))
            }
            wire::event::Event::Finished(wire::Finished { reason, tokens, rows_root, capacity_used_ppm }) => {
                let reason = match wire::FinishReason::try_from(reason) {
                    Ok(wire::FinishReason::Stop) => FinishReason::Stop,
                    Ok(wire::FinishReason::Length) => FinishReason::Length,
                    _ => return Err(WireError::Value { field: "finish reason", value: reason.into() }),
                };
                at_most("finished tokens", tokens as usize, MAX_NEW_TOKENS as usize)?;
                let rows_root = match rows_root.as_slice() {
                    [] => None,
                    bytes => Some(Digest(fixed("rows_root", bytes)?)),
                };
                if let Some(ppm @ 1_000_001..) = capacity_used_ppm {
                    return Err(WireError::Value { field: "capacity_used_ppm", value: ppm.into() });
                }
                Ok(Self::Finished { reason, tokens, rows_root, capacity_used_ppm })
            }
        }
    }
}
