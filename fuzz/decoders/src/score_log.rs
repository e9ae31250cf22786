//! Score logs of strangers: records, lines of text, and whole logs that are replayed.

use primitives::Digest;
use scoring::{LogReader, Record, Registry, Replay, ScoreLog, Sealed, replay_log};

/// A record, a line or a log. Whether it is one.
pub fn score_log(bytes: &[u8]) -> bool {
    record(bytes) | line(bytes) | whole(bytes)
}

fn record(bytes: &[u8]) -> bool {
    let sealed = Sealed { seq: 0, hash: Digest([0; 32]), bytes: bytes.to_vec() };
    let Ok(record) = sealed.record() else { return false };
    assert_eq!(record.encode(), bytes, "one form only");
    assert_eq!(Record::decode(bytes).expect("a record"), record);
    let chained = ScoreLog::new().append(&record);
    let line = chained.to_line(&record);
    assert_eq!(Sealed::from_line(&line[..line.len() - 1]).expect("its own line"), chained);
    let _ = Replay::begin(&chained, &Registry::default());
    true
}

fn line(bytes: &[u8]) -> bool {
    let Ok(line) = Sealed::from_line(bytes) else { return false };
    let record = line.record().expect("a line holds a record");
    assert_eq!(line.to_line(&record).strip_suffix(b"\n"), Some(bytes));
    true
}

fn whole(bytes: &[u8]) -> bool {
    let mut reader = LogReader::new(bytes);
    let lines: Vec<bool> = reader.by_ref().map(|line| line.is_ok()).collect();
    let read = lines.iter().filter(|line| **line).count();
    assert_eq!(reader.log().len(), read as u64);
    assert!(lines.len() - read <= 1, "the first fault is the last");
    if let Ok(replayed) = replay_log(bytes) {
        assert!(read == lines.len(), "a fault was passed over");
        assert_eq!(replayed.log().head(), reader.log().head());
    }
    read > 0 && read == lines.len()
}
