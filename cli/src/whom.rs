//! The miner that a command talks to, found on chain or named by hand, and the key that talks to it.

use anyhow::Context as _;
use clap::ArgGroup;
use primitives::{BlockHash, Endpoint, Hotkey, Keypair, Metagraph, Uid};
use protos::Binding;
use validator::Axon;

use crate::{
    args::{ChainFlags, Global, KeyFlags, SubnetFlags},
    identity,
    layers::Layer,
};

/// Which miner.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("whom").args(["uid", "miner"]))]
pub struct WhomFlags {
    /// Ask the miner in this seat; without --uid and --miner, the one with the highest incentive
    #[arg(long, value_name = "UID", value_parser = uid)]
    uid: Option<Uid>,
    /// Ask the miner with this hotkey
    #[arg(long, value_name = "SS58")]
    miner: Option<Hotkey>,
    /// Ask here instead of where the chain says
    #[arg(long, value_name = "IP:PORT", requires = "miner")]
    endpoint: Option<Endpoint>,
    /// The chain's first block; with --endpoint, the chain isn't needed then
    #[arg(long, value_name = "HASH", requires = "endpoint")]
    genesis: Option<BlockHash>,
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    subnet: SubnetFlags,
    #[command(flatten)]
    key: KeyFlags,
}

/// A miner, where it is, and who asks it.
pub struct Whom {
    pub axon: Axon,
    pub binding: Binding,
    pub key: Keypair,
}

fn uid(text: &str) -> Result<Uid, std::num::ParseIntError> {
    text.parse().map(Uid)
}

impl WhomFlags {
    /// Ask the chain, where that is needed, and open the key.
    pub async fn find(&self, global: &Global) -> anyhow::Result<Whom> {
        let mut flags = Layer::default();
        self.chain.put(&mut flags);
        self.subnet.put(&mut flags);
        self.key.put(&mut flags);
        let settings = global.settings(flags)?.settings;
        let netuid = settings.subnet.netuid;

        let (axon, binding, seen_by) = match (self.endpoint, self.miner, self.genesis) {
            (Some(endpoint), Some(receiver), Some(genesis)) => {
                (endpoint.into(), Binding { receiver, netuid, genesis }, endpoint.to_string())
            }
            (endpoint, ..) => {
                let chain = settings.chain.connect().await?;
                let metagraph = chain.metagraph(netuid, None).await?;
                let (receiver, announced) = choose(&metagraph, self.uid, self.miner)?;
                // The announced key goes with the hotkey, wherever it is asked.
                let axon = match (endpoint, announced) {
                    (Some(endpoint), announced) => Axon { endpoint, pin: announced.and_then(|axon| axon.pin) },
                    (None, announced) => announced.with_context(|| format!("{receiver} announces no endpoint"))?,
                };
                let binding = Binding { receiver, netuid, genesis: chain.genesis() };
                (axon, binding, settings.chain.furthest().to_owned())
            }
        };
        let key = identity::hotkey(&settings.wallet, self.key.key.as_deref(), &seen_by)?;
        Ok(Whom { axon, binding, key })
    }
}

fn choose(metagraph: &Metagraph, uid: Option<Uid>, miner: Option<Hotkey>) -> anyhow::Result<(Hotkey, Option<Axon>)> {
    let netuid = metagraph.netuid;
    let neuron = match (uid, miner) {
        (Some(uid), _) => metagraph.neuron(uid).with_context(|| format!("subnet {netuid} has no uid {uid}"))?,
        (_, Some(hotkey)) => {
            metagraph.by_hotkey(&hotkey).with_context(|| format!("{hotkey} is not registered on subnet {netuid}"))?
        }
        (None, None) => {
            let serving = metagraph.neurons.iter().filter(|neuron| neuron.endpoint.is_some());
            serving
                .max_by_key(|neuron| (neuron.incentive, std::cmp::Reverse(neuron.uid)))
                .with_context(|| format!("nobody serves on subnet {netuid}"))?
        }
    };
    Ok((neuron.hotkey, Axon::of(neuron)))
}
