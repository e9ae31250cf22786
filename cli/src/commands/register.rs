//! `assay register`: a seat on a subnet.

use std::process::ExitCode;

use serde_json::json;

use crate::{
    amount::{rao, tao},
    args::Global,
    call::{CallFlags, confirm},
    output::print,
};

/// Buy a seat on a subnet for a hotkey
///
/// The price falls with every block and rises with every registration. What was shown, or --max-price, is the most that
/// is paid.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Pay at most this, in TAO; without it, what a seat costs now
    #[arg(long, value_name = "TAO", value_parser = rao)]
    max_price: Option<u64>,
    #[command(flatten)]
    call: CallFlags,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let (settings, chain, coldkey, hotkey) = args.call.prepare(global).await?;
    let netuid = settings.subnet.netuid;
    let price = chain.registration_price(netuid, None).await?;
    let balance = chain.balance(coldkey.coldkey(), None).await?;
    let limit = args.max_price.unwrap_or(price);
    if price <= limit && price <= balance {
        let question = format!("A seat on subnet {netuid} costs {} of {} TAO. Buy it?", tao(price), tao(balance));
        confirm(&question, args.call.yes)?;
    }
    let seat = chain.register(&coldkey, netuid, hotkey, Some(limit)).await?;
    let (uid, price) = (seat.uid, seat.price_rao);
    let document = json!({
        "hotkey": hotkey, "netuid": netuid, "uid": uid, "price_rao": price, "block": seat.landed.block,
    });
    let text = format!(
        "{hotkey} has uid {uid} on subnet {netuid} since block {}, for {} TAO or less",
        seat.landed.block.number,
        tao(price)
    );
    print(&text, &document, args.call.json)?;
    Ok(ExitCode::SUCCESS)
}
