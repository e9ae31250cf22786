//! `assay wallet`: key files as every tool of the ecosystem keeps them, and the two calls that put a key on a subnet.

use std::{
    fs,
    io::{self, IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, ensure};
use clap::Subcommand;
use primitives::{
    Keypair,
    wallet::{Created, Wallet, WalletError},
};
use serde_json::json;

use crate::{
    args::{ChainFlags, Global, KeyFlags, SubnetFlags, WalletFlags},
    failure::Usage,
    identity,
    layers::Layer,
    settings::Settings,
};

/// Make and show keys; register and stake with them
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a coldkey, encrypted with a password, and print its words once
    NewColdkey {
        #[command(flatten)]
        wallet: WalletFlags,
        #[command(flatten)]
        password: PasswordFlags,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Make a hotkey, unencrypted as machines that serve need it, and print its words once
    NewHotkey {
        #[command(flatten)]
        wallet: WalletFlags,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
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

/// Where a coldkey's password is.
#[derive(Debug, clap::Args)]
struct PasswordFlags {
    /// Read the coldkey's password from this file instead of the terminal; - reads stdin
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
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
        Command::NewColdkey { wallet, password, json } => {
            let settings = with(global, |layer| wallet.put(layer))?.wallet;
            let password = password.read(true)?;
            print_created("coldkey", &identity::wallet(&settings)?.create_coldkey(&password)?, json)?;
        }
        Command::NewHotkey { wallet, json } => {
            let settings = with(global, |layer| wallet.put(layer))?.wallet;
            print_created("hotkey", &identity::wallet(&settings)?.create_hotkey(&settings.hotkey)?, json)?;
        }
        Command::List { wallet_path, json } => {
            let settings = with(global, |layer| layer.flag("--wallet-path", "wallet.path", wallet_path))?.wallet;
            list(&identity::folder(&settings), json)?;
        }
        Command::Show { key, json } => {
            let settings = with(global, |layer| key.put(layer))?;
            show(&settings, key.key.as_deref(), json)?;
        }
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
        let url = settings.chain.furthest();
        let hotkey = identity::hotkey(&settings.wallet, self.key.key.as_deref(), url)?;
        let coldkey = match &self.coldkey {
            Some(uri) => identity::development(uri, url)?,
            None => {
                let password = self.password.read(false)?;
                identity::wallet(&settings.wallet)?.coldkey(&password)?.keypair
            }
        };
        let chain = settings.chain.connect().await?;
        Ok((settings, chain, coldkey, hotkey))
    }
}

impl PasswordFlags {
    /// From the file, or from a person: twice where it is new.
    fn read(&self, new: bool) -> anyhow::Result<String> {
        let password = match &self.password_file {
            Some(path) => {
                let name = path.display();
                let mut text = String::new();
                if path == Path::new("-") {
                    io::stdin().read_to_string(&mut text).context("reading the password from stdin")?;
                } else {
                    text = fs::read_to_string(path).with_context(|| format!("{name}: cannot be read"))?;
                }
                text.trim_end_matches(['\n', '\r']).to_owned()
            }
            None => {
                if !io::stdin().is_terminal() {
                    return Err(Usage("the coldkey needs a password: name its file with --password-file".into()).into());
                }
                let password = rpassword::prompt_password("password of the coldkey: ")?;
                if new {
                    let again = rpassword::prompt_password("once more: ")?;
                    ensure!(password == again, "the passwords differ");
                }
                password
            }
        };
        ensure!(!password.is_empty(), "the password is empty");
        Ok(password)
    }
}

fn print(text: &str, document: &serde_json::Value, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, document)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{text}")?;
    }
    Ok(())
}

fn print_created(kind: &str, created: &Created, json: bool) -> anyhow::Result<()> {
    let (address, path, phrase) = (created.keypair.hotkey(), created.path.display(), created.phrase.as_str());
    let document = json!({ "address": address, "path": created.path, "phrase": phrase });
    let text = format!("{kind:8}{address}\nfile    {path}\nwords   {phrase}");
    eprintln!("the words bring the key back; they are shown this once: write them down");
    print(&text, &document, json)
}

fn show(settings: &Settings, key: Option<&str>, json: bool) -> anyhow::Result<()> {
    let (coldkey, hotkey) = match key {
        Some(uri) => (None, identity::development(uri, settings.chain.furthest())?.hotkey()),
        None => {
            let wallet = identity::wallet(&settings.wallet)?;
            // A machine that serves may well have no coldkey file at all.
            let coldkey = match wallet.coldkeypub() {
                Ok(coldkey) => Some(coldkey),
                Err(WalletError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(error.into()),
            };
            (coldkey, wallet.hotkey(&settings.wallet.hotkey)?.keypair.hotkey())
        }
    };
    let text = match coldkey {
        Some(coldkey) => format!("coldkey {coldkey}\nhotkey  {hotkey}"),
        None => format!("hotkey  {hotkey}"),
    };
    print(&text, &json!({ "coldkey": coldkey, "hotkey": hotkey }), json)
}

fn list(folder: &Path, json: bool) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("{}: cannot be read", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("{}: cannot be read", folder.display()))?;
        if let (true, Ok(name)) = (entry.path().is_dir(), entry.file_name().into_string())
            && !name.starts_with('.')
        {
            names.push(name);
        }
    }
    names.sort_unstable();
    let (mut lines, mut documents) = (Vec::new(), Vec::new());
    for name in names {
        let wallet = Wallet::new(folder, &name)?;
        let coldkey = wallet.coldkeypub().ok();
        lines.push(match coldkey {
            Some(coldkey) => format!("{name}  coldkey {coldkey}"),
            None => name.clone(),
        });
        let mut hotkeys = Vec::new();
        for hotkey in wallet.hotkeys().unwrap_or_default() {
            let address = match wallet.hotkey(&hotkey) {
                Ok(key) => Some(key.keypair.hotkey()),
                Err(error) => {
                    tracing::warn!(wallet = name, hotkey, %error, "hotkey cannot be read");
                    None
                }
            };
            lines.push(match address {
                Some(address) => format!("  {hotkey}  {address}"),
                None => format!("  {hotkey}  (cannot be read)"),
            });
            hotkeys.push(json!({ "name": hotkey, "address": address }));
        }
        documents.push(json!({ "name": name, "coldkey": coldkey, "hotkeys": hotkeys }));
    }
    let text = if lines.is_empty() { format!("no wallets in {}", folder.display()) } else { lines.join("\n") };
    print(&text, &documents.into(), json)
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
