//! Messages that open at a round: identity-based encryption (Boneh-Franklin, FullIdent) of a fresh key to the round
//! that the beacon will sign, AES-256-GCM of the message under that key. The signature of the round opens it.
//!
//! On the wire, with lengths as eight little-endian bytes:
//! `U (96) | 32 | V (32) | 32 | W (32) | len | body | 8 | "AES_GCM_"` where `body` is
//! `len | ciphertext and tag | 12 | nonce (12)`.

use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce, aead::Aead};
use ark_bls12_381::{Bls12_381, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup, pairing::Pairing};
use ark_ff::PrimeField;
use ark_serialize::CanonicalSerialize;
use sha2::{Digest, Sha256};

use crate::bls::{PUBLIC_KEY_BYTES, PublicKey, Signature, compressed, hashed_to_curve};

/// The longest ciphertext that is opened. The chain takes commits of weights of up to 5,000 bytes.
pub const MAX_CIPHERTEXT_BYTES: usize = 16 << 10;

const CIPHER_SUITE: &[u8] = b"AES_GCM_";
const NONCE_BYTES: usize = 12;

/// Why a ciphertext does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is longer than [`MAX_CIPHERTEXT_BYTES`].
    #[error("the ciphertext is too long")]
    TooLong,
    /// It has not the wire format.
    #[error("not a timelocked message")]
    Format,
    /// The key or the signature is no point of its group.
    #[error("not a key or signature of the beacon")]
    Point,
    /// It was locked to another round or another beacon, or it was altered.
    #[error("the signature does not open the message")]
    Locked,
}

/// What must be fresh for every message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    /// Encrypts the message.
    pub key: [u8; 32],
    /// Blinds the key.
    pub sigma: [u8; 32],
    /// For the cipher.
    pub nonce: [u8; NONCE_BYTES],
}

/// Lock a message to a round of the beacon with this public key.
pub fn encrypt(public_key: &[u8], round: u64, message: &[u8], secrets: &Secrets) -> Result<Vec<u8>, Error> {
    let beacon = PublicKey::from_bytes(public_key).ok_or(Error::Point)?;
    let Secrets { key, sigma, nonce } = secrets;
    let r = blinding(sigma, key);
    let u = (G2Affine::generator() * r).into_affine();
    let shared = shared_mask(hashed_to_curve(round), (beacon.0 * r).into_affine());
    let text = cipher(key).encrypt(Nonce::from_slice(nonce), message).map_err(|_| Error::TooLong)?;

    let mut bytes = compressed::<PUBLIC_KEY_BYTES>(&u).to_vec();
    push(&mut bytes, &xor(sigma, &shared));
    push(&mut bytes, &xor(key, &Sha256::digest(sigma).into()));
    let mut body = Vec::new();
    push(&mut body, &text);
    push(&mut body, nonce);
    push(&mut bytes, &body);
    push(&mut bytes, CIPHER_SUITE);
    if bytes.len() > MAX_CIPHERTEXT_BYTES {
        return Err(Error::TooLong);
    }
    Ok(bytes)
}

/// Open a message with the signature of the round that it is locked to.
pub fn decrypt(ciphertext: &[u8], signature: &[u8]) -> Result<Vec<u8>, Error> {
    open(ciphertext, signature).map(|(message, _)| message)
}

/// Like [`decrypt`], with what was fresh when the message was locked.
pub fn open(ciphertext: &[u8], signature: &[u8]) -> Result<(Vec<u8>, Secrets), Error> {
    if ciphertext.len() > MAX_CIPHERTEXT_BYTES {
        return Err(Error::TooLong);
    }
    let wire = Wire::parse(ciphertext).ok_or(Error::Format)?;
    let u = PublicKey::from_bytes(wire.u).ok_or(Error::Format)?.0;
    let signature = Signature::from_bytes(signature).ok_or(Error::Point)?.0;
    let sigma = xor(wire.v, &shared_mask(signature, u));
    let key = xor(wire.w, &Sha256::digest(sigma).into());
    if (G2Affine::generator() * blinding(&sigma, &key)).into_affine() != u {
        return Err(Error::Locked);
    }
    let message = cipher(&key).decrypt(Nonce::from_slice(wire.nonce), wire.text).map_err(|_| Error::Locked)?;
    Ok((message, Secrets { key, sigma, nonce: *wire.nonce }))
}

struct Wire<'a> {
    u: &'a [u8],
    v: &'a [u8; 32],
    w: &'a [u8; 32],
    text: &'a [u8],
    nonce: &'a [u8; NONCE_BYTES],
}

impl<'a> Wire<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (u, mut rest) = bytes.split_at_checked(PUBLIC_KEY_BYTES)?;
        let v = take(&mut rest)?.try_into().ok()?;
        let w = take(&mut rest)?.try_into().ok()?;
        let mut body = take(&mut rest)?;
        let text = take(&mut body)?;
        let nonce = take(&mut body)?.try_into().ok()?;
        let whole = take(&mut rest)? == CIPHER_SUITE && rest.is_empty() && body.is_empty();
        whole.then_some(Self { u, v, w, text, nonce })
    }
}

/// The next field with its length. Only what is there is ever taken.
fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk()?;
    let (field, after) = after.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    *rest = after;
    Some(field)
}

fn push(bytes: &mut Vec<u8>, field: &[u8]) {
    bytes.extend_from_slice(&(field.len() as u64).to_le_bytes());
    bytes.extend_from_slice(field);
}

fn cipher(key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(key))
}

/// The scalar that ties U to what is inside.
fn blinding(sigma: &[u8; 32], key: &[u8; 32]) -> Fr {
    Fr::from_be_bytes_mod_order(&Sha256::new().chain_update(sigma).chain_update(key).finalize())
}

/// What both sides reach by a pairing, and nobody else.
fn shared_mask(at: G1Affine, with: G2Affine) -> [u8; 32] {
    let mut bytes = Vec::new();
    Bls12_381::pairing(at, with).serialize_compressed(&mut bytes).expect("memory takes what is written");
    Sha256::digest(bytes).into()
}

fn xor(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    std::array::from_fn(|at| left[at] ^ right[at])
}
