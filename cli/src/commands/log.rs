//! `assay log`: look at a score log, check it, keep it, and make room.

mod export;
mod prune;
mod show;
mod verify;

use std::process::ExitCode;

use clap::Subcommand;

use crate::args::Global;

/// Verify, export, prune or show a validator's score log
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Verify(verify::Args),
    Export(export::Args),
    Prune(prune::Args),
    Show(show::Args),
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    // All of it waits for disks, and an archive brings a runtime of its own.
    tokio::task::block_in_place(|| match args.command {
        Command::Verify(args) => verify::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Prune(args) => prune::run(&args, global),
        Command::Show(args) => show::run(&args),
    })
}
