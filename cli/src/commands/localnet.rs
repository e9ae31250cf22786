//! `assay localnet`: the embedded chain, until told to stop.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use localnet::{Beacon, BlockTime, Genesis, Limits, SubnetGenesis};
use primitives::NetUid;
use serde_json::json;

use crate::{
    args::Global,
    layers::Layer,
    settings::{BeaconSetting, LocalnetSettings},
    stop::Stop,
};

/// Run the embedded chain
///
/// The calls, storage and epochs of Subtensor in this process, with //Alice rich and in charge. Prints its address when
/// it answers there. Nothing is kept: the next one starts from its first block.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where JSON-RPC listens; port 0 takes a free one [setting: localnet.listen]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// A block every so many milliseconds [setting: localnet.block_time_ms]
    #[arg(long, value_name = "MS")]
    block_time_ms: Option<u64>,
    /// So many subnets exist from the first block on [setting: localnet.subnets]
    #[arg(long, value_name = "COUNT")]
    subnets: Option<u16>,
    /// Blocks between two epochs [setting: localnet.tempo]
    #[arg(long, value_name = "BLOCKS")]
    tempo: Option<u16>,
    /// Whose rounds timelocked weights open at [setting: localnet.beacon]
    #[arg(long, value_name = "BEACON", value_parser = ["local", "quicknet"])]
    beacon: Option<String>,
    /// Print the address as one JSON document
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let mut flags = Layer::default();
    flags.flag("--listen", "localnet.listen", args.listen);
    flags.flag("--block-time-ms", "localnet.block_time_ms", args.block_time_ms);
    flags.flag("--subnets", "localnet.subnets", args.subnets);
    flags.flag("--tempo", "localnet.tempo", args.tempo);
    flags.flag("--beacon", "localnet.beacon", args.beacon);
    let settings = global.settings(flags)?.settings.localnet;
    let stop = Stop::listen().context("listening for signals")?;
    let chain = localnet::spawn(config(&settings)).await?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", json!({ "url": chain.url(), "genesis": chain.genesis() }))?;
    } else {
        writeln!(out, "{}", chain.url())?;
    }
    out.flush()?;
    drop(out);
    stop.requested().await;
    chain.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

fn config(settings: &LocalnetSettings) -> localnet::Config {
    let subnet = |netuid| {
        let mut subnet = SubnetGenesis::new(NetUid(netuid));
        subnet.rules.tempo = settings.tempo;
        subnet
    };
    localnet::Config {
        listen: settings.listen,
        block_time: BlockTime::Every(Duration::from_millis(settings.block_time_ms)),
        beacon: match settings.beacon {
            BeaconSetting::Local => Beacon::Local,
            BeaconSetting::Quicknet => Beacon::Quicknet,
        },
        genesis: Genesis { subnets: (1..=settings.subnets).map(subnet).collect(), ..Genesis::default() },
        limits: Limits::default(),
    }
}
