//! How much of everything: what a peer may make us hold, hash or compute. `docs/protocol.md` lists them and a test
//! compares.

/// A request is accepted while its `issued_ms` is at most this far from the receiver's clock, either way.
pub const CLOCK_WINDOW_MS: u64 = 5_000;
/// A request lives at most this long.
pub const MAX_LIFETIME_MS: u64 = 60_000;
/// Live nonces of one signer. At the limit new requests are refused: a live nonce is never forgotten.
pub const MAX_NONCES_PER_SIGNER: usize = 4_096;

/// A request's payload.
pub const MAX_REQUEST_BYTES: usize = 2_162_688;
/// A whole signed request: the payload and its envelope.
pub const MAX_MESSAGE_BYTES: usize = MAX_REQUEST_BYTES + 1_024;
/// A response's payload.
pub const MAX_RESPONSE_BYTES: usize = 4_259_840;
/// One event's payload.
pub const MAX_EVENT_BYTES: usize = 65_536;

/// A prompt as text.
pub const MAX_PROMPT_BYTES: usize = 65_536;
/// A prompt as token ids.
pub const MAX_PROMPT_TOKENS: usize = 8_192;
/// New tokens of one request.
pub const MAX_NEW_TOKENS: u32 = 4_096;
/// Temperature in thousandths.
pub const MAX_TEMPERATURE_MILLI: u32 = 10_000;
/// Nucleus in thousandths.
pub const MAX_TOP_P_MILLI: u32 = 1_000;
/// Stop texts of one request.
pub const MAX_STOPS: usize = 16;
/// One stop text.
pub const MAX_STOP_BYTES: usize = 256;
/// Messages of one conversation. Their texts together are a prompt's.
pub const MAX_CHAT_MESSAGES: usize = 1_024;
/// A message's role.
pub const MAX_ROLE_BYTES: usize = 64;
/// Rows of an answer's tokens that share a commitment.
pub const CHUNK_ROWS: usize = 32;
/// A commitment to a chunk of hidden rows.
pub const MAX_COMMITMENT_BYTES: usize = 258;
/// An `OpenRequest`'s payload.
pub const MAX_OPEN_REQUEST_BYTES: usize = 256;
/// Hidden rows of one `OpenRequest`.
pub const MAX_OPENED_ROWS: usize = 16;
/// Numbers in a hidden row.
pub const MAX_ROW_WIDTH: usize = 32_768;
/// Digests that lead from a hidden row to the root.
pub const MAX_OPENING_PATH: usize = 32;
/// Texts of one embedding request.
pub const MAX_TEXTS: usize = 256;
/// One text of an embedding request.
pub const MAX_TEXT_BYTES: usize = 8_192;
/// Length of one embedding.
pub const MAX_DIMENSIONS: usize = 4_096;
/// Tensors of one request or response. Their data together is within the payload's limit.
pub const MAX_TENSORS: usize = 64;
/// Dimensions of one tensor.
pub const MAX_RANK: usize = primitives::Tensor::MAX_RANK;
/// A model's name, its architecture's, or a tensor's.
pub const MAX_NAME_BYTES: usize = 256;
