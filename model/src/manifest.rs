//! What a model is: the names and digests of its files, and the limits that follow from them.

use primitives::{Digest, ProofKind};
use serde::{Deserialize, Serialize};

/// A file of a model and the digest of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// Its name in the model's folder.
    pub name: String,
    /// BLAKE3 of its bytes.
    pub digest: Digest,
}

/// The identity and the limits of a loaded model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The folder's name. A label: two models are the same when their digests are.
    pub name: String,
    /// Hugging Face's name of the architecture, `llama` or `bert`.
    pub architecture: String,
    /// Digest over the names and digests of all files that decide the output.
    pub digest: Digest,
    /// Those files, sorted by name.
    pub files: Vec<FileDigest>,
    /// Token ids are below this.
    pub vocab_size: usize,
    /// Prompt and answer together have at most so many tokens.
    pub max_context: usize,
    /// Tokens that end a text; empty for an encoder.
    pub end_tokens: Vec<u32>,
    /// What an answer of it shows.
    pub proof: ProofKind,
    /// Names the calibration that lies with the model, if there is one.
    pub calibration: Option<Digest>,
}

/// One digest over all files, whatever order they are named in.
pub(crate) fn digest(files: &mut [FileDigest]) -> Digest {
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let mut bytes = Vec::new();
    for file in files {
        bytes.extend_from_slice(&(file.name.len() as u64).to_le_bytes());
        bytes.extend_from_slice(file.name.as_bytes());
        bytes.extend_from_slice(&file.digest.0);
    }
    Digest::derive("assay 2026 model manifest v1", &[&bytes])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_contents_count_and_order_does_not() {
        let file = |name: &str, bytes: &[u8]| FileDigest { name: name.to_owned(), digest: Digest::of(bytes) };
        let mut files = [file("b", b"2"), file("a", b"1")];
        let one = digest(&mut files);
        assert_eq!(files[0].name, "a");
        assert_eq!(digest(&mut files), one);
        assert_ne!(digest(&mut [file("a", b"1"), file("b", b"3")]), one);
        assert_ne!(digest(&mut [file("a", b"1"), file("c", b"2")]), one);
        assert_ne!(digest(&mut [file("a", b"1")]), one);
    }
}
