//! `assay miner`: serve a model on a subnet, until told to stop.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use model::{Backend, Combined};
use primitives::Endpoint;
use serde_json::json;

use crate::{
    args::{ChainFlags, Global, KeyFlags, ModelFlags, SubnetFlags},
    commands::run::{load_backend, load_encoder},
    identity,
    layers::Layer,
    stop::Stop,
};

/// Serve a model on a subnet
///
/// Loads the model, answers hotkeys of the subnet over gRPC, and announces itself on chain. Prints where it listens when
/// it does.
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
    /// Folder of a sentence encoder that answers embedding requests [setting: model.encoder_path]
    #[arg(long, value_name = "DIR")]
    encoder: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one [setting: miner.listen]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// What to announce on chain; port 0 stands for the one that is listened on [setting: miner.announce]
    #[arg(long, value_name = "IP:PORT")]
    announce: Option<Endpoint>,
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
    flags.flag("--listen", "miner.listen", args.listen);
    flags.flag("--announce", "miner.announce", args.announce);
    let settings = global.settings(flags)?.settings;
    let stop = Stop::listen().context("listening for signals")?;
    let keypair = identity::hotkey(&settings.wallet, args.key.key.as_deref(), settings.chain.furthest())?;
    let chain = settings.chain.connect().await?;
    // An unregistered key is refused before a model is loaded for it.
    chain.uid(settings.subnet.netuid, keypair.hotkey(), None).await?;

    let generator = load_backend(&settings.model)?;
    let backend: Arc<dyn Backend> = match load_encoder(&settings.model)? {
        Some(encoder) => Arc::new(Combined { generator, encoder }),
        None => generator,
    };
    let miner = miner::spawn(settings.miner, keypair, backend, chain).await?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", json!({ "address": miner.addr() }))?;
    } else {
        writeln!(out, "{}", miner.addr())?;
    }
    out.flush()?;
    drop(out);
    stop.requested().await;
    miner.shutdown().await;
    Ok(ExitCode::SUCCESS)
}
