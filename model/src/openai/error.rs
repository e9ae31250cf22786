//! What can go wrong between us and the server.

use std::{error::Error, io, path::PathBuf, time::Duration};

use crate::ModelError;

/// The server can't be asked, or its answer is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // the fields are what the messages say
pub enum OpenAiError {
    #[error("{url} cannot be asked: {reason}")]
    Url { url: String, reason: &'static str },
    #[error("cannot read the key in {}", path.display())]
    KeyFile { path: PathBuf, source: io::Error },
    #[error("{} does not hold one line of visible characters, as a key is", path.display())]
    Key { path: PathBuf },
    #[error("no server answers at {url}: {source}")]
    Unreachable { url: String, source: Box<dyn Error + Send + Sync> },
    #[error("the server answers with status {status}: {message}")]
    Status { status: u16, message: String, retry_after: Option<Duration> },
    #[error("the server has no model {wanted}, but {found}")]
    OtherModel { wanted: String, found: String },
    #[error("the server says something else than JSON")]
    Json { source: serde_json::Error },
    #[error("{what} has more than {limit} bytes")]
    TooLarge { what: &'static str, limit: usize },
    #[error("the server fails: {message}")]
    Failed { message: String },
    #[error("the connection broke: {source}")]
    Broken { source: Box<dyn Error + Send + Sync> },
    #[error("the stream ended before the answer did")]
    Cut,
    #[error("the server has said nothing for {0:?}")]
    Silent(Duration),
    #[error("more than the {0} tokens that were asked for")]
    TooLong(u32),
    #[error("an event's {0} make no sense")]
    Nonsense(&'static str),
    #[error("an answer that ends with {0:?}")]
    Finish(String),
}

/// Where the server gives no time.
const RETRY: Duration = Duration::from_secs(1);
/// Where it isn't there at all.
const AWAY: Duration = Duration::from_secs(2);

impl OpenAiError {
    /// What it means for the request that met it.
    pub(crate) fn of_request(self) -> ModelError {
        match self {
            Self::Unreachable { .. } => ModelError::Unavailable { retry_after: AWAY, source: self.into() },
            Self::Status { status: 429, retry_after, .. } => {
                ModelError::Busy { retry_after: retry_after.unwrap_or(RETRY) }
            }
            Self::Status { status: 503, retry_after, .. } => {
                ModelError::Unavailable { retry_after: retry_after.unwrap_or(AWAY), source: self.into() }
            }
            Self::Status { status: 400 | 413 | 422, .. } => ModelError::Refused { source: self.into() },
            other => ModelError::OpenAi(other),
        }
    }
}
