//! Room for what is written.

use std::{
    io,
    path::{Path, PathBuf},
};

use rustix::fs::statvfs;
use tempfile::NamedTempFile;

use crate::{
    doctor::{Finding, Role},
    settings::Settings,
};

const NAME: &str = "disk";
/// Two weeks of a validator of 256 miners, at 250 bytes an answer and a round every two minutes, are less.
const ROOMY_BYTES: u64 = 1 << 30;
/// Less than that is full tomorrow.
const LEAST_BYTES: u64 = 100 << 20;

/// Whether what the role writes can be written.
pub fn look(settings: &Settings, role: Option<Role>) -> Option<Finding> {
    // A miner writes nothing but what it logs to stderr.
    (role == Some(Role::Validator)).then(|| of_file("validator.store_path", &settings.validator.store_path))
}

fn of_file(setting: &str, path: &Path) -> Finding {
    let folder = existing(path);
    let fix = format!("name a file that can be written with {setting}");
    if path.is_dir() {
        return Finding::failed(NAME, format!("{} is a folder", path.display()), fix);
    }
    let room = match room(&folder) {
        Ok(room) => room,
        Err(error) => return Finding::failed(NAME, format!("{} can't be written to: {error}", folder.display()), fix),
    };
    judge(setting, &folder, room)
}

fn judge(setting: &str, folder: &Path, room: u64) -> Finding {
    let found = format!("{:.1} GiB free in {}", room as f64 / (1_u64 << 30) as f64, folder.display());
    let fix = format!("make room, prune the log (assay log prune), or move {setting} to a larger disk");
    match room {
        0..LEAST_BYTES => Finding::failed(NAME, found, fix),
        LEAST_BYTES..ROOMY_BYTES => Finding::warning(NAME, found, fix),
        _ => Finding::ok(NAME, found),
    }
}

/// The folder of a path, or the nearest one above it that is there: those between are made.
fn existing(path: &Path) -> PathBuf {
    let above = path.ancestors().skip(1).find(|folder| folder.exists());
    above.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// Bytes that whoever asks may still write there. It writes something, to know.
fn room(folder: &Path) -> io::Result<u64> {
    NamedTempFile::new_in(folder)?;
    let disk = statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::doctor::State;

    #[test]
    fn room_is_judged() {
        for (room, state) in [
            (0, State::Failed),
            (LEAST_BYTES - 1, State::Failed),
            (LEAST_BYTES, State::Warning),
            (ROOMY_BYTES, State::Ok),
        ] {
            assert_eq!(judge("validator.store_path", Path::new("/x"), room).state, state, "{room}");
        }
    }

    #[test]
    fn a_store_needs_a_folder_that_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "x").unwrap();
        assert_ne!(of_file("s", &folder.path().join("made/later/store.sqlite")).state, State::Failed);
        assert_eq!(of_file("s", &file.join("store.sqlite")).state, State::Failed);
        assert_eq!(of_file("s", folder.path()).state, State::Failed);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
        assert_eq!(existing(Path::new("store.sqlite")), Path::new("."));
    }
}
