//! Embeddings: vectors and the bytes of a payload.

use prost::Message;

use crate::{
    WireError,
    error::at_most,
    limits::{MAX_DIMENSIONS, MAX_RESPONSE_BYTES, MAX_TEXTS},
    wire,
};

/// The payload of an answer to `Embed`.
pub fn encode_embeddings(embeddings: Vec<Vec<f32>>) -> Result<Vec<u8>, WireError> {
    let texts = embeddings.len();
    check(&embeddings, texts)?;
    let embeddings = embeddings.into_iter().map(|values| wire::Embedding { values }).collect();
    Ok(wire::EmbedResponse { embeddings }.encode_to_vec())
}

/// The vectors of an answer: one for each of `texts`, all of one length, all finite.
pub fn decode_embeddings(payload: &[u8], texts: usize) -> Result<Vec<Vec<f32>>, WireError> {
    at_most("payload", payload.len(), MAX_RESPONSE_BYTES)?;
    let message = wire::EmbedResponse::decode(payload)
        .map_err(|source| WireError::Decode { message: "EmbedResponse", source })?;
    let embeddings: Vec<Vec<f32>> = message.embeddings.into_iter().map(|embedding| embedding.values).collect();
    check(&embeddings, texts)?;
    Ok(embeddings)
}

fn check(embeddings: &[Vec<f32>], texts: usize) -> Result<(), WireError> {
    at_most("embeddings", embeddings.len(), MAX_TEXTS)?;
    if embeddings.len() != texts {
        return Err(WireError::Count { field: "embeddings", actual: embeddings.len(), expected: texts });
    }
    let dimensions = embeddings.first().map_or(0, Vec::len);
    if dimensions == 0 {
        return Err(WireError::Missing("embedding"));
    }
    at_most("dimensions", dimensions, MAX_DIMENSIONS)?;
    for (index, values) in embeddings.iter().enumerate() {
        if values.len() != dimensions {
            return Err(WireError::Count { field: "dimensions", actual: values.len(), expected: dimensions });
        }
        if !values.iter().all(|value| value.is_finite()) {
            return Err(WireError::NotFinite { field: "embedding", index });
        }
    }
    Ok(())
}
