//! `assay config`: what is set, where it came from, and whether it makes sense.

use std::{
    io::{self, Write as _},
    path::PathBuf,
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
    /// Check files, and the environment with them; silent when all is well
    Check {
        /// Settings files, each checked by itself; without any, those of --config together
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

pub fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Show { json } => show(json, global),
        Command::Check { files } => check(&files, global),
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

fn check(files: &[PathBuf], global: &Global) -> anyhow::Result<ExitCode> {
    if files.is_empty() {
        global.settings(Layer::default())?;
    }
    for file in files {
        crate::layers::load(std::slice::from_ref(file), Layer::default(), &global.registry)?;
    }
    Ok(ExitCode::SUCCESS)
}
