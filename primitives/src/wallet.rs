//! Wallet files as Bittensor keeps them: `<root>/<wallet>/{coldkey, coldkeypub.txt, hotkeys/<name>}`.
//!
//! A validator or a miner opens its hotkey only. Secrets are written with mode 0600, in one step, and never over a key
//! that exists.

mod file;
mod keyfile;
mod sealed;

use std::{
    io,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::{Coldkey, KeyError, Keypair};
use keyfile::Keyfile;
pub use keyfile::Secret;

/// Why a wallet file can't be read or written. It never holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WalletError {
    /// A name that is no single path component.
    #[error("{0:?} can't name a wallet or a hotkey")]
    Name(String),
    /// The file system.
    #[error("cannot access {path}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Nothing is written over a key.
    #[error("{0} exists already: it is not overwritten")]
    Exists(PathBuf),
    /// Far too long for a key.
    #[error("{0} is no key: it is too long")]
    TooLong(PathBuf),
    /// Not text, not JSON, or without what it has to hold.
    #[error("{path} is corrupt: {reason}")]
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// What is wrong, without quoting it.
        reason: &'static str,
    },
    /// The secret in it makes no key.
    #[error("{path} holds no key")]
    Key {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: KeyError,
    },
    /// It says whose key it is, and its secret is another's.
    #[error("{0} is corrupt: its secret is not the one of its address")]
    Mismatch(PathBuf),
    /// A key of another kind.
    #[error("{0} holds an ed25519 key: neurons sign with sr25519")]
    Ed25519(PathBuf),
    /// It is encrypted, and no password was given.
    #[error("{0} is encrypted: it needs a password")]
    Encrypted(PathBuf),
    /// It is encrypted as wallets no longer do it.
    #[error("{path} is encrypted in the old format {format}: save it anew with btcli")]
    OldEncryption {
        /// Which file.
        path: PathBuf,
        /// `ansible` or `fernet`.
        format: &'static str,
    },
    /// Another password, or a damaged file.
    #[error("cannot decrypt {0}: wrong password, or the file is damaged")]
    Password(PathBuf),
    /// The password could not be made into a key.
    #[error("cannot derive the key of {0}: too little memory, or too long a password")]
    Derivation(PathBuf),
}

/// One wallet's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    directory: PathBuf,
}

/// A key that was read.
#[derive(Clone, Debug)]
#[must_use]
pub struct Loaded {
    /// The key.
    pub keypair: Keypair,
    /// Its file.
    pub path: PathBuf,
    /// The file's permissions, where others than its owner may read or write it: worth a warning.
    pub loose_mode: Option<u32>,
}

/// A key that was made.
#[derive(Debug)]
pub struct Created {
    /// The key.
    pub keypair: Keypair,
    /// Its file.
    pub path: PathBuf,
    /// The words that bring it back: to be shown once, and written down by a person.
    pub phrase: Zeroizing<String>,
}

impl Wallet {
    /// The wallet of a name below a root, such as `~/.bittensor/wallets`. Nothing is read or made yet.
    pub fn new(root: &Path, name: &str) -> Result<Self, WalletError> {
        Ok(Self { directory: root.join(checked(name)?) })
    }

    /// Where the hotkey of a name is.
    pub fn hotkey_path(&self, name: &str) -> Result<PathBuf, WalletError> {
        Ok(self.directory.join("hotkeys").join(checked(name)?))
    }

    /// Where the coldkey is.
    pub fn coldkey_path(&self) -> PathBuf {
        self.directory.join("coldkey")
    }

    /// Where the public half of the coldkey is.
    pub fn coldkeypub_path(&self) -> PathBuf {
        self.directory.join("coldkeypub.txt")
    }

    /// Read a hotkey, which is not encrypted by convention.
    pub fn hotkey(&self, name: &str) -> Result<Loaded, WalletError> {
        read_key(&self.hotkey_path(name)?)
    }

    /// Read the public half of the coldkey: all that a validator or a miner should ever have of it.
    pub fn coldkeypub(&self) -> Result<Coldkey, WalletError> {
        let path = self.coldkeypub_path();
        Keyfile::parse(&path, &file::read(&path)?.bytes)?.public(&path).map(Coldkey)
    }

