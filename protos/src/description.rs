//! What a miner says of itself.

use primitives::{BlockHash, Digest, Hotkey, NetUid, ProofKind, TlsPin};
use prost::Message;

use crate::{
    WireError,
    error::{at_most, fixed},
    limits::{MAX_NAME_BYTES, MAX_RESPONSE_BYTES},
    wire,
};

/// A miner and the model it serves: the checked form of a `Manifest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The miner.
    pub hotkey: Hotkey,
    /// The subnet it serves.
    pub netuid: NetUid,
    /// The chain of that subnet.
    pub genesis: BlockHash,
    /// The model's name.
    pub name: String,
    /// The model's architecture.
    pub architecture: String,
    /// Names the model's files.
    pub digest: Digest,
    /// How many tokens the model knows.
    pub vocab_size: u32,
    /// Prompt and answer together, in tokens.
    pub max_context: u32,
    /// What its answers show of how they came about.
    pub proof: ProofKind,
    /// Names the calibration that proofs keep.
    pub calibration: Option<Digest>,
    /// The key of the miner's TLS certificate.
    pub tls_key: Option<TlsPin>,
}

impl Description {
    /// The payload.
    pub fn encode(&self) -> Vec<u8> {
        let message = wire::Manifest {
            hotkey: self.hotkey.0.to_vec(),
            netuid: self.netuid.0.into(),
            genesis: self.genesis.0.to_vec(),
            name: self.name.clone(),
            architecture: self.architecture.clone(),
            digest: self.digest.0.to_vec(),
            vocab_size: self.vocab_size,
            max_context: self.max_context,
            proof: match self.proof {
                ProofKind::None => wire::ProofKind::Unspecified,
                ProofKind::Logprobs => wire::ProofKind::Logprobs,
                ProofKind::HiddenRows => wire::ProofKind::HiddenRows,
            }
            .into(),
            calibration: self.calibration.map_or_else(Vec::new, |calibration| calibration.0.to_vec()),
            tls_key: self.tls_key.map_or_else(Vec::new, |pin| pin.0.to_vec()),
        };
        message.encode_to_vec()
    }

    /// From a payload.
    pub fn decode(payload: &[u8]) -> Result<Self, WireError> {
        at_most("payload", payload.len(), MAX_RESPONSE_BYTES)?;
        let message =
            wire::Manifest::decode(payload).map_err(|source| WireError::Decode { message: "Manifest", source })?;
        at_most("name", message.name.len(), MAX_NAME_BYTES)?;
        at_most("architecture", message.architecture.len(), MAX_NAME_BYTES)?;
        let netuid = u16::try_from(message.netuid)
            .map_err(|_| WireError::Value { field: "netuid", value: message.netuid.into() })?;
        Ok(Self {
            hotkey: Hotkey(fixed("hotkey", &message.hotkey)?),
            netuid: NetUid(netuid),
            genesis: BlockHash(fixed("genesis", &message.genesis)?),
            name: message.name,
            architecture: message.architecture,
            digest: Digest(fixed("digest", &message.digest)?),
            vocab_size: message.vocab_size,
            max_context: message.max_context,
            proof: match wire::ProofKind::try_from(message.proof) {
                Ok(wire::ProofKind::Unspecified) => ProofKind::None,
                Ok(wire::ProofKind::Logprobs) => ProofKind::Logprobs,
                Ok(wire::ProofKind::HiddenRows) => ProofKind::HiddenRows,
                Err(_) => return Err(WireError::Value { field: "proof", value: message.proof.into() }),
            },
            calibration: match message.calibration.as_slice() {
                [] => None,
                bytes => Some(Digest(fixed("calibration", bytes)?)),
            },
            tls_key: match message.tls_key.as_slice() {
                [] => None,
                bytes => Some(TlsPin(fixed("tls_key", bytes)?)),
            },
        })
    }
}
