//! Small files that are whole or absent.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Read, Write},
    path::Path,
};

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

/// Write a new file: under a hidden name first, then linked to its own name, which fails where that name is taken.
pub(super) fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), WalletError> {
    let io = |source| WalletError::Io { path: path.to_owned(), source };
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io(io::Error::from(io::ErrorKind::InvalidInput)));
    };
    make_private(directory).map_err(io)?;
    let temporary = directory.join(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
    let written = write_new(&temporary, bytes, mode).and_then(|()| fs::hard_link(&temporary, path));
    // Whatever happened, the hidden name goes.
    let removed = fs::remove_file(&temporary);
    match written {
        Ok(()) => removed.map_err(io)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(WalletError::Exists(path.to_owned())),
        Err(error) => return Err(io(error)),
    }
    // The name itself has to survive a power cut.
    fs::File::open(directory).and_then(|directory| directory.sync_all()).map_err(io)
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
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
