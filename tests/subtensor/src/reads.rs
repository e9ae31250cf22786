//! Subnets as they are read.

use chain::ChainError;
use primitives::NetUid;

use crate::{
    report::{Checked, fail, same, skip},
    stage::{SUBTENSOR, Stage},
};

/// Seats that are looked up one by one.
const SAMPLE: usize = 16;

/// Read a subnet's seats and rules, and compare them with what single items say.
pub async fn subnet(stage: &Stage, netuid: NetUid) -> Checked {
    let added = stage.client.stored::<bool>(SUBTENSOR, "NetworksAdded", (netuid.0,), None).await?;
    if added != Some(true) {
        return skip(format!("there is no subnet {netuid}"));
    }
    let head = stage.client.finalized().await?;
    let at = Some(head.hash);
    let metagraph = stage.client.metagraph(netuid, at).await?;
    let rules = stage.client.hyperparameters(netuid, at).await?;
    same("the block of the metagraph", &metagraph.block, &head)?;
    let seats = stage.client.stored::<u16>(SUBTENSOR, "SubnetworkN", (netuid.0,), at).await?.unwrap_or_default();
    same("seats", &metagraph.neurons.len(), &usize::from(seats))?;
    let tempo = stage.client.stored::<u16>(SUBTENSOR, "Tempo", (netuid.0,), at).await?;
    same("the tempo", &Some(rules.tempo), &tempo)?;
    for neuron in metagraph.neurons.iter().take(SAMPLE) {
        let keys = stage.client.stored::<u16>(SUBTENSOR, "Uids", (netuid.0, neuron.hotkey.0), at).await?;
        same("a hotkey's seat", &keys, &Some(neuron.uid.0))?;
    }
    let values = stage.client.hyperparameter_values(netuid, at).await?.len();
    Ok(format!("{seats} seats, tempo {}, {values} rules at block {}", rules.tempo, head.number))
}

/// A subnet that does not exist is said to not exist.
pub async fn nothing(stage: &Stage) -> Checked {
    const FAR: NetUid = NetUid(4_000);
    let metagraph = stage.client.metagraph(FAR, None).await.err();
    let rules = stage.client.hyperparameters(FAR, None).await.err();
    match (metagraph, rules) {
        (Some(ChainError::UnknownNetUid(FAR)), Some(ChainError::UnknownNetUid(FAR))) => Ok("said so".into()),
        (metagraph, rules) => fail(format!("said {metagraph:?} and {rules:?} of a subnet that there is not")),
    }
}
