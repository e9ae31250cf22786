//! A sealed transaction: ML-KEM-768 makes a fresh secret for who holds the key, XChaCha20-Poly1305 seals under it.
//!
//! On the wire: `twox-128 of the key (16) | length as u16, little-endian | KEM ciphertext | nonce (24) | sealed`.

use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce, aead::Aead};
use ml_kem::{
    B32, Ciphertext, EncapsulateDeterministic, Encoded, EncodedSizeUser, KemCore, MlKem768, MlKem768Params,
    kem::{Decapsulate, DecapsulationKey, EncapsulationKey},
};
use sha2::{Digest, Sha512};
use sp_core::twox_128;

/// Bytes of a key that transactions are sealed with.
pub const KEY_BYTES: usize = 1_184;

const HASH_BYTES: usize = 16;
const NONCE_BYTES: usize = 24;

/// An envelope taken apart. Whether it opens is another matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShieldedTransaction {
    /// Names the key that it is sealed with.
    pub key_hash: [u8; HASH_BYTES],
    /// The secret, for who holds the key.
    pub kem_ct: Vec<u8>,
    /// For the cipher.
    pub nonce: [u8; NONCE_BYTES],
    /// The transaction under the secret.
    pub aead_ct: Vec<u8>,
}

impl ShieldedTransaction {
    /// None where the bytes are no envelope.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (key_hash, rest) = bytes.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (kem_ct, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
        let (nonce, aead_ct) = rest.split_first_chunk()?;
        Some(Self { key_hash: *key_hash, kem_ct: kem_ct.to_vec(), nonce: *nonce, aead_ct: aead_ct.to_vec() })
    }
}

/// The keys of a block's author.
pub struct KeyPair {
    secret: DecapsulationKey<MlKem768Params>,
    public: Vec<u8>,
}

impl KeyPair {
    /// The keys that a seed names. Whoever knows the seed can open what is sealed.
    pub fn from_seed(seed: &[u8]) -> Self {
        let digest = Sha512::digest(seed);
        let half = |from: usize| B32::from_fn(|at| digest[from + at]);
        let (secret, public) = MlKem768::generate_deterministic(&half(0), &half(32));
        Self { secret, public: public.as_bytes().to_vec() }
    }

    /// What transactions are sealed with.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// Whether it was sealed with this key.
    pub fn is_for(&self, sealed: &ShieldedTransaction) -> bool {
        sealed.key_hash == twox_128(&self.public)
    }

    /// What was sealed. None where it does not open.
    pub fn open(&self, sealed: &ShieldedTransaction) -> Option<Vec<u8>> {
        let secret = self.secret.decapsulate(&Ciphertext::<MlKem768>::try_from(&sealed.kem_ct[..]).ok()?).ok()?;
        cipher(secret.as_slice()).decrypt(XNonce::from_slice(&sealed.nonce), &sealed.aead_ct[..]).ok()
    }
}

/// What must be fresh for every envelope.
#[derive(Clone, Copy, Debug)]
pub struct Secrets {
    /// Makes the shared secret.
    pub encapsulation: [u8; 32],
    /// For the cipher.
    pub nonce: [u8; NONCE_BYTES],
}

/// Seal a transaction. None where `public` is no key, or the transaction has no end.
pub fn seal(public: &[u8], transaction: &[u8], secrets: &Secrets) -> Option<Vec<u8>> {
    let key = Encoded::<EncapsulationKey<MlKem768Params>>::try_from(public).ok()?;
    let key = EncapsulationKey::<MlKem768Params>::from_bytes(&key);
    let (kem_ct, secret) = key.encapsulate_deterministic(&B32::from(secrets.encapsulation)).ok()?;
    let sealed = cipher(secret.as_slice()).encrypt(XNonce::from_slice(&secrets.nonce), transaction).ok()?;
    let length = u16::try_from(kem_ct.len()).ok()?;
    Some([&twox_128(public)[..], &length.to_le_bytes(), &kem_ct, &secrets.nonce, &sealed].concat())
}

fn cipher(secret: &[u8]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(Key::from_slice(secret))
}
