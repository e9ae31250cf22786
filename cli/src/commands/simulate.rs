//! `assay simulate`: a subnet on paper, before it costs anyone.

use std::{
    fs,
    io::{self, Write as _},
    ops::ControlFlow,
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Context as _;
use simulation::{Outcome, Scenario, campaign};

use crate::{args::Global, layers::Layer, progress::Progress, simulate, stop::Stop, whole_file::WholeFile};

/// Play a subnet on paper: who is paid what, and whether honesty pays best
///
/// A scenario says who is there (honest miners, lazy ones, cachers, quantisers, sybils, copiers; honest, lazy, copying and
/// colluding validators), under which rules, for how long and how often. Honest validators score with the real rules, and the
/// subnet pays as the chain does, to the last rao. With --config, the [incentive] of the settings takes the place of the
/// scenario's. docs/simulator.md has every key, and what is not modelled; configs/scenarios/ has examples.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A scenario, as TOML
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// So many runs, each with a seed of its own, instead of the scenario's
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    runs: Option<u32>,
    /// So many epochs, instead of the scenario's
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    epochs: Option<u64>,
    /// The first run's seed, instead of the scenario's
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Don't try what else honest ones could do
    #[arg(long)]
    no_responses: bool,
    /// Write it with plots to this file too, one page of HTML
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let name = args.scenario.display().to_string();
    let text = fs::read_to_string(&args.scenario).with_context(|| format!("{name}: cannot be read"))?;
    let mut scenario = Scenario::from_toml(&text).with_context(|| name.clone())?;
    if !global.files.is_empty() {
        scenario.incentive = global.settings_over(&scenario.incentive, Layer::default())?.settings.incentive;
    }
    let run = &mut scenario.run;
    run.runs = args.runs.unwrap_or(run.runs);
    run.epochs = args.epochs.unwrap_or(run.epochs);
    run.seed = args.seed.unwrap_or(run.seed);
    run.best_response &= !args.no_responses;
    let report = args.report.as_deref().map(WholeFile::create).transpose()?;

    let outcome = played(&scenario, global).await.with_context(|| name.clone())?;
    if let Some(file) = report {
        file.write(simulate::page(&name, &scenario, &outcome)?.as_bytes())?;
    }
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &outcome)?;
        writeln!(out)?;
    } else {
        simulate::print(&outcome, &mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// All runs, on all cores. A signal ends them.
async fn played(scenario: &Scenario, global: &Global) -> anyhow::Result<Outcome> {
    let stopped = Arc::new(AtomicBool::new(false));
    let (stop, told) = (Stop::listen()?, stopped.clone());
    let listening = tokio::spawn(async move {
        stop.requested().await;
        told.store(true, Ordering::Relaxed);
    });
    let (scenario, registry) = (scenario.clone(), global.registry.clone());
    let bar = Progress::of("runs", Some(0));
    let played = tokio::task::spawn_blocking(move || {
        campaign(&scenario, &registry, |progress| {
            bar.set_total(progress.total);
            bar.set(progress.done);
            if stopped.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    });
    let outcome = played.await.context("a run failed")?;
    listening.abort();
    Ok(outcome?)
}
