//! `assay weights history`: the journal.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use validator::Store;

use super::{StoreFlags, status::Line};
use crate::{args::Global, layers::Layer, row, table::Table};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    store: StoreFlags,
    /// Only the last so many
    #[arg(long, value_name = "COUNT")]
    last: Option<usize>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let mut flags = Layer::default();
    args.store.put(&mut flags);
    let settings = global.settings(flags)?.settings;
    let submissions = Store::open_read_only(&settings.validator.store_path)?.submissions()?;
    let skipped = args.last.map_or(0, |last| submissions.len().saturating_sub(last));
    let lines: Vec<Line> = submissions[skipped..].iter().map(Line::of).collect();
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&lines)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["epoch", "planned", "uids", "signed", "state", "block", "reason"]);
    for line in &lines {
        let reason = match (line.reason, &line.detail) {
            (Some(reason), Some(detail)) => format!("{reason} ({detail})"),
            (Some(reason), None) => reason.to_owned(),
            (None, _) => String::new(),
        };
        let block = line.block.map_or_else(|| "-".to_owned(), |block| block.number.to_string());
        table.push(row![line.epoch_index, line.planned_at, line.uids, line.attempts, line.state, block, reason]);
    }
    table.write(&mut out)?;
    Ok(ExitCode::SUCCESS)
}
