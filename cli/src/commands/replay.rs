//! `assay replay`: recompute a score log from its first record on.

use std::{
    collections::VecDeque,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context as _, bail, ensure};
use chain::{Client, CommitmentField, Verdict};
use primitives::{BlockNumber, Weights};
use scoring::{Anchor, Header, Record, Replay, ReplayError, Sealed};
use serde::Serialize;
use tokio::runtime::Handle;

use crate::{
    args::{ChainFlags, Global},
    layers::Layer,
    row,
    score_log::Source,
    table::Table,
    what_if::{self, Question},
};

/// Recompute every score, row of weights and seal of a validator's log
///
/// Computes again from what the validator saw, and compares; with --chain-url also with what the chain stored. Needs no model. Exit status 1 and the first record that differs, if one does.
///
/// With --config it answers "what if": the incentive of the settings are other rules, by which the same answers are judged
/// anew; what they don't set is as in the log. It prints who would have gained and who would have lost in the last row of weights, or in that of --record, and
/// what an epoch would have paid: the chain's where the row landed with --chain-url, the one in a file with --epoch, else one
/// in which this validator alone has stake. What a log can't say is refused: it keeps what was seen of answers, not the
/// answers.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A validator's store, an exported log (JSON lines), or an archive: a folder, s3://… or gs://…
    #[arg(value_name = "LOG")]
    log: Source,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Show so many rows of weights, the last ones
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    rows: usize,
    #[command(flatten)]
    chain: ChainFlags,
    /// With --config: the row of weights to look at, by the number of its record; the last one without it
    #[arg(long, value_name = "RECORD", requires = "config")]
    record: Option<u64>,
    /// With --config: the epoch that pays by the row, in the form that `assay epoch` prints and reads; - reads stdin
    #[arg(long, value_name = "FILE", requires = "config", conflicts_with = "chain_url")]
    epoch: Option<PathBuf>,
    /// With --config: write the answer with plots to this file too, one page of HTML
    #[arg(long, value_name = "FILE", requires = "config")]
    report: Option<PathBuf>,
}

/// A log, recomputed up to its end or its first fault.
#[derive(Debug, Default, Serialize)]
struct Report {
    header: Option<Header>,
    records: u64,
    rounds: u64,
    scored: u64,
    rows: u64,
    seals: u64,
    anchored: u64,
    /// What the chain was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<Compared>,
    /// The last rows.
    weights: VecDeque<Row>,
    #[serde(skip)]
    most: usize,
}

/// What the chain stored, beside what the log says.
#[derive(Debug, Default, Serialize)]
struct Compared {
    rows: u64,
    anchors: u64,
    /// Blocks whose state the node no longer has.
    gone: u64,
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

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let mut flags = Layer::default();
    args.chain.put(&mut flags);
    if !global.files.is_empty() {
        let Args { log, json, chain, record, epoch, report, .. } = args;
        let question = Question { log, json, by_chain: !chain.chain_url.is_empty(), record, epoch, report };
        return what_if::answer(question, flags, global).await;
    }
    let chain = match args.chain.chain_url.is_empty() {
        true => None,
        false => Some(global.settings(flags)?.settings.chain.connect().await?),
    };
    let mut report =
        Report { most: args.rows, chain: chain.as_ref().map(|_| Compared::default()), ..Report::default() };
    let result = tokio::task::block_in_place(|| {
        args.log.replay(&global.registry, |sealed, record, replay| {
            report.take(sealed.seq, record, true);
            match &chain {
                Some(chain) => Handle::current().block_on(report.compare(chain, sealed, record, replay)),
                None => Ok(()),
            }
        })
    });
    if let Some((seq, record)) = result.as_ref().err().and_then(|error| diverged(error, &args.log)) {
        report.take(seq, &record, false);
    }
    if report.header.is_some() {
        print(&report, args.json)?;
    }
    result.with_context(|| args.log.name())?;
    Ok(ExitCode::SUCCESS)
}

