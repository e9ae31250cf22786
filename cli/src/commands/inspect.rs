//! `assay inspect`: who holds how much of a subnet, whose word counts, and whose is copied.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use crate::{
    args::{BlockName, ChainFlags, Global, SubnetFlags},
    inspect::{self, Findings},
    layers::Layer,
    whole_file::WholeFile,
};

/// Show how concentrated a subnet is, whose word moves the pay, and who copies weights
///
/// Of stake, dividends, incentive and influence: the Herfindahl index, Gini's coefficient, and how many together have more
/// than a third or a half. A validator's influence is the part of the incentive that would move without its stake. A
/// validator copies where its row changes as those of others did some epochs before, rather than as theirs do in the same:
/// for that the epochs before are read, back to where the node has the state. docs/concentration.md has the definitions, and
/// how sure each verdict is.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Epochs in the form that `assay epoch` prints and reads, the oldest first, one to a file; without any the chain is read
    #[arg(value_name = "FILE", conflicts_with_all = ["chain_url", "netuid", "block", "epochs"])]
    files: Vec<PathBuf>,
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    subnet: SubnetFlags,
    /// The block to look at, by number or by hash; the finalised head without it
    #[arg(long, value_name = "NUMBER|HASH")]
    block: Option<BlockName>,
    /// How many epochs back to look for copies; 0 looks for none
    #[arg(long, value_name = "COUNT", default_value_t = 60, value_parser = clap::value_parser!(u16).range(0..=1_000))]
    epochs: u16,
    /// Copies are looked for so many epochs back, at most: one more than rows are hidden for is sensible
    #[arg(long, value_name = "EPOCHS", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    max_lag: u8,
    /// Write it with plots to this file too, one page of HTML
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let report = args.report.as_deref().map(WholeFile::create).transpose()?;
    let history = if args.files.is_empty() {
        let mut flags = Layer::default();
        args.chain.put(&mut flags);
        args.subnet.put(&mut flags);
        let settings = global.settings(flags)?.settings;
        let chain = settings.chain.connect().await?;
        let at = BlockName::hash_of(args.block, &chain).await?;
        inspect::of_chain(&chain, settings.subnet.netuid, at, args.epochs.into()).await?
    } else {
        inspect::of_files(&args.files)?
    };
    let findings = Findings::of(&history, args.max_lag.into())?;
    if let Some(file) = report {
        file.write(inspect::page(&findings)?.as_bytes())?;
    }
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &findings)?;
        writeln!(out)?;
    } else {
        findings.print(&mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}
