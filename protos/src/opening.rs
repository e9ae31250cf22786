//! Hidden rows that a miner shows afterwards.

use primitives::Digest;
use prost::Message;

use crate::{
    WireError,
    error::{at_most, fixed},
    limits::{MAX_OPEN_REQUEST_BYTES, MAX_OPENED_ROWS, MAX_OPENING_PATH, MAX_ROW_WIDTH},
    wire,
};

/// Which hidden rows of an answer to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRequest {
    /// Names the request that was answered.
    pub request: Digest,
    /// From 0, the prompt's first.
    pub positions: Vec<u32>,
}

/// A hidden row and what leads from it to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenRow {
    /// Which one.
    pub position: u32,
    /// Bits of bf16.
    pub row: Vec<u16>,
    /// The lowest first.
    pub path: Vec<Digest>,
}

impl OpenRequest {
    /// The payload. A request that a receiver would refuse is not encoded.
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        let Self { request, positions } = self.clone();
        check_positions(&positions)?;
        Ok(wire::OpenRequest { request: request.0.to_vec(), positions }.encode_to_vec())
    }

    /// From a payload.
    pub fn decode(payload: &[u8]) -> Result<Self, WireError> {
        at_most("payload", payload.len(), MAX_OPEN_REQUEST_BYTES)?;
        let wire::OpenRequest { request, positions } = wire::OpenRequest::decode(payload)
            .map_err(|source| WireError::Decode { message: "OpenRequest", source })?;
        check_positions(&positions)?;
        Ok(Self { request: Digest(fixed("request", &request)?), positions })
    }
}

fn check_positions(positions: &[u32]) -> Result<(), WireError> {
    if positions.is_empty() {
        return Err(WireError::Missing("positions"));
    }
    at_most("positions", positions.len(), MAX_OPENED_ROWS)
}

/// The payload of a response. Rows that a receiver would refuse are not encoded.
pub fn encode_openings(rows: Vec<HiddenRow>) -> Result<Vec<u8>, WireError> {
    at_most("openings", rows.len(), MAX_OPENED_ROWS)?;
    rows.iter().try_for_each(|row| at_most("row", row.row.len(), MAX_ROW_WIDTH))?;
    let opening = |HiddenRow { position, row, path }| wire::Opening {
        position,
        row: row.into_iter().flat_map(u16::to_le_bytes).collect(),
        path: path.into_iter().map(|digest: Digest| digest.0.to_vec()).collect(),
    };
    Ok(wire::OpenResponse { openings: rows.into_iter().map(opening).collect() }.encode_to_vec())
}

/// A response with so many rows has at most so many bytes.
pub fn max_openings_bytes(rows: usize) -> usize {
    // A digest and its frame; the position and the frames of an opening.
    rows.saturating_mul(2 * MAX_ROW_WIDTH + MAX_OPENING_PATH * 34 + 32)
}

/// The rows in a response to a request for these positions: they and no others, in order.
pub fn decode_openings(payload: &[u8], positions: &[u32]) -> Result<Vec<HiddenRow>, WireError> {
    at_most("payload", payload.len(), max_openings_bytes(positions.len()))?;
    let message =
        wire::OpenResponse::decode(payload).map_err(|source| WireError::Decode { message: "OpenResponse", source })?;
    let (actual, expected) = (message.openings.len(), positions.len());
    if actual != expected {
        return Err(WireError::Count { field: "openings", actual, expected });
    }
    let row = |(opening, asked): (wire::Opening, &u32)| {
        let wire::Opening { position, row, path } = opening;
        if position != *asked {
            return Err(WireError::Value { field: "position", value: position.into() });
        }
        at_most("row", row.len(), 2 * MAX_ROW_WIDTH)?;
        at_most("path", path.len(), MAX_OPENING_PATH)?;
        if !row.len().is_multiple_of(2) {
            return Err(WireError::Count { field: "row", actual: row.len(), expected: row.len() + 1 });
        }
        let path = path.iter().map(|digest| Ok(Digest(fixed("path", digest)?))).collect::<Result<_, WireError>>()?;
        let row = row.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        Ok(HiddenRow { position, row, path })
    };
    message.openings.into_iter().zip(positions).map(row).collect()
}
