//! What a key file holds, in all the forms in which wallets have written it.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use super::{Secret, WalletError, sealed};
use crate::{Coldkey, Keypair};

/// sr25519, in the files' numbering; ed25519 is 0.
const SR25519: u8 = 1;

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
    // Newer wallets name the scheme in words too.
    #[serde(default, skip_serializing)]
    #[zeroize(skip)]
    signing_scheme: Option<Value>,
}

impl Keyfile {
    /// All that a secret and its key tell.
    pub(super) fn of(secret: &Secret, keypair: &Keypair) -> Self {
        let public = hex(&keypair.public());
        Self {
            account_id: Some(public.clone()),
            public_key: Some(public),
            private_key: Some(hex(keypair.private_key().as_ref())),
            secret_phrase: secret.phrase().map(|mut phrase| std::mem::take(&mut *phrase)),
            secret_seed: secret.seed().map(|seed| hex(seed.as_ref())),
            address: Some(keypair.coldkey().to_string()),
            crypto_type: Some(SR25519),
            signing_scheme: None,
        }
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

    /// The secret and its key, checked against the address that the file names.
    pub(super) fn secret(&self, path: &Path) -> Result<(Secret, Keypair), WalletError> {
        let corrupt = |reason| WalletError::Corrupt { path: path.to_owned(), reason };
        let key = |source| WalletError::Key { path: path.to_owned(), source };
        if self.is_ed25519() {
            return Err(WalletError::Ed25519(path.to_owned()));
        }
        let seed = match &self.secret_seed {
            Some(text) => {
                let seed =
                    Zeroizing::new(unhex::<32>(text).ok_or_else(|| corrupt("secretSeed is not 32 bytes of hex"))?);
                Some(Secret::from_seed(&seed))
            }
            None => None,
        };
        let (secret, keypair) = match (&self.secret_phrase, seed, &self.private_key) {
            (Some(phrase), seed, _) => {
                let secret = Secret::from_phrase(phrase).map_err(key)?;
                let keypair = secret.keypair().map_err(key)?;
                if let Some(seed) = seed
                    && seed.keypair().map_err(key)?.public() != keypair.public()
                {
                    return Err(corrupt("its secretPhrase and its secretSeed are not the same"));
                }
                (secret, keypair)
            }
            (None, Some(seed), _) => {
                let keypair = seed.keypair().map_err(key)?;
                (seed, keypair)
            }
            // What is left where the words were never written down.
            (None, None, Some(private)) => {
                let private =
                    Zeroizing::new(unhex::<64>(private).ok_or_else(|| corrupt("privateKey is not 64 bytes of hex"))?);
                let secret = Secret::from_private_key(&private);
                let keypair = secret.keypair().map_err(key)?;
                (secret, keypair)
            }
            (None, None, None) => return Err(corrupt("none of secretPhrase, secretSeed, privateKey")),
        };
        let names_its_key = self.account_id.is_some() || self.public_key.is_some() || self.address.is_some();
        if names_its_key && self.public(path)? != keypair.public() {
            return Err(WalletError::Mismatch(path.to_owned()));
        }
        Ok((secret, keypair))
    }

    fn is_ed25519(&self) -> bool {
        let named = self.signing_scheme.as_ref().and_then(Value::as_str);
        self.crypto_type.is_some_and(|kind| kind != SR25519)
            || named.is_some_and(|scheme| scheme.eq_ignore_ascii_case("ed25519"))
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
        // Longer than all fields together: growing would leave copies of the secret behind.
        let mut text = Zeroizing::new(Vec::with_capacity(2048));
        // Text and a number into memory: nothing that could fail.
        serde_json::to_writer(&mut *text, self).expect("a key file's fields are text");
        text
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
            signing_scheme: None,
        };
        public.json()
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut digits = Zeroizing::new([0; 128]);
    let digits = &mut digits[..2 * bytes.len()];
    hex::encode_to_slice(bytes, digits).expect("keys are 64 bytes at most");
    let mut text = String::with_capacity(2 + digits.len());
    text.push_str("0x");
    text.extend(digits.iter().copied().map(char::from));
    text
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut bytes).ok()?;
    Some(bytes)
}
