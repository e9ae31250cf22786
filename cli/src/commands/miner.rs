//! `assay miner`: serve a model on a subnet, until told to stop.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use model::{Backend, OpenAi};
use primitives::Endpoint;
use serde_json::json;

use crate::{
    args::{ChainFlags, Global, KeyFlags, ModelFlags, SubnetFlags},
    identity,
    layers::Layer,
    metrics,
    reload::Reload,
    settings::{BackendName, ModelSettings},
    stop::Stop,
    telemetry,
};

/// Serve a model on a subnet
///
/// Loads the model, or asks a server that has it (--backend openai), answers hotkeys of the subnet over gRPC, and announces itself on chain. Prints where it listens when
/// it does. SIGHUP has it read [miner.access] again, SIGTERM finish what it has begun and stop.
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
    /// Who computes: torch, in this process, or openai, a server of its own [setting: model.backend]
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
    /// Address of the server for --backend openai, as http://127.0.0.1:8000 [setting: model.openai.url]
    #[arg(long, value_name = "URL")]
    openai_url: Option<String>,
    /// The model's name at that server [setting: model.openai.model]
    #[arg(long, value_name = "NAME")]
    openai_model: Option<String>,
    /// Folder of a sentence encoder that answers embedding requests [setting: model.encoder_path]
    #[arg(long, value_name = "DIR")]
    encoder: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one [setting: miner.listen]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// What to announce on chain; port 0 stands for the one that is listened on [setting: miner.announce]
    #[arg(long, value_name = "IP:PORT")]
    announce: Option<Endpoint>,
    /// Folder for its certificate and for what must not be served twice; one miner each [setting: miner.state_path]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Where Prometheus reads the metrics [setting: miner.metrics_listen]
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<SocketAddr>,
    /// Where the miner's own page is served [setting: miner.dashboard_listen]
    #[arg(long, value_name = "ADDRESS")]
    dashboard_listen: Option<SocketAddr>,
    /// Print the address as one JSON document
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let mut flags = Layer::default();
    args.chain.put(&mut flags);
    args.subnet.put(&mut flags);
    args.key.put(&mut flags);
    args.model.put(&mut flags);
    flags.flag("--encoder", "model.encoder_path", args.encoder.as_ref().map(|path| path.display()));
    flags.flag("--backend", "model.backend", args.backend.as_ref());
    flags.flag("--openai-url", "model.openai.url", args.openai_url.as_ref());
    flags.flag("--openai-model", "model.openai.model", args.openai_model.as_ref());
    flags.flag("--metrics-listen", "miner.metrics_listen", args.metrics_listen);
    flags.flag("--dashboard-listen", "miner.dashboard_listen", args.dashboard_listen);
    flags.flag("--state", "miner.state_path", args.state.as_ref().map(|path| path.display()));
    flags.flag("--listen", "miner.listen", args.listen);
    flags.flag("--announce", "miner.announce", args.announce);
    let settings = global.settings(flags.clone())?.settings;
    let mut reload = Reload::listen().context("listening for signals")?;
    let stop = Stop::listen().context("listening for signals")?;
    let keypair = identity::hotkey(&settings.wallet, args.key.key.as_deref(), settings.chain.furthest())?;
    let traces = telemetry::send_traces(&settings.telemetry, "assay-miner", keypair.hotkey())?;
    let chain = settings.chain.connect().await?;
    // An unregistered key is refused before a model is loaded for it.
    chain.uid(settings.subnet.netuid, keypair.hotkey(), None).await?;

    // Before the service: what is described after the recorder is there has its words.
    if let Some(listen) = settings.miner.metrics_listen {
        metrics::serve(listen)?;
        miner::describe_metrics();
    }
    let generator: Arc<dyn Backend> = match settings.model.backend {
        BackendName::Torch => torch(&settings.model, settings.miner.queue)?,
        BackendName::OpenAi => Arc::new(OpenAi::connect(settings.model.openai.clone()).await?),
    };
    let backend = with_encoder(generator, &settings.model)?;
    let miner = miner::spawn(settings.miner, keypair, backend, chain).await?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", json!({ "address": miner.addr() }))?;
    } else {
        writeln!(out, "{}", miner.addr())?;
    }
    out.flush()?;
    drop(out);
    let lists = async {
        loop {
            reload.requested().await;
            match global.settings(flags.clone()) {
                Ok(loaded) => {
                    tracing::info!("lists of whom to serve read again");
                    miner.set_access(loaded.settings.miner.access);
                }
                // What was served goes on being served.
                Err(error) => {
                    tracing::error!(error = format_args!("{:#}", anyhow::Error::new(error)), "settings not read again");
                }
            }
        }
    };
    tokio::select! {
        () = stop.requested() => {}
        () = lists => {}
    }
    miner.shutdown().await;
    if let Some(traces) = traces {
        traces.end().await;
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(feature = "torch")]
fn torch(settings: &ModelSettings, queue: usize) -> anyhow::Result<Arc<dyn Backend>> {
    crate::loading::backend(settings, queue)
}

#[cfg(feature = "torch")]
fn with_encoder(generator: Arc<dyn Backend>, settings: &ModelSettings) -> anyhow::Result<Arc<dyn Backend>> {
    Ok(match crate::loading::encoder(settings)? {
        Some(encoder) => Arc::new(model::Combined { generator, encoder }),
        None => generator,
    })
}

#[cfg(not(feature = "torch"))]
fn torch(_: &ModelSettings, _: usize) -> anyhow::Result<Arc<dyn Backend>> {
    let message = "this program was built without libtorch: it can only pass requests on, with --backend openai";
    Err(crate::failure::Usage(message.into()).into())
}

#[cfg(not(feature = "torch"))]
fn with_encoder(generator: Arc<dyn Backend>, settings: &ModelSettings) -> anyhow::Result<Arc<dyn Backend>> {
    match settings.encoder_path {
        Some(_) => {
            let message = "this program was built without libtorch: it has no encoder, and --encoder can't be used";
            Err(crate::failure::Usage(message.into()).into())
        }
        None => Ok(generator),
    }
}
