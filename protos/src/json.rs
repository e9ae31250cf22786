//! Signed messages as JSON, in Protobuf's own mapping: bytes as base64, 64-bit numbers as texts. Any gRPC client that
//! learns the messages by reflection can send them.

use serde::{Deserialize, Serialize};

use crate::wire::{Auth, SignedEvent, SignedRequest, SignedResponse};

/// The JSON of a signed request.
pub fn request_json(request: &SignedRequest) -> serde_json::Value {
    serde_json::to_value(RequestJson::from(request)).unwrap_or_default()
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RequestJson {
    auth: Option<AuthJson>,
    #[serde(with = "base64_text")]
    payload: Vec<u8>,
    #[serde(with = "base64_text")]
    signature: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AuthJson {
    #[serde(with = "base64_text")]
    signer: Vec<u8>,
    #[serde(with = "base64_text")]
    receiver: Vec<u8>,
    #[serde(with = "base64_text")]
    nonce: Vec<u8>,
    #[serde(with = "number_text")]
    issued_ms: u64,
    #[serde(with = "number_text")]
    expires_ms: u64,
    #[serde(with = "base64_text")]
    genesis: Vec<u8>,
    netuid: u32,
}

/// An event or a response.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignedJson {
    #[serde(with = "base64_text")]
    payload: Vec<u8>,
    #[serde(with = "base64_text", default, skip_serializing_if = "Vec::is_empty")]
    signature: Vec<u8>,
}

impl From<&SignedRequest> for RequestJson {
    fn from(request: &SignedRequest) -> Self {
        let SignedRequest { auth, payload, signature } = request.clone();
        let auth = auth.map(|auth| {
            let Auth { signer, receiver, nonce, issued_ms, expires_ms, genesis, netuid } = auth;
            AuthJson { signer, receiver, nonce, issued_ms, expires_ms, genesis, netuid }
        });
        Self { auth, payload, signature }
    }
}

impl From<RequestJson> for SignedRequest {
    fn from(json: RequestJson) -> Self {
        let RequestJson { auth, payload, signature } = json;
        let auth = auth.map(|auth| {
            let AuthJson { signer, receiver, nonce, issued_ms, expires_ms, genesis, netuid } = auth;
            Auth { signer, receiver, nonce, issued_ms, expires_ms, genesis, netuid }
        });
        Self { auth, payload, signature }
    }
}

impl From<&SignedEvent> for SignedJson {
    fn from(event: &SignedEvent) -> Self {
        let SignedEvent { payload, signature } = event.clone();
        Self { payload, signature }
    }
}

impl From<SignedJson> for SignedEvent {
    fn from(json: SignedJson) -> Self {
        Self { payload: json.payload, signature: json.signature }
    }
}

impl From<&SignedResponse> for SignedJson {
    fn from(response: &SignedResponse) -> Self {
        let SignedResponse { payload, signature } = response.clone();
        Self { payload, signature }
    }
}

impl From<SignedJson> for SignedResponse {
    fn from(json: SignedJson) -> Self {
        Self { payload: json.payload, signature: json.signature }
    }
}

mod base64_text {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        BASE64_STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

mod number_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
