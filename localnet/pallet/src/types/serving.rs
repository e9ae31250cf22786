//! What a hotkey announces.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Where a hotkey serves, and since when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen)]
pub struct AxonInfo {
    /// Block of the announcement.
    pub block: u64,
    /// The protocol's version, the neuron's own affair.
    pub version: u32,
    /// Address, as an integer.
    pub ip: u128,
    /// Port.
    pub port: u16,
    /// 4 or 6.
    pub ip_type: u8,
    /// 0 for TCP, 1 for UDP.
    pub protocol: u8,
    /// Unused.
    pub placeholder1: u8,
    /// Unused.
    pub placeholder2: u8,
}

/// Where a hotkey serves metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen)]
pub struct PrometheusInfo {
    /// Block of the announcement.
    pub block: u64,
    /// Version.
    pub version: u32,
    /// Address, as an integer.
    pub ip: u128,
    /// Port.
    pub port: u16,
    /// 4 or 6.
    pub ip_type: u8,
}

/// A neuron's public key for TLS.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct NeuronCertificate {
    /// At most 64 bytes.
    pub public_key: Vec<u8>,
    /// Which algorithm.
    pub algorithm: u8,
}

impl NeuronCertificate {
    /// From an algorithm byte and a key, which may be empty. None where the bytes are something else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&algorithm, key) = bytes.split_first()?;
        (key.len() <= 64).then(|| Self { public_key: key.to_vec(), algorithm })
    }
}
