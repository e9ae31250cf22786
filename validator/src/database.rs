//! The file under the store: one SQLite database, one writer. It knows rows of bytes, not what they say.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use primitives::Digest;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};
use scoring::{Broken, Divergence, ReplayError, Sealed};

use crate::{
    identity::Identity,
    journal::{self, Submission, Which},
};

/// "ASAY": tells our files from other SQLite databases.
const APPLICATION_ID: i64 = 0x4153_4159;
/// The schema that this program reads and writes.
pub(crate) const SCHEMA: i64 = 3;
/// How long a reader waits for a writer to switch the write-ahead log; the writer itself never has to wait.
const BUSY: Duration = Duration::from_secs(5);

const CREATE: &str = "
CREATE TABLE identity (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    value TEXT NOT NULL
) STRICT;
CREATE TABLE records (
    seq   INTEGER PRIMARY KEY,
    hash  BLOB NOT NULL CHECK (length(hash) = 32),
    bytes BLOB NOT NULL
) STRICT;
CREATE TRIGGER records_keep BEFORE UPDATE ON records BEGIN SELECT RAISE(ABORT, 'records are append-only'); END;
";

/// Nobody deletes records, but for who prunes the log.
const KEEP_RECORDS: &str = "
CREATE TRIGGER records_stay BEFORE DELETE ON records BEGIN SELECT RAISE(ABORT, 'records are append-only'); END;
";

/// What the log had come to at the seal that it was pruned to. Records before it are gone, but for the header.
const CREATE_CHECKPOINT: &str = "
CREATE TABLE checkpoint (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    seq   INTEGER NOT NULL,
    state BLOB NOT NULL
) STRICT;
";

/// The journal of weights.
const CREATE_SUBMISSIONS: &str = "
CREATE TABLE submissions (
    id               INTEGER PRIMARY KEY,
    epoch_index      INTEGER NOT NULL UNIQUE,
    last_epoch_block INTEGER NOT NULL,
    record_seq       INTEGER NOT NULL,
    planned_at       INTEGER NOT NULL,
    uid              INTEGER NOT NULL,
    weights          TEXT NOT NULL,
    version_key      TEXT NOT NULL,
    state            TEXT NOT NULL CHECK (state IN
                     ('planned', 'signed', 'in_block', 'landed', 'committed', 'verified', 'abandoned')),
    attempts         INTEGER NOT NULL DEFAULT 0,
    call             TEXT,
    block            TEXT,
    committed        TEXT,
    reason           TEXT,
    CHECK (state NOT IN ('signed', 'in_block', 'landed') OR call IS NOT NULL),
    CHECK (state NOT IN ('in_block', 'landed', 'verified') OR block IS NOT NULL),
    CHECK (state != 'committed' OR committed IS NOT NULL),
    CHECK ((state = 'abandoned') = (reason IS NOT NULL))
) STRICT;
";

