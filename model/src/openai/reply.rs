//! One event of an answer. Servers say the same things in different places.

use primitives::FinishReason;
use serde::Deserialize;

use super::OpenAiError;

/// The longest part of a server's complaint that is kept.
const MAX_MESSAGE_BYTES: usize = 400;

/// What an event says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reply {
    pub(crate) text: String,
    /// The new tokens, where the server names them.
    pub(crate) ids: Option<Vec<u32>>,
    /// Whether they stand by themselves, and not only beside their logarithms.
    pub(crate) says_ids: bool,
    pub(crate) logprobs: Option<Vec<f32>>,
    pub(crate) finish: Option<FinishReason>,
    pub(crate) prompt_tokens: Option<u32>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
    error: Option<serde_json::Value>,
    /// A failure that is the whole event.
    message: Option<String>,
}

#[derive(Deserialize)]
struct Choice {
    text: Option<String>,
    delta: Option<Delta>,
    logprobs: Option<Logprobs>,
    finish_reason: Option<String>,
    /// vLLM's.
    token_ids: Option<Vec<u32>>,
    /// llama.cpp's.
    tokens: Option<Vec<u32>>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u32>,
}

/// Both of OpenAI's forms: that of chats, with an entry for each token, and that of completions, in columns.
#[derive(Deserialize)]
struct Logprobs {
    content: Option<Vec<Entry>>,
    token_logprobs: Option<Vec<Option<f64>>>,
}

#[derive(Deserialize)]
struct Entry {
    /// llama.cpp's.
    id: Option<u32>,
    logprob: f64,
}

/// Read an event's data; nothing for the mark at the end of the stream.
pub(crate) fn read(data: &[u8]) -> Result<Option<Reply>, OpenAiError> {
    if data == b"[DONE]" {
        return Ok(None);
    }
    let event: Event = serde_json::from_slice(data).map_err(|source| OpenAiError::Json { source })?;
    if let Some(error) = event.error {
        return Err(OpenAiError::Failed { message: complaint(&error) });
    }
    let mut reply = Reply { prompt_tokens: event.usage.and_then(|usage| usage.prompt_tokens), ..Reply::default() };
    let Some(choice) = event.choices.into_iter().next() else {
        return match event.message {
            Some(message) => Err(OpenAiError::Failed { message: shortened(message) }),
            None => Ok(Some(reply)),
        };
    };
    reply.text = choice.text.or(choice.delta.and_then(|delta| delta.content)).unwrap_or_default();
    let given = choice.token_ids.or(choice.tokens).filter(|ids| !ids.is_empty());
    reply.says_ids = given.is_some();
    let Logprobs { content, token_logprobs } =
        choice.logprobs.unwrap_or(Logprobs { content: None, token_logprobs: None });
    reply.ids = given.or_else(|| content.as_ref()?.iter().map(|entry| entry.id).collect());
    let logprobs: Option<Vec<f64>> = match (content, token_logprobs) {
        (Some(entries), _) => Some(entries.into_iter().map(|entry| entry.logprob).collect()),
        // only a prompt's first token has none, and prompts aren't asked for
        (None, Some(column)) => {
            Some(column.into_iter().collect::<Option<_>>().ok_or(OpenAiError::Nonsense("logprobs"))?)
        }
        (None, None) => None,
    };
    reply.logprobs = logprobs.map(|values| values.into_iter().map(logarithm).collect::<Result<_, _>>()).transpose()?;
    reply.finish = match choice.finish_reason.as_deref() {
        None | Some("") => None,
        Some("stop" | "eos" | "eos_token" | "stop_sequence") => Some(FinishReason::Stop),
        Some("length") => Some(FinishReason::Length),
        Some(other) => return Err(OpenAiError::Finish(shortened(other.to_owned()))),
    };
    Ok(Some(reply))
}

