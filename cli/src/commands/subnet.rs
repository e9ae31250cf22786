//! `assay subnet`: a subnet's beginning and its rules.

use std::{io, process::ExitCode};

use clap::Subcommand;
use serde_json::{Map, Value, json};

use crate::{
    amount::tao,
    args::{ChainFlags, Global, SubnetFlags},
    call::{CallFlags, OwnerFlags, confirm, layered},
    failure::Usage,
    output::print,
    row,
    table::Table,
};

/// Create a subnet, start it, and set or show its rules
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create a subnet and print its netuid
    ///
    /// The coldkey owns it, and the hotkey has its first seat.
    Create {
        #[command(flatten)]
        call: CallFlags,
    },
    /// Let a subnet's emission and staking begin
    Start {
        #[command(flatten)]
        call: OwnerFlags,
    },
    /// Change rules by name, all or none of them, and read them back
    ///
    /// A value is a number, true or false, a decimal such as 1.26, a list such as 45875,58982, none, or an address. Where
    /// the chain refuses one of them, none is changed.
    Set {
        /// Which rules, and what they become
        #[arg(value_name = "NAME=VALUE", required_unless_present = "list")]
        rules: Vec<String>,
        /// Sign as the chain's root: the coldkey is the sudo key
        #[arg(long)]
        sudo: bool,
        /// List the rules that the chain's runtime can set
        #[arg(long, conflicts_with_all = ["rules", "sudo"])]
        list: bool,
        #[command(flatten)]
        call: OwnerFlags,
    },
    /// Show a subnet's owner, schedule and rules at one block
    Show {
        #[command(flatten)]
        chain: ChainFlags,
        #[command(flatten)]
        subnet: SubnetFlags,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Create { call } => create(&call, global).await?,
        Command::Start { call } => {
            let (settings, chain, coldkey) = call.prepare(global).await?;
            let netuid = settings.subnet.netuid;
            let block = chain.start_call(&coldkey, netuid).await?.block;
            let text = format!("subnet {netuid} started at block {}", block.number);
            print(&text, &json!({ "netuid": netuid, "block": block }), call.json)?;
        }
        Command::Set { list: true, call, .. } => list(&call, global).await?,
        Command::Set { rules, sudo, list: _, call } => set(&rules, sudo, &call, global).await?,
        Command::Show { chain, subnet, json } => show(&chain, &subnet, json, global).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(call: &CallFlags, global: &Global) -> anyhow::Result<()> {
    let (_, chain, coldkey, hotkey) = call.prepare(global).await?;
    let price = chain.network_price(None).await?;
    let balance = chain.balance(coldkey.coldkey(), None).await?;
    if balance < price {
        let account = coldkey.coldkey();
        return Err(chain::ChainError::Unaffordable { account, price_rao: price, balance_rao: balance }.into());
    }
    confirm(&format!("A subnet costs {} of {} TAO. Create it?", tao(price), tao(balance)), call.yes)?;
    let (netuid, landed) = chain.register_network(&coldkey, hotkey).await?;
    let document = json!({
        "netuid": netuid, "owner_coldkey": coldkey.coldkey(), "owner_hotkey": hotkey, "price_rao": price,
        "block": landed.block,
    });
    print(&netuid.to_string(), &document, call.json)
}

async fn set(rules: &[String], sudo: bool, call: &OwnerFlags, global: &Global) -> anyhow::Result<()> {
    let rules = rules.iter().map(|rule| match rule.split_once('=') {
        Some((name, value)) => Ok((name.trim(), value.trim())),
        // The one that takes nothing.
        None if rule == "trigger_epoch" => Ok((rule.as_str(), "")),
        None => Err(Usage(format!("{rule:?} is no NAME=VALUE"))),
    });
    let rules = rules.collect::<Result<Vec<_>, _>>()?;
    let (settings, chain, coldkey) = call.prepare(global).await?;
    let netuid = settings.subnet.netuid;
    let done = chain.set_hyperparameters(&coldkey, netuid, &rules, sudo).await?;
    let lines = done.iter().map(|set| {
        let kept = set.value.as_ref().map_or_else(String::new, |value| format!(" is {value}"));
        format!("{}{kept} since block {}", set.name, set.landed.block.number)
    });
    print(&lines.collect::<Vec<_>>().join("\n"), &done, call.json)
}

async fn list(call: &OwnerFlags, global: &Global) -> anyhow::Result<()> {
    let (_, chain) = call.ask(global).await?;
    let calls = chain.hyperparameter_calls().await?;
    if call.json {
        return print("", &calls, true);
    }
    let mut table = Table::new(&["name", "of", "takes", "call"]);
    for call in calls {
        let of = if call.of_subnet { "subnet" } else { "chain" };
        table.push(row![call.name, of, call.takes, format!("{}.{}", call.pallet, call.call)]);
    }
    Ok(table.write(&mut io::stdout().lock())?)
}

async fn show(chain: &ChainFlags, subnet: &SubnetFlags, as_json: bool, global: &Global) -> anyhow::Result<()> {
    let settings = layered(global, |layer| {
        chain.put(layer);
        subnet.put(layer);
    })?;
    let netuid = settings.subnet.netuid;
    let chain = settings.chain.connect().await?;
    let block = chain.finalized().await?;
    let at = Some(block.hash);
    let rules = chain.hyperparameter_values(netuid, at).await?;
    let schedule = chain.hyperparameters(netuid, at).await?;
    let (coldkey, hotkey) = chain.owner(netuid, at).await?;
    let next = schedule.next_epoch_block(block.number);
    if as_json {
        let rules: Map<_, _> = rules.into_iter().map(|rule| (rule.name, typed(&rule.value))).collect();
        let document = json!({
            "netuid": netuid, "block": block, "owner_coldkey": coldkey, "owner_hotkey": hotkey,
            "epoch": {
                "index": schedule.epoch_index, "last_block": schedule.last_epoch_block, "next_block": next,
                "pending_at": schedule.pending_epoch_at, "blocks_since_last_step": schedule.blocks_since_last_step,
            },
            "hyperparameters": rules,
        });
        return print("", &document, true);
    }
    let next = next.map_or_else(|| "none".into(), |next| format!("block {next}"));
    let text = format!(
        "subnet {netuid} at block {} {}\nowner  coldkey {coldkey}\n       hotkey  {hotkey}\nepoch  {} so far, the last at block {}, the next at {next}\n",
        block.number, block.hash, schedule.epoch_index, schedule.last_epoch_block
    );
    print(&text, &Value::Null, false)?;
    let mut table = Table::new(&["name", "value"]);
    for rule in rules {
        table.push(row![rule.name, rule.value]);
    }
    Ok(table.write(&mut io::stdout().lock())?)
}

/// Numbers and truths as such; everything else as it is written.
fn typed(value: &str) -> Value {
    match value {
        "none" => Value::Null,
        value => match value.parse::<bool>() {
            Ok(flag) => flag.into(),
            Err(_) => value.parse::<i64>().map_or_else(|_| value.into(), Value::from),
        },
    }
}
