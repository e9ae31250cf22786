//! Where the server is, and what it is asked for.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

/// A server that speaks OpenAI's API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenAiConfig {
    /// Its address, without `/v1`.
    pub url: String,
    /// The model's name, as the server's `/v1/models` lists it.
    pub model: String,
    /// Folder with the model's tokenizer.json, for servers that don't say the ids of their tokens.
    pub tokenizer: Option<PathBuf>,
    /// A file with the key that the server wants.
    pub api_key_path: Option<PathBuf>,
    /// A server that says nothing for so long is given up.
    pub silence_seconds: u64,
    /// How often the server is asked whether it is there.
    pub poll_seconds: u64,
}

impl Default for OpenAiConfig {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:8000".into(),
            model: "default".into(),
            tokenizer: None,
            api_key_path: None,
            silence_seconds: 60,
            poll_seconds: 2,
        }
    }
}

impl OpenAiConfig {
    pub(crate) fn silence(&self) -> Duration {
        Duration::from_secs(self.silence_seconds.max(1))
    }

    pub(crate) fn poll(&self) -> Duration {
        Duration::from_secs(self.poll_seconds.max(1))
    }
}
