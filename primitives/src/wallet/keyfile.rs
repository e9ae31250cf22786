//! What a key file holds, in all the forms in which wallets have written it.

use std::{fmt, path::Path};

use crypto_secretbox::aead::{OsRng, rand_core::RngCore};
use pbkdf2::pbkdf2_hmac;
use schnorrkel::{ExpansionMode, MiniSecretKey};
use serde::{Deserialize, Serialize};
use sha2::Sha512;
use subxt_signer::bip39::Mnemonic;
use zeroize::{Zeroize, Zeroizing};

use super::{WalletError, sealed};
use crate::{Coldkey, KeyError, Keypair};

/// sr25519, in the files' numbering; ed25519 is 0.
const SR25519: u8 = 1;

/// Words that make a key.
pub struct Secret(Mnemonic);

impl Secret {
    /// Twelve new words.
    pub fn generate() -> Self {
        let mut entropy = Zeroizing::new([0; 16]);
        OsRng.fill_bytes(entropy.as_mut());
        Self(Mnemonic::from_entropy(entropy.as_ref()).expect("sixteen bytes make twelve words"))
    }

    /// Words that somebody wrote down.
    pub fn from_phrase(phrase: &str) -> Result<Self, KeyError> {
        Mnemonic::parse(phrase).map(Self).map_err(KeyError::Phrase)
    }

    pub(super) fn phrase(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string())
    }

    /// The mini secret, by the phrase's entropy: Substrate does not use BIP-39's own seed.
    fn seed(&self) -> Zeroizing<[u8; 32]> {
        let (mut entropy, length) = self.0.to_entropy_array();
        let mut seed = Zeroizing::new([0; 32]);
        pbkdf2_hmac::<Sha512>(&entropy[..length], b"mnemonic", 2048, seed.as_mut());
        entropy.zeroize();
        seed
    }
}

/// Shows nothing.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A key file's fields, all as text. Newer wallets add fields of no use here.
#[derive(Default, Serialize, Deserialize, Zeroize)]
#[serde(rename_all = "camelCase")]
#[zeroize(drop)]
pub(super) struct Keyfile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    public_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    private_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret_phrase: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret_seed: Option<String>,
    // Some wallets wrote the name with a blank before it.
    #[serde(default, alias = " ss58Address", rename = "ss58Address", skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crypto_type: Option<u8>,
}

impl Keyfile {
    /// All fields, from words.
    pub(super) fn of(secret: &Secret, path: &Path) -> Result<Self, WalletError> {
        let seed = secret.seed();
        let key = |source| WalletError::Key { path: path.to_owned(), source };
        let keypair = Keypair::from_seed(*seed).map_err(key)?;
        let corrupt = |_| WalletError::Corrupt { path: path.to_owned(), reason: "no mini secret" };
        let mini = MiniSecretKey::from_bytes(seed.as_ref()).map_err(corrupt)?;
        let private = Zeroizing::new(mini.expand(ExpansionMode::Ed25519).to_bytes());
        let public = hex(&keypair.public());
        Ok(Self {
            account_id: Some(public.clone()),
            public_key: Some(public),
            private_key: Some(hex(private.as_ref())),
            secret_phrase: Some(secret.0.to_string()),
            secret_seed: Some(hex(seed.as_ref())),
            address: Some(keypair.coldkey().to_string()),
            crypto_type: Some(SR25519),
        })
    }

    /// From a file's bytes, decrypted where they were encrypted.
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, WalletError> {
        let corrupt = |reason| WalletError::Corrupt { path: path.to_owned(), reason };
        if sealed::is_sealed(bytes) {
            return Err(WalletError::Encrypted(path.to_owned()));
        }
        for (start, format) in [("$ANSIBLE_VAULT", "ansible"), ("gAAAAA", "fernet")] {
            if bytes.starts_with(start.as_bytes()) {
                return Err(WalletError::OldEncryption { path: path.to_owned(), format });
            }
        }
        let text = std::str::from_utf8(bytes).map_err(|_| corrupt("not text"))?.trim();
        if text.starts_with('{') {
            // The parser's own error could quote a secret.
            return serde_json::from_str(text).map_err(|_| corrupt("not the JSON of a key"));
        }
        // Older files hold nothing but the secret, or nothing but the address.
        let mut keyfile = Self::default();
        if unhex::<32>(text).is_some() {
            keyfile.secret_seed = Some(text.to_owned());
        } else if text.contains(char::is_whitespace) {
            keyfile.secret_phrase = Some(text.to_owned());
        } else if text.parse::<Coldkey>().is_ok() {
            keyfile.address = Some(text.to_owned());
        } else {
            return Err(corrupt("neither JSON nor a seed nor a phrase nor an address"));
        }
        Ok(keyfile)
    }

    /// The key, checked against the address that the file names.
    pub(super) fn keypair(&self, path: &Path) -> Result<Keypair, WalletError> {
        let corrupt = |reason| WalletError::Corrupt { path: path.to_owned(), reason };
        let key = |source| WalletError::Key { path: path.to_owned(), source };
        if self.crypto_type.is_some_and(|kind| kind != SR25519) {
            return Err(WalletError::Ed25519(path.to_owned()));
        }
        let keypair = match (&self.secret_seed, &self.secret_phrase) {
            (Some(seed), _) => {
                let seed =
                    Zeroizing::new(unhex::<32>(seed).ok_or_else(|| corrupt("secretSeed is not 32 bytes of hex"))?);
                Keypair::from_seed(*seed).map_err(key)?
            }
            (None, Some(phrase)) => Keypair::from_phrase(phrase).map_err(key)?,
            (None, None) => return Err(corrupt("neither secretSeed nor secretPhrase")),
        };
        let names_its_key = self.account_id.is_some() || self.public_key.is_some() || self.address.is_some();
        if names_its_key && self.public(path)? != keypair.public() {
            return Err(WalletError::Mismatch(path.to_owned()));
        }
        Ok(keypair)
    }

    /// The public key that the file names. Where it names it more than once, all have to agree.
    pub(super) fn public(&self, path: &Path) -> Result<[u8; 32], WalletError> {
        let corrupt = |reason| WalletError::Corrupt { path: path.to_owned(), reason };
        let mut named = Vec::new();
        for text in [&self.public_key, &self.account_id].into_iter().flatten() {
            named.push(unhex::<32>(text).ok_or_else(|| corrupt("a public key that is not 32 bytes of hex"))?);
        }
        if let Some(address) = &self.address {
            let address = address.parse::<Coldkey>().map_err(|_| corrupt("ss58Address is no address"))?;
            named.push(address.0);
        }
        let first = *named.first().ok_or_else(|| corrupt("no public key"))?;
        if named.iter().any(|other| *other != first) {
            return Err(corrupt("its public key and its address are not the same"));
        }
        Ok(first)
    }

    pub(super) fn json(&self) -> Zeroizing<Vec<u8>> {
        // Text and a number: nothing that could fail.
        Zeroizing::new(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Without any secret.
    pub(super) fn public_json(&self) -> Zeroizing<Vec<u8>> {
        let public = Self {
            account_id: self.account_id.clone(),
            public_key: self.public_key.clone(),
            address: self.address.clone(),
            crypto_type: self.crypto_type,
            private_key: None,
            secret_phrase: None,
            secret_seed: None,
        };
        public.json()
    }
}

fn hex(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut bytes).ok()?;
    Some(bytes)
}
