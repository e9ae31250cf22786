//! What validators said, in two requests.

use std::collections::HashMap;

use primitives::{BlockNumber, Hotkey, Metagraph, MetagraphRows, NeuronRows, Uid, WeightCommit};
use subxt::utils::{AccountId32, H256};

use crate::{ChainError, Client, batch::Batch, storage::At};

/// The longest that the chain lets a subnet choose.
const MAX_REVEAL_PERIOD: u64 = 100;

impl Client {
    /// The rows of weights, the bonds and the pending commits of a metagraph's mechanism, at the metagraph's block.
    pub async fn metagraph_rows(&self, metagraph: &Metagraph) -> Result<MetagraphRows, ChainError> {
        self.read_at(Some(metagraph.block.hash), |at| async move { rows(&at, metagraph).await }).await
    }
}

async fn rows(at: &At, metagraph: &Metagraph) -> Result<MetagraphRows, ChainError> {
    let (netuid, mechanism) = (metagraph.netuid, metagraph.mechanism);
    let index = netuid.storage_index(mechanism);
    let seats = || metagraph.neurons.iter().map(|neuron| (index, neuron.uid.0));
    let mut batch = Batch::new(at);
    let epoch = batch.want::<u64>("SubnetEpochIndex", (netuid.0,))?;
    let period = batch.want::<u64>("RevealPeriodEpochs", (netuid.0,))?;
    let weights = batch.want_all::<Vec<(u16, u16)>, _>("Weights", seats())?;
    let bonds = batch.want_all::<Vec<(u16, u16)>, _>("Bonds", seats())?;
    let hotkeys = metagraph.neurons.iter().map(|neuron| (index, neuron.hotkey.0));
    // The last number is not used by the chain any more.
    let hashed = batch.want_all::<Vec<(H256, u64, BlockNumber, u64)>, _>("WeightCommits", hotkeys)?;
    let found = batch.fetch().await?;

    // A commit made where an epoch is due belongs to the next one already.
    let epoch = epoch.of(&found)?;
    let oldest = epoch.saturating_sub(period.of(&found)?.min(MAX_REVEAL_PERIOD));
    let epochs = oldest..=epoch.saturating_add(1);
    let mut batch = Batch::new(at);
    let timelocked = batch.want_all::<Vec<(AccountId32, BlockNumber, Vec<u8>, u64)>, _>(
        "TimelockedWeightCommits",
        epochs.clone().map(|epoch| (index, epoch)),
    )?;
    let timelocked = timelocked.of(&batch.fetch().await?)?;

    let mut commits: HashMap<Hotkey, Vec<WeightCommit>> = HashMap::new();
    for (epoch, queue) in epochs.zip(timelocked) {
        for (hotkey, block, _ciphertext, round) in queue {
            commits.entry(Hotkey(hotkey.0)).or_default().push(WeightCommit::Timelocked { epoch, block, round });
        }
    }
    let stored = weights.of(&found)?.into_iter().zip(bonds.of(&found)?).zip(hashed.maybe(&found)?);
    let rows = metagraph.neurons.iter().zip(stored).map(|(neuron, ((weights, bonds), hashed))| {
        let hashed = hashed.unwrap_or_default().into_iter();
        let hashed = hashed.map(|(hash, epoch, block, _)| WeightCommit::Hashed { epoch, block, hash: hash.0 });
        let timelocked = commits.remove(&neuron.hotkey).unwrap_or_default();
        NeuronRows { weights: row(weights), bonds: row(bonds), commits: hashed.chain(timelocked).collect() }
    });
    Ok(MetagraphRows { netuid, mechanism, block: at.block, rows: rows.collect() })
}

fn row(pairs: Vec<(u16, u16)>) -> Vec<(Uid, u16)> {
    pairs.into_iter().map(|(uid, value)| (Uid(uid), value)).collect()
}
