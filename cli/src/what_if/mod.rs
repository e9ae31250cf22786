//! "What if other rules": a log that is recomputed and, beside it, judged under the incentive of the settings.

mod answer;
mod page;
mod payout;
mod picture;
mod series;
mod settings_changed;

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail, ensure};
use primitives::{BlockRef, Weights};
use scoring::{Decisive, DecisiveAnswer, Header, NoWeights, Record, Replay, Share, Snapshot, WhatIf};

use crate::{args::Global, layers::Layer, score_log::Source, whole_file::WholeFile};

use self::{
    answer::Answer,
    payout::Payout,
    series::{Row, Series},
};

/// Decisive answers that are kept of each miner, and that are told of all.
const DECISIVE: usize = 20;
/// Of these, those of one miner.
const OF_EACH: usize = 5;

/// What is asked.
pub struct Question {
    /// Of which log.
    pub log: Source,
    /// Whether the answer is one JSON document.
    pub json: bool,
    /// Whether the chain's epoch pays.
    pub by_chain: bool,
    /// The record of the row that is looked at; the last row without it.
    pub record: Option<u64>,
    /// A file with the epoch that pays.
    pub epoch: Option<PathBuf>,
    /// Where a page of HTML goes.
    pub report: Option<PathBuf>,
}

/// The row that is looked at.
struct Chosen {
    record: u64,
    round: u64,
    snapshot: Snapshot,
    landed: Option<BlockRef>,
    logged: Weights,
    before: Vec<Share>,
    other: Result<Vec<Share>, NoWeights>,
    /// The row that would stand on chain under the other rules: this one, or the last one that there was.
    standing: Weights,
    /// What made most of a difference up to here.
    decisive: Vec<DecisiveAnswer>,
}

/// A log on its way past.
struct Walk {
    wanted: Option<u64>,
    what_if: Option<WhatIf>,
    header: Option<Header>,
    chosen: Option<Chosen>,
    series: Series,
    decisive: Decisive,
}

pub async fn answer(question: Question, flags: Layer, global: &Global) -> anyhow::Result<ExitCode> {
    // What the other rules don't say is as in the log.
    let logged = question.log.header().with_context(|| question.log.name())?.rules;
    let settings = global.settings_over(logged.incentive(), flags)?.settings;
    let report = question.report.as_deref().map(|path| page_of(path, &question.log)).transpose()?;
    let chain = if question.by_chain { Some(settings.chain.connect().await?) } else { None };
    let input = question.epoch.as_deref().map(crate::commands::epoch::input_of).transpose()?;

    let mut walk = Walk {
        wanted: question.record,
        what_if: None,
        header: None,
        chosen: None,
        series: Series::default(),
        decisive: Decisive::new(DECISIVE),
    };
    let walked = tokio::task::block_in_place(|| {
        question.log.replay(&global.registry, |sealed, record, replay| {
            if let Record::Header(header) = record {
                walk.header = Some(header.clone());
                walk.what_if = Some(WhatIf::begin(header, &settings.incentive, &global.registry)?);
                return Ok(());
            }
            walk.take(sealed.seq, record, replay)
        })
    });
    walked.with_context(|| question.log.name())?;
    let Walk { what_if: Some(what_if), header: Some(header), chosen, series, .. } = walk else {
        bail!("{}: the log has no header", question.log.name())
    };
    let chosen = match (chosen, question.record) {
        (Some(chosen), _) => chosen,
        (None, Some(record)) => bail!("{}: record {record} is not a row of weights", question.log.name()),
        (None, None) => bail!("{}: the log has no row of weights yet", question.log.name()),
    };
    let payout = match (chain, input) {
        (Some(chain), _) => Some(Payout::by_chain(&chain, &header, &chosen).await?),
        (None, Some(input)) => Some(Payout::by_file(&input, &header, &chosen)?),
        (None, None) => Payout::alone(&header, &chosen),
    };
    let answer = Answer::new(&header, &what_if, &chosen, payout.as_ref(), &series);
    if let Some(file) = report {
        file.write(page::page(&answer, &series, &header, what_if.table().incentive())?.as_bytes())?;
    }
    let mut out = io::stdout().lock();
    if question.json {
        serde_json::to_writer_pretty(&mut out, &answer)?;
        writeln!(out)?;
    } else {
        answer.print(&mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Where the page goes: nowhere but into a file of its own.
fn page_of(path: &Path, log: &Source) -> anyhow::Result<WholeFile> {
    if let (Source::Path(log), Ok(page)) = (log, fs::canonicalize(path)) {
        ensure!(fs::canonicalize(log).ok() != Some(page), "{} is the log: name another file", path.display());
    }
    WholeFile::create(path)
}

impl Walk {
    /// The next record, which was accepted.
    fn take(&mut self, seq: u64, record: &Record, replay: &Replay) -> anyhow::Result<()> {
        let Some(what_if) = &mut self.what_if else { return Ok(()) };
        if let Some(reweighed) = what_if.take(record)? {
            let other = reweighed.other.as_deref().ok().map(answer::row).transpose()?;
            let standing = what_if.table().last_weights().cloned().unwrap_or_default();
            self.series.push(&Row {
                record: seq,
                round: reweighed.round,
                snapshot: reweighed.snapshot,
                logged: reweighed.logged,
                other: other.as_ref(),
                standing: &standing,
                validator: &replay.table.header().validator,
            });
            self.decisive.retain(reweighed.snapshot);
            if self.wanted.is_none_or(|wanted| wanted == seq) {
                self.chosen = Some(Chosen {
                    record: seq,
                    round: reweighed.round,
                    snapshot: reweighed.snapshot.clone(),
                    landed: None,
                    logged: reweighed.logged.clone(),
                    before: scoring::shares(&replay.table, reweighed.snapshot)?,
                    other: reweighed.other,
                    standing,
                    decisive: self.decisive.largest(DECISIVE, OF_EACH),
                });
            }
        }
        if let Record::Scored(scored) = record {
            self.decisive.take(seq, scored, &replay.table, what_if.table());
        }
        if let (Record::Landed(landed), Some(chosen)) = (record, &mut self.chosen)
            && chosen.landed.is_none()
            && chosen.logged == landed.weights
        {
            chosen.landed = Some(landed.block);
        }
        Ok(())
    }
}
