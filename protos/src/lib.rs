//! What goes over the network between validators, users and miners: the messages, their limits, and the signatures
//! that bind them. `docs/protocol.md` states it byte by byte.
//!
//! ```
//! use assay_protos::{Binding, GENERATE, envelope};
//! use primitives::{BlockHash, Keypair, NetUid};
//!
//! let (validator, miner) = (Keypair::from_uri("//Alice")?, Keypair::from_uri("//Bob")?);
//! let binding = Binding { receiver: miner.hotkey(), netuid: NetUid(1), genesis: BlockHash([7; 32]) };
//! let now_ms = 1_800_000_000_000;
//! let request = envelope::seal(&validator, &binding, GENERATE, b"payload".to_vec(), now_ms, 10_000, [1; 16]);
//! let opened = envelope::open(&request, &binding, GENERATE, now_ms + 20)?;
//! assert_eq!((opened.signer, opened.payload), (validator.hotkey(), &b"payload"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Invariants:
//! * a request is verified before its payload is decoded, and its sizes are bounded before anything is hashed;
//! * every field that authorises is inside the signed bytes: method, both keys, nonce, times, genesis, netuid, payload;
//! * a nonce is never forgotten while its request could still be accepted ([`NonceStore`]), not even by a restart;
//! * an answer is evidence: its signature covers the request's digest and every byte of the answer ([`receipt`]);
//! * a refusal carries a [`Reason`], so that nobody matches text.
#![warn(missing_docs)]

mod answer;
mod description;
pub mod envelope;
mod error;
mod event;
mod json;
mod limits;
mod nonces;
mod opening;
pub mod receipt;
mod refusal;
mod request;
mod tensor;
mod transcript;
pub mod wire;

pub use answer::{decode_embeddings, encode_embeddings};
pub use description::Description;
pub use envelope::{Binding, EMBED, EnvelopeError, GENERATE, INFER, OPEN, Opened};
pub use error::WireError;
pub use event::Event;
pub use json::request_json;
pub use limits::{
    CHUNK_ROWS, CLOCK_WINDOW_MS, MAX_CHAT_MESSAGES, MAX_COMMITMENT_BYTES, MAX_DIMENSIONS, MAX_EVENT_BYTES,
    MAX_LIFETIME_MS, MAX_MESSAGE_BYTES, MAX_NAME_BYTES, MAX_NEW_TOKENS, MAX_NONCES_PER_SIGNER, MAX_OPEN_REQUEST_BYTES,
    MAX_OPENED_ROWS, MAX_OPENING_PATH, MAX_PROMPT_BYTES, MAX_PROMPT_TOKENS, MAX_RANK, MAX_REQUEST_BYTES,
    MAX_RESPONSE_BYTES, MAX_ROLE_BYTES, MAX_ROW_WIDTH, MAX_STOP_BYTES, MAX_STOPS, MAX_TEMPERATURE_MILLI, MAX_TENSORS,
    MAX_TEXT_BYTES, MAX_TEXTS, MAX_TOP_P_MILLI,
};
pub use nonces::{NonceError, NonceStore};
pub use opening::{HiddenRow, OpenRequest, decode_openings, encode_openings, max_openings_bytes};
pub use receipt::{Answer, Receipt, ReceiptError, ReceiptSigner, ReceiptVerifier};
pub use refusal::{REFUSAL_DOMAIN, Reason, Refusal, UnknownReason};
pub use request::{decode_request, encode_request};
pub use tensor::{decode_tensors, encode_tensors};
pub use transcript::{MAX_TRANSCRIPT_BYTES, SignedOpening, TRANSCRIPT_VERSION, Testimony, Transcript, TranscriptError};
pub use wire::{
    DESCRIPTORS,
    miner_client::MinerClient,
    miner_server::{Miner, MinerServer},
};
