//! `assay metagraph`: a subnet at one block.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use primitives::{BlockHash, Metagraph};

use crate::{
    args::{ChainFlags, Global, SubnetFlags},
    layers::Layer,
    row,
    table::Table,
};

/// Show a subnet's neurons, all read at one block
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    subnet: SubnetFlags,
    /// The block to read at, by hash; the finalised head without it
    #[arg(long, value_name = "HASH")]
    at: Option<BlockHash>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let mut flags = Layer::default();
    args.chain.put(&mut flags);
    args.subnet.put(&mut flags);
    let settings = global.settings(flags)?.settings;
    let chain = settings.chain.connect().await?;
    let metagraph = chain.metagraph(settings.subnet.netuid, args.at).await?;
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &metagraph)?;
        writeln!(out)?;
    } else {
        writeln!(out, "subnet {} at block {} {}", metagraph.netuid, metagraph.block.number, metagraph.block.hash)?;
        table(&metagraph).write(&mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn table(metagraph: &Metagraph) -> Table {
    let mut table = Table::new(&[
        "uid",
        "hotkey",
        "endpoint",
        "permit",
        "alpha",
        "trust",
        "incentive",
        "dividends",
        "emission",
        "updated",
    ]);
    for neuron in &metagraph.neurons {
        table.push(row![
            neuron.uid,
            neuron.hotkey,
            neuron.endpoint.map_or_else(|| "-".to_owned(), |endpoint| endpoint.to_string()),
            if neuron.validator_permit { "yes" } else { "-" },
            alpha(neuron.stake_rao),
            share(neuron.validator_trust),
            share(neuron.incentive),
            share(neuron.dividends),
            alpha(neuron.emission_rao),
            neuron.last_update,
        ]);
    }
    table
}

/// Whole units and three decimals of an amount in rao, cut off.
pub fn alpha(rao: u64) -> String {
    format!("{}.{:03}", rao / 1_000_000_000, rao % 1_000_000_000 / 1_000_000)
}

/// A share of 65535.
pub fn share(value: u16) -> String {
    format!("{:.4}", f64::from(value) / 65535.0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn amounts_are_cut_off() {
        assert_eq!(super::alpha(1_234_567_890), "1.234");
        assert_eq!(super::alpha(999_999), "0.000");
        assert_eq!(super::share(65535), "1.0000");
    }
}