/// Why a store can't be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else writes it: two validators with one key would set weights twice.
    #[error("{path}: another validator has this store open")]
    Locked {
        /// The store.
        path: PathBuf,
    },
    /// Nothing to read.
    #[error("{path}: no store here")]
    Missing {
        /// Where.
        path: PathBuf,
    },
    /// Some other file.
    #[error("{path}: not a validator's store")]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// From another version of this program.
    #[error("{path}: the store has schema {found}, this program reads schema {SCHEMA}")]
    Version {
        /// The store.
        path: PathBuf,
        /// Its schema.
        found: i64,
    },
    /// From an earlier version of this program.
    #[error(
        "{path}: the store has schema {found}, of an earlier version: only the version of this program that wrote it \
         reads its score log; start a new store"
    )]
    Older {
        /// The store.
        path: PathBuf,
        /// Its schema.
        found: i64,
    },
    /// Another validator's, another subnet's or another chain's.
    #[error("{path}: the store belongs to {found}; this validator is {expected}")]
    Foreign {
        /// The store.
        path: PathBuf,
        /// Whose it is.
        found: Box<Identity>,
        /// Who asks.
        expected: Box<Identity>,
    },
    /// The store was written under other scoring rules: its standings are worth nothing under these.
    #[error("{path}: the store follows other scoring rules than the settings; start a new store for new rules")]
    OtherRules {
        /// The store.
        path: PathBuf,
    },
    /// What is to be written does not follow from what is there.
    #[error("a record that does not follow from those before it was not written")]
    Diverged(#[source] Box<Divergence>),
    /// The bytes are not what was written.
    #[error("{path}: damaged store")]
    Damaged {
        /// The store.
        path: PathBuf,
        /// What is wrong.
        #[source]
        damage: Box<Damage>,
    },
    /// No room; the transaction left nothing behind.
    #[error("{path}: the disk is full; nothing was written")]
    Full {
        /// The store.
        path: PathBuf,
        /// SQLite's account.
        #[source]
        source: rusqlite::Error,
    },
    /// A submission was not in the state that the step starts from.
    #[error("submission {id} can't become {to}: it is not {from}")]
    Step {
        /// Which.
        id: u64,
        /// The state that the step starts from.
        from: &'static str,
        /// The state that it leads to.
        to: &'static str,
    },
    /// A submission for this epoch exists.
    #[error("weights for epoch {epoch_index} were planned before")]
    Planned {
        /// The epoch.
        epoch_index: u64,
    },
    /// Bytes in the log that are no record, though the hashes fit: written by another program.
    #[error("the score log holds something else than records")]
    Record {
        /// What.
        #[source]
        source: Broken,
    },
    /// The log can't be written out.
    #[error("can't export the score log")]
    Export(#[source] io::Error),
    /// The directory or the lock file.
    #[error("{path}: can't be read or written")]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Anything else that SQLite says.
    #[error("{path}: the database failed")]
    Sqlite {
        /// The store.
        path: PathBuf,
        /// SQLite's account.
        #[source]
        source: rusqlite::Error,
    },
}

impl From<Divergence> for StoreError {
    fn from(divergence: Divergence) -> Self {
        Self::Diverged(Box::new(divergence))
    }
}

/// What is wrong with a damaged store.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// Pages or rows that SQLite can't read.
    #[error("the file is corrupt: {0}")]
    File(String),
    /// A record is not there.
    #[error("record {seq} is missing")]
    Gap {
        /// Which.
        seq: u64,
    },
    /// Records that are not as they were written, or not where: somebody wrote into the log.
    #[error("the score log is broken at record {seq}")]
    Broken {
        /// The first one that does not fit.
        seq: u64,
        /// How.
        #[source]
        source: Broken,
    },
    /// A record that does not follow from those before it.
    #[error("the score log diverges at record {seq}")]
    Diverged {
        /// Which.
        seq: u64,
        /// How.
        #[source]
        source: Box<Divergence>,
    },
    /// A row of the journal makes no sense.
    #[error("submission {id} of the journal is unreadable")]
    Journal {
        /// Which.
        id: u64,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The identity makes no sense.
    #[error("the store's identity is unreadable")]
    Identity(#[source] serde_json::Error),
}

impl Damage {
    /// Of what a replay says about a record of a store.
    pub(crate) fn of(seq: u64, error: ReplayError) -> Self {
        match error {
            ReplayError::Broken(source) => Self::Broken { seq, source },
            ReplayError::Diverged { divergence, .. } => Self::Diverged { seq, source: divergence },
            // Of texts and of nothing: a store's records are neither.
            ReplayError::Empty | ReplayError::Log(_) => Self::Gap { seq },
        }
    }
}

/// A seal that the log was pruned to.
pub(crate) struct Checkpoint {
    /// Its place in the log.
    pub seq: u64,
    /// [`scoring::Replay::to_bytes`] before it.
    pub state: Vec<u8>,
}

pub(crate) struct Database {
    pub(crate) conn: Connection,
    path: PathBuf,
    /// Held for as long as we may write; the kernel lets go of it when the process dies.
    _lock: Option<File>,
}

impl Database {
    /// Open for writing; create it, folders included, where there is nothing.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let io = |source| StoreError::Io { path: path.to_owned(), source };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(io)?;
        }
        // SQLite locks per transaction, and closing any handle of its file drops those locks: ours has its own file.
        let mut lock_path = path.as_os_str().to_owned();
        lock_path.push(".lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut database = Self::connect(path, flags, Some(lock))?;
        database.prepare().map_err(|error| error.at(path))?;
        database.check()?;
        Ok(database)
    }

    /// Open to look only: a writer may be at work.
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        if !path.is_file() {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Self::connect(path, flags, None)?;
        database.check()?;
        Ok(database)
    }

    fn connect(path: &Path, flags: OpenFlags, lock: Option<File>) -> Result<Self, StoreError> {
        let open = || -> rusqlite::Result<Connection> {
            let conn = Connection::open_with_flags(path, flags)?;
            conn.busy_timeout(BUSY)?;
            conn.pragma_update(None, "foreign_keys", true)?;
            conn.pragma_update(None, "trusted_schema", false)?;
            Ok(conn)
        };
        let conn = open().map_err(|source| classify(path, source))?;
        Ok(Self { conn, path: path.to_owned(), _lock: lock })
    }

    /// Make an empty file ours, and set how it is written: a commit that returned survives a power cut.
    fn prepare(&mut self) -> Result<(), Raw> {
        let empty: bool = self.conn.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
        let found: i64 = self.conn.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        if !empty && found != APPLICATION_ID {
            return Err(Raw::NotAStore);
        }
        let mode: String = self.conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        debug_assert_eq!(mode, "wal");
        self.conn.pragma_update(None, "synchronous", "FULL")?;
        if empty {
            let transaction = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(CREATE)?;
            transaction.execute_batch(KEEP_RECORDS)?;
            transaction.execute_batch(CREATE_CHECKPOINT)?;
            transaction.execute_batch(CREATE_SUBMISSIONS)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", SCHEMA)?;
            transaction.commit()?;
        }
        Ok(())
    }

    /// That this is a store of our schema, and that SQLite can read all of it.
    fn check(&self) -> Result<(), StoreError> {
        let pragma = |name: &str| -> Result<i64, StoreError> {
            self.read(|conn| conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)))
        };
        if pragma("application_id")? != APPLICATION_ID {
            return Err(StoreError::NotAStore { path: self.path.clone() });
        }
        let found = pragma("user_version")?;
        if (1..SCHEMA).contains(&found) {
            return Err(StoreError::Older { path: self.path.clone(), found });
        }
        if found != SCHEMA {
            return Err(StoreError::Version { path: self.path.clone(), found });
        }
        let verdict: String = self.read(|conn| conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)))?;
        if verdict != "ok" {
            return Err(self.damaged(Damage::File(verdict)));
        }
        Ok(())
    }

    pub fn missing(&self) -> StoreError {
        StoreError::Missing { path: self.path.clone() }
    }

    pub fn foreign(&self, found: Identity, expected: Identity) -> StoreError {
        StoreError::Foreign { path: self.path.clone(), found: found.into(), expected: expected.into() }
    }

    pub fn damaged(&self, damage: Damage) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), damage: damage.into() }
    }

    /// Read with SQLite's errors made ours.
    pub fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        read(&self.conn).map_err(|source| classify(&self.path, source))
    }

    /// All or nothing: committed and on disk when this returns `Ok`, and nothing at all when it does not.
    pub fn write<T>(&mut self, write: impl FnOnce(&Transaction<'_>) -> Result<T, Raw>) -> Result<T, StoreError> {
        let attempt = |conn: &mut Connection| {
            let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = write(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        attempt(&mut self.conn).map_err(|error: Raw| error.at(&self.path))
    }

    /// Whose store it is; none where nobody wrote to it yet.
    pub fn identity(&self) -> Result<Option<Identity>, StoreError> {
        let query = "SELECT value FROM identity";
        let text: Option<String> = self.read(|conn| conn.query_row(query, [], |row| row.get(0)).optional())?;
        let parse = |text: String| serde_json::from_str(&text);
        text.map(parse).transpose().map_err(|error| self.damaged(Damage::Identity(error)))
    }

    /// The journal, oldest first.
    pub fn submissions(&self, which: Which) -> Result<Vec<Submission>, StoreError> {
        self.read(|conn| journal::read(conn, which))?.map_err(|damage| self.damaged(damage))
    }

    /// Where the log was pruned to.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        let query = "SELECT seq, state FROM checkpoint";
        let read = |row: &rusqlite::Row<'_>| Ok(Checkpoint { seq: unsigned(row.get(0)?), state: row.get(1)? });
        self.read(|conn| conn.query_row(query, [], read).optional())
    }

    /// How many records there were ever.
    pub fn count(&self) -> Result<u64, StoreError> {
        let query = "SELECT COALESCE(MAX(seq) + 1, 0) FROM records";
        self.read(|conn| Ok(unsigned(conn.query_row(query, [], |row| row.get(0))?)))
    }

    /// So many records from `from` on, in order.
    pub fn page(&self, from: u64, count: u32) -> Result<Vec<Sealed>, StoreError> {
        self.read(|conn| {
            let query = "SELECT seq, hash, bytes FROM records WHERE seq >= ?1 ORDER BY seq LIMIT ?2";
            let mut statement = conn.prepare_cached(query)?;
            statement.query_map(params![signed(from), count], sealed)?.collect()
        })
    }

    /// Forget the records between the header and a seal, and remember what they came to. Tells whether the room that they had
    /// went back to the disk.
    pub fn prune(&mut self, checkpoint: &Checkpoint) -> Result<bool, StoreError> {
        self.write(|transaction| {
            // The log is append-only for everybody else.
            transaction.execute_batch("DROP TRIGGER records_stay;")?;
            transaction.execute("DELETE FROM records WHERE seq > 0 AND seq < ?1", [signed(checkpoint.seq)])?;
            transaction.execute_batch(KEEP_RECORDS)?;
            transaction.execute(
                "INSERT OR REPLACE INTO checkpoint (one, seq, state) VALUES (1, ?1, ?2)",
                params![signed(checkpoint.seq), checkpoint.state],
            )?;
            Ok(())
        })?;
        // From here on the records are forgotten, whatever becomes of the room that they had.
        match self.read(|conn| conn.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")) {
            Ok(()) => Ok(true),
            Err(StoreError::Full { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Every record from `from` on, in order.
    pub fn rows<E: From<StoreError>>(&self, from: u64, mut each: impl FnMut(Sealed) -> Result<(), E>) -> Result<(), E> {
        let sqlite = |source| E::from(classify(&self.path, source));
        let query = "SELECT seq, hash, bytes FROM records WHERE seq >= ?1 ORDER BY seq";
        let mut statement = self.conn.prepare_cached(query).map_err(sqlite)?;
        let mut rows = statement.query([signed(from)]).map_err(sqlite)?;
        let mut expected = from;
        while let Some(row) = rows.next().map_err(sqlite)? {
            let row = sealed(row).map_err(sqlite)?;
            if row.seq != expected {
                return Err(self.damaged(Damage::Gap { seq: expected }).into());
            }
            expected += 1;
            each(row)?;
        }
        Ok(())
    }
}

fn sealed(row: &rusqlite::Row<'_>) -> rusqlite::Result<Sealed> {
    Ok(Sealed { seq: unsigned(row.get(0)?), hash: Digest(row.get(1)?), bytes: row.get(2)? })
}

/// Append records inside a transaction.
pub(crate) fn insert(transaction: &Transaction<'_>, rows: &[Sealed]) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached("INSERT INTO records (seq, hash, bytes) VALUES (?1, ?2, ?3)")?;
    for row in rows {
        statement.execute(params![signed(row.seq), row.hash.0, row.bytes])?;
    }
    Ok(())
}

/// A failure inside a transaction, before the path is known.
pub(crate) enum Raw {
    NotAStore,
    Sqlite(rusqlite::Error),
    Store(StoreError),
}

impl From<rusqlite::Error> for Raw {
    fn from(source: rusqlite::Error) -> Self {
        Self::Sqlite(source)
    }
}

impl Raw {
    fn at(self, path: &Path) -> StoreError {
        match self {
            Self::NotAStore => StoreError::NotAStore { path: path.to_owned() },
            Self::Sqlite(source) => classify(path, source),
            Self::Store(error) => error,
        }
    }
}

fn classify(path: &Path, source: rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    let extended = source.sqlite_error().map(|error| error.extended_code);
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::NotAStore { path },
        Some(ErrorCode::DatabaseCorrupt) => {
            StoreError::Damaged { path, damage: Damage::File(source.to_string()).into() }
        }
        Some(ErrorCode::DiskFull) => StoreError::Full { path, source },
        // It says so where its own index of the write-ahead log can't grow: nothing but room is missing there.
        _ if extended == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) => StoreError::Full { path, source },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked { path },
        _ => StoreError::Sqlite { path, source },
    }
}

/// SQLite's integers are signed; sequence and block numbers never come near the limit.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn rows(seqs: impl IntoIterator<Item = u64>) -> Vec<Sealed> {
        let row = |seq: u64| Sealed {
            seq,
            hash: Digest::of(&seq.to_le_bytes()),
            bytes: format!("{{\"seq\":{seq},\"{}\":0}}", "x".repeat(300)).into_bytes(),
        };
        seqs.into_iter().map(row).collect()
    }

    fn append(database: &mut Database, seqs: impl IntoIterator<Item = u64>) -> Result<(), StoreError> {
        let rows = rows(seqs);
        database.write(|transaction| Ok(insert(transaction, &rows)?))
    }

    fn seqs(database: &Database) -> Result<Vec<u64>, StoreError> {
        let mut seqs = Vec::new();
        database.rows(0, |row| {
            seqs.push(row.seq);
            Ok::<_, StoreError>(())
        })?;
        Ok(seqs)
    }

    /// What a kill leaves: the database and its write-ahead log as they lie on disk while the writer is alive.
    fn killed(path: &Path, folder: &TempDir, wal: impl FnOnce(Vec<u8>) -> Vec<u8>) -> PathBuf {
        let copy = folder.path().join("copy.sqlite");
        fs::copy(path, &copy).unwrap();
        let log = fs::read(path.with_extension("sqlite-wal")).unwrap();
        fs::write(folder.path().join("copy.sqlite-wal"), wal(log)).unwrap();
        copy
    }

    #[test]
    fn a_commit_survives_a_kill() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("new/folder/store.sqlite");
        let mut database = Database::open(&path).unwrap();
        append(&mut database, 0..3).unwrap();
        let copy = killed(&path, &folder, |wal| wal);
        assert_eq!(seqs(&Database::open(&copy).unwrap()).unwrap(), [0, 1, 2]);
    }

    #[test]
    fn a_torn_log_loses_whole_transactions_from_its_end_only() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("store.sqlite");
        // A first life checkpoints the schema into the file itself.
        drop(Database::open(&path).unwrap());
        let mut database = Database::open(&path).unwrap();
        for transaction in 0..8 {
            append(&mut database, transaction * 10..(transaction + 1) * 10).unwrap();
        }
        let whole = fs::metadata(path.with_extension("sqlite-wal")).unwrap().len() as usize;
        for kept in (0..=whole).step_by(whole / 40) {
            let copies = TempDir::new().unwrap();
            let copy = killed(&path, &copies, |mut wal| {
                wal.truncate(kept);
                wal
            });
            let mut survivor = Database::open(&copy).unwrap();
            let found = seqs(&survivor).unwrap();
            assert_eq!(found.len() % 10, 0, "half a transaction after {kept} of {whole} bytes");
            let next = found.len() as u64;
            assert_eq!(found, (0..next).collect::<Vec<_>>());
            append(&mut survivor, next..next + 1).unwrap();
        }
    }

    #[test]
    fn one_writer_and_any_number_of_readers() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("store.sqlite");
        assert!(matches!(Database::open_read_only(&path), Err(StoreError::Missing { .. })));
        let mut writer = Database::open(&path).unwrap();
        let error = Database::open(&path).map(|_| ()).unwrap_err();
        assert!(matches!(error, StoreError::Locked { .. }), "{error}");
        let reader = Database::open_read_only(&path).unwrap();
        let another = Database::open_read_only(&path).unwrap();
        append(&mut writer, 0..2).unwrap();
        assert_eq!(seqs(&reader).unwrap(), [0, 1]);
        // A reader in the middle of its look keeps what it saw, and keeps nobody waiting.
        reader
            .rows(0, |row| {
                if row.seq == 0 {
                    append(&mut writer, 2..3)?;
                }
                assert!(row.seq < 2);
                Ok::<_, StoreError>(())
            })
            .unwrap();
        assert_eq!(seqs(&another).unwrap(), [0, 1, 2]);
        drop(writer);
        append(&mut Database::open(&path).unwrap(), 3..4).unwrap();
    }

    #[test]
    fn other_files_are_left_alone() {
        let folder = TempDir::new().unwrap();
        let text = folder.path().join("notes.txt");
        fs::write(
            &text,
            "my notes, longer than the header of a database file, which has one hundred bytes. ".repeat(3),
        )
        .unwrap();
        assert!(matches!(Database::open(&text), Err(StoreError::NotAStore { .. })));
        assert!(matches!(Database::open_read_only(&text), Err(StoreError::NotAStore { .. })));
        assert!(fs::read_to_string(&text).unwrap().starts_with("my notes"));

        let other = folder.path().join("other.sqlite");
        Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        assert!(matches!(Database::open(&other), Err(StoreError::NotAStore { .. })));

        let newer = folder.path().join("newer.sqlite");
        drop(Database::open(&newer).unwrap());
        Connection::open(&newer).unwrap().pragma_update(None, "user_version", SCHEMA + 1).unwrap();
        assert!(matches!(Database::open(&newer), Err(StoreError::Version { found, .. }) if found == SCHEMA + 1));
    }

    #[test]
    fn a_corrupt_page_is_found_at_once() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("store.sqlite");
        let mut database = Database::open(&path).unwrap();
        append(&mut database, 0..200).unwrap();
        drop(database);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2 / 4096 * 4096;
        bytes[middle..middle + 4096].fill(0xA5);
        fs::write(&path, bytes).unwrap();
        let error = Database::open(&path).map(|_| ()).unwrap_err();
        assert!(
            matches!(&error, StoreError::Damaged { damage, .. } if matches!(**damage, Damage::File(_))),
            "{error:?}"
        );
    }

    #[test]
    fn a_full_disk_writes_nothing_and_spoils_nothing() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("store.sqlite");
        let mut database = Database::open(&path).unwrap();
        append(&mut database, 0..10).unwrap();
        let pages: i64 = database.conn.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        let limit = |database: &Database, pages: i64| {
            database.conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
        };
        limit(&database, pages + 2);
        let error = append(&mut database, 10..1000).unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        assert_eq!(seqs(&database).unwrap().len(), 10);
        limit(&database, 1 << 20);
        append(&mut database, 10..1000).unwrap();
        drop(database);
        assert_eq!(seqs(&Database::open(&path).unwrap()).unwrap().len(), 1000);
    }

    #[test]
    fn records_are_append_only() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("store.sqlite");
        let mut database = Database::open(&path).unwrap();
        append(&mut database, 0..3).unwrap();
        assert!(append(&mut database, 2..4).is_err());
        assert_eq!(seqs(&database).unwrap(), [0, 1, 2]);
        assert!(database.write(|t| Ok(t.execute("DELETE FROM records WHERE seq = 1", [])?)).is_err());
        assert!(database.write(|t| Ok(t.execute("UPDATE records SET bytes = x'00'", [])?)).is_err());
        // Somebody who goes around the triggers is seen.
        database.conn.execute_batch("DROP TRIGGER records_stay; DELETE FROM records WHERE seq = 1").unwrap();
        let error = seqs(&database).unwrap_err();
        let gap = |damage: &Damage| matches!(damage, Damage::Gap { seq: 1 });
        assert!(matches!(&error, StoreError::Damaged { damage, .. } if gap(damage)), "{error:?}");
    }
}
