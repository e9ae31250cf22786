//! `assay config`: what is set, where it came from, and whether it makes sense.

mod check;
mod plot;
mod sketch;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Subcommand;

use crate::{args::Global, layers::Layer};

/// Show or check the settings
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print every setting, its value and where that came from
    Show {
        /// Print one JSON object: {"chain.url": {"value": …, "origin": …}, …}
        #[arg(long)]
        json: bool,
    },
    /// Check files, and the environment with them; prove the rules that they set
    ///
    /// Silent where all is well and nothing sets [incentive]. Rules are proven on made-up subnets that are scored by their
    /// own stages: what they pay for what and how fast, whether anything is paid for nothing, and whether new miners
    /// outlive the time until their first weights are seen. Exit status: 1 where rules fail, 2 where they can't be read.
    Check(check::Args),
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Show { json } => show(json, global),
        Command::Check(args) => check::run(&args, global).await,
    }
}

fn show(json: bool, global: &Global) -> anyhow::Result<ExitCode> {
    let loaded = global.settings(Layer::default())?;
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &loaded.origins)?;
        writeln!(out)?;
        return Ok(ExitCode::SUCCESS);
    }
    let lines: Vec<_> = loaded.origins.iter().map(|(key, shown)| (format!("{key} = {shown}"), &shown.origin)).collect();
    let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0);
    for (line, origin) in lines {
        writeln!(out, "{line:width$}  # {origin}")?;
    }
    Ok(ExitCode::SUCCESS)
}
