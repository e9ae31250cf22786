//! `assay weights`: what a validator's store says should stand on chain, and how far that got.

mod history;
mod plan;
mod row;
mod set;
mod status;

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;

use crate::{
    args::{ChainFlags, Global, KeyFlags, SubnetFlags},
    layers::Layer,
    settings::Settings,
};

/// Show what would be set as weights and why, set it, and follow it until it stands on chain
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the row that would be set now, seat by seat, and whether the chain would take it; sends nothing
    Plan(plan::Args),
    /// Set this epoch's weights now, unless they are; the validator must not run meanwhile
    Set(set::Args),
    /// Show how far the last weights got, and whether the chain holds them
    Status(status::Args),
    /// List what was set in the past, and how it ended
    History(history::Args),
}

/// Whose weights, and where.
#[derive(Debug, clap::Args)]
struct ValidatorFlags {
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    subnet: SubnetFlags,
    #[command(flatten)]
    key: KeyFlags,
    /// The subnet's mechanism [setting: validator.mech]
    #[arg(long, value_name = "NUMBER")]
    mech: Option<u8>,
    #[command(flatten)]
    store: StoreFlags,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Which store.
#[derive(Debug, clap::Args)]
struct StoreFlags {
    /// The file that holds the score log and the journal of weights [setting: validator.store_path]
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
}

impl StoreFlags {
    fn put(&self, layer: &mut Layer) {
        layer.flag("--store", "validator.store_path", self.store.as_ref().map(|path| path.display()));
    }
}

impl ValidatorFlags {
    fn settings(&self, global: &Global) -> anyhow::Result<Settings> {
        let mut flags = Layer::default();
        self.chain.put(&mut flags);
        self.subnet.put(&mut flags);
        self.key.put(&mut flags);
        flags.flag("--mech", "validator.mech", self.mech);
        self.store.put(&mut flags);
        Ok(global.settings(flags)?.settings)
    }
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Plan(args) => plan::run(args, global).await,
        Command::Set(args) => set::run(args, global).await,
        Command::Status(args) => status::run(args, global).await,
        Command::History(args) => history::run(args, global),
    }
}
