//! Small files that are whole or absent.

use std::{
    fs::{self, DirBuilder},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::WalletError;

/// Longer than any key file.
const MAX_BYTES: u64 = 64 << 10;

/// Permissions of what holds a secret, and of what does not.
pub(super) const SECRET: u32 = 0o600;
pub(super) const PUBLIC: u32 = 0o644;

pub(super) struct Contents {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) loose_mode: Option<u32>,
}

pub(super) fn read(path: &Path) -> Result<Contents, WalletError> {
    let io = |source| WalletError::Io { path: path.to_owned(), source };
    let file = fs::File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(io(io::Error::new(io::ErrorKind::IsADirectory, "not a file")));
    }
    // Room for all of it at once: growing would leave copies of the secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(metadata.len().min(MAX_BYTES)).unwrap_or(0) + 1));
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(WalletError::TooLong(path.to_owned()));
    }
    Ok(Contents { bytes, loose_mode: loose_mode(&metadata) })
}

/// Nothing may be there.
pub(super) fn vacant(path: &Path) -> Result<(), WalletError> {
    match path.symlink_metadata() {
        Ok(_) => Err(WalletError::Exists(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(WalletError::Io { path: path.to_owned(), source }),
    }
}

/// A new file that is written and safe, but has a hidden name only. It goes where it is dropped.
pub(super) struct Draft {
    file: NamedTempFile,
    directory: PathBuf,
    path: PathBuf,
}

impl Draft {
    pub(super) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<Self, WalletError> {
        let io = |source| WalletError::Io { path: path.to_owned(), source };
        let directory = path.parent().ok_or_else(|| io(io::Error::from(io::ErrorKind::InvalidInput)))?;
        make_private(directory).map_err(io)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
        #[cfg(not(unix))]
        let _ = mode;
        let mut file = builder.tempfile_in(directory).map_err(io)?;
        file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(io)?;
        Ok(Self { file, directory: directory.to_owned(), path: path.to_owned() })
    }

    /// Give it its name, unless that is taken.
    pub(super) fn publish(self) -> Result<(), WalletError> {
        let Self { file, directory, path } = self;
        file.persist_noclobber(&path).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => WalletError::Exists(path.clone()),
            _ => WalletError::Io { path: path.clone(), source: error.error },
        })?;
        // The name itself has to survive a power cut.
        let synced = fs::File::open(&directory).and_then(|directory| directory.sync_all());
        synced.map_err(|source| WalletError::Io { path, source })
    }
}

pub(super) fn remove(path: &Path) -> Result<(), WalletError> {
    fs::remove_file(path).map_err(|source| WalletError::Io { path: path.to_owned(), source })
}

fn make_private(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

#[cfg(unix)]
fn loose_mode(metadata: &fs::Metadata) -> Option<u32> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn loose_mode(_: &fs::Metadata) -> Option<u32> {
    None
}
