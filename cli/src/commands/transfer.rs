//! `assay transfer`: TAO from one account to another.

use std::process::ExitCode;

use primitives::Coldkey;
use serde_json::json;

use crate::{
    amount::{rao, tao},
    args::{ChainFlags, Global},
    call::{ColdWalletFlags, ColdkeyFlags, confirm, layered},
    output::print,
};

/// Give TAO to another account
#[derive(Debug, clap::Args)]
pub struct Args {
    /// To whom
    #[arg(long, value_name = "ADDRESS")]
    to: Coldkey,
    /// How much, in TAO; at most nine decimals
    #[arg(long, value_name = "TAO", value_parser = rao)]
    amount: u64,
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    wallet: ColdWalletFlags,
    #[command(flatten)]
    coldkey: ColdkeyFlags,
    /// Don't ask
    #[arg(long)]
    yes: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let settings = layered(global, |layer| {
        args.chain.put(layer);
        args.wallet.put(layer);
    })?;
    let coldkey = args.coldkey.open(&settings)?;
    let chain = chain::Client::connect(&settings.chain.url).await?;
    let (to, amount) = (args.to, args.amount);
    confirm(&format!("Give {} TAO to {to}?", tao(amount)), args.yes)?;
    let landed = chain.transfer(&coldkey, to, amount).await?;
    let balance = chain.balance(coldkey.coldkey(), Some(landed.block.hash)).await?;
    let document = json!({ "to": to, "amount_rao": amount, "balance_rao": balance, "block": landed.block });
    let text = format!("gave {} TAO to {to} at block {}; {} TAO left", tao(amount), landed.block.number, tao(balance));
    print(&text, &document, args.json)?;
    Ok(ExitCode::SUCCESS)
}
