//! What a miner keeps between its runs: the key of its certificate, and until when it has served.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::{
    served::Served,
    tls::{Identity, IdentityError},
};

/// The folder of one miner, held by one process.
#[derive(Debug)]
pub(crate) struct State {
    pub identity: Identity,
    pub served: Served,
    /// Released when it is dropped, and when the process ends in whatever way.
    _lock: File,
}

/// Why a miner's state can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The folder can't be made or written.
    #[error("the miner's state folder {path} can't be used (setting miner.state_path)")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another miner runs on it.
    #[error("another miner uses the state folder {0}: give each its own (setting miner.state_path)")]
    InUse(PathBuf),
    /// The certificate can't be read or made.
    #[error("{path} holds no certificate with its key: remove it, and a new one is made and announced")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: IdentityError,
    },
    /// The mark of what was served isn't one.
    #[error("{0} is damaged: remove it if the clock of this machine was never set back")]
    Served(PathBuf),
}

impl State {
    /// Take the folder, and make what it lacks.
    pub(crate) fn open(folder: &Path) -> Result<Self, StateError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| StateError::Folder { path, source }
        };
        fs::create_dir_all(folder).map_err(failed(folder))?;
        let lock = folder.join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&lock).map_err(failed(&lock))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StateError::InUse(folder.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed(folder)(source)),
        }
        let path = folder.join("tls.pem");
        let identity = Identity::load_or_make(&path).map_err(|error| match error {
            IdentityError::Io(source) => StateError::Folder { path, source },
            source => StateError::Certificate { path, source },
        })?;
        let path = folder.join("served");
        let served = Served::open(&path).map_err(failed(&path))?.ok_or(StateError::Served(path))?;
        Ok(Self { identity, served, _lock: lock })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_miner_and_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er");
        let first = State::open(&path).unwrap();
        let pin = first.identity.pin;
        assert!(matches!(State::open(&path), Err(StateError::InUse(_))));
        drop(first);
        assert_eq!(State::open(&path).unwrap().identity.pin, pin);
        fs::remove_file(path.join("tls.pem")).unwrap();
        assert_ne!(State::open(&path).unwrap().identity.pin, pin);
    }

    #[test]
    fn damaged_files_are_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        drop(State::open(folder.path()).unwrap());
        for (name, bytes) in
            [("tls.pem", "-----BEGIN CERTIFICATE-----\n"), ("served", "x"), ("served", "0123456789abcdef")]
        {
            let path = folder.path().join(name);
            let good = fs::read(&path).unwrap();
            fs::write(&path, bytes).unwrap();
            let error = State::open(folder.path()).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), bytes);
            fs::write(&path, good).unwrap();
        }
        assert!(State::open(folder.path()).is_ok());
        assert!(matches!(State::open(Path::new("/dev/null/x")), Err(StateError::Folder { .. })));
    }
}
