//! `assay metagraph`: a subnet at one block.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use chain::Client;
use primitives::{BlockRef, Hyperparameters, MechId, Metagraph, MetagraphRows, NetUid, Neuron, NeuronRows};
use serde::Serialize;

use crate::{
    args::{BlockName, ChainFlags, Global, SubnetFlags, mechanism},
    layers::Layer,
    row,
    table::Table,
};

/// Show a subnet's neurons, all read at one block
///
/// With --json, names are the chain's. What ends in _rao is in billionths of an alpha; burn, min_burn and max_burn are in
/// billionths of a TAO, stake_threshold of either. Shares (incentive, dividends, consensus, validator_trust,
/// stake_weight, kappa, bonds_penalty, alpha_values, mechanism_emission_split, weights, bonds) are of 65535,
/// bonds_moving_average is in millionths, tao_weight of 2^64 - 1. Times are numbers of blocks.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    subnet: SubnetFlags,
    /// The mechanism whose updates and incentives to show
    #[arg(long, value_name = "N", value_parser = mechanism, default_value = "0")]
    mech: MechId,
    /// The block to read at, by number or by hash; the finalised head without it
    #[arg(long, value_name = "NUMBER|HASH", alias = "at")]
    block: Option<BlockName>,
    /// Show all columns, and whole keys
    #[arg(long)]
    wide: bool,
    /// Read the rows of weights and bonds and the pending commits too: how many with --wide, what they hold with --json
    #[arg(long)]
    rows: bool,
    /// Print one JSON document, hyperparameters included
    #[arg(long)]
    json: bool,
}

