//! Text of tokens as they are made: a piece is given out only when it ends on a whole character.

use crate::{ModelError, Tokenizer};

/// Turns token ids into text, piece by piece. The pieces together are exactly the text of all ids.
#[derive(Debug)]
pub struct Detokeniser {
    tokenizer: Tokenizer,
    /// The last tokens that ended on a whole character, kept because some decoders treat the start of a text
    /// differently, then those since.
    window: Vec<u32>,
    /// How many of the window ended on a whole character.
    settled: usize,
    /// How much of the window's text was given out.
    given_bytes: usize,
}

impl Detokeniser {
    pub(crate) fn new(tokenizer: Tokenizer) -> Self {
        Self { tokenizer, window: Vec::new(), settled: 0, given_bytes: 0 }
    }

    /// Adds a token; returns the text that became certain, which may be empty.
    pub fn push(&mut self, id: u32) -> Result<String, ModelError> {
        self.window.push(id);
        let text = self.tokenizer.decode(&self.window)?;
        // only the very end can be the start of a character: what is broken before it stays broken
        let certain = text.strip_suffix(char::REPLACEMENT_CHARACTER).unwrap_or(&text);
        let piece = certain.get(self.given_bytes..).unwrap_or_default().to_owned();
        if certain.len() < text.len() {
            self.given_bytes += piece.len();
        } else {
            self.window.drain(..self.settled);
            self.settled = self.window.len();
            self.given_bytes = self.tokenizer.decode(&self.window)?.len();
        }
        Ok(piece)
    }

    /// The rest, when no token will follow. An unfinished character comes out as U+FFFD.
    pub fn finish(&mut self) -> Result<String, ModelError> {
        let text = self.tokenizer.decode(&self.window)?;
        Ok(text.get(self.given_bytes..).unwrap_or_default().to_owned())
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
    fn the_pieces_are_the_text_even_of_bytes_that_are_none() {
        let tokenizer = bytes();
        for round in 0..200u8 {
            // every fourth byte is one that may start a character
            let ids: Vec<u32> = (0..40)
                .map(|i| u32::from(primitives::Digest::of(&[round, i]).0[0]))
                .map(|byte| if byte % 4 == 0 { 0xe2 } else { byte })
                .collect();
            let mut detokeniser = tokenizer.detokeniser();
            let mut whole: String = ids.iter().map(|id| detokeniser.push(*id).expect("decodes")).collect();
            whole.push_str(&detokeniser.finish().expect("decodes"));
            assert_eq!(whole, tokenizer.decode(&ids).expect("decodes"));
        }
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
