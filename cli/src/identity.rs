//! Whose key signs: a wallet's hotkey or coldkey, or a development key on a chain of this machine.

use std::{
    env,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use primitives::{
    Keypair,
    wallet::{Loaded, Wallet, WalletError, read_key},
};
use tracing::warn;

use crate::{failure::Usage, password::PasswordFlags, settings::WalletSettings};

/// The key that signs: the development key, where one is named, or the wallet's hotkey. `address` is what will see
/// its signatures: the chain's URL, or a miner's endpoint.
pub fn hotkey(settings: &WalletSettings, development_key: Option<&str>, address: &str) -> anyhow::Result<Keypair> {
    if let Some(uri) = development_key {
        return development(uri, address);
    }
    Ok(tight(wallet(settings)?.hotkey(&settings.hotkey)?))
}

/// The wallet's coldkey, which its password opens. Only what a person asks for needs it: nothing that serves does.
pub fn coldkey(settings: &WalletSettings, password: &PasswordFlags) -> anyhow::Result<Keypair> {
    let wallet = wallet(settings)?;
    let path = wallet.coldkey_path();
    // Nobody is asked for the password of a file that isn't there, or that needs none.
    let key = match read_key(&path) {
        Err(WalletError::Encrypted(_)) => wallet.coldkey(&password.of(&path)?)?,
        key => key?,
    };
    Ok(tight(key))
}

/// The key; others than its owner had better not read its file.
fn tight(key: Loaded) -> Keypair {
    if let Some(mode) = key.loose_mode {
        let mode = format!("{:o}", mode & 0o777);
        warn!(path = %key.path.display(), mode, "key file is open to others than its owner");
    }
    key.keypair
}

/// The wallet that the settings name.
pub fn wallet(settings: &WalletSettings) -> Result<Wallet, WalletError> {
    Wallet::new(&folder(settings), &settings.name)
}

/// The folder of wallets.
pub fn folder(settings: &WalletSettings) -> PathBuf {
    let home = || env::home_dir().unwrap_or_default();
    match settings.path.strip_prefix('~') {
        Some("") => home(),
        Some(rest) if rest.starts_with('/') => home().join(rest.trim_start_matches('/')),
        _ => Path::new(&settings.path).to_owned(),
    }
}

/// The development key `uri`, where it can do no harm: everybody knows its secret.
pub fn development(uri: &str, address: &str) -> anyhow::Result<Keypair> {
    if !uri.starts_with("//") {
        // The text may be a secret: it isn't repeated.
        let message = "--key takes development keys such as //Alice only: put a real key into a wallet";
        return Err(Usage(message.into()).into());
    }
    if !is_local(address) {
        let message = format!("{uri} is a development key, everybody knows its secret: it can't be used at {address}");
        return Err(Usage(message).into());
    }
    Keypair::from_uri(uri).with_context(|| format!("--key {uri}"))
}

/// Whether a URL or `host:port` is of this machine.
pub fn is_local(address: &str) -> bool {
    let after_scheme = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    // What stands before an @ isn't the host.
    let host_port = authority.rsplit('@').next().unwrap_or_default();
    let host = match host_port.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host_port.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Where a program that listens at an address is asked from its own machine.
pub fn here(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_local() {
        for local in ["ws://127.0.0.1:9944", "ws://localhost", "ws://LOCALHOST:1/x", "[::1]:80", "127.0.0.7:8091"] {
            assert!(is_local(local), "{local}");
        }
        for remote in [
            "wss://entrypoint-finney.opentensor.ai:443",
            "ws://127.0.0.1.evil.example:9944",
            "ws://127.0.0.1@evil.example",
            "ws://evil.example/127.0.0.1",
            "ws://10.0.0.1",
            "localhost.example",
            "",
        ] {
            assert!(!is_local(remote), "{remote}");
        }
    }

    #[test]
    fn a_tilde_is_the_home_folder() {
        let folder = |path: &str| folder(&WalletSettings { path: path.into(), ..WalletSettings::default() });
        assert_eq!(folder("~/wallets"), env::home_dir().unwrap().join("wallets"));
        assert_eq!(folder("~other/wallets"), Path::new("~other/wallets"));
        assert_eq!(folder("/wallets"), Path::new("/wallets"));
    }

    #[test]
    fn a_development_key_stays_here() {
        let alice = development("//Alice", "ws://127.0.0.1:9944").unwrap();
        assert!(alice.hotkey().to_string().starts_with("5Grwva"));
        assert!(development("//Alice", "wss://example.com").unwrap_err().to_string().contains("development key"));
        let secret = "0xfac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e";
        let error = development(secret, "ws://127.0.0.1:9944").unwrap_err();
        assert!(!format!("{error:#}").contains("fac7"), "{error:#}");
    }
}
