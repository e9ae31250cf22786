//! `assay wallet`: key files as every tool of the ecosystem keeps them.

mod create;
mod list;
mod sign;

use std::process::ExitCode;

use clap::Subcommand;

use crate::{
    args::{Global, KeyFlags},
    call::layered,
    identity,
};

/// Make, keep and show keys; sign with them
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key
    #[command(subcommand)]
    New(create::New),
    /// Keep a key of which there are words, a seed or a key file
    #[command(subcommand)]
    Import(create::Import),
    /// List the wallets and their hotkeys
    List {
        /// The folder of wallets [setting: wallet.path]
        #[arg(long, value_name = "DIR")]
        wallet_path: Option<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Show the addresses of a wallet's coldkey and hotkey; opens no coldkey
    Show {
        #[command(flatten)]
        key: KeyFlags,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    Sign(sign::Sign),
    Verify(sign::Verify),
}

pub fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::New(command) => create::new(command, global)?,
        Command::Import(command) => create::import(command, global)?,
        Command::List { wallet_path, json } => {
            let settings = layered(global, |layer| layer.flag("--wallet-path", "wallet.path", wallet_path))?.wallet;
            list::list(&identity::folder(&settings), json)?;
        }
        Command::Show { key, json } => {
            let settings = layered(global, |layer| key.put(layer))?;
            list::show(&settings, key.key.as_deref(), json)?;
        }
        Command::Sign(args) => return sign::sign(args, global),
        Command::Verify(args) => return sign::verify(args),
    }
    Ok(ExitCode::SUCCESS)
}
