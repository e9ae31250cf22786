//! A signed request as JSON, in Protobuf's own mapping: bytes as base64, 64-bit numbers as texts. Any gRPC client that
//! learns the messages by reflection can send it.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use protos::wire::{Auth, SignedRequest};
use serde_json::{Value, json};

/// The JSON of a request.
pub fn json(request: &SignedRequest) -> Value {
    let bytes = |bytes: &[u8]| BASE64_STANDARD.encode(bytes);
    let auth = request.auth.as_ref().map(|auth| {
        let Auth { signer, receiver, nonce, issued_ms, expires_ms, genesis, netuid } = auth;
        json!({
            "signer": bytes(signer),
            "receiver": bytes(receiver),
            "nonce": bytes(nonce),
            "issuedMs": issued_ms.to_string(),
            "expiresMs": expires_ms.to_string(),
            "genesis": bytes(genesis),
            "netuid": netuid,
        })
    });
    json!({ "auth": auth, "payload": bytes(&request.payload), "signature": bytes(&request.signature) })
}
