//! `assay health`: whether what runs on this machine does its work, for whoever starts it again if not.

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use anyhow::{Context as _, ensure};
use chain::Client;
use primitives::BlockNumber;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{
    args::{ChainFlags, Global},
    failure::Usage,
    identity::here,
    layers::Layer,
    output::print,
};

/// What is asked on the same machine answers by then.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longer than all metrics.
const MAX_BYTES: u64 = 4 << 20;
/// The block that a validator has looked at.
const LOOKED_AT: &str = "validator_finalised_block";

/// Ask a miner, a validator or a node on this machine whether it does its work
///
/// A miner is asked by grpc.health.v1 at miner.listen. A validator is well as long as its metrics (validator.metrics_listen) say that
/// it follows the chain. A node has to say what is final. Exit status 0 if all is well, 1 if not: for a container's health check.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Who is asked
    #[arg(value_name = "WHO", value_enum)]
    who: Who,
    /// A validator may be so many blocks behind what is final
    #[arg(long, value_name = "BLOCKS", default_value_t = 100)]
    behind: u64,
    #[command(flatten)]
    chain: ChainFlags,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Who {
    /// `assay miner`
    Miner,
    /// `assay validator`
    Validator,
    /// The node at chain.url
    Chain,
}

pub async fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let mut flags = Layer::default();
    args.chain.put(&mut flags);
    let settings = global.settings(flags)?.settings;
    let (text, document) = match args.who {
        Who::Miner => {
            let address = here(settings.miner.listen);
            ensure!(
                miner::is_serving(address, PATIENCE).await?,
                "the miner at {address} doesn't serve: its log says why"
            );
            (format!("serving at {address}"), json!({ "serving": address }))
        }
        Who::Validator => {
            let Some(listen) = settings.validator.metrics_listen else {
                return Err(Usage("a validator is asked by its metrics: set validator.metrics_listen".into()).into());
            };
            let looked_at = looked_at(here(listen)).await?;
            let head = head(&settings.chain.connect().await?).await?;
            let behind = head.saturating_sub(looked_at);
            ensure!(behind <= args.behind, "the validator looked at block {looked_at} last, and block {head} is final");
            (format!("looked at block {looked_at} of {head}"), json!({ "looked_at": looked_at, "finalised": head }))
        }
        Who::Chain => {
            let head = head(&settings.chain.connect().await?).await?;
            (format!("block {head} is final"), json!({ "finalised": head }))
        }
    };
    print(&text, &document, args.json)?;
    Ok(ExitCode::SUCCESS)
}

async fn head(chain: &Client) -> anyhow::Result<BlockNumber> {
    Ok(chain.finalized().await?.number)
}

/// The newest block that a validator has looked at, by its metrics.
async fn looked_at(address: SocketAddr) -> anyhow::Result<BlockNumber> {
    let no_metrics = || format!("no validator serves metrics at {address}");
    let asked = timeout(PATIENCE, metrics(address)).await.with_context(no_metrics)?;
    let metrics = asked.with_context(no_metrics)?;
    let line = metrics.lines().find_map(|line| line.strip_prefix(LOOKED_AT)?.strip_prefix(' '));
    let number: f64 = line.and_then(|number| number.trim().parse().ok()).with_context(|| {
        format!(
            "the metrics at {address} have no {LOOKED_AT}: it is no validator's page, or the validator has looked at no block yet"
        )
    })?;
    // A gauge is a float; block numbers are far below where that matters.
    Ok(number.max(0.0) as BlockNumber)
}

/// What Prometheus would read, by a protocol that ends with the connection.
async fn metrics(address: SocketAddr) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(MAX_BYTES).read_to_end(&mut answer).await?;
    String::from_utf8(answer).context("the answer is no text")
}
