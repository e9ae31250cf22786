//! Wallet files as Bittensor keeps them: `<root>/<wallet>/{coldkey, coldkeypub.txt, hotkeys/<name>,
//! hotkeys/<name>pub.txt}`.
//!
//! A validator or a miner opens its hotkey only. Secrets are written with mode 0600, in one step, and never over a key
//! that exists.

mod environment;
mod file;
mod keyfile;
mod sealed;
mod secret;

use std::{
    io,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::{Coldkey, KeyError, Keypair};
use file::Draft;
use keyfile::Keyfile;

pub use environment::{password_in, password_variable};
pub use secret::Secret;

/// How the names of public halves end.
const PUBLIC_HALF: &str = "pub.txt";

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

/// A key that was saved.
#[derive(Debug)]
pub struct Saved {
    /// The key.
    pub keypair: Keypair,
    /// Its file.
    pub path: PathBuf,
}

impl Wallet {
    /// The wallet of a name below a root, such as `~/.bittensor/wallets`. Nothing is read or made yet.
    pub fn new(root: &Path, name: &str) -> Result<Self, WalletError> {
        Ok(Self { directory: root.join(checked(name)?) })
    }

    /// Where the hotkey of a name is.
    pub fn hotkey_path(&self, name: &str) -> Result<PathBuf, WalletError> {
        // That would be the public half of another one.
        if name.ends_with(PUBLIC_HALF) {
            return Err(WalletError::Name(name.to_owned()));
        }
        Ok(self.directory.join("hotkeys").join(checked(name)?))
    }

    /// Where the public half of the hotkey of a name is, if the wallet that made it keeps one.
    pub fn hotkeypub_path(&self, name: &str) -> Result<PathBuf, WalletError> {
        let mut path = self.hotkey_path(name)?.into_os_string();
        path.push(PUBLIC_HALF);
        Ok(path.into())
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
                Ok(name) if !name.ends_with(PUBLIC_HALF) && !name.starts_with('.') => names.push(name),
                _ => {}
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Whether a hotkey may be saved under a name: nothing is written over a key.
    pub fn vacant_hotkey(&self, name: &str) -> Result<(), WalletError> {
        file::vacant(&self.hotkey_path(name)?)
    }

    /// Whether a coldkey may be saved.
    pub fn vacant_coldkey(&self) -> Result<(), WalletError> {
        file::vacant(&self.coldkey_path())
    }

    /// Keep a secret as a hotkey, unencrypted, with its public half beside it.
    pub fn save_hotkey(&self, name: &str, secret: &Secret) -> Result<Saved, WalletError> {
        save(self.hotkey_path(name)?, &self.hotkeypub_path(name)?, secret, |_, plain| Ok(plain.to_vec().into()))
    }

    /// Keep a secret as the coldkey, encrypted with a password, with its public half beside it. Takes a second and half
    /// a gigabyte of memory.
    pub fn save_coldkey(&self, secret: &Secret, password: &str) -> Result<Saved, WalletError> {
        self.save_sealed_coldkey(secret, |path| derive(path, password))
    }

    fn save_sealed_coldkey(
        &self,
        secret: &Secret,
        key: impl FnOnce(&Path) -> Result<sealed::Key, WalletError>,
    ) -> Result<Saved, WalletError> {
        save(self.coldkey_path(), &self.coldkeypub_path(), secret, |path, plain| {
            let sealed = sealed::seal(&key(path)?, plain).ok_or_else(|| WalletError::TooLong(path.to_owned()))?;
            Ok(sealed.into())
        })
    }
}

/// Write a key and its public half. Both are on the disk before either has its name.
fn save(
    path: PathBuf,
    public_path: &Path,
    secret: &Secret,
    seal: impl FnOnce(&Path, &[u8]) -> Result<Zeroizing<Vec<u8>>, WalletError>,
) -> Result<Saved, WalletError> {
    file::vacant(&path)?;
    let keypair = secret.keypair().map_err(|source| WalletError::Key { path: path.clone(), source })?;
    let keyfile = Keyfile::of(secret, &keypair);
    let has_public_half = is_public_half(public_path, &keypair)?;
    let key = Draft::write(&path, &seal(&path, &keyfile.json())?, file::SECRET)?;
    if has_public_half {
        key.publish()?;
    } else {
        let public = Draft::write(public_path, &keyfile.public_json(), file::PUBLIC)?;
        // A public half without its key would invite payments that nobody can spend: the key comes first.
        key.publish()?;
        if let Err(error) = public.publish() {
            file::remove(&path)?;
            return Err(error);
        }
    }
    Ok(Saved { keypair, path })
}

/// Whether the public half is there already. It may be: of a key that was kept elsewhere until now. Another key's may
/// not.
fn is_public_half(path: &Path, keypair: &Keypair) -> Result<bool, WalletError> {
    if file::vacant(path).is_ok() {
        return Ok(false);
    }
    let public = Keyfile::parse(path, &file::read(path)?.bytes)?.public(path)?;
    if public == keypair.public() { Ok(true) } else { Err(WalletError::Exists(path.to_owned())) }
}

/// Read a key that is not encrypted, wherever it is.
pub fn read_key(path: &Path) -> Result<Loaded, WalletError> {
    load(path, |bytes| Keyfile::parse(path, bytes)?.secret(path))
}

/// Read a key that is encrypted with a password, wherever it is; one that is not needs none. Takes a second and half a
/// gigabyte of memory.
pub fn read_encrypted_key(path: &Path, password: &str) -> Result<Loaded, WalletError> {
    load(path, |bytes| open(path, bytes, password))
}

/// Whether the bytes of a key file need a password.
pub fn is_encrypted(bytes: &[u8]) -> bool {
    sealed::is_sealed(bytes)
}

/// The secret in what somebody keeps of a key: words, a seed, or a key file, which is opened with the password where it
/// is encrypted. `path` says in errors where it came from.
pub fn read_secret(path: &Path, bytes: &[u8], password: Option<&str>) -> Result<Secret, WalletError> {
    let (secret, _) = match password {
        Some(password) => open(path, bytes, password)?,
        None => Keyfile::parse(path, bytes)?.secret(path)?,
    };
    Ok(secret)
}

fn open(path: &Path, bytes: &[u8], password: &str) -> Result<(Secret, Keypair), WalletError> {
    if !sealed::is_sealed(bytes) {
        return Keyfile::parse(path, bytes)?.secret(path);
    }
    let plain = sealed::open(&derive(path, password)?, bytes);
    let plain = plain.ok_or_else(|| WalletError::Password(path.to_owned()))?;
    Keyfile::parse(path, &plain)?.secret(path)
}

fn derive(path: &Path, password: &str) -> Result<sealed::Key, WalletError> {
    sealed::derive(password).ok_or_else(|| WalletError::Derivation(path.to_owned()))
}

fn load(
    path: &Path,
    open: impl FnOnce(&[u8]) -> Result<(Secret, Keypair), WalletError>,
) -> Result<Loaded, WalletError> {
    let file = file::read(path)?;
    let (_, keypair) = open(&file.bytes)?;
    Ok(Loaded { keypair, path: path.to_owned(), loose_mode: file.loose_mode })
}

/// A name that stays inside its directory and is not hidden.
fn checked(name: &str) -> Result<&str, WalletError> {
    let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    if plain { Ok(name) } else { Err(WalletError::Name(name.to_owned())) }
}

#[cfg(test)]
mod tests;
