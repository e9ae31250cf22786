//! sr25519 key pairs and signatures, as every Substrate wallet makes them.

use std::{fmt, str::FromStr};

use bip39::Mnemonic;
use codec::{Decode, Encode};
use pbkdf2::pbkdf2_hmac;
use schnorrkel::{
    ExpansionMode, MiniSecretKey, PublicKey, SecretKey,
    derive::{ChainCode, Derivation as _},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::Sha512;
use subxt_signer::{DeriveJunction, ExposeSecret as _, SecretUri};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{Coldkey, Hotkey};

/// What every wallet of the ecosystem signs in.
const CONTEXT: &[u8] = b"substrate";

/// Why a text or a secret makes no key pair, or a text no signature. It never holds the secret.
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
    Secret,
    /// Not the text of a signature.
    #[error("not a signature (0x and 128 hex digits)")]
    Signature,
}

/// An sr25519 key pair. Signs in the context `substrate`, like every wallet of the ecosystem: what is signed must be
/// domain-separated by the caller. The secret is wiped from memory with the last copy.
#[derive(Clone)]
pub struct Keypair(schnorrkel::Keypair);

/// An sr25519 signature.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Signature(pub [u8; 64]);

impl Keypair {
    /// From a secret URI: `//Alice`, `word word … word//hard/soft`, `0x<64 hex digits>`.
    pub fn from_uri(uri: &str) -> Result<Self, KeyError> {
        let uri = SecretUri::from_str(uri).map_err(|_| KeyError::Uri)?;
        let root = match uri.phrase.expose_secret().strip_prefix("0x") {
            Some(digits) => {
                let mut seed = Zeroizing::new([0; 32]);
                hex::decode_to_slice(digits, seed.as_mut()).map_err(|_| KeyError::Uri)?;
                Self::from_seed(&seed)?
            }
            None => {
                let phrase = Mnemonic::parse(uri.phrase.expose_secret()).map_err(KeyError::Phrase)?;
                let password = uri.password.as_ref().map_or("", |password| password.expose_secret());
                Self::from_seed(&mini_secret(&phrase, password))?
            }
        };
        let secret = uri.junctions.iter().fold(root.0.secret.clone(), |secret, junction| match *junction {
            DeriveJunction::Soft(code) => secret.derived_key_simple(ChainCode(code), []).0,
            DeriveJunction::Hard(code) => {
                secret.hard_derive_mini_secret_key(Some(ChainCode(code)), b"").0.expand(ExpansionMode::Ed25519)
            }
        });
        Ok(Self(secret.to_keypair()))
    }

    /// From a mnemonic phrase, by its entropy as Substrate does (not the BIP-39 seed).
    pub fn from_phrase(phrase: &str) -> Result<Self, KeyError> {
        Self::from_mnemonic(&Mnemonic::parse(phrase).map_err(KeyError::Phrase)?)
    }

    pub(crate) fn from_mnemonic(phrase: &Mnemonic) -> Result<Self, KeyError> {
        Self::from_seed(&mini_secret(phrase, ""))
    }

    /// From the 32-byte mini secret (`secretSeed` in a keyfile).
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        let mini = MiniSecretKey::from_bytes(seed).map_err(|_| KeyError::Secret)?;
        Ok(Self(mini.expand_to_keypair(ExpansionMode::Ed25519)))
    }

    /// From the 64-byte secret that a seed expands to (`privateKey` in a keyfile).
    pub fn from_private_key(private: &[u8; 64]) -> Result<Self, KeyError> {
        SecretKey::from_bytes(private).map(|secret| Self(secret.to_keypair())).map_err(|_| KeyError::Secret)
    }

    pub(crate) fn private_key(&self) -> Zeroizing<[u8; 64]> {
        Zeroizing::new(self.0.secret.to_bytes())
    }

    /// The public key.
    pub fn public(&self) -> [u8; 32] {
        self.0.public.to_bytes()
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
        Signature(self.0.sign_simple(CONTEXT, message).to_bytes())
    }
}

