//! `assay wallet list` and `assay wallet show`: addresses, without any coldkey being opened.

use std::{fs, io, path::Path};

use anyhow::Context as _;
use primitives::wallet::{Wallet, WalletError};
use serde_json::json;

use crate::{identity, output::print, settings::Settings};

pub fn show(settings: &Settings, key: Option<&str>, json: bool) -> anyhow::Result<()> {
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

pub fn list(folder: &Path, json: bool) -> anyhow::Result<()> {
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
    print(&text, &documents, json)
}
