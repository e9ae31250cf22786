//! `assay wallet`: key files as every tool of the ecosystem keeps them.

use std::{
    fs,
    io::{self, IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, ensure};
use clap::Subcommand;
use primitives::wallet::{Created, Wallet, WalletError};
use serde_json::json;

use crate::{
    args::{Global, KeyFlags, WalletFlags},
    failure::Usage,
    identity,
    layers::Layer,
    settings::Settings,
};

/// Make and show keys
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
}

/// Where a coldkey's password is.
#[derive(Debug, clap::Args)]
pub struct PasswordFlags {
    /// Read the coldkey's password from this file instead of the terminal; - reads stdin
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
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
    }
    Ok(ExitCode::SUCCESS)
}

fn with(global: &Global, put: impl FnOnce(&mut Layer)) -> anyhow::Result<Settings> {
    let mut flags = Layer::default();
    put(&mut flags);
    Ok(global.settings(flags)?.settings)
}

impl PasswordFlags {
    /// From the file, or from a person: twice where it is new.
    pub fn read(&self, new: bool) -> anyhow::Result<String> {
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
        Some(uri) => (None, identity::development(uri, &settings.chain.url)?.hotkey()),
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
