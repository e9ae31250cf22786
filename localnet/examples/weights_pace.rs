//! What weights cost the embedded chain: `cargo run --release -p assay-localnet --example weights_pace`.

extern crate assay_localnet as localnet;

#[path = "../tests/embedded/account.rs"]
mod account;

use std::time::{Duration, Instant};

use codec::Encode;
use jsonrpsee::{
    core::client::ClientT,
    rpc_params,
    ws_client::{WsClient, WsClientBuilder},
};
use localnet::{Config, Genesis, GenesisNeuron, Handle, dev_account, spawn};
use node_subtensor_runtime::{Hash, Runtime};
use pallet_subtensor::Call;
use primitives::Keypair;

const VALIDATORS: [usize; 2] = [64, 255];
const ROWS: usize = 200;
const SEATS: u16 = 256;
const TEMPO: u64 = 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let hotkeys: Vec<Keypair> = (1..SEATS).map(|uid| dev_account(&format!("//N{uid}"))).collect();
    for validators in VALIDATORS {
        for liquid_alpha in [false, true] {
            let genesis = full_subnet(&hotkeys, validators, liquid_alpha);
            let net = spawn(Config { genesis, ..Config::test() }).await?;
            let rpc = WsClientBuilder::default().build(net.url()).await?;
            let took = set_rows(&net, &rpc, &hotkeys[..validators]).await?;
            if !liquid_alpha && validators >= ROWS {
                println!("a block of {ROWS} set_weights of {SEATS}: {took:?}");
            }
            let empty = timed(&net)?;
            until(&net, TEMPO - 1)?;
            let first = timed(&net)?;
            until(&net, 2 * TEMPO - 1)?;
            // Now there are bonds.
            let second = timed(&net)?;
            let alpha = if liquid_alpha { "liquid alpha" } else { "plain" };
            println!(
                "an epoch of {SEATS} seats, {validators} full rows, {alpha}: {first:?}, then {second:?} \
                 (a block without one: {empty:?})"
            );
            net.shutdown().await;
        }
    }
    Ok(())
}

/// Everybody's row, a block for each so many. How long the first block took.
async fn set_rows(net: &Handle, rpc: &WsClient, hotkeys: &[Keypair]) -> Result<Duration, Box<dyn std::error::Error>> {
    let genesis = Hash::from(net.genesis().0);
    let dests: Vec<u16> = (0..SEATS).collect();
    let mut took = Vec::new();
    for (block, hotkeys) in hotkeys.chunks(ROWS).enumerate() {
        for (uid, hotkey) in hotkeys.iter().enumerate() {
            let seed = (block * ROWS + uid) as u16;
            let weights = dests.iter().map(|to| 1 + to.wrapping_mul(31).wrapping_add(seed * 7) % 1_000).collect();
            let call = Call::<Runtime>::set_weights { netuid: 1, dests: dests.clone(), weights, version_key: 0 };
            let extrinsic = format!("0x{}", hex::encode(account::sign(hotkey, 0, genesis, call.into()).encode()));
            rpc.request::<String, _>("author_submitExtrinsic", rpc_params![extrinsic]).await?;
        }
        took.push(timed(net)?);
        assert_eq!(net.pending(), 0, "one block took them all");
    }
    Ok(took[0])
}

fn timed(net: &Handle) -> Result<Duration, localnet::AuthorError> {
    let begin = Instant::now();
    net.author_block()?;
    Ok(begin.elapsed())
}

fn until(net: &Handle, block: u64) -> Result<(), localnet::AuthorError> {
    while net.best().number < block {
        net.author_block()?;
    }
    Ok(())
}

fn full_subnet(hotkeys: &[Keypair], validators: usize, liquid_alpha_on: bool) -> Genesis {
    let mut genesis = Genesis::default();
    let subnet = &mut genesis.subnets[0];
    subnet.rules.tempo = TEMPO as u16;
    subnet.rules.max_allowed_validators = SEATS;
    subnet.rules.liquid_alpha_on = liquid_alpha_on;
    let neuron = |(at, hotkey): (usize, &Keypair)| GenesisNeuron {
        hotkey: hotkey.hotkey(),
        coldkey: account::alice().coldkey(),
        stake_rao: if at < validators { 1_000_000_000_000 + at as u64 } else { 0 },
        validator_permit: at < validators,
    };
    subnet.neurons = hotkeys.iter().enumerate().map(neuron).collect();
    genesis
}
