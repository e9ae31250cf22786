//! Text of tokens as they are made: a piece is given out only when it ends on a whole character.

use crate::{ModelError, Tokenizer};

/// How many tokens may be held back for an unfinished character. A character has at most four bytes and a token at
/// least one; more than that is not UTF-8, and holding it back longer would not make it so.
const MAX_HELD: usize = 4;

/// Turns token ids into text, piece by piece. The pieces together are the text of all ids.
#[derive(Debug)]
pub struct Detokeniser {
    tokenizer: Tokenizer,
    /// The last tokens given out, kept because some decoders treat the start of a text differently, then those held.
    window: Vec<u32>,
    /// How many of the window were given out.
    given: usize,
    /// Length of the text of the given ones.
    given_bytes: usize,
}

impl Detokeniser {
    pub(crate) fn new(tokenizer: Tokenizer) -> Self {
        Self { tokenizer, window: Vec::new(), given: 0, given_bytes: 0 }
    }

    /// Adds a token; returns the text that became certain, which may be empty.
    pub fn push(&mut self, id: u32) -> Result<String, ModelError> {
        self.window.push(id);
        let text = self.tokenizer.decode(&self.window)?;
        let unfinished = text.ends_with(char::REPLACEMENT_CHARACTER);
        if unfinished && self.window.len() - self.given <= MAX_HELD {
            return Ok(String::new());
        }
        self.give(&text)
    }

    /// The rest, when no token will follow. An unfinished character comes out as U+FFFD.
    pub fn finish(mut self) -> Result<String, ModelError> {
        let text = self.tokenizer.decode(&self.window)?;
        self.give(&text)
    }

    fn give(&mut self, text: &str) -> Result<String, ModelError> {
        let piece = text.get(self.given_bytes..).unwrap_or_default().to_owned();
        self.window.drain(..self.given);
        self.given = self.window.len();
        self.given_bytes = self.tokenizer.decode(&self.window)?.len();
        Ok(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A byte-level tokenizer with no merges: each byte is a token, the hardest case for character boundaries.
    fn bytes() -> Tokenizer {
        let visible = |byte: u8| match byte {
            b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff => char::from(byte),
            0..=b' ' => char::from_u32(256 + u32::from(byte)).expect("below the surrogates"),
            0x7f..=0xa0 => char::from_u32(256 + 33 + u32::from(byte - 0x7f)).expect("below the surrogates"),
            0xad => '\u{143}',
        };
        let vocab: serde_json::Map<_, _> = (0..=255u8).map(|b| (visible(b).to_string(), b.into())).collect();
        let level = serde_json::json!({
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true
        });
        let json = serde_json::json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
            "pre_tokenizer": level, "post_processor": null, "decoder": level,
            "model": { "type": "BPE", "vocab": vocab, "merges": [] }
        });
        Tokenizer::from_bytes(json.to_string().as_bytes()).expect("a tokenizer")
    }

    #[test]
    fn pieces_end_on_whole_characters() {
        let tokenizer = bytes();
        let text = "naïve 🦀🦀 日本語 text, e\u{301}";
        let ids = tokenizer.encode(text).expect("encodes");
        assert_eq!(ids.len(), text.len());
        let mut detokeniser = tokenizer.detokeniser();
        let mut whole = String::new();
        for (i, id) in ids.iter().enumerate() {
            let piece = detokeniser.push(*id).expect("decodes");
            assert!(!piece.contains(char::REPLACEMENT_CHARACTER), "at byte {i}");
            whole.push_str(&piece);
            assert_eq!(whole.len(), (0..=i + 1).rev().find(|&n| text.is_char_boundary(n)).expect("zero is one"));
        }
        assert_eq!(whole + &detokeniser.finish().expect("decodes"), text);
    }

    #[test]
    fn bytes_that_are_no_text_do_not_stick() {
        let mut detokeniser = bytes().detokeniser();
        let mut whole = String::new();
        for _ in 0..50 {
            whole.push_str(&detokeniser.push(0x80).expect("decodes"));
            assert!(detokeniser.window.len() <= 2 * (MAX_HELD + 1));
        }
        assert!(whole.len() > 100);
        whole.push_str(&detokeniser.push(u32::from(b'.')).expect("decodes"));
        assert!(whole.ends_with('.'));
    }

    #[test]
    fn an_unfinished_end_is_marked() {
        let tokenizer = bytes();
        let mut detokeniser = tokenizer.detokeniser();
        let crab = tokenizer.encode("ok🦀").expect("encodes");
        let text: String = crab[..4].iter().map(|id| detokeniser.push(*id).expect("decodes")).collect();
        assert_eq!(text, "ok");
        assert_eq!(detokeniser.finish().expect("decodes"), "\u{fffd}");
    }
}
