//! A file as memory.

use std::{
    fs::{self, File},
    io,
    ops::Deref,
    path::Path,
    time::SystemTime,
};

/// A file mapped read-only. Its pages are the system's cache of the file: they are read when they are first looked at
/// and cost no memory of ours.
///
/// Another program can still write to the file. What it writes may or may not be seen here, so [`Self::is_unchanged`]
/// is asked once everything was read; a program that *shortens* the file ends this one with SIGBUS, as any program
/// that maps files. To replace a model under a running miner, write a new folder and move it.
#[derive(Debug)]
pub(crate) struct MappedFile {
    file: File,
    map: memmap2::Mmap,
    modified: Option<SystemTime>,
}

impl MappedFile {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
        }
        Ok(Self { map: map(&file)?, modified: metadata.modified().ok(), file })
    }

    /// Whether the file has the length and the time of modification that it had when it was opened, as far as can be
    /// told: a system that keeps no such times says yes.
    pub(crate) fn is_unchanged(&self) -> bool {
        let now: io::Result<fs::Metadata> = self.file.metadata();
        now.is_ok_and(|now| now.len() == self.map.len() as u64 && now.modified().ok() == self.modified)
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

#[allow(unsafe_code)]
fn map(file: &File) -> io::Result<memmap2::Mmap> {
    // SAFETY: the mapping is private to this process and read-only. Its bytes are only ever copied or hashed, and
    // offsets into it are checked before anything else is read from it, so bytes that change under us are bad data, not
    // a broken invariant. See the type for what shortening the file does.
    unsafe { memmap2::Mmap::map(file) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, b"before").expect("written");
        let file = MappedFile::open(&path).expect("maps");
        assert_eq!(&*file, b"before");
        assert!(file.is_unchanged());
        let other = File::options().append(true).open(&path).expect("opens");
        other.set_len(9).expect("grows");
        assert!(!file.is_unchanged());
        other.set_len(6).expect("shrinks back");
        other.set_modified(SystemTime::UNIX_EPOCH).expect("set");
        assert!(!file.is_unchanged());
    }

    #[test]
    fn what_cannot_be_mapped_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(MappedFile::open(folder.path()).is_err());
        assert!(MappedFile::open(&folder.path().join("none")).is_err());
        fs::write(folder.path().join("empty"), b"").expect("written");
        assert!(MappedFile::open(&folder.path().join("empty")).expect("maps").is_empty());
    }
}
