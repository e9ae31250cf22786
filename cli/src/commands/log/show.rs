//! `assay log show`: records as they are.

use std::{
    collections::VecDeque,
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::Context as _;
use primitives::Hotkey;
use scoring::{Record, Sealed};

use crate::{row, score_log::Source, table::Table};

/// Show records of a log
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A validator's store, an exported log (JSON lines), or an archive: a folder, s3://… or gs://…
    #[arg(value_name = "LOG")]
    log: Source,
    /// From this record on; without it, the last ones
    #[arg(long, value_name = "RECORD")]
    from: Option<u64>,
    /// So many records
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    count: usize,
    /// Only of this kind: header, round, scored, weights, landed, seal or anchored
    #[arg(long, value_name = "KIND", value_parser = ["header", "round", "scored", "weights", "landed", "seal", "anchored"])]
    kind: Option<String>,
    /// Only answers of this miner
    #[arg(long, value_name = "HOTKEY")]
    miner: Option<Hotkey>,
    /// Print each record as a line of JSON, as an export has it
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let shown = find(args).with_context(|| args.log.name())?;
    let mut out = io::stdout().lock();
    if args.json {
        for (sealed, record) in &shown {
            out.write_all(&sealed.to_line(record))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["record", "kind", "round", "block", "what"]);
    for (sealed, record) in &shown {
        let (round, block, what) = columns(record);
        let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
        table.push(row![sealed.seq, record.kind(), number(round), number(block), what]);
    }
    table.write(&mut out)?;
    Ok(ExitCode::SUCCESS)
}

fn find(args: &Args) -> anyhow::Result<VecDeque<(Sealed, Record)>> {
    let mut shown = VecDeque::new();
    for sealed in args.log.open()?.records(args.from.unwrap_or(0))? {
        let sealed = sealed?;
        if args.miner.is_some() && !sealed.is_scored() {
            continue;
        }
        let record = sealed.record()?;
        let is_wanted = args.kind.as_ref().is_none_or(|kind| kind == record.kind())
            && args.miner.is_none_or(|miner| matches!(&record, Record::Scored(scored) if scored.miner.hotkey == miner));
        if !is_wanted {
            continue;
        }
        shown.push_back((sealed, record));
        match args.from {
            Some(_) if shown.len() >= args.count => break,
            None if shown.len() > args.count => drop(shown.pop_front()),
            _ => {}
        }
    }
    Ok(shown)
}

/// Round, block, and the rest in words.
fn columns(record: &Record) -> (Option<u64>, Option<u64>, String) {
    match record {
        Record::Header(header) => {
            let what = format!(
                "validator {} of subnet {} (mechanism {}), rules {}",
                header.validator,
                header.netuid,
                header.mech,
                header.rules.digest()
            );
            (None, None, what)
        }
        Record::Round(round) => (Some(round.round), Some(round.block.number), round.block.hash.to_string()),
        Record::Scored(scored) => {
            let what = format!(
                "{} {} {} in {} ms: {}",
                scored.miner,
                scored.task,
                scored.evidence.outcome,
                scored.evidence.latency_us / 1_000,
                scored.score
            );
            (Some(scored.round), None, what)
        }
        Record::Weights(weights) => {
            let row: Vec<String> = weights.weights.iter().map(|(uid, value)| format!("{uid}:{value}")).collect();
            (Some(weights.round), Some(weights.snapshot.block.number), row.join(" "))
        }
        Record::Landed(landed) => {
            let call = landed.call.map_or_else(|| "an unknown call".to_owned(), |call| call.to_string());
            (None, Some(landed.block.number), format!("{} weights by {call}", landed.weights.len()))
        }
        Record::Seal(seal) => (
            None,
            Some(seal.block.number),
            format!("epoch {}, {} records, root {}", seal.epoch, seal.records, seal.root),
        ),
        Record::Anchored(anchored) => (None, Some(anchored.block.number), anchored.root.to_string()),
    }
}
