//! The files of a model: what is hashed is what is loaded.

use std::{
    fs,
    path::{Path, PathBuf},
};

use primitives::{Digest, ProofKind};

use crate::{
    FileDigest, LoadProgress, LoadStep, Manifest, ModelError, Tokenizer, manifest,
    map::MappedFile,
    weights::{Index, Weights},
};

/// The tokenizer and the configuration are text of a few megabytes at most.
const MAX_TEXT_BYTES: u64 = 64 << 20;
/// Bytes that are hashed between two reports of progress.
const HASH_BYTES: usize = 64 << 20;

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

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
        let path = self.path(name);
        let failed = |source| ModelError::Read { path: path.clone(), source };
        let bytes = fs::metadata(&path).map_err(failed)?.len();
        if bytes > MAX_TEXT_BYTES {
            return Err(ModelError::TooLarge { path, bytes, limit: MAX_TEXT_BYTES });
        }
        let bytes = fs::read(&path).map_err(failed)?;
        self.files.push(FileDigest { name: name.to_owned(), digest: Digest::of(&bytes) });
        Ok(bytes)
    }

    /// [`Self::text`] of a file that not every model has.
    pub(crate) fn optional(&mut self, name: &str) -> Result<Option<Vec<u8>>, ModelError> {
        if self.path(name).exists() { self.text(name).map(Some) } else { Ok(None) }
    }

    /// The weights: one file, or an index and the files that it names. They are mapped, and read once for their
    /// digests.
    pub(crate) fn weights(&mut self, report: &mut dyn FnMut(LoadProgress)) -> Result<Weights, ModelError> {
        let (index, names) = if self.path(SINGLE).exists() || !self.path(INDEX).exists() {
            (None, vec![SINGLE.to_owned()])
        } else {
            let index = Index::parse(&self.path(INDEX), &self.text(INDEX)?)?;
            let names = self.shards(&index)?;
            (Some(index), names)
        };
        let mut files = Vec::with_capacity(names.len());
        for name in &names {
            let path = self.path(name);
            let file = MappedFile::open(&path).map_err(|source| ModelError::Read { path: path.clone(), source })?;
            files.push((path, file));
        }
        let total_bytes = files.iter().map(|(_, file)| file.len() as u64).sum();
        let mut progress = LoadProgress { step: LoadStep::Digest, done_bytes: 0, total_bytes };
        for (name, (_, file)) in names.into_iter().zip(&files) {
            let mut hasher = blake3::Hasher::new();
            for piece in file.chunks(HASH_BYTES) {
                hasher.update_rayon(piece);
                progress.done_bytes += piece.len() as u64;
                report(progress);
            }
            self.files.push(FileDigest { name, digest: Digest(hasher.finalize().into()) });
        }
        Weights::parse(index, files)
    }

    /// The names of an index's files. All are looked for before the first is read.
    fn shards(&self, index: &Index) -> Result<Vec<String>, ModelError> {
        let missing = |(shard, tensor): &(&str, &str)| {
            let path = self.path(shard);
            (!path.exists()).then(|| ModelError::MissingShard { path, tensor: (*tensor).to_owned() })
        };
        match index.files().iter().find_map(missing) {
            Some(error) => Err(error),
            None => Ok(index.files().into_iter().map(|(shard, _)| shard.to_owned()).collect()),
        }
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
        let (proof, calibration) = (ProofKind::None, None);
        Manifest {
            name,
            architecture,
            digest,
            files: self.files,
            vocab_size,
            max_context,
            end_tokens,
            proof,
            calibration,
        }
    }
}
