//! JSON-RPC as the embedded chain gets it.

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::node::NODE;

/// What only the owner of a chain for tests sends: ten thousand blocks, an hour of silence and the like.
const OWNERS: &str = "dev_";
/// Codes that JSON-RPC has for what is no request, names no method or has other parameters.
const NO_REQUEST: RangeInclusive<i64> = -32700..=-32600;
/// A failure inside, which no request may cause.
const INTERNAL_ERROR: i64 = -32603;

/// One frame. Whether it asked something that the node understood, to which its answer may be no. Under the fuzzer a panic inside
/// is a finding too, though the node contains it.
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
    let Some(error) = error else { return true };
    let code = error["code"].as_i64().expect("a number");
    assert_ne!(code, INTERNAL_ERROR, "{text}: {error}");
    assert!(error["message"].is_string(), "{text}: {error}");
    !NO_REQUEST.contains(&code)
}
