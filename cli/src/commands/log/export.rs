//! `assay log export`: a log as files that anybody can keep, read and check.

use std::{
    io::{self, BufWriter, Write as _},
    process::ExitCode,
};

use anyhow::{Context as _, bail, ensure};
use scoring::Sealed;
use serde_json::json;

use crate::{
    failure::Usage,
    output::print,
    progress::Progress,
    score_log::{Log, Source},
};

/// Write a log to an archive of Parquet files, or to stdout as lines of JSON
///
/// An archive is a folder, or a prefix of an object store: s3://bucket/prefix, gs://bucket/prefix, with the usual variables of the environment (AWS_…, GOOGLE_…). Exporting again adds what is new. Parquet and the chain of hashes: pandas, polars and DuckDB read it, `assay log verify` and `assay replay` check it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A validator's store, or another export of it
    #[arg(value_name = "LOG")]
    log: Source,
    /// The archive; - writes lines of JSON to stdout
    #[arg(value_name = "TO")]
    to: String,
    /// Print one JSON document about an archive
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &*args.to {
        "-" => lines(&args.log).with_context(|| args.log.name())?,
        place => archive(args, place)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn lines(log: &Source) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let log = log.open()?;
    let progress = Progress::of("records", log.count());
    for sealed in log.records(0)? {
        let sealed = sealed?;
        progress.set(sealed.seq);
        out.write_all(&sealed.to_line(&sealed.record()?))?;
    }
    Ok(out.flush()?)
}

fn archive(args: &Args, place: &str) -> anyhow::Result<()> {
    if [".jsonl", ".json"].iter().any(|end| place.ends_with(end)) {
        let words = format!("an archive is a folder, and {place} looks like a file: for lines of JSON,");
        return Err(Usage(format!("{words} `assay log export {} - > {place}`", args.log.name())).into());
    }
    let log = args.log.open().with_context(|| args.log.name())?;
    // An archive brings a runtime of its own, and can't be read while another one writes.
    ensure!(!matches!(log, Log::Archive(_)), "{} is an archive already: copy its files", args.log.name());
    let archive = archive::blocking::Archive::open(place).with_context(|| place.to_owned())?;
    let next = archive.next_seq().with_context(|| place.to_owned())?;
    if let Some(first) = log.pruned_to().with_context(|| args.log.name())?
        && next < first
    {
        bail!("records {next} to {} are gone from the store: an archive must have been written before", first - 1);
    }
    let progress = Progress::of("records", log.count());
    let mut source = Ok(());
    // The archive sees that they follow what it has.
    let records = log.records(next.saturating_sub(1)).with_context(|| args.log.name())?;
    let records = records.map_while(|sealed: anyhow::Result<Sealed>| match sealed {
        Ok(sealed) => {
            progress.set(sealed.seq);
            Some(Ok::<_, std::convert::Infallible>(sealed))
        }
        Err(error) => {
            source = Err(error);
            None
        }
    });
    let exported = archive.export(records);
    source.with_context(|| args.log.name())?;
    let exported = exported.with_context(|| place.to_owned())?;
    ensure!(exported.records > 0, "{}: the score log is empty", args.log.name());
    let (records, added) = (exported.records, exported.new_records);
    let document = json!({
        "archive": place, "records": records, "added": added, "head": exported.head, "manifest": exported.manifest,
    });
    print(&format!("{records} records in {place}, {added} of them new"), &document, args.json)
}
