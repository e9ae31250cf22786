//! The files of a model, read once: what is hashed is what is loaded.

use std::{
    fs,
    path::{Path, PathBuf},
};

use primitives::Digest;

use crate::{FileDigest, Manifest, ModelError, Tokenizer, manifest};

/// The tokenizer and the configuration are text of a few megabytes at most.
const MAX_TEXT_BYTES: u64 = 64 << 20;
/// One file of weights. Larger models come in several files, which is not supported.
const MAX_WEIGHT_BYTES: u64 = 64 << 30;

/// A model's folder while it is being loaded.
#[cfg_attr(not(feature = "torch"), allow(dead_code))] // only an engine loads folders
pub(crate) struct Folder {
    path: PathBuf,
    files: Vec<FileDigest>,
}

#[cfg_attr(not(feature = "torch"), allow(dead_code))]
impl Folder {
    pub(crate) fn open(path: &Path) -> Result<Self, ModelError> {
        if !path.is_dir() {
            return Err(ModelError::MissingFolder { path: path.to_owned() });
        }
        Ok(Self { path: path.to_owned(), files: Vec::new() })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A small file that belongs to the model's identity.
    pub(crate) fn text(&mut self, name: &str) -> Result<Vec<u8>, ModelError> {
        self.read(name, MAX_TEXT_BYTES)
    }

    /// [`Self::text`] of a file that not every model has.
    pub(crate) fn optional(&mut self, name: &str) -> Result<Option<Vec<u8>>, ModelError> {
        if self.path(name).exists() { self.text(name).map(Some) } else { Ok(None) }
    }

    /// The weights.
    pub(crate) fn weights(&mut self, name: &str) -> Result<Vec<u8>, ModelError> {
        self.read(name, MAX_WEIGHT_BYTES)
    }

    /// The tokenizer, which may not name tokens that the model has no row for.
    pub(crate) fn tokenizer(&mut self, vocab_size: usize) -> Result<Tokenizer, ModelError> {
        let path = self.path("tokenizer.json");
        let bytes = self.text("tokenizer.json")?;
        let tokenizer =
            Tokenizer::from_bytes(&bytes).map_err(|source| ModelError::Tokenizer { path: path.clone(), source })?;
        if tokenizer.vocab_size() > vocab_size {
            return Err(ModelError::Vocabulary { path, tokenizer: tokenizer.vocab_size(), model: vocab_size });
        }
        Ok(tokenizer)
    }

    pub(crate) fn manifest(
        mut self,
        architecture: &str,
        vocab_size: usize,
        max_context: usize,
        end_tokens: Vec<u32>,
    ) -> Manifest {
        // `models/tiny/.` and a relative `.` have a name too, once resolved
        let whole = self.path.canonicalize().unwrap_or(self.path);
        let name = whole.file_name().map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned());
        let digest = manifest::digest(&mut self.files);
        let architecture = architecture.to_owned();
        Manifest { name, architecture, digest, files: self.files, vocab_size, max_context, end_tokens }
    }

    fn read(&mut self, name: &str, limit: u64) -> Result<Vec<u8>, ModelError> {
        let path = self.path(name);
        let failed = |source| ModelError::Read { path: path.clone(), source };
        let bytes = fs::metadata(&path).map_err(failed)?.len();
        if bytes > limit {
            return Err(ModelError::TooLarge { path, bytes, limit });
        }
        let bytes = fs::read(&path).map_err(failed)?;
        self.files.push(FileDigest { name: name.to_owned(), digest: Digest::of(&bytes) });
        Ok(bytes)
    }
}
