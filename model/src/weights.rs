//! Where each tensor of a checkpoint lies, each checked against the shape that the configuration implies.

use std::{
    collections::HashMap,
    ops::Range,
    path::{Path, PathBuf},
};

use safetensors::SafeTensors;

use crate::{Dtype, ModelError, map::MappedFile};

/// The tensors of one safetensors file or of several.
#[derive(Debug)]
pub(crate) struct Weights {
    /// The file that says what there is: the only one, or the index of many.
    path: PathBuf,
    shards: Vec<Shard>,
    tensors: HashMap<String, Entry>,
}

#[derive(Debug)]
struct Shard {
    path: PathBuf,
    file: MappedFile,
}

#[derive(Debug)]
struct Entry {
    shard: usize,
    dtype: safetensors::Dtype,
    shape: Vec<usize>,
    /// In the shard's file.
    bytes: Range<usize>,
}

/// A tensor as it lies in its file: little-endian, row by row, aligned to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawTensor<'a> {
    pub(crate) dtype: Dtype,
    pub(crate) shape: &'a [usize],
    pub(crate) bytes: &'a [u8],
}

impl RawTensor<'_> {
    /// Writes a row, as long as `out`, in f32: every type that there is fits in it.
    pub(crate) fn row(&self, index: usize, out: &mut [f32]) {
        let bytes = &self.bytes[index * out.len() * self.dtype.bytes()..];
        match self.dtype {
            Dtype::F32 => fill(out, bytes, f32::from_le_bytes),
            Dtype::Bf16 => fill(out, bytes, |bytes| f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16)),
            Dtype::F16 => fill(out, bytes, |bytes| half::f16::from_le_bytes(bytes).to_f32()),
        }
    }

    /// All numbers.
    pub(crate) fn vector(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.shape.iter().product()];
        self.row(0, &mut out);
        out
    }
}

fn fill<const N: usize>(out: &mut [f32], bytes: &[u8], number: impl Fn([u8; N]) -> f32) {
    out.iter_mut().zip(bytes.as_chunks::<N>().0).for_each(|(out, bytes)| *out = number(*bytes));
}

impl Weights {
    /// Reads the header of each file; with an `index`, also that each tensor is in the file that the index names.
    pub(crate) fn parse(index: Option<Index>, files: Vec<(PathBuf, MappedFile)>) -> Result<Self, ModelError> {
        let mut tensors = HashMap::new();
        let mut shards = Vec::with_capacity(files.len());
        for (path, file) in files {
            for (name, entry) in header(&path, &file, shards.len())? {
                // a tensor may lie in several shards; the index says which of them counts
                let here = |index: &Index| index.shard_of(&name).is_some_and(|shard| path.ends_with(shard));
                if index.as_ref().is_none_or(here) {
                    tensors.insert(name, entry);
                }
            }
            shards.push(Shard { path, file });
        }
        let first = || shards.first().map(|shard| shard.path.clone()).unwrap_or_default();
        let path = index.as_ref().map_or_else(first, |index| index.path.clone());
        if let Some(index) = &index {
            let absent = |(tensor, _): &(&String, &String)| !tensors.contains_key(*tensor);
            if let Some((tensor, shard)) = index.shards.iter().filter(absent).min() {
                let path = path.with_file_name(shard);
                return Err(ModelError::MissingTensor { path, tensor: tensor.clone() });
            }
        }
        Ok(Self { path, shards, tensors })
    }

    /// Whether there is a tensor of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The tensor of this name, which must have this shape.
    pub(crate) fn raw(&self, name: &str, shape: &[usize]) -> Result<RawTensor<'_>, ModelError> {
        let tensor = || name.to_owned();
        let entry = self
            .tensors
            .get(name)
            .ok_or_else(|| ModelError::MissingTensor { path: self.path.clone(), tensor: tensor() })?;
        let shard = &self.shards[entry.shard];
        if entry.shape != shape {
            let (expected, found) = (shape.to_vec(), entry.shape.clone());
            return Err(ModelError::Shape { path: shard.path.clone(), tensor: tensor(), expected, found });
        }
        let dtype = match entry.dtype {
            safetensors::Dtype::F32 => Dtype::F32,
            safetensors::Dtype::BF16 => Dtype::Bf16,
            safetensors::Dtype::F16 => Dtype::F16,
            other => {
                let (path, found) = (shard.path.clone(), format!("{other:?}"));
                return Err(ModelError::Dtype { path, tensor: tensor(), found });
            }
        };
        Ok(RawTensor { dtype, shape: &entry.shape, bytes: &shard.file[entry.bytes.clone()] })
    }

    /// Bytes of all files.
    pub(crate) fn total_bytes(&self) -> u64 {
        self.shards.iter().map(|shard| shard.file.len() as u64).sum()
    }

    /// That no file changed since it was opened: to be asked when everything was read, because the manifest speaks of
    /// the bytes that were hashed.
    pub(crate) fn still_the_same(&self) -> Result<(), ModelError> {
        match self.shards.iter().find(|shard| !shard.file.is_unchanged()) {
            Some(shard) => Err(ModelError::Changed { path: shard.path.clone() }),
            None => Ok(()),
        }
    }
}

