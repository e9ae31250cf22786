//! A file that is there whole or not at all.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use tempfile::NamedTempFile;

/// A file to be: its folder can be written to, and the file itself is not touched before it is complete.
pub struct WholeFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl WholeFile {
    /// To become the file at `path`, or to replace it.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = NamedTempFile::new_in(folder).with_context(|| format!("writing to {}", folder.display()))?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// All of it.
    pub fn write(mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let context = || format!("writing {}", self.path.display());
        self.file.write_all(bytes).with_context(context)?;
        self.file.as_file().sync_all().with_context(context)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // Temporary files are their owner's alone; what becomes of one here holds no secret.
            self.file.as_file().set_permissions(fs::Permissions::from_mode(0o644)).with_context(context)?;
        }
        self.file.persist(&self.path).with_context(context)?;
        Ok(())
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
        drop(WholeFile::create(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        WholeFile::create(&path).unwrap().write(b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(WholeFile::create(&folder.path().join("absent/file")).is_err());
    }
}
