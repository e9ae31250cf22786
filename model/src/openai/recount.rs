//! Token ids of a text that a server made without saying them: the text is split again. What comes out is how the
//! tokenizer would have written it, which need not be how the model did.

use crate::{ModelError, Tokenizer};

/// Texts are split anew when they have grown by a fourth, so that a long one costs no more than a few passes.
const GROWTH: usize = 4;

/// Splits a growing text.
#[derive(Debug)]
pub(crate) struct Recount {
    tokenizer: Tokenizer,
    text: String,
    ids: Vec<u32>,
    /// How long the text was when it was split last.
    counted: usize,
}

impl Recount {
    pub(crate) fn new(tokenizer: Tokenizer) -> Self {
        Self { tokenizer, text: String::new(), ids: Vec::new(), counted: 0 }
    }

    /// More text; the ids that are certain now.
    pub(crate) fn push(&mut self, text: &str) -> Result<Vec<u32>, ModelError> {
        self.text.push_str(text);
        // Words are split one by one: what stands before the last one's space won't change.
        let end = self.text.rfind(' ').unwrap_or(0);
        if end <= self.counted + self.counted / GROWTH {
            return Ok(Vec::new());
        }
        self.up_to(end)
    }

    /// The rest.
    pub(crate) fn finish(mut self) -> Result<Vec<u32>, ModelError> {
        self.up_to(self.text.len())
    }

    fn up_to(&mut self, end: usize) -> Result<Vec<u32>, ModelError> {
        let mut all = self.tokenizer.encode_bare(&self.text[..end])?;
        self.counted = end;
        if !all.starts_with(&self.ids) {
            // it did change: the next ones wait until it fits again, or for ever
            return Ok(Vec::new());
        }
        let new = all.split_off(self.ids.len());
        self.ids.extend(&new);
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_are_the_whole() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/tiny/tokenizer.json");
        let tokenizer = Tokenizer::from_file(path.as_ref()).unwrap();
        let text =
            "The compiler checks that every reference is valid, naïve or 🦀,\n\n    and so on.  Twice! ".repeat(20);
        let mut recount = Recount::new(tokenizer.clone());
        let (mut ids, mut early) = (Vec::new(), 0);
        for piece in text.split_inclusive(|c: char| !c.is_alphabetic()) {
            ids.extend(recount.push(piece).unwrap());
            early += usize::from(!ids.is_empty());
        }
        assert!(early > 50, "{early}");
        ids.extend(recount.finish().unwrap());
        assert_eq!(ids, tokenizer.encode_bare(&text).unwrap());
    }
}
