//! The model that is measured: where it is, what it is like, and prompts for it.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The first token of every prompt.
const FIRST: u32 = 0;
/// Ids below are special tokens and single bytes in the models that are made here.
const LEAST: u32 = 259;
/// Longer headers than this are nobody's.
const MAX_HEADER_BYTES: u64 = 100_000_000;

#[derive(Debug)]
pub struct Checkpoint {
    pub path: PathBuf,
    config: Config,
    /// Weights that every step reads: all but the embedding's, of which a step reads some rows.
    read_weights: u64,
}

#[derive(Debug, Deserialize)]
struct Config {
    vocab_size: u32,
    hidden_size: u64,
    num_hidden_layers: u64,
    num_attention_heads: u64,
    num_key_value_heads: Option<u64>,
    head_dim: Option<u64>,
}

impl Checkpoint {
    pub fn open(path: &Path) -> Result<Checkpoint> {
        let file = path.join("config.json");
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let config: Config = serde_json::from_str(&text).with_context(|| format!("cannot use {}", file.display()))?;
        let (mut all, mut embedding, mut has_head) = (0, 0, false);
        for entry in fs::read_dir(path)? {
            let file = entry?.path();
            if file.extension().is_none_or(|extension| extension != "safetensors") {
                continue;
            }
            for (name, count) in shapes(&file).with_context(|| format!("cannot use {}", file.display()))? {
                all += count;
                has_head |= name == "lm_head.weight";
                if name == "model.embed_tokens.weight" {
                    embedding = count;
                }
            }
        }
        if all == 0 {
            bail!("no weights in {}", path.display());
        }
        let read_weights = if has_head { all - embedding } else { all };
        Ok(Checkpoint { path: path.to_owned(), config, read_weights })
    }

    /// Bytes that one step reads: the weights once, and of each sequence the keys and values of its tokens.
    pub fn step_bytes(&self, sequences: u64, tokens: u64, number_bytes: u64) -> u64 {
        let Config { hidden_size, num_hidden_layers, num_attention_heads, num_key_value_heads, head_dim, .. } =
            self.config;
        let dim = head_dim.unwrap_or(hidden_size / num_attention_heads.max(1));
        let per_token = 2 * num_hidden_layers * num_key_value_heads.unwrap_or(num_attention_heads) * dim;
        number_bytes * (self.read_weights + sequences * tokens * per_token)
    }

    /// So many prompts of so many tokens, which share their first token and nothing else.
    pub fn prompts(&self, count: usize, tokens: usize, seed: u64) -> Vec<Vec<u32>> {
        let range = self.config.vocab_size.saturating_sub(LEAST).max(1);
        let mut state = seed;
        let mut id =
            || LEAST.min(self.config.vocab_size.saturating_sub(1)) + (mix(&mut state) % u64::from(range)) as u32;
        (0..count)
            .map(|_| std::iter::once(FIRST).chain(std::iter::repeat_with(&mut id)).take(tokens).collect())
            .collect()
    }
}

/// SplitMix64: 64 new bits each time.
fn mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Name and number of values of each tensor in a safetensors file.
fn shapes(file: &Path) -> Result<Vec<(String, u64)>> {
    let mut file = File::open(file)?;
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER_BYTES {
        bail!("its header says that it has {length} bytes");
    }
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header)?;
    let header: Map<String, Value> = serde_json::from_slice(&header)?;
    let tensors = header.into_iter().filter(|(name, _)| name != "__metadata__");
    tensors
        .map(|(name, tensor)| {
            let shape: Vec<u64> = serde_json::from_value(tensor["shape"].clone()).context(name.clone())?;
            Ok((name, shape.iter().product()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn folder(header: &str) -> Result<tempfile::TempDir> {
        let folder = tempfile::tempdir()?;
        let config = r#"{"vocab_size": 1000, "hidden_size": 8, "num_hidden_layers": 3, "num_attention_heads": 4,
            "num_key_value_heads": 2, "other": true}"#;
        fs::write(folder.path().join("config.json"), config)?;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        fs::write(folder.path().join("model.safetensors"), bytes)?;
        Ok(folder)
    }

    #[test]
    fn a_step_reads_all_weights_but_those_of_an_embedding_that_is_not_the_head() -> Result<()> {
        let own = r#"{"__metadata__": {"format": "pt"}, "model.embed_tokens.weight": {"shape": [10, 8]},
            "lm_head.weight": {"shape": [10, 8]}, "model.norm.weight": {"shape": [8]}}"#;
        let own = folder(own)?;
        // of two tokens in one sequence, keys and values of two heads of two numbers in three layers
        let (weights, cache) = (88, 2 * 2 * 2 * 2 * 3);
        assert_eq!(Checkpoint::open(own.path())?.step_bytes(1, 2, 2), 2 * (weights + cache));
        assert_eq!(Checkpoint::open(own.path())?.step_bytes(5, 2, 4), 4 * (weights + 5 * cache));
        let tied = folder(r#"{"model.embed_tokens.weight": {"shape": [10, 8]}}"#)?;
        assert_eq!(Checkpoint::open(tied.path())?.step_bytes(0, 0, 1), 80);
        Ok(())
    }

    #[test]
    fn a_folder_that_is_no_model_is_refused_with_the_files_name() -> Result<()> {
        let broken = folder("{")?;
        let error = Checkpoint::open(broken.path()).map(|found| found.path);
        assert!(error.is_err_and(|error| format!("{error:#}").contains("model.safetensors")));
        fs::write(broken.path().join("config.json"), "{}")?;
        let error = Checkpoint::open(broken.path()).map(|found| found.path);
        assert!(error.is_err_and(|error| format!("{error:#}").contains("config.json")));
        Ok(())
    }

    #[test]
    fn prompts_share_their_first_token_only_and_come_again_with_the_seed() -> Result<()> {
        let folder = folder(r#"{"lm_head.weight": {"shape": [10, 8]}}"#)?;
        let model = Checkpoint::open(folder.path())?;
        let prompts = model.prompts(100, 20, 7);
        assert!(prompts.iter().all(|prompt| prompt.len() == 20 && prompt[0] == FIRST));
        assert!(prompts.iter().flat_map(|prompt| &prompt[1..]).all(|id| (LEAST..1000).contains(id)));
        assert!(prompts.iter().map(|prompt| prompt[1]).collect::<BTreeSet<_>>().len() > 80);
        assert_eq!(model.prompts(100, 20, 7), prompts);
        assert_ne!(model.prompts(100, 20, 8), prompts);
        Ok(())
    }
}
