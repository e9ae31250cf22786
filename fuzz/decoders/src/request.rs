//! What a request asks.

use primitives::{EmbedRequest, GenerateRequest, InferRequest, Prompt, Request, Sampling};
use protos::{
    EMBED, GENERATE, INFER, MAX_CHAT_MESSAGES, MAX_NAME_BYTES, MAX_NEW_TOKENS, MAX_PROMPT_BYTES, MAX_PROMPT_TOKENS,
    MAX_REQUEST_BYTES, MAX_ROLE_BYTES, MAX_STOP_BYTES, MAX_STOPS, MAX_TEMPERATURE_MILLI, MAX_TENSORS, MAX_TEXT_BYTES,
    MAX_TEXTS, MAX_TOP_P_MILLI, decode_request, encode_request, request_json, wire::SignedRequest,
};

/// A request's payload, as each method would take it. Whether one does.
pub fn request(bytes: &[u8]) -> bool {
    let mut taken = false;
    for method in [GENERATE, EMBED, INFER] {
        let Ok(request) = decode_request(method, bytes) else { continue };
        assert!(is_within_limits(&request), "{request:?}");
        let (of, encoded) = encode_request(&request).expect("what was decoded is within the limits");
        assert!(of == method && encoded.len() <= MAX_REQUEST_BYTES);
        assert_eq!(decode_request(method, &encoded).expect("its own form"), request);
        let signed = SignedRequest { auth: None, payload: encoded, signature: Vec::new() };
        assert!(request_json(&signed).is_object());
        let json = serde_json::to_string(&request).expect("texts and whole numbers");
        assert_eq!(serde_json::from_str::<Request>(&json).expect("its own form"), request);
        taken = true;
    }
    taken
}

fn is_within_limits(request: &Request) -> bool {
    match request {
        Request::Generate(GenerateRequest { prompt, max_new_tokens, sampling, stop, .. }) => {
            let prompt = match prompt {
                Prompt::Text(text) => (1..=MAX_PROMPT_BYTES).contains(&text.len()),
                Prompt::Tokens(ids) => (1..=MAX_PROMPT_TOKENS).contains(&ids.len()),
                Prompt::Chat(messages) => {
                    (1..=MAX_CHAT_MESSAGES).contains(&messages.len())
                        && messages.iter().all(|message| message.role.len() <= MAX_ROLE_BYTES)
                        && messages.iter().map(|message| message.content.len()).sum::<usize>() <= MAX_PROMPT_BYTES
                }
            };
            let Sampling { temperature_milli, top_p_milli, .. } = *sampling;
            prompt
                && (1..=MAX_NEW_TOKENS).contains(max_new_tokens)
                && temperature_milli <= MAX_TEMPERATURE_MILLI
                && (1..=MAX_TOP_P_MILLI).contains(&top_p_milli)
                && stop.len() <= MAX_STOPS
                && stop.iter().all(|text| (1..=MAX_STOP_BYTES).contains(&text.len()))
        }
        Request::Embed(EmbedRequest { texts }) => {
            (1..=MAX_TEXTS).contains(&texts.len()) && texts.iter().all(|text| text.len() <= MAX_TEXT_BYTES)
        }
        Request::Infer(InferRequest { tensors }) => {
            (1..=MAX_TENSORS).contains(&tensors.len())
                && tensors.iter().all(|tensor| {
                    tensor.name().len() <= MAX_NAME_BYTES
                        && tensor.dtype().bytes(tensor.shape()) == Some(tensor.data().len())
                })
        }
    }
}
