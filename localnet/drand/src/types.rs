//! What is stored and sent, in the chain's own encoding.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{BoundedVec, traits::ConstU32};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sp_core::hex2array;

use crate::bls::{PUBLIC_KEY_BYTES, SIGNATURE_BYTES};

/// Rounds are numbered from 1.
pub type RoundNumber = u64;
/// A public key of a beacon.
pub type OpaquePublicKey = BoundedVec<u8, ConstU32<96>>;
/// A hash or a short name.
pub type BoundedHash = BoundedVec<u8, ConstU32<32>>;

/// A beacon: who signs, from when, how often.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
pub struct BeaconConfiguration {
    /// A compressed point of G2.
    pub public_key: OpaquePublicKey,
    /// Seconds between two rounds.
    pub period: u32,
    /// When round 1 was signed, in seconds since 1970.
    pub genesis_time: u32,
    /// The name of the chain of rounds.
    pub hash: BoundedHash,
    /// The name of the group that signs.
    pub group_hash: BoundedHash,
    /// Which signatures.
    pub scheme_id: BoundedHash,
    /// What else there is.
    pub metadata: Metadata,
}

/// What else there is to know of a beacon.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
pub struct Metadata {
    /// Its name.
    pub beacon_id: BoundedHash,
}

/// What the beacon published in a round.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Pulse {
    /// Which round.
    pub round: RoundNumber,
    /// SHA-256 of the signature.
    pub randomness: BoundedVec<u8, ConstU32<32>>,
    /// The BLS signature of the round.
    pub signature: BoundedVec<u8, ConstU32<144>>,
}

/// Pulses as they are sent.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct PulsesPayload<Public, BlockNumber> {
    /// The best block when they were sent.
    pub block_number: BlockNumber,
    /// The pulses, by rising round.
    pub pulses: Vec<Pulse>,
    /// Who sends them.
    pub public: Public,
}

/// A beacon as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct BeaconConfigurationPayload<Public, BlockNumber> {
    /// The best block when it was sent.
    pub block_number: BlockNumber,
    /// The beacon.
    pub config: BeaconConfiguration,
    /// Who sends it.
    pub public: Public,
}

impl BeaconConfiguration {
    /// drand's quicknet, which the chain follows.
    pub fn quicknet() -> Self {
        let text = |name: &str| BoundedHash::truncate_from(name.as_bytes().to_vec());
        let hash = |digits: [u8; 32]| BoundedHash::truncate_from(digits.to_vec());
        Self {
            public_key: OpaquePublicKey::truncate_from(QUICKNET_PUBLIC_KEY.to_vec()),
            period: 3,
            genesis_time: 1_692_803_367,
            hash: hash(hex2array!("52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971")),
            group_hash: hash(hex2array!("f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e")),
            scheme_id: text("bls-unchained-g1-rfc9380"),
            metadata: Metadata { beacon_id: text("quicknet") },
        }
    }

    /// The same schedule with another signer.
    pub fn signed_by(self, public_key: [u8; PUBLIC_KEY_BYTES], name: &str) -> Self {
        let beacon_id = BoundedHash::truncate_from(name.as_bytes().to_vec());
        let public_key = OpaquePublicKey::truncate_from(public_key.to_vec());
        Self { public_key, metadata: Metadata { beacon_id }, ..self }
    }

    /// The last round signed at a time in milliseconds since 1970; 0 before the first.
    pub fn round_at(&self, now_ms: u64) -> RoundNumber {
        match (now_ms / 1_000).checked_sub(self.genesis_time.into()) {
            Some(seconds) => (seconds / u64::from(self.period.max(1))).saturating_add(1),
            None => 0,
        }
    }
}

impl Pulse {
    /// A round's pulse out of its signature.
    pub fn new(round: RoundNumber, signature: [u8; SIGNATURE_BYTES]) -> Self {
        Self {
            round,
            randomness: BoundedVec::truncate_from(Sha256::digest(signature).to_vec()),
            signature: BoundedVec::truncate_from(signature.to_vec()),
        }
    }
}

const QUICKNET_PUBLIC_KEY: [u8; PUBLIC_KEY_BYTES] = hex2array!(
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
);
