//! `assay validator`: challenge, score and weigh the miners of a subnet, until told to stop.

use std::{io, net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context as _, bail};
use validator::Prefill;

use crate::{
    args::{ChainFlags, Global, KeyFlags, ModelFlags, SubnetFlags},
    failure::Usage,
    identity,
    layers::Layer,
    loading, metrics,
    settings::BackendName,
    stop::Stop,
    telemetry,
    whole_file::WholeFile,
};

/// Challenge the miners of a subnet and set their weights
///
/// Asks every miner in rounds, checks the answers with the same model, and sets weights before each epoch. It goes on where its store ends: killed at any moment, it loses no score and sets no weights twice.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    subnet: SubnetFlags,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    model: ModelFlags,
    /// Folder of a sentence encoder that checks embeddings [setting: model.encoder_path]
    #[arg(long, value_name = "DIR")]
    encoder: Option<PathBuf>,
    /// The file that holds the score log and the journal of weights [setting: validator.store_path]
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// The subnet's mechanism that rows are set on [setting: validator.mech]
    #[arg(long, value_name = "NUMBER")]
    mech: Option<u8>,
    /// Where Prometheus reads the metrics [setting: validator.metrics_listen]
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<SocketAddr>,
    /// Where the dashboard is served [setting: validator.dashboard_listen]
    #[arg(long, value_name = "ADDRESS")]
    dashboard_listen: Option<SocketAddr>,
    /// Write the dashboard's address to a file once it is served, for a parent process that had a free port taken
    #[arg(long, value_name = "FILE", hide = true)]
    dashboard_address_file: Option<PathBuf>,
    /// Stop when stdin ends, for a parent process that may be killed
    #[arg(long, hide = true)]
    stop_with_stdin: bool,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let mut flags = Layer::default();
    args.chain.put(&mut flags);
    args.subnet.put(&mut flags);
    args.key.put(&mut flags);
    args.model.put(&mut flags);
    flags.flag("--encoder", "model.encoder_path", args.encoder.as_ref().map(|path| path.display()));
    flags.flag("--store", "validator.store_path", args.store.as_ref().map(|path| path.display()));
    flags.flag("--mech", "validator.mech", args.mech);
    flags.flag("--metrics-listen", "validator.metrics_listen", args.metrics_listen);
    flags.flag("--dashboard-listen", "validator.dashboard_listen", args.dashboard_listen);
    let settings = global.settings(flags)?.settings;
    if settings.model.backend != BackendName::Torch {
        return Err(Usage("a validator checks with its own model: model.backend must be \"torch\"".into()).into());
    }
    let stop = Stop::listen().context("listening for signals")?;
    let keypair = identity::hotkey(&settings.wallet, args.key.key.as_deref(), settings.chain.furthest())?;
    let traces = telemetry::send_traces(&settings.telemetry, "assay-validator", keypair.hotkey())?;
    let chain = settings.chain.connect().await?;
    // An unregistered key is refused before a model is loaded for it.
    chain.uid(settings.subnet.netuid, keypair.hotkey(), None).await?;

    // what is checked is our own work, and none of it is refused
    let engine = Arc::new(loading::engine(&settings.model, usize::MAX)?);
    let encoder = loading::encoder(&settings.model)?;
    let referee = Arc::new(Prefill { engine, encoder });
    if let Some(listen) = settings.validator.metrics_listen {
        metrics::serve(listen)?;
        validator::describe_metrics();
    }
    let mut validator = validator::spawn_with(settings.validator, keypair, referee, chain).await?;
    if let (Some(path), Some(addr)) = (&args.dashboard_address_file, validator.dashboard_addr()) {
        WholeFile::create(path)?.write(addr.to_string().as_bytes())?;
    }
    let has_failed = tokio::select! {
        () = stop.requested() => false,
        () = stdin_ended(), if args.stop_with_stdin => false,
        // Whoever starts it again finds everything in the store.
        () = validator.failed() => true,
    };
    validator.shutdown().await;
    if let Some(traces) = traces {
        traces.end().await;
    }
    if has_failed {
        bail!("the validator cannot go on: its log says why");
    }
    Ok(ExitCode::SUCCESS)
}

/// Resolves when nobody holds the other end of stdin any more.
async fn stdin_ended() {
    // A read that fails says as much as one that ends.
    let _ = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await;
}
