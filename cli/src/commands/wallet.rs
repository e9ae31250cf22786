//! `assay wallet`: key files as every tool of the ecosystem keeps them, and the two calls that put a key on a subnet.

mod create;
mod list;
mod sign;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Subcommand;
use primitives::Keypair;
use serde::Serialize;
use serde_json::json;

use crate::{
    args::{ChainFlags, Global, KeyFlags, SubnetFlags},
    identity,
    layers::Layer,
    password::PasswordFlags,
    settings::Settings,
};

/// Make, keep and show keys; sign with them; register and stake with them
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key
    #[command(subcommand)]
    New(create::New),
    /// Keep a key of which there are words, a seed or a key file
    #[command(subcommand)]
    Import(create::Import),
    /// List the wallets and their hotkeys
    List {
        /// The folder of wallets [setting: wallet.path]
        #[arg(long, value_name = "DIR")]
        wallet_path: Option<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Show the addresses of a wallet's coldkey and hotkey; opens no coldkey
    Show {
        #[command(flatten)]
        key: KeyFlags,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    Sign(sign::Sign),
    Verify(sign::Verify),
    /// Buy a seat on a subnet for a hotkey
    Register {
        #[command(flatten)]
        call: CallFlags,
    },
    /// Stake to a hotkey on a subnet
    Stake {
        /// How much, in TAO; at most nine decimals
        #[arg(long, value_name = "TAO", value_parser = rao)]
        amount: u64,
        #[command(flatten)]
        call: CallFlags,
    },
}

/// Which wallet's coldkey.
#[derive(Debug, clap::Args)]
struct ColdkeyFlags {
    /// The folder of wallets [setting: wallet.path]
    #[arg(long, value_name = "DIR")]
    wallet_path: Option<String>,
    /// The wallet [setting: wallet.name]
    #[arg(long, value_name = "NAME")]
    wallet: Option<String>,
}

impl ColdkeyFlags {
    fn put(&self, layer: &mut Layer) {
        layer.flag("--wallet-path", "wallet.path", self.wallet_path.as_ref());
        layer.flag("--wallet", "wallet.name", self.wallet.as_ref());
    }
}

/// A call that a coldkey signs for a hotkey.
#[derive(Debug, clap::Args)]
struct CallFlags {
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    subnet: SubnetFlags,
    #[command(flatten)]
    key: KeyFlags,
    /// Pay with a development key instead of the wallet's coldkey; only on a chain on this machine
    #[arg(long, value_name = "//NAME")]
    coldkey: Option<String>,
    #[command(flatten)]
    password: PasswordFlags,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// An amount of TAO in rao, exactly.
fn rao(text: &str) -> Result<u64, String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || (whole.is_empty() && part.is_empty()) {
        return Err("not an amount such as 1.5".into());
    }
    if part.len() > 9 {
        return Err("finer than a rao (nine decimals)".into());
    }
    let rao = format!("{whole}{part:0<9}").parse().map_err(|_| "more than there is".to_owned())?;
    if rao == 0 { Err("nothing".into()) } else { Ok(rao) }
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::New(command) => create::new(command, global)?,
        Command::Import(command) => create::import(command, global)?,
        Command::List { wallet_path, json } => {
            let settings = with(global, |layer| layer.flag("--wallet-path", "wallet.path", wallet_path))?.wallet;
            list::list(&identity::folder(&settings), json)?;
        }
        Command::Show { key, json } => {
            let settings = with(global, |layer| key.put(layer))?;
            list::show(&settings, key.key.as_deref(), json)?;
        }
        Command::Sign(args) => return sign::sign(args, global),
        Command::Verify(args) => return sign::verify(args),
        Command::Register { call } => {
            let (settings, chain, coldkey, hotkey) = call.prepare(global).await?;
            let netuid = settings.subnet.netuid;
            let landed = chain.burned_register(&coldkey, netuid, hotkey.hotkey()).await?;
            let uid = chain.uid(netuid, hotkey.hotkey(), Some(landed.block.hash)).await?;
            let document = json!({ "hotkey": hotkey.hotkey(), "netuid": netuid, "uid": uid, "block": landed.block });
            let text =
                format!("{} has uid {uid} on subnet {netuid} since block {}", hotkey.hotkey(), landed.block.number);
            print(&text, &document, call.json)?;
        }
        Command::Stake { amount, call } => {
            let (settings, chain, coldkey, hotkey) = call.prepare(global).await?;
            let netuid = settings.subnet.netuid;
            let landed = chain.add_stake(&coldkey, netuid, hotkey.hotkey(), amount).await?;
            let document =
                json!({ "hotkey": hotkey.hotkey(), "netuid": netuid, "amount_rao": amount, "block": landed.block });
            let tao = super::metagraph::alpha(amount);
            let text =
                format!("staked {tao} TAO to {} on subnet {netuid} at block {}", hotkey.hotkey(), landed.block.number);
            print(&text, &document, call.json)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn with(global: &Global, put: impl FnOnce(&mut Layer)) -> anyhow::Result<Settings> {
    let mut flags = Layer::default();
    put(&mut flags);
    Ok(global.settings(flags)?.settings)
}

impl CallFlags {
    /// Keys first: a wrong password is known before the chain is asked.
    async fn prepare(&self, global: &Global) -> anyhow::Result<(Settings, chain::Client, Keypair, Keypair)> {
        let settings = with(global, |layer| {
            self.chain.put(layer);
            self.subnet.put(layer);
            self.key.put(layer);
        })?;
        let url = &settings.chain.url;
        let hotkey = identity::hotkey(&settings.wallet, self.key.key.as_deref(), url)?;
        let coldkey = match &self.coldkey {
            Some(uri) => identity::development(uri, url)?,
            None => identity::coldkey(&settings.wallet, &self.password)?,
        };
        let chain = chain::Client::connect(url).await?;
        Ok((settings, chain, coldkey, hotkey))
    }
}

fn print(text: &str, document: &impl Serialize, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, document)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{text}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::rao;

    #[test]
    fn amounts_are_exact() {
        assert_eq!(rao("1"), Ok(1_000_000_000));
        assert_eq!(rao("1.5"), Ok(1_500_000_000));
        assert_eq!(rao("0.000000001"), Ok(1));
        assert_eq!(rao(".5"), Ok(500_000_000));
        assert_eq!(rao("18446744073.709551615"), Ok(u64::MAX));
        for nonsense in ["", ".", "0", "-1", "1e9", "1,5", "0.0000000001", "18446744073.709551616", "+1", "1.+5"] {
            assert!(rao(nonsense).is_err(), "{nonsense}");
        }
    }
}
