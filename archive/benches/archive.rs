//! How fast records go into an archive, come back and are verified, in a folder that is given (or a temporary one):
//! `cargo bench -p assay-archive -- [records] [folder]`. Seconds are those of the clock and of all cores' work together:
//! records per second of work are what one core can do.

#[path = "../src/sample.rs"]
mod sample;

use std::{convert::Infallible, env, hint::black_box, thread, time::Instant};

use assay_archive::blocking::Archive;
use cpu_time::ProcessTime;
use scoring::{ScoreLog, Sealed};

fn main() {
    let mut arguments = env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let count: u64 = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(200_000);
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let place = arguments.next().unwrap_or_else(|| temporary.path().display().to_string());

    let mut log = ScoreLog::new();
    let records: Vec<Sealed> = (0..count).map(|seq| log.append(&sample::record(seq))).collect();
    let bytes: usize = records.iter().map(|sealed| sealed.bytes.len()).sum();
    println!("{count} records of {} bytes, {} cores", bytes as u64 / count, thread::available_parallelism().unwrap());

    let measure = |what: &str, work: &mut dyn FnMut()| {
        let (begun, work_begun) = (Instant::now(), ProcessTime::now());
        work();
        let (seconds, worked) = (begun.elapsed().as_secs_f64(), work_begun.elapsed().as_secs_f64());
        let rate = count as f64 / worked;
        println!("{what:<34} {seconds:7.2} s, work {worked:7.2} s {rate:>12.0} records/s of work");
    };
    let archive = Archive::open(&place).expect("a folder");
    measure("accept alone (the log's own work)", &mut || {
        let mut log = ScoreLog::new();
        for sealed in &records {
            black_box(log.accept(sealed).expect("a log"));
        }
    });
    measure("export", &mut || {
        archive.export(records.iter().cloned().map(Ok::<_, Infallible>)).expect("an export");
    });
    measure("read", &mut || {
        let read = archive.records(0).expect("an archive").map(|sealed| sealed.expect("a record"));
        assert_eq!(black_box(read.count() as u64), count);
    });
    measure("verify", &mut || {
        archive.verify().expect("a sound archive");
    });
    let verified = archive.verify().expect("a sound archive");
    println!("{} parts, {:.1} bytes a record", verified.parts, verified.bytes as f64 / count as f64);
}
