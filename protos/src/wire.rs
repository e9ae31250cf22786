//! The messages as they are on the wire, with the generated client and server. What other modules of this crate name
//! alike are the checked forms.

#[allow(missing_docs, clippy::all, unused_qualifications)]
mod generated {
    tonic::include_proto!("assay.miner.v1");
}

pub use generated::{
    Auth, Chat, ChatMessage, DataType, DescribeRequest, EmbedRequest, EmbedResponse, Embedding, Event, FinishReason,
    Finished, GenerateRequest, Manifest, OpenRequest, OpenResponse, Opening, ProofKind, SignedEvent, SignedRequest,
    SignedResponse, Tensor, TensorRequest, TensorResponse, TokenIds, Tokens, event, generate_request, miner_client,
    miner_server,
};

/// The encoded file descriptor set, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/assay.miner.v1.descriptors"));
