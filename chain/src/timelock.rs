//! Rows that the chain can read from a round of the randomness beacon on, and nobody before.
//!
//! The cryptography is that of the crate `timelock`; the bytes are laid out as the chain has them, with lengths as eight
//! little-endian bytes: `U (96) | 32 | V (32) | 32 | W (32) | len | body | 8 | "AES_GCM_"`, where `body` is
//! `len | ciphertext and tag | 12 | nonce (12)`.

use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use primitives::{Hotkey, Uid, Weights, WeightsError};
use rand_core::{OsRng, RngCore};
use sha2::{Digest, Sha256};
use subxt::ext::codec::{Decode, Encode};
use timelock::{
    block_ciphers::AESGCMBlockCipherProvider,
    engines::{EngineBLS, drand::TinyBLS381},
    ibe::fullident::{Ciphertext, Identity},
    tlock::{TLECiphertext, tld, tle},
};

/// The chain takes no longer commit.
pub const MAX_COMMIT_BYTES: usize = 5_000;

const CIPHER_SUITE: &[u8] = b"AES_GCM_";
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
/// A public key, and the point that a ciphertext starts with: compressed points of G2.
const PUBLIC_KEY_BYTES: usize = 96;
/// A signature: a compressed point of G1.
const SIGNATURE_BYTES: usize = 48;

type PublicKey = <TinyBLS381 as EngineBLS>::PublicKeyGroup;
type Signature = <TinyBLS381 as EngineBLS>::SignatureGroup;

/// Why a message is not locked or not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimelockError {
    /// Longer than [`MAX_COMMIT_BYTES`] when it is locked.
    #[error("a timelocked message has at most {MAX_COMMIT_BYTES} bytes")]
    TooLong,
    /// Not a public key of a beacon.
    #[error("not a public key of a beacon")]
    PublicKey,
    /// Not a signature of a round.
    #[error("not a signature of a round")]
    Signature,
    /// The system gave no random bytes.
    #[error("the system gives no random bytes")]
    Randomness,
    /// Not laid out as the chain has it.
    #[error("not a timelocked message")]
    Format,
    /// Locked to another round or another beacon, or altered.
    #[error("the signature does not open the message")]
    Locked,
}

/// Lock a message to a round of the beacon with this public key. Each call has other bytes: what it needs is fresh.
pub fn encrypt(public_key: &[u8], round: u64, message: &[u8]) -> Result<Vec<u8>, TimelockError> {
    if message.len() > MAX_COMMIT_BYTES {
        return Err(TimelockError::TooLong);
    }
    let beacon: PublicKey = point(public_key, PUBLIC_KEY_BYTES).ok_or(TimelockError::PublicKey)?;
    let mut key = [0; 32];
    OsRng.try_fill_bytes(&mut key).map_err(|_| TimelockError::Randomness)?;
    let identity = Identity::new(b"", &Sha256::digest(round.to_be_bytes()));
    let locked = tle::<TinyBLS381, AESGCMBlockCipherProvider, _>(beacon, key, message, identity, OsRng);
    let TLECiphertext { header, body, cipher_suite } = locked.map_err(|_| TimelockError::TooLong)?;

    let mut bytes = TinyBLS381::public_key_point_to_byte(&header.u);
    for field in [&header.v[..], &header.w, &body, &cipher_suite] {
        bytes.extend_from_slice(&(field.len() as u64).to_le_bytes());
        bytes.extend_from_slice(field);
    }
    if bytes.len() > MAX_COMMIT_BYTES {
        return Err(TimelockError::TooLong);
    }
    Ok(bytes)
}

/// Open a message with the beacon's signature of the round that it is locked to.
pub fn decrypt(ciphertext: &[u8], signature: &[u8]) -> Result<Vec<u8>, TimelockError> {
    if ciphertext.len() > MAX_COMMIT_BYTES {
        return Err(TimelockError::TooLong);
    }
    let locked = parse(ciphertext).ok_or(TimelockError::Format)?;
    let signature: Signature = point(signature, SIGNATURE_BYTES).ok_or(TimelockError::Signature)?;
    tld::<TinyBLS381, AESGCMBlockCipherProvider>(locked, signature).map_err(|_| TimelockError::Locked)
}

