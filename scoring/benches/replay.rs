//! How fast a log is checked and recomputed: `cargo bench -p assay-scoring --bench replay`.
//!
//! A subnet of 256 miners that are asked 12 times in an epoch of 72 minutes; a row of weights and a seal in each epoch.

#[path = "../tests/subnet/mod.rs"]
mod subnet;

use std::time::{Duration, Instant};

use assay_scoring::{Incentive, Registry, Replay, ScoreLog, Sealed, WeightMap};
use subnet::{Act, Validator, snapshot};

const MINERS: u16 = 256;
const ROUNDS: u64 = 12;
const EPOCHS: u64 = 20;
const TAKES: usize = 5;

fn log(incentive: Incentive) -> Vec<Sealed> {
    let mut validator = Validator::new(incentive);
    for epoch in 0..EPOCHS {
        for round in 0..ROUNDS {
            let act = |miner: u64| match (miner + epoch * 7 + round) % 29 {
                0 => Act::Fail(assay_scoring::Outcome::Timeout),
                other => Act::Answer(40, 200 + 10 * other + miner),
            };
            let acts: Vec<Act> = (0..MINERS.into()).map(act).collect();
            validator.round(&acts);
        }
        validator.weigh(snapshot(MINERS, 1)).expect("somebody earned something");
        validator.seal();
    }
    let mut log = ScoreLog::new();
    validator.records.iter().map(|record| log.append(record)).collect()
}

/// The median of several takes.
fn timed(mut work: impl FnMut()) -> Duration {
    let mut takes: Vec<Duration> = (0..TAKES)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    takes.sort_unstable();
    takes[TAKES / 2]
}

fn main() {
    let kinds = [
        ("proportional", Incentive::default()),
        ("king of the hill", {
            let weights = WeightMap::KingOfTheHill { margin_ppm: 20_000, alpha_ppm: 50_000 };
            Incentive { weights, ..Incentive::default() }
        }),
    ];
    for (name, incentive) in kinds {
        let sealed = log(incentive);
        let bytes: usize = sealed.iter().map(|sealed| sealed.bytes.len()).sum();
        let records = sealed.len() as f64;
        let scored = f64::from(MINERS) * (ROUNDS * EPOCHS) as f64;
        println!("{name}: {records} records of {:.0} bytes", bytes as f64 / records);
        let chain = timed(|| {
            let mut log = ScoreLog::new();
            sealed.iter().for_each(|sealed| log.follow(sealed).expect("the chain holds"));
        });
        println!("  chain of hashes: {:.0} records/s", records / chain.as_secs_f64());
        let registry = Registry::default();
        let whole = timed(|| {
            let mut replay = Replay::begin(&sealed[0], &registry).expect("a header");
            sealed[1..].iter().for_each(|sealed| drop(replay.accept(sealed).expect("the log agrees")));
        });
        println!("  replay: {:.0} scored answers/s", scored / whole.as_secs_f64());
        let year = whole.as_secs_f64() / EPOCHS as f64 * 365.0 * 24.0 * 60.0 / 72.0;
        println!("  a year of epochs: {year:.0} s");
    }
}
