//! `assay replay`: recompute every weights record of a score log from the records before it.

use std::{
    convert::Infallible,
    fs::File,
    io::{self, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use primitives::{BlockNumber, Weights};
use scoring::{Header, LogReader, Record, Registry, Replay, ReplayError};
use serde::Serialize;
use validator::Store;

use crate::{row, table::Table};

/// Recompute every weights record of a validator's log
///
/// Computes scores and weights again from what the validator saw, and compares. Needs neither chain nor model. Exit status 1 and the first record that differs, if one does.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A validator's store, or a log exported from one (JSON lines)
    #[arg(value_name = "LOG")]
    log: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What every SQLite file starts with.
const SQLITE: &[u8; 16] = b"SQLite format 3\0";

/// A log, recomputed up to its end or its first fault.
#[derive(Debug, Default, Serialize)]
struct Report {
    header: Option<Header>,
    records: u64,
    rounds: u64,
    scored: u64,
    weights: Vec<Row>,
}

/// One weights record.
#[derive(Debug, Serialize)]
struct Row {
    record: u64,
    round: u64,
    block: BlockNumber,
    uids: Vec<u16>,
    #[serde(skip)]
    weights: Weights,
    matches: bool,
    landed: Option<BlockNumber>,
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut report = Report::default();
    let result = recompute(&args.log, &mut report);
    if report.header.is_some() {
        print(&report, args.json)?;
    }
    result.with_context(|| format!("{}", args.log.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn recompute(path: &Path, report: &mut Report) -> anyhow::Result<()> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        bail!("a folder, not a log");
    }
    let mut start = Vec::new();
    (&file).take(SQLITE.len() as u64).read_to_end(&mut start)?;
    if start == SQLITE {
        drop(file);
        report.replay(Store::open_read_only(path)?.records(0)?.into_iter().map(Ok::<_, Infallible>))
    } else {
        report.replay(LogReader::new(BufReader::new(start.chain(file))))
    }
}

impl Report {
    fn replay<E>(&mut self, records: impl IntoIterator<Item = Result<Record, E>>) -> anyhow::Result<()>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let mut replay: Option<Replay> = None;
        for (seq, record) in (0..).zip(records) {
            let record = record?;
            let followed = match &mut replay {
                Some(replay) => replay.push(&record),
                None => Replay::begin(&record, Registry::default()).map(|begun| replay = Some(begun)),
            };
            self.take(seq, &record, followed.is_ok());
            followed.map_err(|divergence| ReplayError::Diverged {
                seq,
                kind: record.kind(),
                divergence: Box::new(divergence),
            })?;
        }
        replay.map(|_| ()).ok_or_else(|| ReplayError::Empty.into())
    }

    fn take(&mut self, seq: u64, record: &Record, matches: bool) {
        self.records += 1;
        match record {
            Record::Header(header) => self.header = Some(header.clone()),
            Record::Round(_) => self.rounds += 1,
            Record::Scored(_) => self.scored += 1,
            Record::Weights(weights) => self.weights.push(Row {
                record: seq,
                round: weights.round,
                block: weights.snapshot.block.number,
                uids: weights.weights.uids(),
                weights: weights.weights.clone(),
                matches,
                landed: None,
            }),
            Record::Landed(landed) => {
                // A row that was committed stands on chain when later ones are computed already.
                let row = self.weights.iter_mut().find(|row| row.landed.is_none() && row.weights == landed.weights);
                if let Some(row) = row.filter(|_| matches) {
                    row.landed = Some(landed.block.number);
                }
            }
        }
    }
}

fn print(report: &Report, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, report)?;
        writeln!(out)?;
        return Ok(());
    }
    if let Some(header) = &report.header {
        writeln!(out, "validator {} on subnet {}, mechanism {}", header.validator, header.netuid, header.mech)?;
    }
    let Report { records, rounds, scored, weights, .. } = report;
    writeln!(out, "{records} records: {rounds} rounds, {scored} scored answers, {} rows of weights", weights.len())?;
    if weights.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&["record", "round", "block", "landed", "match", "uids"]);
    for row in weights {
        table.push(row![
            row.record,
            row.round,
            row.block,
            row.landed.map_or_else(|| "-".to_owned(), |block| block.to_string()),
            if row.matches { "yes" } else { "NO" },
            row.uids.iter().map(u16::to_string).collect::<Vec<_>>().join(" "),
        ]);
    }
    table.write(&mut out)?;
    Ok(())
}
