//! The key, and its seat on the subnet.

use chain::Client;
use primitives::{
    Metagraph,
    wallet::{Loaded, Wallet},
};

use crate::{
    doctor::{Finding, Role},
    identity::{self, is_local},
    settings::{Settings, WalletSettings},
};

const KEY: &str = "hotkey";
const COLDKEY: &str = "coldkey";
const SEAT: &str = "seat";

/// The key that would sign: a development key, or the wallet's hotkey.
pub fn key(settings: &WalletSettings, development: Option<&str>, address: &str) -> anyhow::Result<Loaded> {
    match development {
        Some(uri) => {
            let keypair = identity::development(uri, address)?;
            Ok(Loaded { keypair, path: uri.into(), loose_mode: None })
        }
        None => Ok(identity::wallet(settings)?.hotkey(&settings.hotkey)?),
    }
}

/// Whether the key can be read and is its owner's alone, and has a seat.
pub async fn look(
    key: anyhow::Result<Loaded>,
    settings: &Settings,
    role: Option<Role>,
    chain: Option<&Client>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let wallet = identity::wallet(&settings.wallet);
    if let Ok(wallet) = &wallet
        && !is_local(settings.chain.furthest())
    {
        findings.extend(coldkey(wallet));
    }
    let loaded = match key {
        Ok(loaded) => loaded,
        Err(error) => {
            let fix = "set wallet.path, wallet.name and wallet.hotkey to a key that is there";
            findings.insert(0, Finding::of_error(KEY, &error, fix));
            return findings;
        }
    };
    findings.insert(0, mode(&loaded));
    let Some(chain) = chain else { return findings };
    let netuid = settings.subnet.netuid;
    findings.push(match chain.metagraph(netuid, None).await {
        Ok(metagraph) => seat(&metagraph, &loaded, role),
        Err(error) => Finding::of_error(SEAT, &error.into(), "set subnet.netuid to a subnet of this chain"),
    });
    findings
}

fn mode(loaded: &Loaded) -> Finding {
    let (hotkey, path) = (loaded.keypair.hotkey(), loaded.path.display());
    match loaded.loose_mode {
        None => Finding::ok(KEY, format!("{hotkey} in {path}")),
        Some(mode) => {
            let found = format!("{hotkey}; {path} is open to others than its owner (mode {:o})", mode & 0o777);
            Finding::warning(KEY, found, format!("chmod 600 {path}"))
        }
    }
}

/// A key that spends has no business on a machine that serves strangers.
fn coldkey(wallet: &Wallet) -> Option<Finding> {
    let path = wallet.coldkey_path();
    path.exists().then(|| {
        let found = format!("{} is on this machine too", path.display());
        Finding::warning(COLDKEY, found, "keep the coldkey on another machine: nothing that serves opens it")
    })
}

fn seat(metagraph: &Metagraph, loaded: &Loaded, role: Option<Role>) -> Finding {
    let (hotkey, netuid) = (loaded.keypair.hotkey(), metagraph.netuid);
    let Some(neuron) = metagraph.by_hotkey(&hotkey) else {
        let found = format!("{hotkey} has no seat on subnet {netuid}");
        return Finding::failed(SEAT, found, format!("register it: assay register --netuid {netuid}"));
    };
    let found = format!("uid {} on subnet {netuid}", neuron.uid);
    if role == Some(Role::Validator) && !neuron.validator_permit {
        let fix = format!(
            "stake to it (assay stake add --netuid {netuid}): those with the most get a permit at the next epoch"
        );
        return Finding::warning(SEAT, format!("{found}, without a validator's permit: its weights don't count"), fix);
    }
    Finding::ok(SEAT, found)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use localnet::{Config, Genesis, GenesisNeuron, SubnetGenesis, dev_account, spawn};
    use primitives::{NetUid, wallet::Secret};

    use super::*;
    use crate::doctor::State;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_key_needs_a_file_and_a_seat() {
        let mut subnet = SubnetGenesis::new(NetUid(1));
        for (uri, validator_permit) in [("//Permitted", true), ("//Seated", false)] {
            let coldkey = dev_account("//Bob").coldkey();
            let hotkey = dev_account(uri).hotkey();
            subnet.neurons.push(GenesisNeuron { hotkey, coldkey, stake_rao: 0, validator_permit });
        }
        let genesis = Genesis { subnets: vec![subnet], ..Genesis::default() };
        let chain = spawn(Config { genesis, ..Config::test() }).await.unwrap();
        let client = Client::connect(&chain.url()).await.unwrap();
        let mut settings = Settings::default();
        settings.chain.url = chain.url();
        // Not the tester's own.
        settings.wallet.path = "/no/such/folder".into();
        let states = async |uri: &str, role, settings: &Settings| {
            let key = key(&settings.wallet, Some(uri), &settings.chain.url);
            let findings = look(key, settings, role, Some(&client)).await;
            findings.iter().map(|finding| (finding.name, finding.state)).collect::<Vec<_>>()
        };
        let (miner, validator) = (Some(Role::Miner), Some(Role::Validator));
        assert_eq!(states("//Permitted", validator, &settings).await, [(KEY, State::Ok), (SEAT, State::Ok)]);
        assert_eq!(states("//Seated", validator, &settings).await, [(KEY, State::Ok), (SEAT, State::Warning)]);
        assert_eq!(states("//Seated", miner, &settings).await, [(KEY, State::Ok), (SEAT, State::Ok)]);
        assert_eq!(states("//Nobody", miner, &settings).await, [(KEY, State::Ok), (SEAT, State::Failed)]);
        settings.subnet.netuid = NetUid(77);
        assert_eq!(states("//Seated", miner, &settings).await[1], (SEAT, State::Failed));
        // Everybody knows the secret.
        settings.chain.url = "wss://example.org".into();
        assert_eq!(states("//Seated", miner, &settings).await, [(KEY, State::Failed)]);
    }

    #[tokio::test]
    async fn key_files_are_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.wallet.path = folder.path().to_str().unwrap().to_owned();
        settings.chain.url = "wss://example.org".into();
        let states = async || {
            let key = key(&settings.wallet, None, &settings.chain.url);
            let findings = look(key, &settings, None, None).await;
            findings.iter().map(|finding| (finding.name, finding.state)).collect::<Vec<_>>()
        };
        assert_eq!(states().await, [(KEY, State::Failed)]);
        let wallet = identity::wallet(&settings.wallet).unwrap();
        let path = wallet.save_hotkey("default", &Secret::generate()).unwrap().path;
        assert_eq!(states().await, [(KEY, State::Ok)]);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(states().await, [(KEY, State::Warning)]);
        fs::write(wallet.coldkey_path(), "x").unwrap();
        assert_eq!(states().await, [(KEY, State::Warning), (COLDKEY, State::Warning)]);
        fs::write(&path, "no key").unwrap();
        assert_eq!(states().await[0], (KEY, State::Failed));
    }
}
