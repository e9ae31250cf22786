//! `assay config check`: settings that make sense, and rules that are proven before they cost anyone.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    slice,
};

use anyhow::anyhow;
use primitives::{Digest, Hyperparameters};
use scoring::trial::{Severity, Verdict, prove};
use serde::Serialize;

use super::{plot::plot, sketch::sketch};
use crate::{
    args::{ChainFlags, Global, SubnetFlags},
    failure::Usage,
    layers::{Layer, Loaded, load},
    row,
    table::Table,
    whole_file::WholeFile,
};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Settings files, each checked by itself; without any, those of --config together
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Read the subnet's own rules from the chain, rather than take those of new subnets; --chain-url and --netuid do so too
    #[arg(long)]
    on_chain: bool,
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    subnet: SubnetFlags,
    #[command(flatten)]
    assumed: Assumed,
    /// Draw what the rules pay into this SVG file
    #[arg(long, value_name = "FILE.svg")]
    curve: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Rules of a subnet that nobody asks.
#[derive(Debug, clap::Args)]
struct Assumed {
    /// Blocks between two epochs, without a chain [default: 360]
    #[arg(long, value_name = "BLOCKS", conflicts_with_all = ["on_chain", "chain_url", "netuid"])]
    tempo: Option<u16>,
    /// Blocks during which a new miner keeps its seat, without a chain [default: 5000]
    #[arg(long, value_name = "BLOCKS", conflicts_with_all = ["on_chain", "chain_url", "netuid"])]
    immunity: Option<u16>,
    /// Epochs from the commit of a row to its reveal, without a chain; 0 where rows aren't hidden [default: 1]
    #[arg(long, value_name = "EPOCHS", conflicts_with_all = ["on_chain", "chain_url", "netuid"])]
    reveal_period: Option<u64>,
}

/// Rules that were proven.
#[derive(Serialize)]
struct Proven {
    file: String,
    /// What a score log's header calls them.
    rules: Digest,
    chain: Terms,
    #[serde(flatten)]
    verdict: Verdict,
}

/// What of the subnet's own rules matters.
#[derive(Serialize)]
struct Terms {
    tempo: u16,
    immunity_period: u16,
    commit_reveal_weights_enabled: bool,
    reveal_period_epochs: u64,
    /// Those that nobody said: new subnets have them.
    assumed: Vec<&'static str>,
}

pub async fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let mut flags = Layer::default();
    args.chain.put(&mut flags);
    args.subnet.put(&mut flags);
    let mut checked = Vec::new();
    if args.files.is_empty() {
        let names: Vec<_> = global.files.iter().map(|file| file.display().to_string()).collect();
        let name = if names.is_empty() { "the environment".to_owned() } else { names.join(", ") };
        checked.push((name, global.settings(flags)?));
    } else {
        for file in &args.files {
            checked.push((file.display().to_string(), load(slice::from_ref(file), flags.clone(), &global.registry)?));
        }
    }
    checked.retain(|(_, loaded)| loaded.sets("incentive"));
    if let Some(path) = args.curve.as_ref().filter(|_| checked.len() != 1) {
        let rules = checked.len();
        return Err(
            Usage(format!("{} shows the rules of one file, and {rules} set [incentive]", path.display())).into()
        );
    }
    let picture = args.curve.as_deref().map(WholeFile::create).transpose()?;
    let mut proven = Vec::new();
    for (file, loaded) in checked {
        proven.push(tried(file, &loaded, args, global).await?);
    }
    if let (Some(picture), [one]) = (picture, &*proven) {
        picture.write(plot(&one.file, &one.verdict)?.as_bytes())?;
    }
    if args.json {
        let mut out = io::stdout().lock();
        serde_json::to_writer_pretty(&mut out, &proven)?;
        writeln!(out)?;
    } else {
        print(&proven)?;
    }
    match proven.iter().find(|proven| !proven.verdict.is_sound()) {
        None => Ok(ExitCode::SUCCESS),
        Some(Proven { file, verdict, .. }) => {
            let errors = verdict.findings.iter().filter(|finding| finding.severity == Severity::Error);
            let names: Vec<_> = errors.map(|finding| finding.name).collect();
            Err(anyhow!("{file}: its rules fail by {}", names.join(", ")))
        }
    }
}

async fn tried(file: String, loaded: &Loaded, args: &Args, global: &Global) -> anyhow::Result<Proven> {
    let settings = &loaded.settings;
    let mechanism = global.registry.build(&settings.incentive)?;
    let on_chain = args.on_chain || !args.chain.chain_url.is_empty() || args.subnet.netuid.is_some();
    let (chain, assumed) = match on_chain {
        true => {
            let chain = settings.chain.connect().await?;
            let block = chain.finalized().await?;
            (chain.hyperparameters(settings.subnet.netuid, Some(block.hash)).await?, Vec::new())
        }
        false => args.assumed.hyperparameters(),
    };
    let mut verdict = prove(&mechanism);
    verdict.findings.extend(verdict.on(&chain, settings.validator.round_blocks));
    verdict.findings.sort_by_key(|finding| finding.severity);
    let chain = Terms {
        tempo: chain.tempo,
        immunity_period: chain.immunity_period,
        commit_reveal_weights_enabled: chain.commit_reveal_weights_enabled,
        reveal_period_epochs: chain.reveal_period_epochs,
        assumed,
    };
    Ok(Proven { file, rules: settings.incentive.digest(), chain, verdict })
}

fn print(proven: &[Proven]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for (at, Proven { file, rules, chain, verdict }) in proven.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{file}")?;
        writeln!(out, "rules {rules}")?;
        let mut table = Table::new(&["severity", "name", "finding"]);
        for finding in &verdict.findings {
            table.push(row![finding.severity, finding.name, finding.sentence]);
        }
        table.write(&mut out)?;
        if !chain.assumed.is_empty() {
            let names = chain.assumed.join(", ");
            writeln!(out, "Assumed as new subnets have it: {names}; --on-chain asks the subnet itself.")?;
        }
        write!(out, "{}", sketch(verdict))?;
    }
    Ok(())
}

impl Assumed {
    /// What a new subnet has, where nothing else is said; and what that is.
    fn hyperparameters(&self) -> (Hyperparameters, Vec<&'static str>) {
        let new = Hyperparameters::default();
        let said = [
            ("tempo", self.tempo.is_some()),
            ("immunity_period", self.immunity.is_some()),
            ("reveal_period_epochs", self.reveal_period.is_some()),
        ];
        let chain = Hyperparameters {
            tempo: self.tempo.unwrap_or(new.tempo),
            immunity_period: self.immunity.unwrap_or(new.immunity_period),
            commit_reveal_weights_enabled: self.reveal_period != Some(0),
            reveal_period_epochs: self.reveal_period.unwrap_or(new.reveal_period_epochs),
            ..new
        };
        (chain, said.into_iter().filter(|(_, said)| !said).map(|(name, _)| name).collect())
    }
}
