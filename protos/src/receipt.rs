//! Signed answers. A miner can't deny an answer, and nobody can move it to another request: the signature covers the
//! request's digest and every byte of the answer.
//!
//! A stream is a hash chain: `h0` is the request's digest, `h_i = derive(EVENT, h_{i-1} ‖ payload_i)`; the last event
//! carries a signature over `h_n`. A response is signed as `derive(RESPONSE, request digest ‖ payload)`.

use primitives::{Digest, FinishReason, Generation, Hotkey, Keypair, Signature};

use crate::{
    Description, WireError,
    event::Event,
    limits::{CHUNK_ROWS, MAX_EVENT_BYTES, MAX_RESPONSE_BYTES},
    wire::{SignedEvent, SignedResponse},
};

const EVENT: &str = "assay 2026-11 event v1";
const RESPONSE: &str = "assay 2026-11 response v1";
const MANIFEST: &str = "assay 2026-11 manifest v1";

/// What remains of a verified answer: enough to show that the miner gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Names the answer: the end of the hash chain, or the digest of the response.
    pub digest: Digest,
    /// The miner's, over `digest`.
    pub signature: Signature,
}

/// A verified stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What the miner answered.
    pub generation: Generation,
    /// To the chunks of hidden rows, in order: bytes that nobody has looked into.
    pub commitments: Vec<Vec<u8>>,
    /// Of the tree over the hidden rows, if the miner sees them.
    pub rows_root: Option<Digest>,
    /// How busy the miner says that it is, in millionths of its places. Signed, and nothing but its word.
    pub capacity_used_ppm: Option<u32>,
    /// That it did.
    pub receipt: Receipt,
}

/// Why an answer is no evidence.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The bytes make no event or response.
    #[error("malformed answer")]
    Malformed(#[from] WireError),
    /// No signature where one must be.
    #[error("the answer is not signed")]
    Unsigned,
    /// A signature before the end.
    #[error("an event before the last is signed")]
    SignedEarly,
    /// Signature of another length, by another key, or over something else.
    #[error("the signature is not {0}'s over this answer")]
    BadSignature(Hotkey),
    /// Something after `Finished`.
    #[error("the stream goes on after its end")]
    AfterEnd,
    /// More tokens than were asked for, or more events than tokens.
    #[error("more than {0} tokens")]
    TooLong(u32),
    /// More commitments than the tokens so far have chunks of rows.
    #[error("more than {0} commitments")]
    Commitments(usize),
    /// `Finished` counts other tokens than the stream held.
    #[error("the stream held {actual} tokens and claims {claimed}")]
    Count {
        /// Held.
        actual: u32,
        /// Claimed.
        claimed: u32,
    },
    /// The stream ended without `Finished`.
    #[error("the stream ended early")]
    Unfinished,
}

/// Signs a stream, on the miner's side.
#[derive(Debug)]
pub struct ReceiptSigner {
    key: Keypair,
    chain: Digest,
}

impl ReceiptSigner {
    /// A signer of the answer to the request with this digest.
    pub fn new(key: Keypair, request: Digest) -> Self {
        Self { key, chain: request }
    }

    /// The next event, ready to send. `Finished` is signed.
    pub fn event(&mut self, event: &Event) -> SignedEvent {
        let payload = event.encode();
        self.chain = extend(&self.chain, &payload);
        let signature = match event {
            Event::Tokens { .. } | Event::Commitment(_) => Vec::new(),
            Event::Finished { .. } => self.key.sign(&self.chain.0).0.to_vec(),
        };
        SignedEvent { payload, signature }
    }
}

/// What a signed end says.
#[derive(Clone, Copy, Debug)]
struct End {
    reason: FinishReason,
    rows_root: Option<Digest>,
    capacity_used_ppm: Option<u32>,
    signature: Signature,
}

/// Verifies a stream, on the asking side, while it arrives.
#[derive(Debug)]
pub struct ReceiptVerifier {
    miner: Hotkey,
    max_new_tokens: u32,
    chain: Digest,
    events: u32,
    tokens: Vec<u32>,
    text: String,
    logprobs: Vec<f32>,
    commitments: Vec<Vec<u8>>,
    end: Option<End>,
}

impl ReceiptVerifier {
    /// A verifier of `miner`'s answer to the request with this digest, which asked for so many tokens.
    pub fn new(miner: Hotkey, request: Digest, max_new_tokens: u32) -> Self {
        let (tokens, text, logprobs, commitments) = Default::default();
        Self { miner, max_new_tokens, chain: request, events: 0, tokens, text, logprobs, commitments, end: None }
    }