/// What --json prints.
#[derive(Serialize)]
struct Document<'a> {
    block: BlockRef,
    netuid: NetUid,
    mechanism: MechId,
    hyperparameters: &'a Hyperparameters,
    neurons: &'a [Neuron],
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<&'a [NeuronRows]>,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let mut flags = Layer::default();
    args.chain.put(&mut flags);
    args.subnet.put(&mut flags);
    let settings = global.settings(flags)?.settings;
    let chain = settings.chain.connect().await?;
    let netuid = settings.subnet.netuid;
    let at = BlockName::hash_of(args.block, &chain).await?;
    if args.json {
        let (metagraph, hyperparameters) = chain.subnet(netuid, args.mech, at).await?;
        let rows = rows(&chain, &metagraph, args.rows).await?;
        let document = Document {
            block: metagraph.block,
            netuid,
            mechanism: metagraph.mechanism,
            hyperparameters: &hyperparameters,
            neurons: &metagraph.neurons,
            rows: rows.as_ref().map(|rows| &rows.rows[..]),
        };
        let mut out = io::stdout().lock();
        serde_json::to_writer_pretty(&mut out, &document)?;
        writeln!(out)?;
    } else {
        let metagraph = chain.mechanism_metagraph(netuid, args.mech, at).await?;
        let rows = rows(&chain, &metagraph, args.rows).await?;
        let mut out = io::stdout().lock();
        writeln!(out, "{}", heading(&metagraph))?;
        let wide = args.wide || args.rows;
        if wide { wide_table(&metagraph, rows.as_ref()) } else { narrow_table(&metagraph) }.write(&mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn rows(chain: &Client, metagraph: &Metagraph, wanted: bool) -> anyhow::Result<Option<MetagraphRows>> {
    Ok(if wanted { Some(chain.metagraph_rows(metagraph).await?) } else { None })
}

fn heading(metagraph: &Metagraph) -> String {
    let validators = metagraph.neurons.iter().filter(|neuron| neuron.validator_permit);
    let (permits, active) = (validators.clone().count(), validators.filter(|neuron| neuron.active).count());
    format!(
        "subnet {}, block {}, {}\n{} neurons, {permits} with a permit, {active} of them active; mechanism {}",
        metagraph.netuid,
        metagraph.block.number,
        metagraph.block.hash,
        metagraph.neurons.len(),
        metagraph.mechanism,
    )
}

/// What fits on a hundred columns.
fn narrow_table(metagraph: &Metagraph) -> Table {
    let mut table =
        Table::new(&["uid", "hotkey", "endpoint", "permit", "alpha", "incentive", "dividends", "emission", "age"]);
    for neuron in &metagraph.neurons {
        let permit = match (neuron.validator_permit, neuron.active) {
            (true, true) => "yes",
            (true, false) => "idle",
            (false, _) => "-",
        };
        let age = metagraph.block.number.saturating_sub(neuron.last_update);
        table.push(row![
            neuron.uid,
            short(&neuron.hotkey.to_string(), 11),
            neuron.endpoint.map_or_else(none, |endpoint| short(&endpoint.to_string(), 21)),
            permit,
            alpha(neuron.stake_rao),
            share(neuron.incentive),
            share(neuron.dividends),
            alpha(neuron.emission_rao),
            if neuron.last_update == 0 { none() } else { age.to_string() },
        ]);
    }
    table
}

fn wide_table(metagraph: &Metagraph, rows: Option<&MetagraphRows>) -> Table {
    let mut headings = vec![
        "uid",
        "hotkey",
        "coldkey",
        "endpoint",
        "tls",
        "permit",
        "active",
        "alpha",
        "stake",
        "trust",
        "consensus",
        "incentive",
        "dividends",
        "emission",
        "updated",
        "registered",
    ];
    if rows.is_some() {
        headings.extend(["weights", "bonds", "commits"]);
    }
    let mut table = Table::new(&headings);
    let yes = |value: bool| if value { "yes" } else { "-" };
    for neuron in &metagraph.neurons {
        let mut cells = row![
            neuron.uid,
            neuron.hotkey,
            neuron.coldkey,
            neuron.endpoint.map_or_else(none, |endpoint| endpoint.to_string()),
            yes(neuron.certificate.is_some()),
            yes(neuron.validator_permit),
            yes(neuron.active),
            alpha(neuron.stake_rao),
            share(neuron.stake_weight),
            share(neuron.validator_trust),
            share(neuron.consensus),
            share(neuron.incentive),
            share(neuron.dividends),
            alpha(neuron.emission_rao),
            neuron.last_update,
            neuron.registered_at,
        ];
        if let Some(said) = rows.and_then(|rows| rows.rows.get(usize::from(neuron.uid.0))) {
            cells.extend(row![said.weights.len(), said.bonds.len(), said.commits.len()]);
        }
        table.push(cells);
    }
    table
}

fn none() -> String {
    "-".to_owned()
}

/// At most so many characters of a text: its middle goes.
pub fn short(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let end = (most - 1) / 2;
    let start: String = text.chars().take(most - 1 - end).collect();
    start + "…" + &text.chars().skip(length - end).collect::<String>()
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
    use primitives::{BlockHash, Coldkey, Hotkey, Uid};

    use super::*;

    #[test]
    fn amounts_are_cut_off() {
        assert_eq!(alpha(1_234_567_890), "1.234");
        assert_eq!(alpha(999_999), "0.000");
        assert_eq!(share(65535), "1.0000");
    }

    #[test]
    fn texts_lose_their_middle() {
        assert_eq!(short("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", 11), "5Grwv…KutQY");
        assert_eq!(short("127.0.0.1:80", 12), "127.0.0.1:80");
    }

    #[test]
    fn a_full_subnet_fits_a_hundred_columns() {
        let neuron = |uid| Neuron {
            uid: Uid(uid),
            hotkey: Hotkey([1; 32]),
            coldkey: Coldkey([2; 32]),
            registered_at: 9_000_000,
            endpoint: Some("[2001:db8:1111:2222:3333:4444:5555:6666]:65535".parse().unwrap()),
            certificate: None,
            validator_permit: uid % 2 == 0,
            active: uid % 4 == 0,
            stake_rao: 21_000_000_000_000_000,
            stake_weight: 65_535,
            last_update: 9_000_000,
            incentive: 65_535,
            dividends: 65_535,
            consensus: 65_535,
            validator_trust: 65_535,
            emission_rao: 999_000_000_000,
        };
        let block = BlockRef { number: 9_050_400, hash: BlockHash([3; 32]) };
        let neurons: Vec<Neuron> = (0..256).map(neuron).collect();
        let metagraph = Metagraph { netuid: NetUid(4_095), mechanism: MechId(15), block, neurons };
        let mut out = Vec::new();
        narrow_table(&metagraph).write(&mut out).unwrap();
        let text = heading(&metagraph) + "\n" + &String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 2 + 1 + 256);
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= 100, "{widest}");
        assert!(text.contains("256 neurons, 128 with a permit, 64 of them active"));
    }
}
