//! A file that is there whole or not at all.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use tempfile::NamedTempFile;

/// A file to be: its folder can be written to, and nothing is there before it is complete.
pub struct WholeFile {
    path: PathBuf,
}

impl WholeFile {
    /// To become the file at `path`, or to replace it.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        ensure!(!path.is_dir(), "{} is a folder: name a file", path.display());
        // What a link leads to is replaced, and not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        ensure!(!path.exists() || path.is_file(), "{} is no file that could be replaced: name another", path.display());
        let file = Self { path };
        // Tried before the work is done, and gone again: whoever stops the program leaves nothing behind.
        file.beside()?;
        Ok(file)
    }

    /// All of it.
    pub fn write(self, bytes: &[u8]) -> anyhow::Result<()> {
        let context = || format!("writing {}", self.path.display());
        let mut file = self.beside()?;
        file.write_all(bytes).with_context(context)?;
        file.as_file().sync_all().with_context(context)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // Temporary files are their owner's alone; what becomes of one here holds no secret.
            file.as_file().set_permissions(fs::Permissions::from_mode(0o644)).with_context(context)?;
        }
        file.persist(&self.path).with_context(context)?;
        Ok(())
    }

    fn beside(&self) -> anyhow::Result<NamedTempFile> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        ensure!(folder.is_dir(), "{} is no folder: make it first", folder.display());
        NamedTempFile::new_in(folder).with_context(|| format!("writing to {}", folder.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_stays_until_all_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "old").unwrap();
        let file = WholeFile::create(&path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        file.write(b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let error = WholeFile::create(&folder.path().join("absent/file")).err().unwrap().to_string();
        assert!(error.contains("absent is no folder"), "{error}");
        assert!(WholeFile::create(folder.path()).is_err());
    }

    #[test]
    fn a_link_stays_one_and_a_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let [path, link, socket] = ["file", "link", "socket"].map(|name| folder.path().join(name));
        fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        WholeFile::create(&link).unwrap().write(b"new").unwrap();
        assert!(link.is_symlink() && fs::read_to_string(&path).unwrap() == "new");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let error = WholeFile::create(&socket).err().unwrap().to_string();
        assert!(error.contains("is no file"), "{error}");
    }
}
