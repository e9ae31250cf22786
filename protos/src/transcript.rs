//! A request and its answer as signed messages: evidence that anybody can check, years later and without a network. The
//! miner can't deny it, because its signature covers every event and the request's digest; nobody else can make it.

use primitives::{Digest, GenerateRequest, Hotkey, Request};
use serde::{Deserialize, Serialize};

use crate::{
    Answer, Binding, EnvelopeError, GENERATE, HiddenRow, OPEN, OpenRequest, ReceiptError, ReceiptVerifier, WireError,
    decode_openings, decode_request, envelope,
    json::{RequestJson, SignedJson},
    receipt,
    wire::{SignedEvent, SignedRequest, SignedResponse},
};

/// The version of the files that this crate writes and reads.
pub const TRANSCRIPT_VERSION: u32 = 1;

/// A file has at most so many bytes: a request, an answer of the most tokens and an opening of the most rows fit.
pub const MAX_TRANSCRIPT_BYTES: usize = 32 << 20;

/// What went over the wire for one generation.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcript {
    /// The request.
    pub request: SignedRequest,
    /// The whole stream.
    pub events: Vec<SignedEvent>,
    /// Hidden rows that were shown afterwards, if somebody asked.
    pub opening: Option<SignedOpening>,
}

/// What went over the wire for an opening.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedOpening {
    /// The request, an `OpenRequest`.
    pub request: SignedRequest,
    /// The rows.
    pub response: SignedResponse,
}

/// What a transcript proves by its signatures alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Testimony {
    /// Who asked.
    pub asker: Hotkey,
    /// Whom, on which subnet of which chain.
    pub binding: Binding,
    /// When, by the asker's clock; Unix time in milliseconds.
    pub issued_ms: u64,
    /// Names the request.
    pub digest: Digest,
    /// What was asked.
    pub request: GenerateRequest,
    /// What the miner answered.
    pub answer: Answer,
    /// Rows that it showed. Whether they belong to the answer's root is not looked at here.
    pub opened: Vec<HiddenRow>,
}

/// Why a transcript is no evidence.
#[derive(Debug, thiserror::Error)]
pub enum TranscriptError {
    /// Larger than any.
    #[error("{0} bytes, but a receipt has at most {MAX_TRANSCRIPT_BYTES}")]
    TooLarge(usize),
    /// No JSON, or other fields.
    #[error("not a receipt")]
    Json(#[from] serde_json::Error),
    /// Of another version.
    #[error("a receipt of version {0}; this program reads version {TRANSCRIPT_VERSION}")]
    Version(u32),
    /// The request, or that for an opening, is not signed as it must be.
    #[error("the request is not authentic")]
    Envelope(#[from] EnvelopeError),
    /// The payload of the request is none.
    #[error("the request makes no sense")]
    Request(#[from] WireError),
    /// Something else than a generation.
    #[error("the request is for no generation")]
    NotGenerate,
    /// The answer is not the miner's, or not to this request.
    #[error("the answer is not authentic")]
    Answer(#[source] ReceiptError),
    /// The opening is not the miner's, or not to the request for it.
    #[error("the opened rows are not authentic")]
    Opening(#[source] ReceiptError),
    /// The opening is of another answer, of another miner, or to somebody else.
    #[error("the opened rows are of another answer")]
    OtherAnswer,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    request: RequestJson,
    events: Vec<SignedJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opening: Option<OpeningJson>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpeningJson {
    request: RequestJson,
    response: SignedJson,
}

impl Transcript {
    /// The bytes of a file.
    pub fn encode(&self) -> Vec<u8> {
        let document = Document {
            version: TRANSCRIPT_VERSION,
            request: (&self.request).into(),
            events: self.events.iter().map(SignedJson::from).collect(),
            opening: self.opening.as_ref().map(|opening| OpeningJson {
                request: (&opening.request).into(),
                response: (&opening.response).into(),
            }),
        };
        let mut bytes = serde_json::to_vec_pretty(&document).expect("texts and numbers make JSON");
        bytes.push(b'\n');
        bytes
    }

    /// From the bytes of a file. Nothing is verified yet.
    pub fn decode(bytes: &[u8]) -> Result<Self, TranscriptError> {
        if bytes.len() > MAX_TRANSCRIPT_BYTES {
            return Err(TranscriptError::TooLarge(bytes.len()));
        }
        let Document { version, request, events, opening } = serde_json::from_slice(bytes)?;
        if version != TRANSCRIPT_VERSION {
            return Err(TranscriptError::Version(version));
        }
        Ok(Self {
            request: request.into(),
            events: events.into_iter().map(SignedEvent::from).collect(),
            opening: opening
                .map(|opening| SignedOpening { request: opening.request.into(), response: opening.response.into() }),
        })
    }

    /// Verify every signature, and that all of it belongs together.
    pub fn verify(&self) -> Result<Testimony, TranscriptError> {
        let (asked, binding) = envelope::open_evidence(&self.request, GENERATE)?;
        let Request::Generate(request) = decode_request(GENERATE, asked.payload)? else {
            return Err(TranscriptError::NotGenerate);
        };
        let mut verifier = ReceiptVerifier::new(binding.receiver, asked.digest, request.max_new_tokens);
        for event in &self.events {
            verifier.event(event).map_err(TranscriptError::Answer)?;
        }
        let answer = verifier.finish().map_err(TranscriptError::Answer)?;
        let opened = match &self.opening {
            Some(opening) => opening.verify(asked.signer, &binding, &asked.digest)?,
            None => Vec::new(),
        };
        let (asker, issued_ms, digest) = (asked.signer, asked.issued_ms, asked.digest);
        Ok(Testimony { asker, binding, issued_ms, digest, request, answer, opened })
    }
}

impl SignedOpening {
    fn verify(&self, asker: Hotkey, binding: &Binding, answered: &Digest) -> Result<Vec<HiddenRow>, TranscriptError> {
        let (asked, to) = envelope::open_evidence(&self.request, OPEN)?;
        let OpenRequest { request, positions } = OpenRequest::decode(asked.payload)?;
        if (request, asked.signer, to) != (*answered, asker, *binding) {
            return Err(TranscriptError::OtherAnswer);
        }
        receipt::verify_response(&to.receiver, &asked.digest, &self.response).map_err(TranscriptError::Opening)?;
        let rows = decode_openings(&self.response.payload, &positions);
        rows.map_err(|error| TranscriptError::Opening(error.into()))
    }
}