    /// Read the coldkey with its password. Takes a second and half a gigabyte of memory.
    pub fn coldkey(&self, password: &str) -> Result<Loaded, WalletError> {
        read_encrypted_key(&self.coldkey_path(), password)
    }

    /// The names of the hotkeys, sorted.
    pub fn hotkeys(&self) -> Result<Vec<String>, WalletError> {
        let directory = self.directory.join("hotkeys");
        let io = |source| WalletError::Io { path: directory.clone(), source };
        let mut names = Vec::new();
        for entry in directory.read_dir().map_err(io)? {
            let name = entry.map_err(io)?.file_name();
            match name.into_string() {
                // Public halves lie beside the keys; temporary files start with a dot.
                Ok(name) if !name.ends_with("pub.txt") && !name.starts_with('.') => names.push(name),
                _ => {}
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Make a hotkey from new words.
    pub fn create_hotkey(&self, name: &str) -> Result<Created, WalletError> {
        self.save_hotkey(name, &Secret::generate())
    }

    /// Keep a secret as a hotkey.
    pub fn save_hotkey(&self, name: &str, secret: &Secret) -> Result<Created, WalletError> {
        let path = self.hotkey_path(name)?;
        let keyfile = Keyfile::of(secret, &path)?;
        file::create(&path, &keyfile.json(), file::SECRET)?;
        created(path, &keyfile, secret)
    }

    /// Make a coldkey from new words, encrypted with a password, and its public half beside it.
    pub fn create_coldkey(&self, password: &str) -> Result<Created, WalletError> {
        self.save_coldkey(&Secret::generate(), &derive(&self.coldkey_path(), password)?)
    }

    fn save_coldkey(&self, secret: &Secret, key: &sealed::Key) -> Result<Created, WalletError> {
        let (path, public_path) = (self.coldkey_path(), self.coldkeypub_path());
        if public_path.exists() {
            return Err(WalletError::Exists(public_path));
        }
        let keyfile = Keyfile::of(secret, &path)?;
        let sealed = sealed::seal(key, &keyfile.json()).ok_or_else(|| WalletError::TooLong(path.clone()))?;
        file::create(&path, &sealed, file::SECRET)?;
        file::create(&public_path, &keyfile.public_json(), file::PUBLIC)?;
        created(path, &keyfile, secret)
    }
}

/// Read a key that is not encrypted, wherever it is.
pub fn read_key(path: &Path) -> Result<Loaded, WalletError> {
    let file = file::read(path)?;
    load(path, &file.bytes, file.loose_mode)
}

/// Read a key that is encrypted with a password, wherever it is; one that is not needs none. Takes a second and half a
/// gigabyte of memory.
pub fn read_encrypted_key(path: &Path, password: &str) -> Result<Loaded, WalletError> {
    let file = file::read(path)?;
    if !sealed::is_sealed(&file.bytes) {
        return load(path, &file.bytes, file.loose_mode);
    }
    let plain = sealed::open(&derive(path, password)?, &file.bytes);
    let plain = plain.ok_or_else(|| WalletError::Password(path.to_owned()))?;
    load(path, &plain, file.loose_mode)
}

fn derive(path: &Path, password: &str) -> Result<sealed::Key, WalletError> {
    sealed::derive(password).ok_or_else(|| WalletError::Derivation(path.to_owned()))
}

fn load(path: &Path, bytes: &[u8], loose_mode: Option<u32>) -> Result<Loaded, WalletError> {
    let keypair = Keyfile::parse(path, bytes)?.keypair(path)?;
    Ok(Loaded { keypair, path: path.to_owned(), loose_mode })
}

fn created(path: PathBuf, keyfile: &Keyfile, secret: &Secret) -> Result<Created, WalletError> {
    Ok(Created { keypair: keyfile.keypair(&path)?, path, phrase: secret.phrase() })
}

/// A name that stays inside its directory and is not hidden.
fn checked(name: &str) -> Result<&str, WalletError> {
    let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    if plain { Ok(name) } else { Err(WalletError::Name(name.to_owned())) }
}

#[cfg(test)]
mod tests;
