//! What a command needs that has something signed: which chain, whose keys, and a person's consent.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::ensure;
use primitives::{Coldkey, Hotkey, Keypair};

use crate::{
    args::{ChainFlags, Global, KeyFlags, SubnetFlags},
    identity,
    layers::Layer,
    password::PasswordFlags,
    settings::{Settings, WalletSettings},
};

/// The coldkey that signs: it owns subnets and pays.
#[derive(Debug, clap::Args)]
pub struct ColdkeyFlags {
    /// Sign with a development key instead of the wallet's coldkey; only on a chain on this machine
    #[arg(long, value_name = "//NAME")]
    coldkey: Option<String>,
    #[command(flatten)]
    password: PasswordFlags,
}

/// The wallet of a coldkey.
#[derive(Debug, clap::Args)]
pub struct ColdWalletFlags {
    /// The folder of wallets [setting: wallet.path]
    #[arg(long, value_name = "DIR")]
    wallet_path: Option<String>,
    /// The wallet [setting: wallet.name]
    #[arg(long, value_name = "NAME")]
    wallet: Option<String>,
}

/// The hotkey that a call is about. It signs nothing, so its address is enough.
#[derive(Debug, clap::Args)]
pub struct HotkeyFlags {
    #[command(flatten)]
    key: KeyFlags,
    /// The hotkey by its address, where its key is on another machine
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["key", "hotkey"])]
    hotkey_address: Option<Hotkey>,
}

/// A call that a coldkey signs for a hotkey on a subnet.
#[derive(Debug, clap::Args)]
pub struct CallFlags {
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    subnet: SubnetFlags,
    #[command(flatten)]
    hotkey: HotkeyFlags,
    #[command(flatten)]
    coldkey: ColdkeyFlags,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// A call that an owner's coldkey signs for a subnet.
#[derive(Debug, clap::Args)]
pub struct OwnerFlags {
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    subnet: SubnetFlags,
    #[command(flatten)]
    wallet: ColdWalletFlags,
    #[command(flatten)]
    coldkey: ColdkeyFlags,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// A call that a hotkey signs on a subnet.
#[derive(Debug, clap::Args)]
pub struct HotkeyCallFlags {
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    subnet: SubnetFlags,
    #[command(flatten)]
    key: KeyFlags,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// A question about a hotkey on a subnet.
#[derive(Debug, clap::Args)]
pub struct HotkeyQuestionFlags {
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    subnet: SubnetFlags,
    #[command(flatten)]
    hotkey: HotkeyFlags,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl ColdkeyFlags {
    /// The key itself.
    pub fn open(&self, settings: &Settings) -> anyhow::Result<Keypair> {
        match &self.coldkey {
            Some(uri) => identity::development(uri, settings.chain.furthest()),
            None => identity::coldkey(&settings.wallet, &self.password),
        }
    }

    /// Its address, for which no password is needed.
    pub fn address(&self, settings: &Settings) -> anyhow::Result<Coldkey> {
        match &self.coldkey {
            Some(uri) => Ok(identity::development(uri, settings.chain.furthest())?.coldkey()),
            None => Ok(identity::wallet(&settings.wallet)?.coldkeypub()?),
        }
    }
}

impl ColdWalletFlags {
    pub fn put(&self, layer: &mut Layer) {
        layer.flag("--wallet-path", "wallet.path", self.wallet_path.as_ref());
        layer.flag("--wallet", "wallet.name", self.wallet.as_ref());
    }
}

impl HotkeyFlags {
    fn address(&self, settings: &WalletSettings, url: &str) -> anyhow::Result<Hotkey> {
        match self.hotkey_address {
            Some(address) => Ok(address),
            None => Ok(identity::hotkey(settings, self.key.key.as_deref(), url)?.hotkey()),
        }
    }
}

impl CallFlags {
    /// What the flags and files say.
    pub fn settings(&self, global: &Global) -> anyhow::Result<Settings> {
        layered(global, |layer| {
            self.chain.put(layer);
            self.subnet.put(layer);
            self.hotkey.key.put(layer);
        })
    }

    /// Keys first: a wrong password is known before the chain is asked.
    pub async fn prepare(&self, global: &Global) -> anyhow::Result<(Settings, chain::Client, Keypair, Hotkey)> {
        let settings = self.settings(global)?;
        let hotkey = self.hotkey.address(&settings.wallet, settings.chain.furthest())?;
        let coldkey = self.coldkey.open(&settings)?;
        let chain = settings.chain.connect().await?;
        Ok((settings, chain, coldkey, hotkey))
    }

    /// The same without opening the coldkey, for a question.
    pub async fn ask(&self, global: &Global) -> anyhow::Result<(Settings, chain::Client, Coldkey, Hotkey)> {
        let settings = self.settings(global)?;
        let hotkey = self.hotkey.address(&settings.wallet, settings.chain.furthest())?;
        let coldkey = self.coldkey.address(&settings)?;
        let chain = settings.chain.connect().await?;
        Ok((settings, chain, coldkey, hotkey))
    }
}

impl OwnerFlags {
    pub async fn prepare(&self, global: &Global) -> anyhow::Result<(Settings, chain::Client, Keypair)> {
        let settings = self.settings(global)?;
        let coldkey = self.coldkey.open(&settings)?;
        let chain = settings.chain.connect().await?;
        Ok((settings, chain, coldkey))
    }

    /// The same without a key, for a question.
    pub async fn ask(&self, global: &Global) -> anyhow::Result<(Settings, chain::Client)> {
        let settings = self.settings(global)?;
        let chain = settings.chain.connect().await?;
        Ok((settings, chain))
    }

    fn settings(&self, global: &Global) -> anyhow::Result<Settings> {
        layered(global, |layer| {
            self.chain.put(layer);
            self.subnet.put(layer);
            self.wallet.put(layer);
        })
    }
}

impl HotkeyCallFlags {
    pub async fn prepare(&self, global: &Global) -> anyhow::Result<(Settings, chain::Client, Keypair)> {
        let settings = layered(global, |layer| {
            self.chain.put(layer);
            self.subnet.put(layer);
            self.key.put(layer);
        })?;
        let hotkey = identity::hotkey(&settings.wallet, self.key.key.as_deref(), settings.chain.furthest())?;
        let chain = settings.chain.connect().await?;
        Ok((settings, chain, hotkey))
    }
}

impl HotkeyQuestionFlags {
    pub async fn ask(&self, global: &Global) -> anyhow::Result<(Settings, chain::Client, Hotkey)> {
        let settings = layered(global, |layer| {
            self.chain.put(layer);
            self.subnet.put(layer);
            self.hotkey.key.put(layer);
        })?;
        let hotkey = self.hotkey.address(&settings.wallet, settings.chain.furthest())?;
        let chain = settings.chain.connect().await?;
        Ok((settings, chain, hotkey))
    }
}

/// The settings with flags on top.
pub fn layered(global: &Global, put: impl FnOnce(&mut Layer)) -> anyhow::Result<Settings> {
    let mut flags = Layer::default();
    put(&mut flags);
    Ok(global.settings(flags)?.settings)
}

/// Ask a person at a terminal. Where there is none, the command itself is consent.
pub fn confirm(what: &str, yes: bool) -> anyhow::Result<()> {
    if yes || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(());
    }
    let mut err = io::stderr().lock();
    write!(err, "{what} [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    let agreed = matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes");
    ensure!(agreed, "nothing was sent");
    Ok(())
}
