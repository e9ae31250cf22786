//! Requests: `primitives` values and the bytes of a payload.

use primitives::{EmbedRequest, GenerateRequest, Prompt, Request};
use prost::Message;

use crate::{
    EMBED, GENERATE, WireError,
    error::at_most,
    limits::{
        MAX_NEW_TOKENS, MAX_PROMPT_BYTES, MAX_PROMPT_TOKENS, MAX_REQUEST_BYTES, MAX_TEMPERATURE_MILLI, MAX_TEXT_BYTES,
        MAX_TEXTS,
    },
    wire,
};

/// The payload of a request and the method that takes it. A request that a receiver would refuse is not encoded.
pub fn encode_request(request: &Request) -> Result<(&'static str, Vec<u8>), WireError> {
    match request {
        Request::Generate(request) => {
            let message = wire::GenerateRequest::from(request.clone());
            check_generate(&message)?;
            Ok((GENERATE, message.encode_to_vec()))
        }
        Request::Embed(request) => {
            let message = wire::EmbedRequest::from(request.clone());
            check_texts(&message.texts)?;
            Ok((EMBED, message.encode_to_vec()))
        }
    }
}

/// What a payload asks of the method that was called.
pub fn decode_request(method: &str, payload: &[u8]) -> Result<Request, WireError> {
    at_most("payload", payload.len(), MAX_REQUEST_BYTES)?;
    if method == EMBED {
        let message = wire::EmbedRequest::decode(payload)
            .map_err(|source| WireError::Decode { message: "EmbedRequest", source })?;
        return message.try_into().map(Request::Embed);
    }
    let message = wire::GenerateRequest::decode(payload)
        .map_err(|source| WireError::Decode { message: "GenerateRequest", source })?;
    message.try_into().map(Request::Generate)
}

impl From<GenerateRequest> for wire::GenerateRequest {
    fn from(request: GenerateRequest) -> Self {
        let prompt = match request.prompt {
            Prompt::Text(text) => wire::generate_request::Prompt::Text(text),
            Prompt::Tokens(ids) => wire::generate_request::Prompt::Tokens(wire::TokenIds { ids }),
        };
        Self {
            prompt: Some(prompt),
            max_new_tokens: request.max_new_tokens,
            temperature_milli: request.temperature_milli,
        }
    }
}

impl TryFrom<wire::GenerateRequest> for GenerateRequest {
    type Error = WireError;

    fn try_from(message: wire::GenerateRequest) -> Result<Self, WireError> {
        check_generate(&message)?;
        let wire::GenerateRequest { prompt, max_new_tokens, temperature_milli } = message;
        let prompt = match prompt.ok_or(WireError::Missing("prompt"))? {
            wire::generate_request::Prompt::Text(text) => Prompt::Text(text),
            wire::generate_request::Prompt::Tokens(tokens) => Prompt::Tokens(tokens.ids),
        };
        Ok(Self { prompt, max_new_tokens, temperature_milli })
    }
}

impl From<EmbedRequest> for wire::EmbedRequest {
    fn from(request: EmbedRequest) -> Self {
        Self { texts: request.texts }
    }
}

impl TryFrom<wire::EmbedRequest> for EmbedRequest {
    type Error = WireError;

    fn try_from(message: wire::EmbedRequest) -> Result<Self, WireError> {
        check_texts(&message.texts)?;
        Ok(Self { texts: message.texts })
    }
}

fn check_generate(message: &wire::GenerateRequest) -> Result<(), WireError> {
    let size = match &message.prompt {
        Some(wire::generate_request::Prompt::Text(text)) => {
            at_most("prompt text", text.len(), MAX_PROMPT_BYTES)?;
            text.len()
        }
        Some(wire::generate_request::Prompt::Tokens(tokens)) => {
            at_most("prompt tokens", tokens.ids.len(), MAX_PROMPT_TOKENS)?;
            tokens.ids.len()
        }
        None => 0,
    };
    if size == 0 {
        return Err(WireError::Missing("prompt"));
    }
    if message.max_new_tokens == 0 {
        return Err(WireError::Missing("max_new_tokens"));
    }
    at_most("max_new_tokens", message.max_new_tokens as usize, MAX_NEW_TOKENS as usize)?;
    at_most("temperature_milli", message.temperature_milli as usize, MAX_TEMPERATURE_MILLI as usize)
}

fn check_texts(texts: &[String]) -> Result<(), WireError> {
    if texts.is_empty() {
        return Err(WireError::Missing("texts"));
    }
    at_most("texts", texts.len(), MAX_TEXTS)?;
    texts.iter().try_for_each(|text| at_most("text", text.len(), MAX_TEXT_BYTES))
}
