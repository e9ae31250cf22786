//! A subnet from nothing: an embedded chain, registered and staked neurons, miners that serve.

use std::{net::SocketAddr, path::Path};

use anyhow::Context as _;
use localnet::{BlockTime, Genesis, Rules, SubnetGenesis};
use primitives::{Endpoint, Hotkey, Keypair, NetUid};

use super::cast::{Role, Troupe};

/// The subnet that the demo plays on.
pub const NETUID: NetUid = NetUid(1);

/// Alpha that each validator stakes, in rao.
const STAKE_RAO: u64 = 1_000 * 1_000_000_000;

/// The keys of a cast, derived from a seed: the same seed, the same subnet.
pub struct Keys {
    /// Owns the subnet and every neuron on it: the rich account of development chains.
    pub cold: Keypair,
    /// One per validator.
    pub validators: Vec<(String, Keypair)>,
    /// One per miner.
    pub miners: Vec<Keypair>,
}

impl Keys {
    /// Derive development keys. They are worth nothing outside the embedded chain.
    pub fn derive(seed: u64, validators: usize, miners: usize) -> anyhow::Result<Self> {
        let key = |uri: String| Keypair::from_uri(&uri).with_context(|| format!("deriving {uri}"));
        Ok(Self {
            cold: key("//Alice".into())?,
            validators: (0..validators)
                .map(|index| {
                    let uri = format!("//assay-demo-{seed}//validator//{index}");
                    Ok((uri.clone(), key(uri)?))
                })
                .collect::<anyhow::Result<_>>()?,
            miners: (0..miners)
                .map(|index| key(format!("//assay-demo-{seed}//miner//{index}")))
                .collect::<anyhow::Result<_>>()?,
        })
    }
}

/// The genesis of the demo's chain: one subnet with short epochs, whose validators' seats suffice for the demo's
/// validators alone.
pub fn genesis(tempo: u16, validators: u16) -> Genesis {
    let mut subnet = SubnetGenesis::new(NETUID);
    subnet.rules = Rules { tempo, max_allowed_validators: validators, ..subnet.rules };
    Genesis { subnets: vec![subnet], ..Genesis::default() }
}

/// Start the chain.
pub async fn chain(listen: SocketAddr, block_time: BlockTime, genesis: Genesis) -> anyhow::Result<localnet::Handle> {
    let config = localnet::Config { listen, block_time, genesis, ..localnet::Config::test() };
    localnet::spawn(config).await.context("starting the embedded chain")
}

/// Register every key, validators first, and stake to the validators. Each step waits until it is final.
pub async fn enrol(client: &chain::Client, keys: &Keys, mut said: impl FnMut(&str)) -> anyhow::Result<()> {
    for key in keys.validators.iter().map(|(_, key)| key).chain(&keys.miners) {
        client
            .burned_register(&keys.cold, NETUID, key.hotkey())
            .await
            .with_context(|| format!("registering {}", key.hotkey()))?;
        said(&format!("registered {}", key.hotkey()));
    }
    for (_, key) in &keys.validators {
        client
            .add_stake(&keys.cold, NETUID, key.hotkey(), STAKE_RAO)
            .await
            .with_context(|| format!("staking to {}", key.hotkey()))?;
        said(&format!("staked 1000 tao to {}", key.hotkey()));
    }
    Ok(())
}

/// A miner that serves.
pub struct Player {
    /// What it does.
    pub role: Role,
    /// Its key.
    pub hotkey: Hotkey,
    /// The running service.
    pub handle: miner::Handle,
}

/// Start a miner per role, each on a loopback address of its own: the chain refuses to announce 127.0.0.1. Returns when
/// all are announced.
pub async fn miners(
    client: &chain::Client,
    keys: &Keys,
    roles: &[Role],
    troupe: &Troupe,
    folder: &Path,
) -> anyhow::Result<Vec<Player>> {
    let mut players = Vec::new();
    for ((index, key), role) in keys.miners.iter().enumerate().zip(roles) {
        let listen = SocketAddr::from(([127, 0, 0, u8::try_from(index + 2)?], 0));
        let config = miner::Config {
            listen,
            announce: Some(Endpoint(listen)),
            state_path: folder.join(format!("miner-{index}")),
            drain_seconds: 1,
            ..miner::Config::new(NETUID)
        };
        let handle = miner::spawn(config, key.clone(), troupe.backend(*role)?, client.clone())
            .await
            .with_context(|| format!("starting the miner that is {role}"))?;
        players.push(Player { role: *role, hotkey: key.hotkey(), handle });
    }
    // Validators find miners nowhere else than on chain.
    for player in &players {
        player.handle.ready().await;
    }
    Ok(players)
}