/// Of a probability: rounding may have put it a hair above 1.
fn logarithm(value: f64) -> Result<f32, OpenAiError> {
    let value = value.min(0.0) as f32;
    if value.is_finite() { Ok(value) } else { Err(OpenAiError::Nonsense("logprobs")) }
}

/// A server's own words about a failure.
pub(crate) fn complaint(error: &serde_json::Value) -> String {
    let inner = error.get("error").unwrap_or(error);
    let message = inner.get("message").unwrap_or(inner);
    shortened(message.as_str().map_or_else(|| message.to_string(), str::to_owned))
}

fn shortened(mut text: String) -> String {
    let end = (0..=MAX_MESSAGE_BYTES.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.truncate(end);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(json: &str) -> Reply {
        read(json.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn each_server_is_understood() {
        let llama_cpp = r#"{"choices":[{"text":" for","index":0,"logprobs":{"content":[{"id":320,"token":" for",
            "bytes":[32],"logprob":-2.5,"top_logprobs":[]}]},"finish_reason":null}],"object":"text_completion"}"#;
        let expected =
            Reply { text: " for".into(), ids: Some(vec![320]), logprobs: Some(vec![-2.5]), ..Reply::default() };
        assert_eq!(reply(llama_cpp), expected);
        let vllm = r#"{"choices":[{"index":0,"text":" for the","logprobs":{"text_offset":[0,4],"token_logprobs":[-0.5,
            1e-9],"tokens":[" for"," the"],"top_logprobs":[{},{}]},"finish_reason":null,"token_ids":[5,6]}],"usage":null}"#;
        let two = Reply {
            text: " for the".into(),
            ids: Some(vec![5, 6]),
            says_ids: true,
            logprobs: Some(vec![-0.5, 0.0]),
            ..Reply::default()
        };
        assert_eq!(reply(vllm), two);
        let chat = r#"{"choices":[{"delta":{"content":"hi"},"logprobs":{"content":[{"token":"hi","logprob":-1}]},
            "finish_reason":"length"}]}"#;
        let said = reply(chat);
        assert_eq!((said.text.as_str(), &said.ids, said.finish), ("hi", &None, Some(FinishReason::Length)));
        assert_eq!(said.logprobs, Some(vec![-1.0]));
        assert_eq!(reply(r#"{"choices":[{"delta":{"role":"assistant","content":null}}]}"#), Reply::default());
        let usage = reply(r#"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}"#);
        assert_eq!(usage.prompt_tokens, Some(7));
        assert_eq!(read(b"[DONE]").unwrap(), None);
    }

    #[test]
    fn what_makes_no_sense_is_an_error_of_its_kind() {
        let error = |json: &str| read(json.as_bytes()).unwrap_err();
        assert!(matches!(error("{\"choices\": [{"), OpenAiError::Json { .. }));
        assert!(matches!(error("[1, 2]"), OpenAiError::Json { .. }));
        assert!(matches!(error(r#"{"choices":[{"token_ids":[-1]}]}"#), OpenAiError::Json { .. }));
        let out_of_memory = error(r#"{"error":{"message":"out of memory","code":500}}"#);
        assert_eq!(out_of_memory.to_string(), "the server fails: out of memory");
        assert!(matches!(error(r#"{"object":"error","message":"no"}"#), OpenAiError::Failed { .. }));
        assert!(matches!(error(r#"{"choices":[{"finish_reason":"content_filter"}]}"#), OpenAiError::Finish(_)));
        let columns = r#"{"choices":[{"logprobs":{"token_logprobs":[null]}}]}"#;
        assert!(matches!(error(columns), OpenAiError::Nonsense("logprobs")));
        let deep = r#"{"choices":[{"logprobs":{"token_logprobs":[-1e300]}}]}"#;
        assert!(matches!(error(deep), OpenAiError::Nonsense("logprobs")));
        let long = format!(r#"{{"error":"{}"}}"#, "é".repeat(5_000));
        assert!(error(&long).to_string().len() < 500);
    }
}
