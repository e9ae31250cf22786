//! How fast the embedded chain is: `cargo run --release -p assay-localnet --example pace`.

extern crate assay_localnet as localnet;

#[path = "../tests/embedded/account.rs"]
mod account;

use std::time::{Duration, Instant};

use codec::Encode;
use jsonrpsee::{core::client::ClientT, rpc_params, ws_client::WsClientBuilder};
use localnet::{Config, Genesis, GenesisNeuron, dev_account, spawn};
use node_subtensor_runtime::{Hash, Runtime};
use pallet_subtensor::Call;
use primitives::Keypair;

const EMPTY: u32 = 5_000;
const FULL: u32 = 10;
const NEURONS: usize = 255;
const VALIDATORS: usize = 200;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let begin = Instant::now();
    let net = spawn(Config::test()).await?;
    net.author_block()?;
    println!("from spawn to the first block: {:?}", begin.elapsed());

    let begin = Instant::now();
    net.mine(EMPTY).await?;
    println!("empty blocks: {:.0} per second", f64::from(EMPTY) / begin.elapsed().as_secs_f64());
    net.shutdown().await;

    let hotkeys: Vec<Keypair> = (0..NEURONS).map(|uid| dev_account(&format!("//N{uid}"))).collect();
    let net = spawn(Config { genesis: full_subnet(&hotkeys), ..Config::test() }).await?;
    let rpc = WsClientBuilder::default().build(net.url()).await?;
    let genesis = Hash::from(net.genesis().0);
    let (mut slowest, mut all) = (Duration::ZERO, Duration::ZERO);
    for nonce in 0..FULL {
        let dests: Vec<u16> = (0..=NEURONS as u16).collect();
        for (uid, hotkey) in hotkeys.iter().take(VALIDATORS).enumerate() {
            let weights = dests.iter().map(|to| 1 + to.wrapping_mul(31).wrapping_add(uid as u16) % 1_000).collect();
            let call = Call::<Runtime>::set_weights { netuid: 1, dests: dests.clone(), weights, version_key: 0 };
            let extrinsic = account::sign(hotkey, nonce, genesis, call.into()).encode();
            let hex = format!("0x{}", hex::encode(extrinsic));
            rpc.request::<String, _>("author_submitExtrinsic", rpc_params![hex]).await?;
        }
        let begin = Instant::now();
        net.author_block()?;
        let took = begin.elapsed();
        assert_eq!(net.pending(), 0, "one block took them all");
        (slowest, all) = (slowest.max(took), all + took);
    }
    println!("a block of {VALIDATORS} set_weights of 256: {:?} on average, {slowest:?} at most", all / FULL);
    Ok(())
}

fn full_subnet(hotkeys: &[Keypair]) -> Genesis {
    let mut genesis = Genesis::default();
    genesis.subnets[0].neurons = hotkeys
        .iter()
        .map(|hotkey| GenesisNeuron {
            hotkey: hotkey.hotkey(),
            coldkey: account::alice().coldkey(),
            stake_rao: 1_000_000_000_000,
            validator_permit: true,
        })
        .collect();
    genesis
}
