//! Answers that are one message: embeddings, tensors, descriptions, refusals.

use bytes::Bytes;
use primitives::{Digest, Hotkey};
use prost::Message as _;
use protos::{
    Description, MAX_DIMENSIONS, MAX_NAME_BYTES, MAX_RESPONSE_BYTES, MAX_TENSORS, Refusal, decode_embeddings,
    decode_tensors, encode_embeddings, encode_tensors, receipt, wire::SignedResponse,
};
use tonic::{Code, Status};

/// A payload, a signed response around one, and the details of a status. Whether it is any of them.
pub fn answer(bytes: &[u8]) -> bool {
    let payload = embeddings(bytes) | tensors(bytes) | description(bytes);
    payload | response(bytes) | refusal(bytes)
}

fn embeddings(bytes: &[u8]) -> bool {
    let mut counts = (1..=4).filter_map(|texts| Some((texts, decode_embeddings(bytes, texts).ok()?)));
    let Some((texts, vectors)) = counts.next() else { return false };
    assert!(counts.next().is_none(), "as many vectors as texts");
    assert_eq!(vectors.len(), texts);
    let dimensions = vectors[0].len();
    assert!((1..=MAX_DIMENSIONS).contains(&dimensions));
    assert!(vectors.iter().all(|vector| vector.len() == dimensions && vector.iter().all(|value| value.is_finite())));
    let encoded = encode_embeddings(vectors.clone()).expect("what was decoded is within the limits");
    assert_eq!(decode_embeddings(&encoded, texts).expect("its own form"), vectors);
    true
}

fn tensors(bytes: &[u8]) -> bool {
    let Ok(tensors) = decode_tensors(bytes) else { return false };
    assert!((1..=MAX_TENSORS).contains(&tensors.len()));
    for tensor in &tensors {
        assert_eq!(tensor.dtype().bytes(tensor.shape()), Some(tensor.data().len()));
    }
    let encoded = encode_tensors(tensors.clone()).expect("what was decoded is within the limits");
    assert_eq!(decode_tensors(&encoded).expect("its own form"), tensors);
    true
}

fn description(bytes: &[u8]) -> bool {
    let Ok(description) = Description::decode(bytes) else { return false };
    assert!(description.name.len() <= MAX_NAME_BYTES && description.architecture.len() <= MAX_NAME_BYTES);
    assert_eq!(Description::decode(&description.encode()).expect("its own form"), description);
    true
}

fn response(bytes: &[u8]) -> bool {
    let Ok(response) = SignedResponse::decode(bytes) else { return false };
    let (miner, request) = (Hotkey([9; 32]), Digest([2; 32]));
    assert!(receipt::verify_response(&miner, &request, &response).is_err(), "nobody has that key");
    let Ok(description) = receipt::verify_description(&response) else { return false };
    assert!(response.payload.len() <= MAX_RESPONSE_BYTES);
    let mut changed = response;
    changed.payload.extend([0x38, 1]);
    let other = receipt::verify_description(&changed);
    assert!(other.is_err(), "{description:?} is signed, and so is {other:?}");
    true
}

fn refusal(bytes: &[u8]) -> bool {
    let details = Bytes::copy_from_slice(bytes);
    let Some(refusal) = Refusal::from_status(&Status::with_details(Code::Unknown, "no", details)) else { return false };
    let status = Status::from(refusal.clone());
    assert_eq!(status.code(), refusal.reason.code());
    assert_eq!(Refusal::from_status(&status), Some(refusal));
    true
}