/// `model.safetensors.index.json`: which file holds which tensor.
#[derive(Debug)]
pub(crate) struct Index {
    path: PathBuf,
    shards: HashMap<String, String>,
}

impl Index {
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ModelError> {
        #[derive(serde::Deserialize)]
        struct File {
            weight_map: HashMap<String, String>,
        }
        let File { weight_map: shards } =
            serde_json::from_slice(bytes).map_err(|source| ModelError::Index { path: path.to_owned(), source })?;
        // names only: an index may not reach out of its folder
        let plain = |name: &str| !name.is_empty() && name != ".." && name != "." && !name.contains(['/', '\\', '\0']);
        if let Some((tensor, shard)) = shards.iter().find(|(_, shard)| !plain(shard)) {
            let (tensor, shard) = (tensor.clone(), shard.clone());
            return Err(ModelError::ShardName { path: path.to_owned(), tensor, shard });
        }
        Ok(Self { path: path.to_owned(), shards })
    }

    /// The files that it names, in order, each with one of its tensors.
    pub(crate) fn files(&self) -> Vec<(&str, &str)> {
        let mut files: Vec<(&str, &str)> = self.shards.iter().map(|(tensor, file)| (&**file, &**tensor)).collect();
        files.sort_unstable();
        files.dedup_by_key(|(file, _)| *file);
        files
    }

    fn shard_of(&self, tensor: &str) -> Option<&str> {
        self.shards.get(tensor).map(String::as_str)
    }
}

/// Checks a file's header: offsets, overlaps and the file's length.
fn header(path: &Path, bytes: &[u8], shard: usize) -> Result<Vec<(String, Entry)>, ModelError> {
    if bytes.starts_with(b"version https://git-lfs") {
        return Err(ModelError::Pointer { path: path.to_owned() });
    }
    let (header, metadata) = match SafeTensors::read_metadata(bytes) {
        Ok(read) => read,
        Err(safetensors::SafeTensorError::MetadataIncompleteBuffer) if let Some(cut) = cut(path, bytes) => {
            return Err(cut);
        }
        Err(source) => return Err(ModelError::Weights { path: path.to_owned(), source }),
    };
    let entries = metadata.tensors().into_iter().map(|(name, info)| {
        let (start, end) = info.data_offsets;
        let bytes = 8 + header + start..8 + header + end;
        (name, Entry { shard, dtype: info.dtype, shape: info.shape.clone(), bytes })
    });
    Ok(entries.collect())
}

/// The first tensor that lies beyond the end of a file whose header is whole: an interrupted download.
fn cut(path: &Path, bytes: &[u8]) -> Option<ModelError> {
    let (length, rest) = bytes.split_first_chunk()?;
    let header = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let data = rest.len().checked_sub(header)? as u64;
    let header: HashMap<String, serde_json::Value> = serde_json::from_slice(&rest[..header]).ok()?;
    let end = |info: &serde_json::Value| info["data_offsets"][1].as_u64();
    let beyond = |(tensor, info): (&String, _)| end(info).filter(|end| *end > data).map(|end| (end, tensor.clone()));
    let (end, tensor) = header.iter().filter_map(beyond).min()?;
    let missing = end - data;
    Some(ModelError::Truncated { path: path.to_owned(), tensor, missing })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_names_its_files_once_and_in_order() {
        let parse = |text: &str| Index::parse("model.safetensors.index.json".as_ref(), text.as_bytes());
        let index = parse(r#"{"metadata": {}, "weight_map": {"c": "2", "b": "1", "a": "2"}}"#).expect("valid");
        assert_eq!(index.files(), [("1", "b"), ("2", "a")]);
        for name in ["../1", "", "..", "/etc/passwd", "a/b", "a\\\\b"] {
            let error = parse(&format!(r#"{{"weight_map": {{"a": "{name}"}}}}"#)).expect_err(name);
            assert!(matches!(error, ModelError::ShardName { .. }), "{error}");
        }
        assert!(matches!(parse("{}"), Err(ModelError::Index { .. })));
    }
}