/// The fields of a ciphertext. The body is looked through too: what decodes it later trusts the lengths in it.
fn parse(bytes: &[u8]) -> Option<TLECiphertext<TinyBLS381>> {
    let (u, mut rest) = bytes.split_at_checked(PUBLIC_KEY_BYTES)?;
    let v = field(&mut rest)?.try_into().ok()?;
    let w = field(&mut rest)?.try_into().ok()?;
    let body = field(&mut rest)?;
    let cipher_suite = field(&mut rest)?;
    let mut inner = body;
    let (text, nonce) = (field(&mut inner)?, field(&mut inner)?);
    let whole = rest.is_empty() && inner.is_empty();
    if !whole || cipher_suite != CIPHER_SUITE || text.len() < TAG_BYTES || nonce.len() != NONCE_BYTES {
        return None;
    }
    let header = Ciphertext { u: point(u, PUBLIC_KEY_BYTES)?, v, w };
    Some(TLECiphertext { header, body: body.to_vec(), cipher_suite: cipher_suite.to_vec() })
}

/// The next field behind its length. Only what is there is ever taken.
fn field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk()?;
    let (field, after) = after.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    *rest = after;
    Some(field)
}

/// Exactly one point of the prime-order group, and not the one at infinity, to which everybody has the key.
fn point<P: CanonicalDeserialize + CanonicalSerialize + Default + PartialEq>(bytes: &[u8], size: usize) -> Option<P> {
    if bytes.len() != size {
        return None;
    }
    P::deserialize_compressed(bytes).ok().filter(|point| *point != P::default())
}

/// A row as it is locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightsPayload {
    /// Whose row: nobody else can commit it as theirs. None is the form of old, which the chain still reveals.
    pub hotkey: Option<Hotkey>,
    /// The row.
    pub weights: Weights,
    /// The version that it carries.
    pub version_key: u64,
}

/// Why bytes are not a row as it is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// Of neither form.
    #[error("not a row of weights")]
    Format,
    /// As many values as uids.
    #[error("{uids} uids and {values} values")]
    Lengths {
        /// How many uids.
        uids: usize,
        /// How many values.
        values: usize,
    },
    /// Not a row.
    #[error("the row names uid {0} twice")]
    Duplicate(Uid),
}

impl WeightsPayload {
    /// As the chain decodes it.
    pub fn encode(&self) -> Vec<u8> {
        let row = (self.weights.uids(), self.weights.values(), self.version_key);
        match &self.hotkey {
            Some(hotkey) => (hotkey.0.to_vec(), row).encode(),
            None => row.encode(),
        }
    }

    /// Read what was locked: first as of today, then, like the chain, as of old.
    pub fn decode(bytes: &[u8]) -> Result<Self, PayloadError> {
        type Row = (Vec<u16>, Vec<u16>, u64);
        let today = <(Vec<u8>, Row)>::decode(&mut &*bytes).ok();
        // The chain takes the first 32 bytes for the hotkey.
        let today = today.and_then(|(hotkey, row)| Some((Some(Hotkey(*hotkey.first_chunk()?)), row)));
        let (hotkey, (uids, values, version_key)) = match today {
            Some(today) => today,
            None => (None, Row::decode(&mut &*bytes).map_err(|_| PayloadError::Format)?),
        };
        if uids.len() != values.len() {
            return Err(PayloadError::Lengths { uids: uids.len(), values: values.len() });
        }
        let weights = Weights::new(uids.into_iter().map(Uid).zip(values));
        let weights = weights.map_err(|WeightsError::Duplicate(uid)| PayloadError::Duplicate(uid))?;
        Ok(Self { hotkey, weights, version_key })
    }
}
