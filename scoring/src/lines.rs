//! The score log as text: one line of JSON for each record, for people, notebooks and `jq`.
//!
//! A line is `{"seq":n,"hash":"…","record":{…}}`. The hash is that of the record's canonical bytes, which follow from the
//! JSON; and of each record there is one line.

use std::{
    io::{self, BufRead, Read},
    str::FromStr,
};

use crate::{
    log::{Broken, ScoreLog, Sealed},
    record::Record,
};

/// Longest line that is read, in bytes: weights of 65,536 seats fit.
pub const MAX_LINE: usize = 16 << 20;

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
    /// Not a line of a score log.
    #[error("not a line of a score log: it must be {{\"seq\":…,\"hash\":…,\"record\":…}}")]
    Layout,
    /// Not a record.
    #[error("not a record of the score log")]
    Json(#[source] serde_json::Error),
    /// A line of a score log, but not as it was written.
    #[error("not in canonical form: somebody rewrote it")]
    NotCanonical,
    /// Not the next record.
    #[error("not the next record")]
    Broken(#[from] Broken),
}

impl Sealed {
    /// Its line in the text form, line feed included. `record` is what its bytes are.
    pub fn to_line(&self, record: &Record) -> Vec<u8> {
        let mut line = format!(r#"{{"seq":{},"hash":"{}","record":"#, self.seq, self.hash).into_bytes();
        serde_json::to_writer(&mut line, record).expect("records hold nothing that JSON hasn't");
        line.extend_from_slice(b"}\n");
        line
    }

    /// From a line, without its line feed. The hash is not checked here: see [`ScoreLog::accept`].
    pub fn from_line(line: &[u8]) -> Result<Self, LineFault> {
        let (seq, rest) = split(line.strip_prefix(br#"{"seq":"#), br#","hash":""#)?;
        let (hash, record) = split(Some(rest), br#"","record":"#)?;
        let record = record.strip_suffix(b"}").ok_or(LineFault::Layout)?;
        let record: Record = serde_json::from_slice(record).map_err(LineFault::Json)?;
        let sealed = Self { seq: number(seq)?, hash: number(hash)?, bytes: record.encode() };
        // Whatever else it may be read from, there is one way to write it.
        match sealed.to_line(&record).strip_suffix(b"\n") == Some(line) {
            true => Ok(sealed),
            false => Err(LineFault::NotCanonical),
        }
    }
}

/// The field before `separator`, which must begin within the first hundred bytes, and what follows it.
fn split<'a>(bytes: Option<&'a [u8]>, separator: &[u8]) -> Result<(&'a [u8], &'a [u8]), LineFault> {
    let bytes = bytes.ok_or(LineFault::Layout)?;
    let near = &bytes[..bytes.len().min(100)];
    let at = near.windows(separator.len()).position(|window| window == separator).ok_or(LineFault::Layout)?;
    Ok((&bytes[..at], &bytes[at + separator.len()..]))
}

fn number<T: FromStr>(bytes: &[u8]) -> Result<T, LineFault> {
    str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()).ok_or(LineFault::Layout)
}

/// Reads the text form, one record at a time, each checked against the hash before it, and stops at the first fault.
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

    fn read(&mut self) -> Result<Option<Sealed>, LineFault> {
        let mut line = Vec::new();
        self.reader.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.pop() != Some(b'\n') {
            return Err(if line.len() >= MAX_LINE { LineFault::TooLong } else { LineFault::Cut });
        }
        let sealed = Sealed::from_line(&line)?;
        self.log.follow(&sealed)?;
        Ok(Some(sealed))
    }
}

impl<R: BufRead> Iterator for LogReader<R> {
    type Item = Result<Sealed, LogError>;

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
