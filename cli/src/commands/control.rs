//! `assay localnet mine` and its like: what an embedded chain that runs is told.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use localnet::{Control, Faults};

use crate::{
    args::{ChainFlags, Global},
    layers::Layer,
};

/// What to tell it.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Make blocks now; prints the height
    Mine {
        /// How many
        #[arg(value_name = "COUNT", default_value_t = 1)]
        count: u32,
        #[command(flatten)]
        chain: ChainFlags,
    },
    /// Let the chain's clock leap forward; prints the next block's time
    IncreaseTime {
        /// How far
        #[arg(value_name = "SECONDS")]
        seconds: u64,
        #[command(flatten)]
        chain: ChainFlags,
    },
    /// Remember the chain as it is; prints the number by which to come back
    Snapshot {
        #[command(flatten)]
        chain: ChainFlags,
    },
    /// Go back to a snapshot
    Revert {
        /// Which
        #[arg(value_name = "NUMBER")]
        snapshot: u64,
        #[command(flatten)]
        chain: ChainFlags,
    },
    /// Write the chain into a file, for --load
    Dump {
        /// Which file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        chain: ChainFlags,
    },
    /// Replace the last blocks, which must not be final, by others; prints the best block's hash
    Reorg {
        /// How many
        #[arg(value_name = "DEPTH")]
        depth: u32,
        #[command(flatten)]
        chain: ChainFlags,
    },
    /// Let the runtime's version rise, as an upgrade would; prints it
    BumpSpecVersion {
        #[command(flatten)]
        chain: ChainFlags,
    },
    /// Choose what goes wrong from now on; nothing without flags
    Faults {
        /// Close so many new connections as soon as they are made
        #[arg(long, value_name = "COUNT", default_value_t = 0)]
        refuse: u32,
        /// Answer a method (or every other one, by *) late: METHOD=MILLISECONDS; may be repeated
        #[arg(long, value_name = "METHOD=MS", value_parser = delay)]
        delay: Vec<(String, u64)>,
        /// Cut the connection instead of answering this method; may be repeated
        #[arg(long, value_name = "METHOD")]
        unanswered: Vec<String>,
        /// Let clients see no block after the present one
        #[arg(long)]
        stale_head: bool,
        #[command(flatten)]
        chain: ChainFlags,
    },
}

pub async fn run(action: Action, global: &Global) -> anyhow::Result<ExitCode> {
    let mut flags = Layer::default();
    action.chain().put(&mut flags);
    let url = global.settings(flags)?.settings.chain.url;
    let chain = Control::connect(&url).await?;
    let answer = match action {
        Action::Mine { count, .. } => chain.mine(count).await?.to_string(),
        Action::IncreaseTime { seconds, .. } => chain.increase_time(seconds).await?.to_string(),
        Action::Snapshot { .. } => chain.snapshot().await?.to_string(),
        Action::Revert { snapshot, .. } => {
            anyhow::ensure!(chain.revert(snapshot).await?, "no snapshot {snapshot}: it was never made, or is gone");
            return Ok(ExitCode::SUCCESS);
        }
        Action::Dump { file, .. } => {
            chain.dump(&file).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Action::Reorg { depth, .. } => chain.reorg(depth).await?,
        Action::BumpSpecVersion { .. } => chain.bump_spec_version().await?.to_string(),
        Action::Faults { refuse, delay, unanswered, stale_head, .. } => {
            let faults = Faults {
                refused_connections: refuse,
                delays_ms: delay.into_iter().collect(),
                unanswered: unanswered.into_iter().collect(),
                stale_head,
            };
            chain.set_faults(&faults).await?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    writeln!(io::stdout(), "{answer}")?;
    Ok(ExitCode::SUCCESS)
}

fn delay(text: &str) -> Result<(String, u64), String> {
    let wrong = || format!("{text:?} is not METHOD=MILLISECONDS");
    let (method, ms) = text.split_once('=').ok_or_else(wrong)?;
    Ok((method.to_owned(), ms.parse().map_err(|_| wrong())?))
}

impl Action {
    fn chain(&self) -> &ChainFlags {
        match self {
            Self::Mine { chain, .. }
            | Self::IncreaseTime { chain, .. }
            | Self::Snapshot { chain }
            | Self::Revert { chain, .. }
            | Self::Dump { chain, .. }
            | Self::Reorg { chain, .. }
            | Self::BumpSpecVersion { chain }
            | Self::Faults { chain, .. } => chain,
        }
    }
}
