//! `assay stake`: a coldkey's stake behind a hotkey.

use std::process::ExitCode;

use anyhow::ensure;
use clap::Subcommand;
use serde_json::json;

use crate::{
    amount::{rao, tao},
    args::Global,
    call::{CallFlags, confirm},
    output::print,
};

/// Stake to a hotkey on a subnet, take it back, or show it
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Turn TAO into a subnet's alpha behind a hotkey
    Add {
        /// How much, in TAO; at most nine decimals
        #[arg(long, value_name = "TAO", value_parser = rao)]
        amount: u64,
        /// Stake only while one alpha costs this or less, in TAO
        #[arg(long, value_name = "TAO", value_parser = rao)]
        max_price: Option<u64>,
        #[command(flatten)]
        call: CallFlags,
    },
    /// Turn alpha behind a hotkey back into TAO
    Remove {
        /// How much, in alpha; at most nine decimals
        #[arg(long, value_name = "ALPHA", value_parser = rao, required_unless_present = "all")]
        amount: Option<u64>,
        /// Everything
        #[arg(long, conflicts_with = "amount")]
        all: bool,
        #[command(flatten)]
        call: CallFlags,
    },
    /// Show what a coldkey has, free and behind a hotkey; opens no coldkey
    Show {
        #[command(flatten)]
        call: CallFlags,
    },
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Add { amount, max_price, call } => {
            let (settings, chain, coldkey, hotkey) = call.prepare(global).await?;
            let netuid = settings.subnet.netuid;
            confirm(&format!("Stake {} TAO to {hotkey} on subnet {netuid}?", tao(amount)), call.yes)?;
            let before = chain.stake(coldkey.coldkey(), netuid, hotkey, None).await?;
            let landed = match max_price {
                Some(limit) => chain.add_stake_limit(&coldkey, netuid, hotkey, amount, limit, false).await?,
                None => chain.add_stake(&coldkey, netuid, hotkey, amount).await?,
            };
            let stake = chain.stake(coldkey.coldkey(), netuid, hotkey, Some(landed.block.hash)).await?;
            let document = json!({
                "hotkey": hotkey, "netuid": netuid, "amount_rao": amount, "stake_before_rao": before,
                "stake_rao": stake, "block": landed.block,
            });
            let text = format!(
                "staked {} TAO to {hotkey} on subnet {netuid} at block {}: {} alpha, before {}",
                tao(amount),
                landed.block.number,
                tao(stake),
                tao(before)
            );
            print(&text, &document, call.json)?;
        }
        Command::Remove { amount, all: _, call } => {
            let (settings, chain, coldkey, hotkey) = call.prepare(global).await?;
            let netuid = settings.subnet.netuid;
            let before = chain.stake(coldkey.coldkey(), netuid, hotkey, None).await?;
            let amount = amount.unwrap_or(before);
            // The chain would take all there is.
            ensure!(amount > 0 && amount <= before, "there is {} alpha to take back", tao(before));
            confirm(&format!("Take {} alpha back from {hotkey} on subnet {netuid}?", tao(amount)), call.yes)?;
            let landed = chain.remove_stake(&coldkey, netuid, hotkey, amount).await?;
            let at = Some(landed.block.hash);
            let stake = chain.stake(coldkey.coldkey(), netuid, hotkey, at).await?;
            let balance = chain.balance(coldkey.coldkey(), at).await?;
            let document = json!({
                "hotkey": hotkey, "netuid": netuid, "amount_rao": amount, "stake_rao": stake,
                "balance_rao": balance, "block": landed.block,
            });
            let text = format!(
                "took {} alpha back from {hotkey} on subnet {netuid} at block {}: {} alpha left, balance {} TAO",
                tao(amount),
                landed.block.number,
                tao(stake),
                tao(balance)
            );
            print(&text, &document, call.json)?;
        }
        Command::Show { call } => {
            let (settings, chain, coldkey, hotkey) = call.ask(global).await?;
            let netuid = settings.subnet.netuid;
            let block = chain.finalized().await?;
            let at = Some(block.hash);
            let balance = chain.balance(coldkey, at).await?;
            let stake = chain.stake(coldkey, netuid, hotkey, at).await?;
            let total = chain.total_stake(netuid, hotkey, at).await?;
            let document = json!({
                "block": block, "netuid": netuid, "coldkey": coldkey, "hotkey": hotkey, "balance_rao": balance,
                "stake_rao": stake, "hotkey_stake_rao": total,
            });
            let text = format!(
                "coldkey {coldkey}\nbalance {} TAO\nhotkey  {hotkey}\nstake   {} alpha on subnet {netuid}, of {} by everybody",
                tao(balance),
                tao(stake),
                tao(total)
            );
            print(&text, &document, call.json)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
