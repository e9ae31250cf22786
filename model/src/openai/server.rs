//! HTTP: questions to the server, with bounds on what comes back.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    Method, Request, Response, StatusCode, Uri,
    body::{Bytes, Incoming},
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

use super::{OpenAiConfig, OpenAiError, reply};
use crate::ModelError;

/// A list of models.
const MAX_LIST_BYTES: usize = 1 << 20;
/// What a server says about its failure.
const MAX_ERROR_BYTES: usize = 16 << 10;
const CONNECT: Duration = Duration::from_secs(5);
/// Retry-After is taken up to this.
const MAX_RETRY_SECONDS: u64 = 600;

/// A server and the way to it.
pub(crate) struct Server {
    base: String,
    key: Option<HeaderValue>,
    silence: Duration,
    client: Client<HttpConnector, Full<Bytes>>,
    /// Some have no `/health`.
    has_health: AtomicBool,
}

/// What a server says of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) vocab_size: Option<usize>,
    pub(crate) max_context: Option<usize>,
}

#[derive(Deserialize)]
struct List {
    data: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    /// vLLM's and SGLang's.
    max_model_len: Option<usize>,
    /// llama.cpp's.
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    n_vocab: Option<usize>,
    n_ctx: Option<usize>,
}

/// The bytes of a stream of events.
#[derive(Debug)]
pub(crate) struct Stream {
    body: Incoming,
    silence: Duration,
}

impl Server {
    pub(crate) fn new(config: &OpenAiConfig) -> Result<Self, OpenAiError> {
        let base = config.url.trim_end_matches('/').trim_end_matches("/v1").to_owned();
        let refused = |reason| OpenAiError::Url { url: config.url.clone(), reason };
        let uri: Uri = base.parse().map_err(|_| refused("it is no URL"))?;
        match uri.scheme_str() {
            Some("http") => {}
            // Nothing here encrypts: the engine stands on this machine or behind a tunnel.
            Some("https") => return Err(refused("only http:// is spoken; put a proxy or a tunnel before it")),
            _ => return Err(refused("it must begin with http://")),
        }
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(refused("keys are read from a file: model.openai.api_key_path"));
        }
        let key = match &config.api_key_path {
            None => None,
            Some(path) => {
                let text =
                    fs::read_to_string(path).map_err(|source| OpenAiError::KeyFile { path: path.clone(), source })?;
                let unfit = || OpenAiError::Key { path: path.clone() };
                let text = text.trim();
                if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err(unfit());
                }
                let mut value = HeaderValue::from_str(&format!("Bearer {text}")).map_err(|_| unfit())?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { base, key, silence: config.silence(), client, has_health: AtomicBool::new(true) })
    }

    /// What the server says of this model.
    pub(crate) async fn card(&self, model: &str) -> Result<Card, OpenAiError> {
        let list: List = serde_json::from_value(self.get_json("/v1/models").await?)
            .map_err(|source| OpenAiError::Json { source })?;
        let Some(listed) = list.data.iter().find(|listed| listed.id == model) else {
            let names: Vec<&str> = list.data.iter().take(10).map(|listed| listed.id.as_str()).collect();
            let found = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(OpenAiError::OtherModel { wanted: model.to_owned(), found });
        };
        let meta = listed.meta.as_ref();
        Ok(Card {
            vocab_size: meta.and_then(|meta| meta.n_vocab),
            max_context: listed.max_model_len.or(meta.and_then(|meta| meta.n_ctx)),
        })
    }

    /// Whether the server can be asked just now.
    pub(crate) async fn is_healthy(&self) -> Result<(), OpenAiError> {
        if self.has_health.load(Ordering::Relaxed) {
            let response = self.send(Method::GET, "/health", Bytes::new()).await?;
            if response.status() != StatusCode::NOT_FOUND {
                return accepted(response).await.map(drop);
            }
            self.has_health.store(false, Ordering::Relaxed);
        }
        accepted(self.send(Method::GET, "/v1/models", Bytes::new()).await?).await.map(drop)
    }

    /// Ask for a stream.
    pub(crate) async fn stream(&self, path: &str, body: Value) -> Result<Stream, ModelError> {
        let begun = async {
            let response = self.send(Method::POST, path, Bytes::from(body.to_string())).await?;
            accepted(response).await
        };
        let response = begun.await.map_err(OpenAiError::of_request)?;
        Ok(Stream { body: response.into_body(), silence: self.silence })
    }

    async fn get_json(&self, path: &str) -> Result<Value, OpenAiError> {
        let response = accepted(self.send(Method::GET, path, Bytes::new()).await?).await?;
        let bytes = whole(response.into_body(), "the list of models", MAX_LIST_BYTES);
        let bytes = timeout(self.silence, bytes).await.map_err(|_| OpenAiError::Silent(self.silence))??;
        serde_json::from_slice(&bytes).map_err(|source| OpenAiError::Json { source })
    }

    async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Response<Incoming>, OpenAiError> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        request = request.header(CONTENT_TYPE, "application/json").header(ACCEPT, "*/*");
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key);
        }
        let unreachable = |source| OpenAiError::Unreachable { url: self.base.clone(), source };
        let request = request.body(Full::new(body)).map_err(|error| unreachable(error.into()))?;
        match timeout(self.silence, self.client.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if error.is_connect() => Err(unreachable(error.into())),
            Ok(Err(error)) => Err(OpenAiError::Broken { source: error.into() }),
            Err(_) => Err(OpenAiError::Silent(self.silence)),
        }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Stream {
    /// The next bytes; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, OpenAiError> {
        loop {
            let frame = timeout(self.silence, self.body.frame()).await;
            return match frame.map_err(|_| OpenAiError::Silent(self.silence))? {
                None => Ok(None),
                Some(Err(error)) => Err(OpenAiError::Broken { source: error.into() }),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => Ok(Some(bytes)),
                    // trailers say nothing here
                    Err(_) => continue,
                },
            };
        }
    }
}

/// The response, if it says that all is well.
async fn accepted(response: Response<Incoming>) -> Result<Response<Incoming>, OpenAiError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let retry_after = retry_after.map(|seconds: u64| Duration::from_secs(seconds.min(MAX_RETRY_SECONDS)));
    // Whatever it says beside the status is for the log: a body that can't be read is no worse than none.
    let body = timeout(CONNECT, whole(response.into_body(), "", MAX_ERROR_BYTES)).await;
    let body = body.unwrap_or_else(|_| Ok(Bytes::new())).unwrap_or_default();
    let message = match serde_json::from_slice(&body) {
        Ok(json) => reply::complaint(&json),
        Err(_) => reply::complaint(&Value::String(String::from_utf8_lossy(&body).into_owned())),
    };
    Err(OpenAiError::Status { status: status.as_u16(), message, retry_after })
}

async fn whole(body: Incoming, what: &'static str, limit: usize) -> Result<Bytes, OpenAiError> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(OpenAiError::TooLarge { what, limit }),
        Err(source) => Err(OpenAiError::Broken { source }),
    }
}
