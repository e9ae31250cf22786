//! A chain that persists: a folder with a dump and a log of the blocks after it. A block is in the log, and the log on
//! the disk, before anybody hears of the block; what a crash cuts off was never announced.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use codec::{Decode, DecodeAll as _, Encode};
use node_subtensor_runtime::Header;
use sp_core::{blake2_128, twox_64};
use sp_runtime::traits::Header as _;

use crate::dump::{Damage, Dump, DumpError};

const DUMP: &str = "chain.dump";
/// A log of fewer bytes is not worth a dump.
const SMALL_LOG: u64 = 2 << 20;
/// Beyond so many times the dump, the log is replaced by one.
const LOG_PER_DUMP: u64 = 4;

/// What a block changed in the state.
pub(crate) type Changes = Vec<(Vec<u8>, Option<Vec<u8>>)>;

#[derive(Encode, Decode)]
struct Record {
    header: Header,
    body: Vec<Vec<u8>>,
    changes: Changes,
}

/// Where a chain persists.
pub(crate) struct Journal {
    folder: PathBuf,
    _lock: File,
    generation: u64,
    log: File,
    log_bytes: u64,
    dump_bytes: u64,
    /// The chain went back: its log goes on only after a new dump.
    behind: bool,
}

/// A folder that is ours, and what was in it.
pub(crate) struct Found {
    pub folder: PathBuf,
    lock: File,
    pub dump: Option<Dump>,
}

/// Take a folder, and read what chain is in it.
pub(crate) fn open(folder: &Path) -> Result<Found, DumpError> {
    let failed = |source| DumpError::Io { path: folder.to_owned(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock")).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(DumpError::InUse { path: folder.to_owned() }),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    let at = folder.join(DUMP);
    let dump = if at.try_exists().map_err(failed)? {
        let dump = Dump::read(&at)?;
        Some(replay(dump, folder)?)
    } else {
        None
    };
    Ok(Found { folder: folder.to_owned(), lock, dump })
}

/// Bring a dump up to the end of its log. What was cut off there by a crash was announced to nobody.
fn replay(mut dump: Dump, folder: &Path) -> Result<Dump, DumpError> {
    let path = log_path(folder, dump.generation);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(source) => return Err(DumpError::Io { path, source }),
    };
    let damaged = |damage| DumpError::Damaged { path: path.clone(), damage };
    let mut best = dump.best().map_err(|damage| DumpError::Damaged { path: folder.join(DUMP), damage })?;
    let mut state: BTreeMap<_, _> = std::mem::take(&mut dump.state).into_iter().collect();
    let mut rest = &bytes[..];
    while let Some((payload, after)) = next_frame(rest) {
        let at = (bytes.len() - rest.len()) as u64;
        let Some(payload) = payload else {
            if after.is_empty() {
                break;
            }
            return Err(damaged(Damage::Checksum { at }));
        };
        let Record { header, body, changes } =
            Record::decode_all(&mut &*payload).map_err(|error| damaged(error.into()))?;
        if *header.parent_hash() != best.hash() || header.number != best.number.saturating_add(1) {
            return Err(damaged(Damage::Headers { number: header.number }));
        }
        for (key, value) in changes {
            match value {
                Some(value) => drop(state.insert(key, value)),
                None => drop(state.remove(&key)),
            }
        }
        dump.headers.sealed.push((*header.state_root(), *header.extrinsics_root(), header.digest().clone()));
        dump.body = body;
        best = header;
        rest = after;
    }
    if !rest.is_empty() {
        tracing::warn!(bytes = rest.len(), block = best.number, "the log's torn end is dropped");
    }
    dump.state = state.into_iter().collect();
    Ok(dump)
}

/// The next record's bytes and what follows them; no bytes where they are not what was written. None at the end, which
/// may be a torn one.
fn next_frame(bytes: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (check, rest) = rest.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_first_chunk::<16>()?;
    if twox_64(length)[..4] != *check {
        return None;
    }
    let (payload, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some(((blake2_128(payload) == *checksum).then_some(payload), rest))
}

fn log_path(folder: &Path, generation: u64) -> PathBuf {
    folder.join(format!("blocks.{generation}.log"))
}

impl Found {
    /// Begin to write, with a dump of the chain as it is.
    pub fn begin(self, dump: Dump) -> Result<Journal, DumpError> {
        let generation = self.dump.as_ref().map_or(0, |dump| dump.generation);
        let path = log_path(&self.folder, generation);
        let io = |source| DumpError::Io { path: path.clone(), source };
        let log = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(io)?;
        let mut journal = Journal {
            folder: self.folder,
            _lock: self.lock,
            generation,
            log,
            log_bytes: 0,
            dump_bytes: 0,
            behind: true,
        };
        journal.catch_up(|| dump)?;
        Ok(journal)
    }
}

impl Journal {
    /// The chain is no longer what dump and log say.
    pub fn went_back(&mut self) {
        self.behind = true;
    }

    /// Whether a dump should come before the next block.
    pub fn wants_dump(&self) -> bool {
        self.behind || self.log_bytes > SMALL_LOG.max(self.dump_bytes.saturating_mul(LOG_PER_DUMP))
    }

    /// Write a dump if it is time for one, and begin a new log. A crash leaves either the old dump with the old log, or
    /// the new dump.
    pub fn catch_up(&mut self, dump: impl FnOnce() -> Dump) -> Result<(), DumpError> {
        if !self.wants_dump() {
            return Ok(());
        }
        let mut dump = dump();
        let old = log_path(&self.folder, self.generation);
        dump.generation = self.generation + 1;
        let path = log_path(&self.folder, dump.generation);
        let io = |source| DumpError::Io { path: path.clone(), source };
        let log = File::create(&path).map_err(io)?;
        log.sync_all().map_err(io)?;
        self.dump_bytes = dump.write(&self.folder.join(DUMP))?;
        (self.generation, self.log, self.log_bytes, self.behind) = (dump.generation, log, 0, false);
        // It says nothing that the dump does not. Where it can't be removed, nobody reads it.
        let _ = fs::remove_file(old);
        Ok(())
    }

    /// Write a block. When this returns, it is on the disk.
    pub fn append(&mut self, header: &Header, body: &[Vec<u8>], changes: &Changes) -> Result<(), DumpError> {
        let payload = (header, body, changes).encode();
        self.write(&payload).map_err(|source| {
            // What was written of it is cut off, now or when the next one is written.
            let _ = self.log.set_len(self.log_bytes);
            DumpError::Io { path: log_path(&self.folder, self.generation), source }
        })
    }

    fn write(&mut self, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len()).map_err(io::Error::other)?.to_le_bytes();
        let frame = [&length, &twox_64(&length)[..4], &blake2_128(payload), payload].concat();
        if self.log.metadata()?.len() != self.log_bytes {
            self.log.set_len(self.log_bytes)?;
        }
        self.log.seek(SeekFrom::Start(self.log_bytes))?;
        self.log.write_all(&frame)?;
        self.log.sync_data()?;
        self.log_bytes += frame.len() as u64;
        Ok(())
    }
}
