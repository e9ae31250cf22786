//! What a JSON-RPC message is about.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::Garbage;

/// A kind of message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What the client asks, by its method.
    Request(String),
    /// What the node answers to that method.
    Answer(String),
    /// What the node says to a subscriber, by the method that the message itself names: `chain_finalizedHead`.
    News(String),
}

impl Kind {
    /// Requests of a method.
    pub fn request(method: &str) -> Self {
        Self::Request(method.to_owned())
    }

    /// Answers to a method.
    pub fn answer(method: &str) -> Self {
        Self::Answer(method.to_owned())
    }

    /// News of a method.
    pub fn news(method: &str) -> Self {
        Self::News(method.to_owned())
    }
}

/// What is read of every message.
#[derive(Debug, Deserialize)]
pub(crate) struct Envelope {
    pub(crate) id: Option<Value>,
    pub(crate) method: Option<String>,
}

/// What is read of a request that may ask for a head.
#[derive(Debug, Deserialize)]
pub(crate) struct Parameters {
    #[serde(default)]
    params: Value,
}

impl Envelope {
    /// None of what is no single JSON-RPC message: it passes as it is.
    pub(crate) fn of(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl Parameters {
    /// Whether a request names nothing in particular.
    pub(crate) fn are_absent(text: &str) -> bool {
        let nothing = |params: &Value| match params {
            Value::Null => true,
            Value::Array(items) => items.iter().all(Value::is_null),
            _ => false,
        };
        serde_json::from_str::<Self>(text).is_ok_and(|request| nothing(&request.params))
    }
}

/// What a node answers that does not have the method of a request.
pub(crate) fn unknown_method(request: &str) -> Option<String> {
    let id = Envelope::of(request)?.id?;
    let error = json!({ "code": -32601, "message": "Method not found" });
    Some(json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string())
}

/// What a client gets in place of an answer or of news.
pub(crate) fn garble(garbage: Garbage, text: &str) -> String {
    let mut message: Value = serde_json::from_str(text).unwrap_or_default();
    let odd = || json!({ "odd": [true, null, -1] });
    let is_answer = message.get("id").is_some();
    match (garbage, is_answer) {
        (Garbage::NotJson, _) => return "}{ this is no JSON \u{0}".to_owned(),
        (Garbage::Oversize(bytes), _) => return " ".repeat(bytes),
        (Garbage::WrongId, true) => message["id"] = json!(u32::MAX),
        (Garbage::WrongId, false) => message["params"]["subscription"] = json!("nobody"),
        (Garbage::WrongType, true) => message = json!({ "jsonrpc": "2.0", "id": message["id"], "result": odd() }),
        (Garbage::WrongType, false) => message["params"]["result"] = odd(),
    }
    message.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_garbage_of_its_kind() {
        let answer = r#"{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":"no"}}"#;
        let news = r#"{"jsonrpc":"2.0","method":"m","params":{"subscription":"s","result":1}}"#;
        let garbled = |garbage, text| serde_json::from_str::<Value>(&garble(garbage, text));
        assert!(garbled(Garbage::NotJson, answer).is_err());
        assert_eq!(garble(Garbage::Oversize(9), news).len(), 9);
        assert_ne!(garbled(Garbage::WrongId, answer).unwrap()["id"], 3);
        assert_eq!(garbled(Garbage::WrongId, news).unwrap()["params"]["result"], 1);
        let odd = garbled(Garbage::WrongType, answer).unwrap();
        assert_eq!((&odd["id"], odd.get("error")), (&json!(3), None));
        assert_eq!(garbled(Garbage::WrongType, news).unwrap()["params"]["subscription"], "s");
    }

    #[test]
    fn who_asked_is_told() {
        let answer: Value = serde_json::from_str(&unknown_method(r#"{"id":7,"method":"m"}"#).unwrap()).unwrap();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(7), &json!(-32601)));
        assert_eq!(unknown_method("no JSON"), None);
    }

    #[test]
    fn only_the_head_is_asked_for_with_nothing() {
        for nothing in [r#"{"id":1}"#, r#"{"params":[]}"#, r#"{"params":[null]}"#, r#"{"params":null}"#] {
            assert!(Parameters::are_absent(nothing), "{nothing}");
        }
        for something in [r#"{"params":[0]}"#, r#"{"params":["0x"]}"#, r#"{"params":{"hash":"0x"}}"#, ""] {
            assert!(!Parameters::are_absent(something), "{something}");
        }
    }
}
