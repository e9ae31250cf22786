//! `assay doctor`: whether this machine is ready.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::bail;
use serde::Serialize;

use crate::{
    args::{ChainFlags, Global, KeyFlags, ModelFlags, SubnetFlags},
    doctor::{self, Finding, Patient, Role, State},
    layers::Layer,
};

/// Look at what a miner or a validator needs, and say what to do about each thing that is missing
///
/// libtorch, GPU and driver, the model's files, room on the disk, ports and the announced address, the chain's nodes, the
/// clock, the key and its seat. Nothing is sent, changed or left behind. Exit status 1 if anything failed; warnings don't count.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is to run here; without it, only what both need is looked at
    #[arg(value_name = "ROLE", value_enum)]
    role: Option<Role>,
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    subnet: SubnetFlags,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    model: ModelFlags,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// All that was found.
#[derive(Serialize)]
struct Report {
    /// The worst of it.
    state: State,
    findings: Vec<Finding>,
}

pub async fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let mut flags = Layer::default();
    args.chain.put(&mut flags);
    args.subnet.put(&mut flags);
    args.key.put(&mut flags);
    args.model.put(&mut flags);
    let findings = match global.settings(flags) {
        Ok(loaded) => {
            let patient = Patient { role: args.role, settings: &loaded.settings, key: args.key.key.as_deref() };
            let mut findings = vec![Finding::ok("settings", read(global))];
            findings.extend(doctor::examine(&patient).await);
            findings
        }
        Err(error) => {
            let fix = "correct it; `assay config show` prints what is set and where";
            let mut findings = vec![Finding::of_error("settings", &error.into(), fix)];
            findings.extend(doctor::examine_machine().await);
            findings
        }
    };
    let state = findings.iter().map(|finding| finding.state).max().unwrap_or(State::Ok);
    let failed: Vec<_> =
        findings.iter().filter(|finding| finding.state == State::Failed).map(|finding| finding.name).collect();
    let report = Report { state, findings };
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        report.print(&mut out)?;
    }
    match &*failed {
        [] => Ok(ExitCode::SUCCESS),
        names => bail!("not ready: {}", names.join(", ")),
    }
}

fn read(global: &Global) -> String {
    match &*global.files {
        [] => "the defaults, the environment and flags".to_owned(),
        files => files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", "),
    }
}

impl Report {
    /// A line for each thing, and below it what to do.
    fn print(&self, out: &mut impl io::Write) -> io::Result<()> {
        let width = self.findings.iter().map(|finding| finding.name.len()).max().unwrap_or(0);
        for Finding { name, state, found, fix } in &self.findings {
            writeln!(out, "{:<7}  {name:width$}  {found}", state.to_string())?;
            if let Some(fix) = fix {
                writeln!(out, "{:9}{:width$}  → {fix}", "", "")?;
            }
        }
        Ok(())
    }
}