impl Hotkey {
    /// Whether this key signed `message`.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        let Ok(signature) = schnorrkel::Signature::from_bytes(&signature.0) else {
            return false;
        };
        PublicKey::from_bytes(&self.0).is_ok_and(|key| key.verify_simple(CONTEXT, message, &signature).is_ok())
    }

    /// Whether this key signed `message` as it is, or wrapped as wallets in browsers do.
    pub fn verify_text(&self, message: &[u8], signature: &Signature) -> bool {
        self.verify(message, signature) || self.verify(&wrapped(message), signature)
    }
}

/// A message as wallets in browsers sign it, so that it can be no transaction.
pub fn wrapped(message: &[u8]) -> Vec<u8> {
    [b"<Bytes>", message, b"</Bytes>"].concat()
}

/// The mini secret of a phrase, by its entropy: Substrate does not use BIP-39's own seed.
pub(crate) fn mini_secret(phrase: &Mnemonic, password: &str) -> Zeroizing<[u8; 32]> {
    let (mut entropy, length) = phrase.to_entropy_array();
    let salt = Zeroizing::new(format!("mnemonic{password}"));
    let mut seed = Zeroizing::new([0; 32]);
    pbkdf2_hmac::<Sha512>(&entropy[..length], salt.as_bytes(), 2048, seed.as_mut());
    entropy.zeroize();
    seed
}

/// Shows the public half only.
impl fmt::Debug for Keypair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keypair({})", self.hotkey())
    }
}

/// `0x` and hex digits.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

/// With `0x` or without.
impl FromStr for Signature {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut bytes = [0; 64];
        let digits = text.strip_prefix("0x").unwrap_or(text);
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| KeyError::Signature)?;
        Ok(Self(bytes))
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

    const URIS: &[(&str, &str)] = &[
        ("//Alice//stash", "5GNJqTPyNqANBkUVMN1LPPrxXnFouWXoe2wNSmmEoLctxiZY"),
        ("//Alice/soft/1", "5EJVuiSkauKYisFQeMx1rMqHLgt24MutFku5AqoNyAZzscqa"),
        ("PHRASE//hard/soft", "5F9Awe4TLRmnDEtqq1AWMsJFRoFPctHt5Licz4B6X5LoWV9e"),
        ("PHRASE///pass word", "5FbnLzHXG7nvAq5CGGYyjh5SmD5vgQ2bybBu5FrxeLmCEL1R"),
        ("PHRASE//0///secret", "5DnpjTJBLzeaabsXoTHmBX9BLfU8chPg6CuPPTbGcGonaDnk"),
        (
            "0xfac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e//x",
            "5HKLvipdG48BJKkNkf1oCv6BvVTcryWSW21DYcXj8XbAWcJg",
        ),
    ];

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
        assert_eq!(Keypair::from_seed(&seed).unwrap().public(), wallet.public());
    }

    /// As bittensor-wallet 4.1.1 derives them: a password, and junctions of both kinds.
    #[test]
    fn uris_derive_as_everywhere() {
        let phrase = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
        let of = |uri: &str| Keypair::from_uri(&uri.replace("PHRASE", phrase)).unwrap().hotkey().to_string();
        assert_eq!(of("0xfac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e"), of("PHRASE"));
        for (uri, address) in URIS {
            assert_eq!(of(uri), *address, "{uri}");
        }
    }

    #[test]
    fn a_signature_is_for_one_message_and_one_key() {
        let (alice, bob) = (Keypair::from_uri("//Alice").unwrap(), Keypair::from_uri("//Bob").unwrap());
        let signature = alice.sign(b"message");
        assert!(alice.hotkey().verify(b"message", &signature));
        assert!(!alice.hotkey().verify(b"massage", &signature));
        assert!(!bob.hotkey().verify(b"message", &signature));
        assert!(alice.hotkey().verify_text(b"message", &alice.sign(b"<Bytes>message</Bytes>")));
        assert!(!alice.hotkey().verify(b"message", &alice.sign(&wrapped(b"message"))));
        assert_eq!(signature.to_string().parse::<Signature>().unwrap(), signature);
        assert_eq!(signature.to_string()[2..].parse::<Signature>().unwrap(), signature);
        assert!("0x12".parse::<Signature>().is_err() && "".parse::<Signature>().is_err());
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
