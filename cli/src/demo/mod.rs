//! `assay demo`: a whole subnet on this machine, from the first block to the third pay day.

pub mod cast;
mod crew;
mod folder;
mod report;
mod screen;
pub mod stage;
mod tally;
mod watch;

use std::{
    cell::Cell,
    io::{self, Write as _},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use futures::future::join_all;
use localnet::BlockTime;
use model::{Engine, ModelError};

use crate::{
    demo::{cast::Role, report::Report},
    stop::Stop,
};

/// Run a whole subnet: an embedded chain, miners that serve a model, validators that challenge them and set weights.
///
/// Three miners are honest. The others run a rounded copy of the model, serve one cached answer, relay another miner's,
/// sample at another temperature or forge the proof; with more than eight miners, one runs another model and one says
/// nothing. Ends after the given number of epochs that paid, with a summary; the exit status is 0 if every dishonest
/// miner was paid less than a tenth of every honest one.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// End after so many epochs that paid miners
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    epochs: u64,
    /// How many miners play; the ten roles are taken in turn
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(2..=200))]
    miners: u16,
    /// How many validators
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=16))]
    validators: u16,
    /// Decides every key, and with it who is asked what
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// A block every so many milliseconds
    #[arg(long, default_value_t = 250, value_parser = clap::value_parser!(u64).range(50..=12_000))]
    block_time_ms: u64,
    /// Blocks between two epochs
    #[arg(long, default_value_t = 48, value_parser = clap::value_parser!(u16).range(20..))]
    tempo: u16,
    /// Where the chain's JSON-RPC listens; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The model that miners are to serve
    #[arg(long, value_name = "DIR", default_value = "models/tiny")]
    model: PathBuf,
    /// Where stores, logs and the summary go; a former demo's are replaced
    #[arg(long, value_name = "DIR", default_value = ".assay/demo")]
    folder: PathBuf,
    /// Leave the subnet running after the summary, until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// Print the summary as one JSON document
    #[arg(long)]
    json: bool,
}

/// Play it, and print who was paid; fails where a cheat was paid too much.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    // Before ten seats are bought for it.
    if !args.model.is_dir() {
        return Err(ModelError::MissingFolder { path: args.model }.into());
    }
    let stop = Stop::listen().context("listening for signals")?;
    let verdict = Cell::new(None);
    tokio::select! {
        played = play(&args, &verdict) => played?,
        // Every part stops as it is dropped; the validators' stores survive any end.
        () = stop.requested() => {
            if verdict.get().is_none() {
                eprintln!("stopped before the end; logs are in {}", args.folder.display());
            }
        }
    }
    Ok(if verdict.get() == Some(true) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Play it all; `verdict` is whether honesty paid, once the summary is out.
async fn play(args: &Args, verdict: &Cell<Option<bool>>) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut screen = screen::Screen::new();
    let folder = folder::Folder::take(&args.folder)?;
    let keys = stage::Keys::derive(args.seed, args.validators.into(), args.miners.into())?;

    let genesis = stage::genesis(args.tempo, args.validators);
    let chain = stage::chain(args.listen, BlockTime::Every(Duration::from_millis(args.block_time_ms)), genesis).await?;
    let url = chain.url();
    let client = chain::Client::connect(&url).await?;
    screen.say(&format!("chain      {url} · a block every {} ms · genesis {}", args.block_time_ms, client.genesis()));
    let first_block_seconds = watch::first_block(&client, started).await?;
    screen.say(&format!("first block after {first_block_seconds:.1} s"));

    stage::enrol(&client, &keys, |step| screen.say(&format!("subnet     {step}"))).await?;
    let engine = Engine::load(&args.model).with_context(|| format!("loading {}", args.model.display()))?;
    let roles: Vec<Role> = Role::cast(args.miners.into()).collect();
    let troupe = cast::Troupe::new(Arc::new(engine), &args.model, folder.path(), &roles)?;
    let players = stage::miners(&client, &keys, &roles, &troupe, folder.path()).await?;
    for player in &players {
        screen.say(&format!("miner      {} serves on {} · {}", player.hotkey, player.handle.addr(), player.role));
    }
    let mut crew = Vec::new();
    for (index, (uri, key)) in keys.validators.iter().enumerate() {
        let member = folder.validator(index, args)?.start(uri, &url, &args.model)?;
        screen.say(&format!(
            "validator  {} · process {} · log {}",
            key.hotkey(),
            member.pid().unwrap_or_default(),
            member.log.display()
        ));
        crew.push(member);
    }

    let mut watch = watch::Watch::new(&client, &keys, &players, folder.stores(args.validators.into()), started);
    watch.first_block_seconds = first_block_seconds;
    let report = watch.until_paid(args.epochs, &mut crew, &mut screen).await?;
    finish(&report, &folder, args, &mut screen)?;
    verdict.set(Some(report.honesty_pays()));
    if args.keep {
        screen.say(&format!(
            "the subnet runs on until Ctrl-C; look at it with: assay metagraph --chain-url {url} --netuid {}",
            stage::NETUID
        ));
        watch.for_ever(&mut crew, &mut screen).await?;
    }
    for member in crew {
        member.stop().await;
    }
    join_all(players.into_iter().map(|player| player.handle.shutdown())).await;
    chain.shutdown().await;
    Ok(())
}

/// Write the summary and the logs, and print the result.
fn finish(report: &Report, folder: &folder::Folder, args: &Args, screen: &mut screen::Screen) -> anyhow::Result<()> {
    screen.clear();
    let summary = folder.summarise(report, args.validators.into())?;
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, report)?;
        writeln!(out)?;
    } else {
        report.miners().write(&mut out)?;
        writeln!(out)?;
        report.validators().write(&mut out)?;
        writeln!(out)?;
        writeln!(out, "{}", report.verdict())?;
    }
    out.flush()?;
    screen.say(&format!("summary in {}; replay it with: assay replay {}", summary.display(), folder.log(0).display()));
    Ok(())
}
