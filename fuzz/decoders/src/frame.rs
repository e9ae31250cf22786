//! JSON-RPC as the embedded chain gets it.

use serde_json::Value;

use crate::node::NODE;

/// What only the owner of a chain for tests sends: ten thousand blocks, an hour of silence and the like.
const OWNERS: &str = "dev_";
/// A failure inside, which no request may cause.
const INTERNAL_ERROR: i64 = -32603;

/// One frame. Whether it was answered with a result.
pub fn frame(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let asked: Result<Value, _> = serde_json::from_str(text);
    let method = asked.as_ref().ok().and_then(|asked| asked["method"].as_str());
    if method.is_some_and(|method| method.starts_with(OWNERS)) {
        return false;
    }
    let Some(answer) = NODE.runtime.block_on(NODE.chain.answer(text)) else { return false };
    let answer: Value = serde_json::from_str(&answer).expect("answers are JSON");
    assert_eq!(answer["jsonrpc"], "2.0", "{answer}");
    let (result, error) = (answer.get("result"), answer.get("error"));
    assert!(result.is_some() != error.is_some(), "{answer}");
    if let Some(error) = error {
        assert_ne!(error["code"], INTERNAL_ERROR, "{text}: {error}");
        assert!(!error["message"].as_str().expect("words").contains("panick"), "{text}: {error}");
    }
    result.is_some()
}
