//! Score logs of strangers: records, lines of text, and whole logs that are replayed.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run score_log -- -max_total_time=600 -malloc_limit_mb=256`
#![no_main]

use assay_primitives::Digest;
use assay_scoring::{LogReader, Record, Registry, Replay, ScoreLog, Sealed, replay_log};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let sealed = Sealed { seq: 0, hash: Digest([0; 32]), bytes: bytes.to_vec() };
    if let Ok(record) = sealed.record() {
        assert_eq!(record.encode(), bytes, "one form only");
        let chained = ScoreLog::new().append(&record);
        let line = chained.to_line(&record);
        let again = Sealed::from_line(&line[..line.len() - 1]).expect("its own line");
        assert_eq!(again, chained);
        let _ = Replay::begin(&chained, &Registry::default());
    }
    let _ = Record::decode(bytes);
    if let Ok(line) = Sealed::from_line(bytes) {
        let record = line.record().expect("a line holds a record");
        assert_eq!(line.to_line(&record).strip_suffix(b"\n"), Some(bytes));
    }
    LogReader::new(bytes).for_each(drop);
    let _ = replay_log(bytes);
});
