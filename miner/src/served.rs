//! Until when a miner has served, on disk: what makes a request that was served once stay served after a restart,
//! even on a machine whose clock was set back in between.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt as _,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use protos::{Reason, Refusal};
use tokio::time;

use crate::clock;

/// The mark, and its complement: a file that was cut or scribbled on is none.
const SIZE: usize = 16;
/// How often the mark is brought from the system's memory to the disk. A killed process loses nothing either way.
const SYNC: Duration = Duration::from_secs(1);

/// The latest `issued_ms` that was served. Sixteen bytes that are overwritten where they lie: it needs no room on a
/// full disk, and a microsecond.
#[derive(Clone, Debug)]
pub(crate) struct Served(Arc<Mutex<Mark>>);

#[derive(Debug)]
struct Mark {
    file: File,
    issued_ms: u64,
    synced_ms: u64,
}

impl Served {
    /// The mark in a file, which is begun where there is none. None where what is there is no mark.
    pub(crate) fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
        let issued_ms = match file.metadata()?.len() {
            0 => {
                file.write_all_at(&encode(0), 0)?;
                file.sync_all()?;
                0
            }
            _ => {
                let mut bytes = [0; SIZE];
                match file.read_exact_at(&mut bytes, 0) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                    Err(error) => return Err(error),
                }
                match decode(&bytes) {
                    Some(issued_ms) => issued_ms,
                    None => return Ok(None),
                }
            }
        };
        Ok(Some(Self(Arc::new(Mutex::new(Mark { file, issued_ms, synced_ms: issued_ms })))))
    }

    /// The latest `issued_ms` that was served, in this run or an earlier one.
    pub(crate) fn until_ms(&self) -> u64 {
        self.lock().issued_ms
    }

    /// Wait until an admitted request may be served, and write down that it is. Nothing may be served where this fails.
    pub(crate) async fn begin(&self, from_ms: u64) -> Result<(), Refusal> {
        clock::reach(from_ms).await;
        self.note(from_ms).map_err(|error| {
            tracing::error!(%error, "request not served: it can't be written down");
            Refusal::new(Reason::Unrecorded, "the miner can't write down what it serves")
        })
    }

    /// Write down that a request issued at `issued_ms` is served.
    fn note(&self, issued_ms: u64) -> io::Result<()> {
        let mut mark = self.lock();
        if issued_ms > mark.issued_ms {
            mark.file.write_all_at(&encode(issued_ms), 0)?;
            mark.issued_ms = issued_ms;
        }
        Ok(())
    }

    /// Bring the mark to the disk every second in which it moved, until the task is dropped.
    pub(crate) async fn keep(self) {
        let mut ticks = time::interval(SYNC);
        ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let served = self.clone();
            match tokio::task::spawn_blocking(move || served.sync()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "mark of what was served not on disk yet"),
                Err(_) => return,
            }
        }
    }

    fn sync(&self) -> io::Result<()> {
        let (issued_ms, file) = {
            let mark = self.lock();
            if mark.synced_ms == mark.issued_ms {
                return Ok(());
            }
            (mark.issued_ms, mark.file.try_clone()?)
        };
        // Not under the lock: requests don't wait for the disk.
        file.sync_data()?;
        self.lock().synced_ms = issued_ms;
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Mark> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn encode(issued_ms: u64) -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    bytes[..8].copy_from_slice(&issued_ms.to_le_bytes());
    bytes[8..].copy_from_slice(&(!issued_ms).to_le_bytes());
    bytes
}

fn decode(bytes: &[u8; SIZE]) -> Option<u64> {
    let (mark, complement) = bytes.split_at(8);
    let mark = u64::from_le_bytes(mark.try_into().ok()?);
    let complement = u64::from_le_bytes(complement.try_into().ok()?);
    (mark == !complement).then_some(mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("served");
        let open = || Served::open(&path).unwrap().unwrap();
        let first = open();
        assert_eq!(first.until_ms(), 0);
        first.note(1_000).unwrap();
        first.note(900).unwrap();
        // No goodbye: another process would see it now.
        assert_eq!(open().until_ms(), 1_000);
        first.sync().unwrap();
        assert_eq!(open().until_ms(), 1_000);
        std::fs::write(&path, [1; 7]).unwrap();
        assert!(Served::open(&path).unwrap().is_none());
    }
}
