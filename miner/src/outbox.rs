//! What the model has said and the client hasn't taken yet: one event of tokens that grows, and commitments, so that a
//! client that reads slowly never makes the model wait.

use std::{collections::VecDeque, mem::take};

use protos::{Event, MAX_EVENT_BYTES};

/// Tags, lengths and the enclosing messages of an event's payload, at most.
const FRAME_BYTES: usize = 32;
/// A token id takes at most five bytes, a logarithm four.
const ID_BYTES: usize = 5;
const LOGPROB_BYTES: usize = 4;

/// Tokens that wait to be sent.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    ids: Vec<u32>,
    text: String,
    logprobs: Vec<f32>,
    commitments: VecDeque<Vec<u8>>,
}

impl Outbox {
    /// Whether nothing waits. A chunk that says nothing is no event.
    pub(crate) fn is_empty(&self) -> bool {
        self.has_no_tokens() && self.commitments.is_empty()
    }

    /// Whether such a chunk can wait beside what waits already, in one event.
    pub(crate) fn has_room(&self, ids: &[u32], text: &str, logprobs: &[f32]) -> bool {
        let size = FRAME_BYTES
            + (self.ids.len() + ids.len()) * ID_BYTES
            + (self.logprobs.len() + logprobs.len()) * LOGPROB_BYTES
            + self.text.len()
            + text.len();
        size <= MAX_EVENT_BYTES
    }

    /// Add a chunk. Its text is whole characters, so the sum is.
    pub(crate) fn push(&mut self, ids: Vec<u32>, text: &str, logprobs: Vec<f32>) {
        if self.ids.is_empty() {
            (self.ids, self.logprobs) = (ids, logprobs);
        } else {
            self.ids.extend(ids);
            self.logprobs.extend(logprobs);
        }
        self.text.push_str(text);
    }

    /// Add a commitment. An answer has few of them, each to 32 of its tokens.
    pub(crate) fn push_commitment(&mut self, bytes: Vec<u8>) {
        self.commitments.push_back(bytes);
    }

    /// The next event: all tokens that wait; where none do, the oldest commitment.
    pub(crate) fn take(&mut self) -> Event {
        if self.has_no_tokens()
            && let Some(commitment) = self.commitments.pop_front()
        {
            return Event::Commitment(commitment);
        }
        let (ids, text, logprobs) = (take(&mut self.ids), take(&mut self.text), take(&mut self.logprobs));
        Event::Tokens { ids, text, logprobs }
    }

    fn has_no_tokens(&self) -> bool {
        self.ids.is_empty() && self.text.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_event_that_has_room_is_not_too_large() {
        let mut outbox = Outbox::default();
        let (mut chunks, logprobs) = (0, [f32::MIN]);
        while outbox.has_room(&[u32::MAX], "🦀", &logprobs) {
            outbox.push(vec![u32::MAX], "🦀", logprobs.to_vec());
            chunks += 1;
        }
        assert!(chunks > 4_000, "{chunks}");
        let event = outbox.take();
        assert!(event.encode().len() <= MAX_EVENT_BYTES);
        assert!(outbox.is_empty());
        outbox.push_commitment(vec![1]);
        outbox.push(vec![7], "", Vec::new());
        outbox.push_commitment(vec![2]);
        assert!(matches!(outbox.take(), Event::Tokens { .. }));
        assert_eq!((outbox.take(), outbox.take()), (Event::Commitment(vec![1]), Event::Commitment(vec![2])));
        assert!(outbox.is_empty());
        let Event::Tokens { ids, text, logprobs } = event else { panic!("{event:?}") };
        assert_eq!((ids.len(), text.chars().count(), logprobs.len()), (chunks, chunks, chunks));
    }
}
