//! `assay weights set`: this epoch's weights now.

use std::process::ExitCode;

use super::{ValidatorFlags, plan, row, status::print_submission};
use crate::{args::Global, identity};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    validator: ValidatorFlags,
    /// Show the plan and send nothing, as `assay weights plan` does
    #[arg(long)]
    dry_run: bool,
    /// Set this row instead of the store's: uids with weights of any scale, such as 3:0.7,5:0.3
    ///
    /// Nothing is written to a store. A row that is to be committed is timelocked, so that the chain reveals it.
    #[arg(long, value_name = "UID:WEIGHT,…", value_delimiter = ',', value_parser = row::entry)]
    row: Vec<row::Entry>,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    if args.row.is_empty() && args.dry_run {
        return plan::run(plan::Args::of(args.validator), global).await;
    }
    let settings = args.validator.settings(global)?;
    let key = args.validator.key.key.as_deref();
    let keypair = identity::hotkey(&settings.wallet, key, settings.chain.furthest())?;
    let chain = settings.chain.connect().await?;
    if args.row.is_empty() {
        let submission = validator::set_weights(settings.validator, keypair, chain).await?;
        return print_submission(&submission, args.validator.json);
    }
    let config = settings.validator;
    row::set(&chain, &keypair, config.netuid, config.mech, &args.row, args.dry_run, args.validator.json).await
}
