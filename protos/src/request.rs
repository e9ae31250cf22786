//! Requests: `primitives` values and the bytes of a payload.

use primitives::{ChatMessage, EmbedRequest, GenerateRequest, Prompt, Request, Sampling};
use prost::Message;

use crate::{
    EMBED, GENERATE, INFER, WireError,
    error::at_most,
    limits::{
        MAX_CHAT_MESSAGES, MAX_NEW_TOKENS, MAX_PROMPT_BYTES, MAX_PROMPT_TOKENS, MAX_REQUEST_BYTES, MAX_ROLE_BYTES,
        MAX_STOP_BYTES, MAX_STOPS, MAX_TEMPERATURE_MILLI, MAX_TEXT_BYTES, MAX_TEXTS, MAX_TOP_P_MILLI,
    },
    tensor::{decode_arguments, encode_arguments},
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
        Request::Infer(request) => Ok((INFER, encode_arguments(request)?)),
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
    if method == INFER {
        return decode_arguments(payload).map(Request::Infer);
    }
    let message = wire::GenerateRequest::decode(payload)
        .map_err(|source| WireError::Decode { message: "GenerateRequest", source })?;
    message.try_into().map(Request::Generate)
}

impl From<GenerateRequest> for wire::GenerateRequest {
    fn from(request: GenerateRequest) -> Self {
        let GenerateRequest { prompt, max_new_tokens, sampling, stop, logprobs } = request;
        let prompt = match prompt {
            Prompt::Text(text) => wire::generate_request::Prompt::Text(text),
            Prompt::Tokens(ids) => wire::generate_request::Prompt::Tokens(wire::TokenIds { ids }),
            Prompt::Chat(messages) => wire::generate_request::Prompt::Chat(wire::Chat {
                messages: messages
                    .into_iter()
                    .map(|ChatMessage { role, content }| wire::ChatMessage { role, content })
                    .collect(),
            }),
        };
        let Sampling { temperature_milli, top_p_milli, top_k } = sampling;
        // All of the probability is what a message without the field says.
        let top_p_milli = if top_p_milli == MAX_TOP_P_MILLI { 0 } else { top_p_milli };
        Self { prompt: Some(prompt), max_new_tokens, temperature_milli, top_p_milli, top_k, stop, logprobs }
    }
}

impl TryFrom<wire::GenerateRequest> for GenerateRequest {
    type Error = WireError;

    fn try_from(message: wire::GenerateRequest) -> Result<Self, WireError> {
        check_generate(&message)?;
        let wire::GenerateRequest { prompt, max_new_tokens, temperature_milli, top_p_milli, top_k, stop, logprobs } =
            message;
        let prompt = match prompt.ok_or(WireError::Missing("prompt"))? {
            wire::generate_request::Prompt::Text(text) => Prompt::Text(text),
            wire::generate_request::Prompt::Tokens(tokens) => Prompt::Tokens(tokens.ids),
            wire::generate_request::Prompt::Chat(chat) => Prompt::Chat(
                chat.messages
                    .into_iter()
                    .map(|message| ChatMessage { role: message.role, content: message.content })
                    .collect(),
            ),
        };
        let top_p_milli = if top_p_milli == 0 { MAX_TOP_P_MILLI } else { top_p_milli };
        let sampling = Sampling { temperature_milli, top_p_milli, top_k };
        Ok(Self { prompt, max_new_tokens, sampling, stop, logprobs })
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
        Some(wire::generate_request::Prompt::Chat(chat)) => {
            at_most("chat messages", chat.messages.len(), MAX_CHAT_MESSAGES)?;
            let bytes = chat.messages.iter().map(|message| message.content.len()).sum();
            at_most("prompt text", bytes, MAX_PROMPT_BYTES)?;
            chat.messages.iter().try_for_each(|message| at_most("role", message.role.len(), MAX_ROLE_BYTES))?;
            chat.messages.len()
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
    at_most("temperature_milli", message.temperature_milli as usize, MAX_TEMPERATURE_MILLI as usize)?;
    at_most("top_p_milli", message.top_p_milli as usize, MAX_TOP_P_MILLI as usize)?;
    at_most("stop", message.stop.len(), MAX_STOPS)?;
    for text in &message.stop {
        at_most("stop text", text.len(), MAX_STOP_BYTES)?;
        if text.is_empty() {
            return Err(WireError::Missing("stop text"));
        }
    }
    Ok(())
}

fn check_texts(texts: &[String]) -> Result<(), WireError> {
    if texts.is_empty() {
        return Err(WireError::Missing("texts"));
    }
    at_most("texts", texts.len(), MAX_TEXTS)?;
    texts.iter().try_for_each(|text| at_most("text", text.len(), MAX_TEXT_BYTES))
}
