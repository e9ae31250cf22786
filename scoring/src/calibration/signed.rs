//! A calibration as a file that somebody answers for.

use primitives::{Digest, Hotkey, Keypair, Signature};
use serde::{Deserialize, Serialize};

use super::{Demands, Population};
use crate::proof::{ProofRules, Thresholds};

/// The version of the files that this crate writes and reads.
pub const CALIBRATION_VERSION: u32 = 1;

/// A file has at most so many bytes.
pub const MAX_CALIBRATION_BYTES: usize = 1 << 20;

const CONTEXT: &str = "assay 2026-11 calibration v1";

/// How one side computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// `f32`, `bf16`, `f16`.
    pub dtype: String,
    /// As `cpu`, `cuda:0`.
    pub device: String,
    /// The name of the processor or the card.
    pub hardware: String,
}

/// What was measured of a model, and the thresholds that follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// [`CALIBRATION_VERSION`].
    pub version: u32,
    /// The model's name.
    pub name: String,
    /// Names the model's files.
    pub model: Digest,
    /// Unix time in seconds at which it was made.
    pub made_s: u64,
    /// How miners computed.
    pub miner: Setting,
    /// How the validator computed.
    pub validator: Setting,
    /// What was demanded.
    pub demands: Demands,
    /// What follows.
    pub thresholds: Thresholds,
    /// What the thresholds say of each kind of miner.
    pub populations: Vec<Population>,
}

/// A calibration and who made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedCalibration {
    /// What was measured.
    pub calibration: Calibration,
    /// Who says so.
    pub signer: Hotkey,
    /// Over the digest.
    #[serde(with = "signature")]
    pub signature: Signature,
}

/// Why a file is no calibration.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// Larger than any.
    #[error("{0} bytes, but a calibration has at most {MAX_CALIBRATION_BYTES}")]
    TooLarge(usize),
    /// No JSON, or other fields.
    #[error("not a calibration")]
    Json(#[from] serde_json::Error),
    /// Of another version.
    #[error("a calibration of version {0}; this program reads version {CALIBRATION_VERSION}")]
    Version(u32),
    /// Signed by somebody else, or changed since.
    #[error("the signature is not {0}'s over this calibration")]
    BadSignature(Hotkey),
    /// Thresholds that leave nothing to be found.
    #[error("thresholds that no calibration gives")]
    Thresholds,
    /// Of another model.
    #[error("a calibration of model {calibrated}, but the model is {model}")]
    OtherModel {
        /// The calibrated one.
        calibrated: Digest,
        /// The one in use.
        model: Digest,
    },
}

impl Calibration {
    /// Names it.
    pub fn digest(&self) -> Digest {
        let bytes = serde_json::to_vec(self).expect("calibrations hold no floats and no maps");
        Digest::derive(CONTEXT, &[&bytes])
    }

    /// In the name of a key.
    pub fn sign(self, key: &Keypair) -> SignedCalibration {
        let signature = key.sign(&self.digest().0);
        SignedCalibration { calibration: self, signer: key.hotkey(), signature }
    }
}

impl SignedCalibration {
    /// From the bytes of a file: signed by whom it names, and possible.
    pub fn decode(bytes: &[u8]) -> Result<Self, CalibrationError> {
        if bytes.len() > MAX_CALIBRATION_BYTES {
            return Err(CalibrationError::TooLarge(bytes.len()));
        }
        let signed: Self = serde_json::from_slice(bytes)?;
        let Self { calibration, signer, signature } = &signed;
        if calibration.version != CALIBRATION_VERSION {
            return Err(CalibrationError::Version(calibration.version));
        }
        if !signer.verify(&calibration.digest().0, signature) {
            return Err(CalibrationError::BadSignature(*signer));
        }
        if !calibration.thresholds.are_possible() {
            return Err(CalibrationError::Thresholds);
        }
        Ok(signed)
    }

    /// The bytes of a file, for people to read too.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("calibrations hold no floats and no maps");
        bytes.push(b'\n');
        bytes
    }

    /// The rules for proofs of the model that it was made of.
    pub fn rules(&self, model: &Digest) -> Result<ProofRules, CalibrationError> {
        let Calibration { model: calibrated, thresholds, .. } = self.calibration;
        if calibrated != *model {
            return Err(CalibrationError::OtherModel { calibrated, model: *model });
        }
        Ok(ProofRules { calibration: self.calibration.digest(), model: calibrated, thresholds })
    }
}

mod signature {
    use primitives::Signature;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(signature: &Signature, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(signature.0))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Signature, D::Error> {
        let mut bytes = [0; 64];
        hex::decode_to_slice(String::deserialize(deserializer)?, &mut bytes).map_err(D::Error::custom)?;
        Ok(Signature(bytes))
    }
}
