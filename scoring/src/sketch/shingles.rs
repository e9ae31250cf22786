//! The phrases of a text: every few neighbouring words (Broder, "On the resemblance and containment of documents",
//! 1997).

use crate::similarity::Words;

/// Words of a phrase, where nothing else is asked for.
pub const SHINGLE_WORDS: usize = 5;

/// Keeps these hashes apart from all others.
const CONTEXT: &str = "assay 2026-11 sketch of an answer, a shingle";

/// Calls `each` with the hash of every `width` neighbouring words, in order and as often as they are there. A text of
/// fewer words is one shingle, and so is one without any. A width of 0 counts as 1.
pub(super) fn for_each_shingle(text: &str, width: usize, mut each: impl FnMut(blake3::OutputReader)) {
    let words = Words::Unicode.of(text);
    let domain = blake3::Hasher::new_derive_key(CONTEXT);
    let mut hash = |shingle: &[String]| {
        let mut hasher = domain.clone();
        for word in shingle {
            hasher.update(word.as_bytes());
            // No word has a space in it.
            hasher.update(b" ");
        }
        each(hasher.finalize_xof());
    };
    match width.max(1) {
        width if words.len() <= width => hash(&words),
        width => words.windows(width).for_each(hash),
    }
}
