//! A full subnet whose validators all set weights in every block.

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

use crate::account;

const NEURONS: usize = 255;
pub const VALIDATORS: usize = 200;

pub struct Subnet {
    pub net: Handle,
    rpc: WsClient,
    hotkeys: Vec<Keypair>,
}

pub async fn subnet(config: Config) -> Result<Subnet, Box<dyn std::error::Error>> {
    let hotkeys: Vec<Keypair> = (0..NEURONS).map(|uid| dev_account(&format!("//N{uid}"))).collect();
    let mut genesis = Genesis::default();
    let neuron = |hotkey: &Keypair| GenesisNeuron {
        hotkey: hotkey.hotkey(),
        coldkey: account::alice().coldkey(),
        stake_rao: 1_000_000_000_000,
        validator_permit: true,
    };
    genesis.subnets[0].neurons = hotkeys.iter().map(neuron).collect();
    let net = spawn(Config { genesis, ..config }).await?;
    let rpc = WsClientBuilder::default().build(net.url()).await?;
    Ok(Subnet { net, rpc, hotkeys })
}

impl Subnet {
    /// Let every validator's weights wait for a block, all 256 of them and others than before.
    pub async fn submit(&self, nonce: u32) -> Result<(), Box<dyn std::error::Error>> {
        let genesis = Hash::from(self.net.genesis().0);
        let dests: Vec<u16> = (0..=NEURONS as u16).collect();
        for (uid, hotkey) in self.hotkeys.iter().take(VALIDATORS).enumerate() {
            let salt = uid as u16 + nonce as u16;
            let weights = dests.iter().map(|to| 1 + to.wrapping_mul(31).wrapping_add(salt) % 1_000).collect();
            let call = Call::<Runtime>::set_weights { netuid: 1, dests: dests.clone(), weights, version_key: 0 };
            let extrinsic = account::sign(hotkey, nonce, genesis, call.into()).encode();
            let hex = format!("0x{}", hex::encode(extrinsic));
            self.rpc.request::<String, _>("author_submitExtrinsic", rpc_params![hex]).await?;
        }
        Ok(())
    }
}
