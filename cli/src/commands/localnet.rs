//! `assay localnet`: the embedded chain, until told to stop.

use std::{
    io::{self, IsTerminal as _, Write as _},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use localnet::{BlockTime, Fork, Genesis, SubnetGenesis};
use primitives::NetUid;
use serde_json::json;

use super::control;
use crate::{
    args::{Global, netuid},
    layers::Layer,
    progress::Progress,
    settings::LocalnetSettings,
    stop::Stop,
    table::Table,
};

/// Run the embedded chain
///
/// The calls, storage and epochs of Subtensor in this process, with //Alice rich and in charge. Prints its address when
/// it answers there, and the accounts that have TAO on stderr. Without --persist nothing is kept: the next one starts
/// from its first block. The commands below tell a chain that runs what to do.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    action: Option<control::Action>,
    /// Where JSON-RPC listens; port 0 takes a free one [setting: localnet.listen]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// When blocks are made: 250ms, 12s, instant (with each transaction), manual [setting: localnet.block_time]
    #[arg(long, value_name = "WHEN")]
    block_time: Option<BlockTime>,
    /// So many subnets exist from the first block on [setting: localnet.subnets]
    #[arg(long, value_name = "COUNT")]
    subnets: Option<u16>,
    /// Blocks between two epochs [setting: localnet.tempo]
    #[arg(long, value_name = "BLOCKS")]
    tempo: Option<u16>,
    /// So many blocks follow a block before it is final [setting: localnet.finality_depth]
    #[arg(long, value_name = "BLOCKS")]
    finality_depth: Option<u32>,
    /// Keep the chain in this folder; a chain that is found there goes on
    #[arg(long, value_name = "DIR")]
    persist: Option<PathBuf>,
    /// Go on from a file that `assay localnet dump` wrote
    #[arg(long, value_name = "FILE", conflicts_with = "fork")]
    load: Option<PathBuf>,
    /// Start with a subnet copied from the node at this WebSocket address
    #[arg(long, value_name = "URL", requires = "fork_netuid")]
    fork: Option<String>,
    /// Which subnet to copy
    #[arg(long, value_name = "NETUID", requires = "fork", value_parser = netuid)]
    fork_netuid: Option<NetUid>,
    /// As of which block, by hash, to copy it; the last final one without it
    #[arg(long, value_name = "HASH", requires = "fork")]
    fork_block: Option<primitives::BlockHash>,
    /// Whose rounds timelocked weights open at [setting: localnet.beacon]
    #[arg(long, value_name = "BEACON", value_parser = ["local", "quicknet"])]
    beacon: Option<String>,
    /// Print the address as one JSON document
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    if let Some(action) = args.action {
        return control::run(action, global).await;
    }
    let mut flags = Layer::default();
    flags.flag("--listen", "localnet.listen", args.listen);
    flags.flag("--block-time", "localnet.block_time", args.block_time);
    flags.flag("--subnets", "localnet.subnets", args.subnets);
    flags.flag("--tempo", "localnet.tempo", args.tempo);
    flags.flag("--beacon", "localnet.beacon", args.beacon);
    flags.flag("--finality-depth", "localnet.finality_depth", args.finality_depth);
    let settings = global.settings(flags)?.settings.localnet;
    let stop = Stop::listen().context("listening for signals")?;
    let fork = match (&args.fork, args.fork_netuid) {
        (Some(url), Some(netuid)) => Some(copy(url, netuid, args.fork_block).await?),
        _ => None,
    };
    let mut config = config(&settings, fork);
    (config.load, config.persist) = (args.load, args.persist);
    let accounts = config.genesis.balances.clone();
    let chain = localnet::spawn(config).await?;
    let mut out = io::stdout().lock();
    if args.json {
        let accounts: Vec<_> = localnet::DEV_ACCOUNTS
            .iter()
            .zip(&accounts)
            .map(|(uri, (coldkey, rao))| json!({ "uri": uri, "address": coldkey, "rao": rao }))
            .collect();
        writeln!(out, "{}", json!({ "url": chain.url(), "genesis": chain.genesis(), "accounts": accounts }))?;
    } else {
        if global.quiet == 0 {
            print_accounts(&accounts)?;
        }
        writeln!(out, "{}", chain.url())?;
    }
    out.flush()?;
    drop(out);
    stop.requested().await;
    chain.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// For people: what programs read is the address on stdout.
fn print_accounts(accounts: &[(primitives::Coldkey, u64)]) -> io::Result<()> {
    let mut err = io::stderr().lock();
    let mut table = Table::new(&["key", "address", "TAO at block 0"]);
    for (uri, (coldkey, rao)) in localnet::DEV_ACCOUNTS.iter().zip(accounts) {
        table.push(vec![(*uri).to_owned(), coldkey.to_string(), (rao / 1_000_000_000).to_string()]);
    }
    table.write(&mut err)?;
    if err.is_terminal() {
        writeln!(err, "Everybody knows these keys. Stop with Ctrl-C.")?;
    }
    Ok(())
}

async fn copy(url: &str, netuid: NetUid, at: Option<primitives::BlockHash>) -> anyhow::Result<Fork> {
    let waiting = Progress::waiting(format!("copying subnet {netuid}"));
    let fork = localnet::fork(url, netuid, at).await.with_context(|| format!("copying subnet {netuid} of {url}"))?;
    drop(waiting);
    tracing::info!(%netuid, block = fork.at.number, "subnet copied");
    for item in &fork.skipped {
        tracing::warn!(item, "not copied: the other chain has it in another shape or not at all");
    }
    Ok(fork)
}

fn config(settings: &LocalnetSettings, fork: Option<Fork>) -> localnet::Config {
    let subnet = |netuid| {
        let mut subnet = SubnetGenesis::new(NetUid(netuid));
        subnet.rules.tempo = settings.tempo;
        subnet
    };
    let copied = fork.as_ref().map(|fork| fork.netuid.0);
    let subnets = (1..=settings.subnets).filter(|netuid| Some(*netuid) != copied).map(subnet).collect();
    localnet::Config {
        listen: settings.listen,
        block_time: settings.block_time,
        beacon: settings.beacon,
        finality_depth: settings.finality_depth,
        genesis: Genesis { subnets, fork, ..Genesis::default() },
        ..localnet::Config::test()
    }
}
