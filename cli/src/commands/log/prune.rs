//! `assay log prune`: make room in a store.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, ensure};
use serde_json::json;
use validator::Pruning;

use crate::{args::Global, output::print};

/// Forget the oldest records of a validator's store
///
/// What they came to stays, under the validator's signature: it goes on as if nothing had been forgotten, and a replay starts from there. The validator must not run meanwhile.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A validator's store
    #[arg(value_name = "STORE")]
    store: PathBuf,
    /// Keep the records of so many epochs
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    keep_epochs: usize,
    #[command(flatten)]
    kept: Kept,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Where the records are kept that the store forgets.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Kept {
    /// The archive that has them; without all of them nothing is forgotten
    #[arg(long, value_name = "ARCHIVE")]
    archive: Option<String>,
    /// Nowhere: nobody can recompute them any more
    #[arg(long)]
    discard: bool,
}

pub fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let Some(pruning) = Pruning::plan(&args.store, args.keep_epochs, &global.registry)? else {
        let document = json!({ "forgotten": 0 });
        print(&format!("nothing to forget: the log has {} epochs or fewer", args.keep_epochs), &document, args.json)?;
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(place) = &args.kept.archive {
        has(place, &pruning).with_context(|| place.clone())?;
    }
    let (forgets, seal) = (pruning.forgets(), pruning.seal());
    let freed = pruning.run()?;
    let document = json!({ "forgotten": forgets, "seal": seal, "freed": freed });
    let room = if freed { "" } else { "; the disk is too full to make the file smaller: it uses the room again" };
    print(&format!("{forgets} records forgotten, up to the seal at record {seal}{room}"), &document, args.json)?;
    Ok(ExitCode::SUCCESS)
}

/// That an archive has the last record that is forgotten, and so all before it.
fn has(place: &str, pruning: &Pruning) -> anyhow::Result<()> {
    let archive = archive::blocking::Archive::open(place)?;
    let (last, next) = (pruning.seal() - 1, archive.next_seq()?);
    ensure!(next > last, "the archive ends before record {last}: export the log first");
    let found = archive.records(last)?.next().context("the archive has no such record")??;
    ensure!(found.hash == pruning.root(), "the archive is of another log");
    Ok(())
}
