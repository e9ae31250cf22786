//! What a key is made of.

use std::fmt;

use bip39::Mnemonic;
use crypto_secretbox::aead::{OsRng, rand_core::RngCore};
use zeroize::Zeroizing;

use crate::{KeyError, Keypair, keys::mini_secret};

/// Words, a seed, or a private key. Wiped from memory when it goes.
pub struct Secret(Kind);

enum Kind {
    Phrase(Mnemonic),
    Seed(Zeroizing<[u8; 32]>),
    Private(Zeroizing<[u8; 64]>),
}

impl Secret {
    /// Twelve new words.
    pub fn generate() -> Self {
        let mut entropy = Zeroizing::new([0; 16]);
        OsRng.fill_bytes(entropy.as_mut());
        Self(Kind::Phrase(Mnemonic::from_entropy(entropy.as_ref()).expect("sixteen bytes make twelve words")))
    }

    /// Words that somebody wrote down: 12, 15, 18, 21 or 24.
    pub fn from_phrase(phrase: &str) -> Result<Self, KeyError> {
        Mnemonic::parse(phrase).map(|phrase| Self(Kind::Phrase(phrase))).map_err(KeyError::Phrase)
    }

    /// The 32 bytes that words stand for.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(Kind::Seed(Zeroizing::new(*seed)))
    }

    /// The 64 bytes that a seed expands to; neither seed nor words can be told from them.
    pub fn from_private_key(private: &[u8; 64]) -> Self {
        Self(Kind::Private(Zeroizing::new(*private)))
    }

    /// The key that it makes.
    pub fn keypair(&self) -> Result<Keypair, KeyError> {
        match &self.0 {
            Kind::Phrase(phrase) => Keypair::from_mnemonic(phrase),
            Kind::Seed(seed) => Keypair::from_seed(seed),
            Kind::Private(private) => Keypair::from_private_key(private),
        }
    }

    /// The words, to be shown once and written down by a person; none where only bytes are known.
    pub fn phrase(&self) -> Option<Zeroizing<String>> {
        let Kind::Phrase(phrase) = &self.0 else {
            return None;
        };
        // Room for the longest phrase there is: growing would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(24 * 9));
        for word in phrase.words() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
        Some(text)
    }

    pub(super) fn seed(&self) -> Option<Zeroizing<[u8; 32]>> {
        match &self.0 {
            Kind::Phrase(phrase) => Some(mini_secret(phrase, "")),
            Kind::Seed(seed) => Some(seed.clone()),
            Kind::Private(_) => None,
        }
    }
}

/// Shows nothing.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
