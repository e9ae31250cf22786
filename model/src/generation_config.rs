//! `generation_config.json`: which tokens end a text, where the model's own configuration says less.

use serde::Deserialize;

use crate::{ModelError, folder::Folder};

const FILE: &str = "generation_config.json";

#[derive(Deserialize)]
struct GenerationConfig {
    eos_token_id: Option<Ids>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Ids {
    One(u32),
    Many(Vec<u32>),
}

/// The tokens that the file names. None where there is no file or it names none: then `config.json` decides. What else
/// the file says, a default temperature for one, is for the request to choose.
pub(crate) fn end_tokens(folder: &mut Folder, vocab_size: usize) -> Result<Option<Vec<u32>>, ModelError> {
    let path = folder.path(FILE);
    let Some(bytes) = folder.optional(FILE)? else { return Ok(None) };
    let config: GenerationConfig =
        serde_json::from_slice(&bytes).map_err(|source| ModelError::Config { path: path.clone(), source })?;
    let ids = match config.eos_token_id {
        None => return Ok(None),
        Some(Ids::One(id)) => vec![id],
        Some(Ids::Many(ids)) => ids,
    };
    match ids.iter().find(|id| **id as usize >= vocab_size) {
        Some(&id) => {
            let (value, max) = (id.into(), vocab_size as u64 - 1);
            Err(ModelError::ConfigRange { path, field: "eos_token_id", value, min: 0, max })
        }
        None if ids.is_empty() => Ok(None),
        None => Ok(Some(ids)),
    }
}
