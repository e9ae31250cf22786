//! Text to token ids and back.

use std::{error::Error, fmt, path::Path, sync::Arc};

use tokenizers::{
    NormalizerWrapper, TruncationParams,
    normalizers::{Lowercase, Sequence},
};

use crate::{Detokeniser, ModelError, containment::contain};

/// A Hugging Face `tokenizer.json`. Cheap to clone.
#[derive(Clone)]
pub struct Tokenizer(Arc<tokenizers::Tokenizer>);

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    pub fn from_file(path: &Path) -> Result<Self, ModelError> {
        let bytes = std::fs::read(path).map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
        Self::from_bytes(&bytes).map_err(|source| ModelError::Tokenizer { path: path.to_owned(), source })
    }

    /// Padding and truncation that the file asks for are dropped: lengths are the engine's business.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Box<dyn Error + Send + Sync>> {
        // The library expects some of what it should ask for.
        let mut tokenizer = contain(|| Ok(tokenizers::Tokenizer::from_bytes(bytes)))??;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None)?;
        Ok(Self(Arc::new(tokenizer)))
    }

    /// The same tokenizer, cutting every text to so many tokens, the closing special token kept.
    #[cfg_attr(not(feature = "torch"), allow(dead_code))] // only the encoder truncates
    pub(crate) fn truncated(self, max_length: usize) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut tokenizer = Arc::unwrap_or_clone(self.0);
        tokenizer.with_truncation(Some(TruncationParams { max_length, ..TruncationParams::default() }))?;
        Ok(Self(Arc::new(tokenizer)))
    }

    /// The same tokenizer, putting every text in lower case first; special tokens in it stay what they are.
    #[cfg_attr(not(feature = "torch"), allow(dead_code))]
    pub(crate) fn lower_cased(self) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut tokenizer = Arc::unwrap_or_clone(self.0);
        let mut steps = vec![NormalizerWrapper::Lowercase(Lowercase)];
        steps.extend(tokenizer.get_normalizer().cloned());
        tokenizer.with_normalizer(Some(Sequence::new(steps)))?;
        Ok(Self(Arc::new(tokenizer)))
    }

    /// Token ids of `text`, with the special tokens that the model wants around it.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        self.ids(text, true)
    }

    /// Token ids of a text that has its special tokens in it already, as a chat template writes them.
    pub fn encode_bare(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        self.ids(text, false)
    }

    fn ids(&self, text: &str, special_tokens: bool) -> Result<Vec<u32>, ModelError> {
        let encoded = contain(|| self.0.encode_fast(text, special_tokens).map_err(tokenise));
        Ok(encoded?.get_ids().to_vec())
    }

    /// Text of token ids, special tokens left out. Bytes that are no UTF-8 come out as U+FFFD.
    pub fn decode(&self, ids: &[u32]) -> Result<String, ModelError> {
        contain(|| self.0.decode(ids, true).map_err(tokenise))
    }

    /// A decoder that is given ids as they are made.
    pub fn detokeniser(&self) -> Detokeniser {
        Detokeniser::new(self.clone())
    }

    /// Number of tokens, special ones included.
    pub fn vocab_size(&self) -> usize {
        self.0.get_vocab_size(true)
    }

    /// The id of a token as the vocabulary writes it.
    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.0.token_to_id(token)
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokenizer").field("vocab_size", &self.vocab_size()).finish()
    }
}

fn tokenise(source: Box<dyn Error + Send + Sync>) -> ModelError {
    ModelError::Tokenise { source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_breaks_off_in_its_decoder_is_refused() {
        let error = Tokenizer::from_bytes(br#"{"version":"1.0","decoder":{"type""#).unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(ModelError::Panicked { .. })), "{error}");
    }
}