/// The weights record that an error is about, to show it beside the others.
fn diverged(error: &anyhow::Error, log: &Source) -> Option<(u64, Record)> {
    let seq = error.chain().find_map(|cause| match cause.downcast_ref() {
        Some(ReplayError::Diverged { seq, kind: "weights", .. }) => Some(*seq),
        _ => None,
    })?;
    // A log that is broken further on is still the one that diverges here.
    let sealed = log.open().ok()?.records(seq).ok()?.next()?.ok()?;
    Some((seq, sealed.record().ok()?))
}

impl Report {
    fn take(&mut self, seq: u64, record: &Record, matches: bool) {
        self.records += 1;
        match record {
            Record::Header(header) => self.header = Some(header.clone()),
            Record::Round(_) => self.rounds += 1,
            Record::Scored(_) => self.scored += 1,
            Record::Weights(weights) => {
                self.rows += 1;
                self.weights.push_back(Row {
                    record: seq,
                    round: weights.round,
                    block: weights.snapshot.block.number,
                    uids: weights.weights.uids(),
                    weights: weights.weights.clone(),
                    matches,
                    landed: None,
                });
                if self.weights.len() > self.most.max(1) {
                    self.weights.pop_front();
                }
            }
            Record::Landed(landed) => {
                // A row that was committed stands on chain when later ones are computed already.
                let row = self.weights.iter_mut().find(|row| row.landed.is_none() && row.weights == landed.weights);
                if let Some(row) = row.filter(|_| matches) {
                    row.landed = Some(landed.block.number);
                }
            }
            Record::Seal(_) => self.seals += 1,
            Record::Anchored(_) => self.anchored += 1,
        }
    }

    /// Holds a record against what the chain stored.
    async fn compare(
        &mut self,
        chain: &Client,
        sealed: &Sealed,
        record: &Record,
        replay: &Replay,
    ) -> anyhow::Result<()> {
        let Some(compared) = &mut self.chain else { return Ok(()) };
        let Header { genesis, netuid, mech, validator, .. } = *replay.table.header();
        let here = |what: &str| format!("record {} ({}): {what}", sealed.seq, record.kind());
        match record {
            Record::Header(_) => {
                ensure!(genesis == chain.genesis(), "the log is of chain {genesis}, not of {}", chain.genesis());
            }
            Record::Landed(landed) => {
                let read =
                    chain.verify_weights(netuid, mech, validator, &landed.weights, Some(landed.block.hash)).await;
                match read {
                    Ok(Verdict::Verified { .. }) => compared.rows += 1,
                    Ok(Verdict::Differs { differences, .. }) => {
                        bail!(here(&format!("the chain stored another row: {differences:?}")))
                    }
                    Err(error) if error.is_gone() => compared.gone += 1,
                    Err(error) => return Err(error).context(here("the chain can't be asked")),
                }
            }
            Record::Anchored(anchored) => {
                let kept = match chain.commitment(netuid, validator, Some(anchored.block.hash)).await {
                    Ok(kept) => kept,
                    Err(error) if error.is_gone() => {
                        compared.gone += 1;
                        return Ok(());
                    }
                    Err(error) => return Err(error).context(here("the chain can't be asked")),
                };
                let found = kept.and_then(|kept| match kept.fields.as_slice() {
                    [CommitmentField::Raw(bytes)] => Anchor::from_bytes(bytes),
                    _ => None,
                });
                match found {
                    Some(found) if found.root == anchored.root => compared.anchors += 1,
                    Some(found) => bail!(here(&format!("the chain holds the root {}", found.root))),
                    None => bail!(here("the chain holds no root of a score log")),
                }
            }
            _ => {}
        }
        Ok(())
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
    let Report { records, rounds, scored, rows, seals, anchored, weights, chain, .. } = report;
    writeln!(out, "{records} records: {rounds} rounds, {scored} scored answers, {rows} rows of weights")?;
    writeln!(out, "{seals} seals, {anchored} of them on chain")?;
    if let Some(Compared { rows, anchors, gone }) = chain {
        write!(out, "as the chain has it: {rows} rows of weights, {anchors} roots")?;
        let unknown = if *gone > 0 { format!("; the node no longer has the state of {gone}") } else { String::new() };
        writeln!(out, "{unknown}")?;
    }
    if weights.is_empty() {
        return Ok(());
    }
    if *rows > weights.len() as u64 {
        writeln!(out, "the last {} rows:", weights.len())?;
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