    /// The next event of the stream.
    pub fn event(&mut self, signed: &SignedEvent) -> Result<Event, ReceiptError> {
        if self.end.is_some() {
            return Err(ReceiptError::AfterEnd);
        }
        oversized("event", signed.payload.len(), MAX_EVENT_BYTES)?;
        // An event may complete text without a token: the end may, and one for each token.
        self.events += 1;
        if self.events as usize > self.max_new_tokens as usize + 2 + most_commitments(self.max_new_tokens as usize) {
            return Err(ReceiptError::TooLong(self.max_new_tokens));
        }
        self.chain = extend(&self.chain, &signed.payload);
        let event = Event::decode(&signed.payload)?;
        match &event {
            Event::Tokens { ids, text, logprobs } => {
                if !signed.signature.is_empty() {
                    return Err(ReceiptError::SignedEarly);
                }
                if self.tokens.len() + ids.len() > self.max_new_tokens as usize {
                    return Err(ReceiptError::TooLong(self.max_new_tokens));
                }
                self.tokens.extend_from_slice(ids);
                self.text.push_str(text);
                self.logprobs.extend_from_slice(logprobs);
            }
            Event::Commitment(bytes) => {
                if !signed.signature.is_empty() {
                    return Err(ReceiptError::SignedEarly);
                }
                let most = most_commitments(self.tokens.len());
                if self.commitments.len() >= most {
                    return Err(ReceiptError::Commitments(most));
                }
                self.commitments.push(bytes.clone());
            }
            Event::Finished { reason, tokens, rows_root, capacity_used_ppm } => {
                let signature = verify(&self.miner, &self.chain, &signed.signature)?;
                let actual = self.tokens.len() as u32;
                if *tokens != actual {
                    return Err(ReceiptError::Count { actual, claimed: *tokens });
                }
                let (reason, rows_root, capacity_used_ppm) = (*reason, *rows_root, *capacity_used_ppm);
                self.end = Some(End { reason, rows_root, capacity_used_ppm, signature });
            }
        }
        Ok(event)
    }

    /// The tokens so far.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// The answer, once the stream has ended.
    pub fn finish(self) -> Result<Answer, ReceiptError> {
        let End { reason, rows_root, capacity_used_ppm, signature } = self.end.ok_or(ReceiptError::Unfinished)?;
        let generation = Generation { tokens: self.tokens, text: self.text, logprobs: self.logprobs, finish: reason };
        let receipt = Receipt { digest: self.chain, signature };
        Ok(Answer { generation, commitments: self.commitments, rows_root, capacity_used_ppm, receipt })
    }
}

/// Of an answer with so many tokens so far: one to the prompt, and one to every 32 rows. The last token has no row.
fn most_commitments(tokens: usize) -> usize {
    tokens.checked_sub(1).map_or(0, |rows| 1 + rows.div_ceil(CHUNK_ROWS))
}

/// Sign a response to the request with this digest.
pub fn sign_response(key: &Keypair, request: &Digest, payload: Vec<u8>) -> SignedResponse {
    let signature = key.sign(&response_digest(request, &payload).0).0.to_vec();
    SignedResponse { payload, signature }
}

/// Verify a response of `miner` to the request with this digest. Its payload is decoded afterwards.
pub fn verify_response(miner: &Hotkey, request: &Digest, response: &SignedResponse) -> Result<Receipt, ReceiptError> {
    oversized("payload", response.payload.len(), MAX_RESPONSE_BYTES)?;
    let digest = response_digest(request, &response.payload);
    let signature = verify(miner, &digest, &response.signature)?;
    Ok(Receipt { digest, signature })
}

/// Sign a miner's description. It answers no request in particular.
pub fn sign_description(key: &Keypair, description: &Description) -> SignedResponse {
    let payload = description.encode();
    let signature = key.sign(&Digest::derive(MANIFEST, &[&payload]).0).0.to_vec();
    SignedResponse { payload, signature }
}

/// Verify and decode a description: signed by the hotkey that it names.
pub fn verify_description(response: &SignedResponse) -> Result<Description, ReceiptError> {
    oversized("payload", response.payload.len(), MAX_RESPONSE_BYTES)?;
    // The key is in the payload, so decoding comes first here. It is bounded.
    let description = Description::decode(&response.payload)?;
    verify(&description.hotkey, &Digest::derive(MANIFEST, &[&response.payload]), &response.signature)?;
    Ok(description)
}

fn extend(chain: &Digest, payload: &[u8]) -> Digest {
    Digest::derive(EVENT, &[&chain.0, payload])
}

fn response_digest(request: &Digest, payload: &[u8]) -> Digest {
    Digest::derive(RESPONSE, &[&request.0, payload])
}

fn oversized(field: &'static str, actual: usize, limit: usize) -> Result<(), ReceiptError> {
    Ok(crate::error::at_most(field, actual, limit)?)
}

fn verify(miner: &Hotkey, digest: &Digest, signature: &[u8]) -> Result<Signature, ReceiptError> {
    if signature.is_empty() {
        return Err(ReceiptError::Unsigned);
    }
    let signature = signature.try_into().map(Signature).map_err(|_| ReceiptError::BadSignature(*miner))?;
    if miner.verify(&digest.0, &signature) { Ok(signature) } else { Err(ReceiptError::BadSignature(*miner)) }
}
