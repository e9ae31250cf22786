//! `assay wallet new` and `assay wallet import`: keys from new words, or from what somebody kept of old ones.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use clap::Subcommand;
use primitives::{
    Hotkey,
    wallet::{Saved, Secret, is_encrypted, read_secret},
};
use serde::Serialize;

use crate::{
    args::{Global, WalletFlags},
    call::{ColdWalletFlags, layered},
    failure::Usage,
    identity,
    output::print,
    password::{self, PasswordFlags},
};

#[derive(Debug, Subcommand)]
pub enum New {
    /// Make a coldkey, encrypted with a password, and print its words once
    Coldkey {
        #[command(flatten)]
        wallet: ColdWalletFlags,
        #[command(flatten)]
        password: PasswordFlags,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Make a hotkey, unencrypted as machines that serve need it, and print its words once
    Hotkey {
        #[command(flatten)]
        wallet: WalletFlags,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Import {
    /// Keep a key as the wallet's coldkey, encrypted with a password
    Coldkey {
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        wallet: ColdWalletFlags,
        #[command(flatten)]
        password: PasswordFlags,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Keep a key as a hotkey, unencrypted as machines that serve need it
    Hotkey {
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        wallet: WalletFlags,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// What somebody kept of a key.
#[derive(Debug, clap::Args)]
pub struct Source {
    /// Where the secret is: words, a seed (0x and 64 hex digits), or a key file, encrypted or not; - reads stdin
    ///
    /// Without it, the secret is asked for on the terminal, unseen. It is never an argument: other users of the machine
    /// can read those.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Read the password of the encrypted key file to import from this file; - reads stdin
    #[arg(long, value_name = "FILE", requires = "from")]
    from_password_file: Option<PathBuf>,
    /// Refuse any other key than this address's
    #[arg(long, value_name = "SS58")]
    address: Option<Hotkey>,
}

/// What is printed of a key that was saved.
#[derive(Serialize)]
struct Document<'a> {
    address: Hotkey,
    path: &'a Path,
    #[serde(skip_serializing_if = "Option::is_none")]
    phrase: Option<&'a str>,
}

pub fn new(command: New, global: &Global) -> anyhow::Result<()> {
    let secret = Secret::generate();
    let (kind, saved, json) = match command {
        New::Coldkey { wallet, password, json } => {
            let wallet = identity::wallet(&layered(global, |layer| wallet.put(layer))?.wallet)?;
            wallet.vacant_coldkey()?;
            let password = password.fresh(&wallet.coldkey_path())?;
            ("coldkey", wallet.save_coldkey(&secret, &password)?, json)
        }
        New::Hotkey { wallet, json } => {
            let settings = layered(global, |layer| wallet.put(layer))?.wallet;
            ("hotkey", identity::wallet(&settings)?.save_hotkey(&settings.hotkey, &secret)?, json)
        }
    };
    eprintln!("the words bring the key back; they are shown this once: write them down");
    let phrase = secret.phrase();
    print_saved(kind, &saved, phrase.as_ref().map(|phrase| phrase.as_str()), json)
}

pub fn import(command: Import, global: &Global) -> anyhow::Result<()> {
    let (kind, saved, json) = match command {
        Import::Coldkey { source, wallet, password, json } => {
            source.leaves_stdin_to(password.password_file.as_deref())?;
            let wallet = identity::wallet(&layered(global, |layer| wallet.put(layer))?.wallet)?;
            wallet.vacant_coldkey()?;
            let secret = source.secret()?;
            let password = password.fresh(&wallet.coldkey_path())?;
            ("coldkey", wallet.save_coldkey(&secret, &password)?, json)
        }
        Import::Hotkey { source, wallet, json } => {
            source.leaves_stdin_to(None)?;
            let settings = layered(global, |layer| wallet.put(layer))?.wallet;
            let wallet = identity::wallet(&settings)?;
            wallet.vacant_hotkey(&settings.hotkey)?;
            ("hotkey", wallet.save_hotkey(&settings.hotkey, &source.secret()?)?, json)
        }
    };
    print_saved(kind, &saved, None, json)
}

impl Source {
    /// One stream holds one secret.
    fn leaves_stdin_to(&self, password_file: Option<&Path>) -> Result<(), Usage> {
        let files = [self.from.as_deref(), self.from_password_file.as_deref(), password_file];
        let streams = files.into_iter().flatten().filter(|path| *path == Path::new("-")).count();
        if streams > 1 { Err(Usage("stdin holds one secret: name a file for the other".into())) } else { Ok(()) }
    }

    fn secret(&self) -> anyhow::Result<Secret> {
        let secret = match self.from.as_deref() {
            Some(path) => {
                let bytes = password::read(path)?;
                let name = if path == Path::new("-") { Path::new("stdin") } else { path };
                let password = if is_encrypted(&bytes) {
                    Some(password::of(self.from_password_file.as_deref(), name, "--from-password-file")?)
                } else {
                    None
                };
                read_secret(name, &bytes, password.as_ref().map(|password| password.as_str()))?
            }
            None => {
                let typed = password::typed("words or seed: ", "--from")?;
                read_secret(Path::new("what was typed"), typed.as_bytes(), None)?
            }
        };
        if let Some(expected) = self.address {
            let address = secret.keypair()?.hotkey();
            ensure!(address == expected, "this is the key of {address}, not of {expected}");
        }
        Ok(secret)
    }
}

fn print_saved(kind: &str, saved: &Saved, phrase: Option<&str>, json: bool) -> anyhow::Result<()> {
    let (address, path) = (saved.keypair.hotkey(), saved.path.as_path());
    let mut text = zeroize::Zeroizing::new(format!("{kind:8}{address}\nfile    {}", path.display()));
    if let Some(phrase) = phrase {
        *text += "\nwords   ";
        *text += phrase;
    }
    print(&text, &Document { address, path, phrase }, json)
}
