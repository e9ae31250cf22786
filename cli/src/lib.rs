//! `assay`: the whole project as one command. Each subcommand is a thin file that reads its settings, calls a crate and
//! prints the result.
//!
//! A library, so that tests can play the demo's cast on a chain of their own, and so that the owner of a subnet makes the same
//! command with tasks and scorers of its own: the binary only calls [`main`] with those of `scoring`.

#![warn(missing_docs)]

// The made-up subnet of the dashboard's example calls it by its whole name.
#[cfg(test)]
extern crate dashboard as assay_dashboard;

mod amount;
mod args;
#[cfg(feature = "torch")]
mod calibration;
mod call;
mod commands;
#[cfg(feature = "torch")]
pub mod demo;
mod doctor;
mod drawing;
mod failure;
mod identity;
mod init;
mod inspect;

mod launch;
mod layers;
#[cfg(feature = "torch")]
mod loading;
mod metrics;
#[cfg(all(test, feature = "torch"))]
mod observability;
mod output;
mod page;
#[cfg(all(test, feature = "torch"))]
mod pages;
mod password;
mod progress;
mod prompt;
#[cfg(all(test, feature = "torch"))]
mod reference;
mod reload;
mod sampling;
mod score_log;
mod settings;
#[cfg(all(test, feature = "torch"))]
mod shipped;
mod simulate;
mod stop;
mod table;
mod telemetry;
mod top;
mod what_if;
mod whole_file;
mod whom;

use std::process::ExitCode;

use scoring::Registry;

use crate::args::{Cli, Command};

/// Parse the command line, run the command, and say how it ended. Rules may name the tasks and scorers of `registry`.
pub fn main(registry: Registry) -> ExitCode {
    let mut cli = Cli::read();
    cli.global.registry = registry;
    launch::with_all_files();
    if cli.command.needs_torch() {
        launch::with_patient_threads();
    }
    let level = cli.command.log_level() + i16::from(cli.global.verbose) - i16::from(cli.global.quiet);
    telemetry::start(cli.global.log_format, level);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failure::report(&anyhow::Error::new(error).context("starting threads")),
    };
    let result = runtime.block_on(dispatch(cli));
    // Whoever still holds a thread, such as a read of stdin, doesn't hold the process.
    runtime.shutdown_background();
    result.unwrap_or_else(|error| failure::report(&error))
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let global = &cli.global;
    match cli.command {
        #[cfg(feature = "torch")]
        Command::Demo(args) => demo::run(args).await,
        Command::Localnet(args) => commands::localnet::run(args, global).await,
        Command::Bench(args) => commands::bench::run(args, global).await,
        Command::Miner(args) => commands::miner::run(args, global).await,
        #[cfg(feature = "torch")]
        Command::Validator(args) => commands::validator::run(args, global).await,
        Command::Ask(args) => commands::ask::run(args, global).await,
        #[cfg(feature = "torch")]
        Command::Verify(args) => commands::verify::run(args, global).await,
        #[cfg(feature = "torch")]
        Command::Run(args) => commands::run::run(args, global).await,
        Command::Top(args) => commands::top::run(args, global).await,
        Command::Metagraph(args) => commands::metagraph::run(args, global).await,
        Command::Subnet(args) => commands::subnet::run(args, global).await,
        Command::Register(args) => commands::register::run(args, global).await,
        Command::Stake(args) => commands::stake::run(args, global).await,
        Command::Axon(args) => commands::axon::run(args, global).await,
        Command::Commitment(args) => commands::commitment::run(args, global).await,
        Command::Transfer(args) => commands::transfer::run(args, global).await,
        Command::Weights(args) => commands::weights::run(args, global).await,
        Command::Wallet(args) => commands::wallet::run(args, global),
        #[cfg(feature = "torch")]
        Command::Calibrate(args) => commands::calibrate::run(args, global).await,
        Command::AuditPlan(args) => commands::audit_plan::run(&args, global),
        Command::Log(args) => commands::log::run(args, global).await,
        Command::Replay(args) => commands::replay::run(args, global).await,
        Command::Epoch(args) => commands::epoch::run(args, global).await,
        Command::Inspect(args) => commands::inspect::run(args, global).await,
        Command::Simulate(args) => commands::simulate::run(args, global).await,
        Command::Config(args) => commands::config::run(args, global).await,
        Command::Init(args) => commands::init::run(&args, global),
        Command::Doctor(args) => commands::doctor::run(&args, global).await,
        Command::Health(args) => commands::health::run(&args, global).await,
        Command::Completions(args) => commands::completions::run(&args),
        Command::Man(args) => commands::man::run(&args),
    }
}
