//! What every `config.json` is checked for.

use std::path::Path;

use serde::Deserialize;

use crate::ModelError;

/// Reads a configuration of one of the `kinds`; returns which.
pub(super) fn parse<T: serde::de::DeserializeOwned>(
    path: &Path,
    bytes: &[u8],
    kinds: &[&'static str],
    supported: &'static str,
) -> Result<(&'static str, T), ModelError> {
    #[derive(Deserialize)]
    struct Kind {
        model_type: Option<String>,
    }
    let failed = |source| ModelError::Config { path: path.to_owned(), source };
    let kind: Kind = serde_json::from_slice(bytes).map_err(failed)?;
    let found = kind.model_type.unwrap_or_default();
    let Some(kind) = kinds.iter().find(|kind| **kind == found) else {
        return Err(ModelError::UnsupportedArchitecture { path: path.to_owned(), found, supported });
    };
    Ok((kind, serde_json::from_slice(bytes).map_err(failed)?))
}

/// Bounds far above any real model, so that a damaged file can't make us reserve the machine's memory.
pub(super) struct Ranges<'a> {
    pub(super) path: &'a Path,
}

impl Ranges<'_> {
    pub(super) fn range(&self, field: &'static str, value: usize, min: usize, max: usize) -> Result<(), ModelError> {
        if (min..=max).contains(&value) {
            return Ok(());
        }
        let (value, min, max) = (value as u64, min as u64, max as u64);
        Err(ModelError::ConfigRange { path: self.path.to_owned(), field, value, min, max })
    }

    pub(super) fn sizes(
        &self,
        vocab: usize,
        hidden: usize,
        intermediate: usize,
        layers: usize,
    ) -> Result<(), ModelError> {
        self.range("vocab_size", vocab, 1, 1 << 20)?;
        self.range("hidden_size", hidden, 2, 1 << 16)?;
        self.range("intermediate_size", intermediate, 1, 1 << 18)?;
        self.range("num_hidden_layers", layers, 1, 512)
    }
}
