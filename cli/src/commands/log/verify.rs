//! `assay log verify`: whether a log is as it was written.

use std::process::ExitCode;

use anyhow::Context as _;
use scoring::Record;
use serde::Serialize;

use crate::{output::print, progress::Progress, score_log::Source};

/// Check a log's chain of hashes and the signatures under its epochs
///
/// Finds any byte that was changed since, and names the record, or of an archive the file and the bytes. It doesn't ask whether scores were right: `assay replay` does. Exit status 1 if something is wrong.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A validator's store, an exported log (JSON lines), or an archive: a folder, s3://… or gs://…
    #[arg(value_name = "LOG")]
    log: Source,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// A log that holds together.
#[derive(Debug, Default, Serialize)]
struct Found {
    records: u64,
    /// The hash of the last record: whoever remembers it sees any later change to what was before.
    head: Option<primitives::Digest>,
    seals: u64,
    /// The last record that the validator signed for.
    signed_to: Option<u64>,
    /// The seal that a store was pruned to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pruned_to: Option<u64>,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let found = verify(&args.log).with_context(|| args.log.name())?;
    let head = found.head.map_or_else(String::new, |head| head.to_string());
    let signed = match found.signed_to {
        Some(last) => format!("{} seals, signed up to record {last}", found.seals),
        None => "nothing is signed yet".to_owned(),
    };
    let pruned = found.pruned_to.map_or_else(String::new, |seal| format!("\npruned    to the seal at record {seal}"));
    let text = format!("records   {}\nhead      {head}\nsignature {signed}{pruned}", found.records);
    print(&text, &found, args.json)?;
    Ok(ExitCode::SUCCESS)
}

fn verify(log: &Source) -> anyhow::Result<Found> {
    let log = log.open()?;
    // Of an archive every byte is somebody's, not only the records.
    log.verify_container()?;
    let mut found = Found { pruned_to: log.pruned_to()?, ..Found::default() };
    let mut header = None;
    let progress = Progress::of("records", log.count());
    for sealed in log.records(0)? {
        let sealed = sealed?;
        progress.set(sealed.seq);
        found.records = sealed.seq + 1;
        found.head = Some(sealed.hash);
        // Most records are scored answers; only those that carry signatures are looked into.
        if sealed.is_scored() {
            continue;
        }
        match sealed.record()? {
            Record::Header(first) => header = Some(first),
            Record::Seal(seal) => {
                let signed = header.as_ref().is_some_and(|header| seal.is_signed(header));
                anyhow::ensure!(signed, "record {}: the signature under the seal is not the validator's", sealed.seq);
                found.seals += 1;
                found.signed_to = seal.records.checked_sub(1);
            }
            _ => {}
        }
    }
    anyhow::ensure!(header.is_some(), "the score log is empty");
    Ok(found)
}
