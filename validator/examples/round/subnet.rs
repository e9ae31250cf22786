//! A chain whose blocks are made when they are asked for, and miners on it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use localnet::{Genesis, GenesisNeuron, Rules, SubnetGenesis};
use miner::{Handle, Roster};
use model::Backend;
use primitives::{Endpoint, Hotkey, Keypair};
use serde_json::json;
use tokio::{
    sync::{mpsc, watch},
    time::interval,
};

use crate::{NETUID, asked, fixed::Fixed, say, validator};

/// The chain announces no 127.0.0.1.
const LISTEN: ([u8; 4], u16) = ([127, 0, 0, 2], 0);
/// The protocol that is announced.
const VERSION: u32 = 1;
/// Announcements under way at a time: each is a subscription, and the chain allows a client 128.
const TOGETHER: usize = 64;
/// How often it is looked whether announcements wait for a block.
const GLANCE: Duration = Duration::from_millis(5);

pub async fn serve(count: u16, mut lines: mpsc::Receiver<String>) -> anyhow::Result<()> {
    let keys = (0..u32::from(count)).map(miner).collect::<anyhow::Result<Vec<_>>>()?;
    let hotkeys = keys.iter().map(Keypair::hotkey);
    let config = localnet::Config { genesis: genesis(hotkeys, count)?, ..localnet::Config::test() };
    let chain = localnet::spawn(config).await?;
    let client = chain::Client::connect(&chain.url()).await?;

    // One view of the subnet for all of them.
    let metagraph = client.metagraph(NETUID, None).await?;
    let (_known, subnet) = watch::channel(Some(Arc::new(Roster::new(metagraph))));
    let backend: Arc<dyn Backend> = Arc::new(Fixed::new());
    let folder = tempfile::tempdir()?;
    let listen = SocketAddr::from(LISTEN);
    let mut miners = Vec::with_capacity(keys.len());
    for (index, key) in keys.iter().enumerate() {
        let state_path = folder.path().join(index.to_string());
        let config = miner::Config { listen, state_path, ..miner::Config::new(NETUID) };
        let served = miner::serve(&config, key.clone(), backend.clone(), client.genesis(), subnet.clone());
        miners.push(served.await.context("starting a miner")?);
    }
    announce(&chain, &client, &keys, &miners).await?;
    say(&json!({ "url": chain.url(), "miners": miners.len() }))?;
    while asked(&mut lines).await?.is_some() {
        say(&json!({ "block": chain.author_block()?.number }))?;
    }
    Ok(())
}

/// Keys without a phrase: to derive one of those takes as long as dozens of blocks.
fn miner(index: u32) -> anyhow::Result<Keypair> {
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&index.to_le_bytes());
    Ok(Keypair::from_seed(&seed)?)
}

/// Everybody has a seat from the start, and no epoch comes between.
fn genesis(miners: impl Iterator<Item = Hotkey>, count: u16) -> anyhow::Result<Genesis> {
    let alice = localnet::dev_account("//Alice").coldkey();
    let mut subnet = SubnetGenesis::new(NETUID);
    subnet.rules = Rules { tempo: u16::MAX, max_allowed_uids: count + 2, ..subnet.rules };
    let seat = |hotkey, stake_rao| GenesisNeuron { hotkey, coldkey: alice, stake_rao, validator_permit: stake_rao > 0 };
    subnet.neurons = vec![seat(validator()?.hotkey(), 1_000_000_000_000)];
    subnet.neurons.extend(miners.map(|hotkey| seat(hotkey, 0)));
    Ok(Genesis { subnets: vec![subnet], ..Genesis::default() })
}

/// Every miner by its own key, as miners do.
async fn announce(
    chain: &localnet::Handle,
    client: &chain::Client,
    keys: &[Keypair],
    miners: &[Handle],
) -> anyhow::Result<()> {
    let announcements = keys.iter().zip(miners).map(|(key, miner)| async move {
        let endpoint = Endpoint(miner.addr());
        client
            .serve_axon_tls(key, NETUID, endpoint, VERSION, &miner.tls_key().certificate())
            .await
            .with_context(|| format!("announcing {endpoint}"))
    });
    let announced = stream::iter(announcements).buffer_unordered(TOGETHER).try_for_each(|_| async { Ok(()) });
    tokio::pin!(announced);
    let mut glances = interval(GLANCE);
    loop {
        tokio::select! {
            done = &mut announced => return done,
            _ = glances.tick() => {
                if chain.pending() > 0 {
                    chain.author_block()?;
                }
            }
        }
    }
}
