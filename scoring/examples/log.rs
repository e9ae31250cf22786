//! Writes the log of a made-up validator to stdout, as lines of JSON; the same bytes each time:
//! `cargo run --release -p assay-scoring --example log -- MINERS EPOCHS ROUNDS`.
//!
//! Miners are fast and slow, now and then one times out, and one in eleven answers is partly wrong; in each epoch a row of weights
//! is computed, lands, and is sealed.

#[path = "../tests/subnet/mod.rs"]
mod subnet;

use std::io::{self, BufWriter, Write as _};

use assay_scoring::{Incentive, Outcome, ScoreLog};
use subnet::{Act, Validator, snapshot};

const USAGE: &str = "usage: log MINERS EPOCHS ROUNDS";

fn act(miner: u64, epoch: u64, round: u64) -> Act {
    match (miner * 3 + epoch * 7 + round) % 29 {
        0 => Act::Fail(Outcome::Timeout),
        other if (miner + round).is_multiple_of(11) => Act::Answer(36 + (other % 4) as u32, 300 + other),
        other => Act::Answer(40, 200 + 10 * other + 5 * miner),
    }
}

fn main() -> io::Result<()> {
    let arguments: Vec<u64> = std::env::args().skip(1).map_while(|word| word.parse().ok()).collect();
    let &[miners, epochs, rounds] = &arguments[..] else { return Err(io::Error::other(USAGE)) };
    let miners = u16::try_from(miners).ok().filter(|miners| *miners > 0).ok_or_else(|| io::Error::other(USAGE))?;
    let mut validator = Validator::new(Incentive::default());
    for epoch in 0..epochs {
        for round in 0..rounds {
            let acts: Vec<Act> = (0..miners.into()).map(|miner| act(miner, epoch, round)).collect();
            validator.round(&acts);
        }
        validator.weigh(snapshot(miners, 1)).map_err(io::Error::other)?;
        validator.seal();
    }
    let (mut log, mut out) = (ScoreLog::new(), BufWriter::new(io::stdout().lock()));
    for record in &validator.records {
        out.write_all(&log.append(record).to_line(record))?;
    }
    out.flush()
}
