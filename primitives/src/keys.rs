//! sr25519 key pairs and signatures, as every Substrate wallet makes them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use subxt_signer::{SecretUri, bip39, sr25519};

use crate::{Coldkey, Hotkey};

/// Why a text or a secret makes no key pair. It never holds the secret.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not `//Name`, `0x…`, or a mnemonic with junctions.
    #[error("not a secret URI (a mnemonic, 0x and 64 hex digits, or //Name)")]
    Uri,
    /// Not a BIP-39 phrase.
    #[error("not a mnemonic phrase")]
    Phrase(#[source] bip39::Error),
    /// The bytes make no sr25519 key.
    #[error("not an sr25519 secret")]
    Secret(#[source] sr25519::Error),
}

/// An sr25519 key pair. Signs in the context `substrate`, like every wallet of the ecosystem: what is signed must be
/// domain-separated by the caller.
#[derive(Clone)]
pub struct Keypair(sr25519::Keypair);

/// An sr25519 signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl Keypair {
    /// From a secret URI: `//Alice`, `word word … word//hard/soft`, `0x<64 hex digits>`.
    pub fn from_uri(uri: &str) -> Result<Self, KeyError> {
        let uri = SecretUri::from_str(uri).map_err(|_| KeyError::Uri)?;
        sr25519::Keypair::from_uri(&uri).map(Self).map_err(KeyError::Secret)
    }

    /// From a mnemonic phrase, by its entropy as Substrate does (not the BIP-39 seed).
    pub fn from_phrase(phrase: &str) -> Result<Self, KeyError> {
        let phrase = bip39::Mnemonic::parse(phrase).map_err(KeyError::Phrase)?;
        sr25519::Keypair::from_phrase(&phrase, None).map(Self).map_err(KeyError::Secret)
    }

    /// From the 32-byte mini secret (`secretSeed` in a keyfile).
    pub fn from_seed(seed: [u8; 32]) -> Result<Self, KeyError> {
        sr25519::Keypair::from_secret_key(seed).map(Self).map_err(KeyError::Secret)
    }

    /// The public key.
    pub fn public(&self) -> [u8; 32] {
        self.0.public_key().0
    }

    /// The public key, as a neuron's.
    pub fn hotkey(&self) -> Hotkey {
        Hotkey(self.public())
    }

    /// The public key, as an owner's.
    pub fn coldkey(&self) -> Coldkey {
        Coldkey(self.public())
    }

    /// Sign; the signature is randomised.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).0)
    }
}

impl Hotkey {
    /// Whether this key signed `message`.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        sr25519::verify(&sr25519::Signature(signature.0), message, &sr25519::PublicKey(self.0))
    }
}

/// Shows the public half only.
impl fmt::Debug for Keypair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keypair({})", self.hotkey())
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", hex::encode(self.0))
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        hex::serialize(self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut bytes = [0; 64];
        let text = String::deserialize(deserializer)?;
        hex::decode_to_slice(text, &mut bytes).map_err(de::Error::custom)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_accounts() {
        let alice = Keypair::from_uri("//Alice").unwrap();
        assert_eq!(alice.hotkey().to_string(), "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
        // The reference vector of the field's wallet files.
        let phrase = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
        let wallet = Keypair::from_phrase(phrase).unwrap();
        assert_eq!(wallet.hotkey().to_string(), "5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV");
        let mut seed = [0; 32];
        hex::decode_to_slice("fac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e", &mut seed).unwrap();
        assert_eq!(Keypair::from_seed(seed).unwrap().public(), wallet.public());
    }

    #[test]
    fn a_signature_is_for_one_message_and_one_key() {
        let (alice, bob) = (Keypair::from_uri("//Alice").unwrap(), Keypair::from_uri("//Bob").unwrap());
        let signature = alice.sign(b"message");
        assert!(alice.hotkey().verify(b"message", &signature));
        assert!(!alice.hotkey().verify(b"massage", &signature));
        assert!(!bob.hotkey().verify(b"message", &signature));
        // Not a curve point at all.
        assert!(!Hotkey([0xff; 32]).verify(b"message", &signature));
    }

    #[test]
    fn nonsense_is_refused_without_echo() {
        for nonsense in ["", "not a phrase", "0x12", "//"] {
            if let Err(error) = Keypair::from_uri(nonsense) {
                assert!(nonsense.is_empty() || !error.to_string().contains(nonsense) || nonsense == "//");
            }
        }
        assert!(Keypair::from_phrase("bottom drive obey").is_err());
    }

    #[test]
    fn debug_hides_the_secret() {
        let alice = Keypair::from_uri("//Alice").unwrap();
        assert_eq!(format!("{alice:?}"), "Keypair(5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY)");
    }
}
