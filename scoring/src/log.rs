//! The score log: records chained by hash, and its text form of one JSON line each.
//!
//! A line is `{"seq":n,"hash":"…","record":{…}}`, where `hash` covers the hash before it, the number and the record's
//! canonical bytes. Whoever changes, moves, adds or removes a record in the middle must redo every hash after it, and
//! the last hash is what others remember.

use std::{
    io::{self, BufRead, Read},
    str::FromStr,
};

use primitives::Digest;

use crate::record::Record;

/// Longest line that is read, in bytes: weights of 65,536 seats fit.
pub const MAX_LINE: usize = 16 << 20;

const HASH_CONTEXT: &str = "assay 2026 score log v1";

/// The end of a chain of records: enough to append to it, or to check what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreLog {
    head: Digest,
    next: u64,
}

/// A record's place in the log and its canonical bytes: what a store keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Its place, from 0.
    pub seq: u64,
    /// The head of the log with this record.
    pub hash: Digest,
    /// [`Record::encode`].
    pub bytes: Vec<u8>,
}

/// Why bytes are not the next record.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// Not a line of a score log.
    #[error("not a line of a score log: it must be {{\"seq\":…,\"hash\":…,\"record\":…}}")]
    Layout,
    /// Not a record.
    #[error("not a record of the score log")]
    Json(#[source] serde_json::Error),
    /// A record, but not as it was written.
    #[error("not in canonical form: somebody rewrote it")]
    NotCanonical,
    /// Records are missing, repeated or out of order.
    #[error("record {found} stands where record {expected} must be")]
    Sequence {
        /// Whose turn it is.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// The hash is not that of this record after those before it.
    #[error("record {seq} or one before it was changed: the hash does not fit")]
    Hash {
        /// Which.
        seq: u64,
    },
}

/// Why a log can't be read, and where.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the score log")]
pub struct LogError {
    /// Counted from 1.
    pub line: u64,
    /// What is wrong with it.
    #[source]
    pub fault: LineFault,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum LineFault {
    /// It can't be read.
    #[error("can't be read")]
    Io(#[from] io::Error),
    /// Longer than [`MAX_LINE`].
    #[error("longer than {MAX_LINE} bytes")]
    TooLong,
    /// The last line has no end: the file was cut.
    #[error("cut off in the middle")]
    Cut,
    /// Not the next record.
    #[error("not the next record")]
    Broken(#[from] Broken),
}

impl Default for ScoreLog {
    fn default() -> Self {
        Self::new()
    }
}

impl ScoreLog {
    /// An empty log.
    pub const fn new() -> Self {
        Self { head: Digest([0; 32]), next: 0 }
    }

    /// A log that ends with the record `last`.
    pub fn after(last: &Sealed) -> Self {
        Self { head: last.hash, next: last.seq + 1 }
    }

    /// The hash of the last record; zeros for an empty log.
    pub const fn head(&self) -> Digest {
        self.head
    }

    /// How many records it has.
    pub const fn len(&self) -> u64 {
        self.next
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.next == 0
    }

    /// Appends a record. What comes back must be stored before anything follows from it; where that fails, go on with
    /// the copy of the log from before.
    pub fn append(&mut self, record: &Record) -> Sealed {
        let bytes = record.encode();
        let sealed = Sealed { seq: self.next, hash: self.link(&bytes), bytes };
        *self = Self::after(&sealed);
        sealed
    }

    /// Checks that `sealed` is the next record, and moves on behind it.
    pub fn accept(&mut self, sealed: &Sealed) -> Result<Record, Broken> {
        if sealed.seq != self.next {
            return Err(Broken::Sequence { expected: self.next, found: sealed.seq });
        }
        if sealed.hash != self.link(&sealed.bytes) {
            return Err(Broken::Hash { seq: sealed.seq });
        }
        let record: Record = serde_json::from_slice(&sealed.bytes).map_err(Broken::Json)?;
        if record.encode() != sealed.bytes {
            return Err(Broken::NotCanonical);
        }
        *self = Self::after(sealed);
        Ok(record)
    }

    fn link(&self, bytes: &[u8]) -> Digest {
        Digest::derive(HASH_CONTEXT, &[&self.head.0, &self.next.to_le_bytes(), bytes])
    }
}

impl Sealed {
    /// Its line in the text form, line feed included.
    pub fn to_line(&self) -> Vec<u8> {
        let mut line = format!(r#"{{"seq":{},"hash":"{}","record":"#, self.seq, self.hash).into_bytes();
        line.extend_from_slice(&self.bytes);
        line.extend_from_slice(b"}\n");
        line
    }

    /// From a line, without its line feed. The hash is not checked here: see [`ScoreLog::accept`].
    pub fn from_line(line: &[u8]) -> Result<Self, Broken> {
        let (seq, rest) = split(line.strip_prefix(br#"{"seq":"#), br#","hash":""#)?;
        let (hash, record) = split(Some(rest), br#"","record":"#)?;
        let sealed = Self { seq: number(seq)?, hash: number(hash)?, bytes: trim(record)?.to_vec() };
        // Whatever else a number or a hash may be read from, there is one way to write it.
        if sealed.to_line().strip_suffix(b"\n") == Some(line) { Ok(sealed) } else { Err(Broken::NotCanonical) }
    }
}

/// The field before `separator`, which must begin within the first hundred bytes, and what follows it.
fn split<'a>(bytes: Option<&'a [u8]>, separator: &[u8]) -> Result<(&'a [u8], &'a [u8]), Broken> {
    let bytes = bytes.ok_or(Broken::Layout)?;
    let near = &bytes[..bytes.len().min(100)];
    let at = near.windows(separator.len()).position(|window| window == separator).ok_or(Broken::Layout)?;
    Ok((&bytes[..at], &bytes[at + separator.len()..]))
}

fn number<T: FromStr>(bytes: &[u8]) -> Result<T, Broken> {
    str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()).ok_or(Broken::Layout)
}

fn trim(record: &[u8]) -> Result<&[u8], Broken> {
    record.strip_suffix(b"}").ok_or(Broken::Layout)
}

/// Reads the text form, one checked record at a time, and stops at the first fault.
#[derive(Debug)]
pub struct LogReader<R> {
    reader: R,
    log: ScoreLog,
    line: u64,
    finished: bool,
}

impl<R: BufRead> LogReader<R> {
    /// From the first line on.
    pub fn new(reader: R) -> Self {
        Self { reader, log: ScoreLog::new(), line: 0, finished: false }
    }

    /// The log as far as it was read.
    pub fn log(&self) -> &ScoreLog {
        &self.log
    }

    fn read(&mut self) -> Result<Option<Record>, LineFault> {
        let mut line = Vec::new();
        self.reader.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.pop() != Some(b'\n') {
            return Err(if line.len() >= MAX_LINE { LineFault::TooLong } else { LineFault::Cut });
        }
        Ok(Some(self.log.accept(&Sealed::from_line(&line)?)?))
    }
}

impl<R: BufRead> Iterator for LogReader<R> {
    type Item = Result<Record, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        self.line += 1;
        let next = self.read().map_err(|fault| LogError { line: self.line, fault }).transpose();
        self.finished = !matches!(next, Some(Ok(_)));
        next
    }
}
