//! Watches the chain and the validators' logs, and makes the report of them.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use chain::Client;
use futures::StreamExt as _;
use primitives::{BlockRef, Hotkey, MechId, Metagraph, Uid};

use super::{
    cast::Role,
    crew::Member,
    report::{EpochRow, MinerRow, Report, ValidatorRow},
    screen::Screen,
    stage::{Keys, NETUID, Player},
    tally::Tally,
};

/// One alpha, in rao.
const ALPHA: f64 = 1e9;

/// Epochs that may pass without pay before the demo gives up: permits take one, the first weights another.
const UNPAID_EPOCHS: u64 = 6;

/// Looks at everything once a block.
pub struct Watch<'a> {
    client: &'a Client,
    roles: HashMap<Hotkey, Role>,
    validators: Vec<Hotkey>,
    tally: Tally,
    started: Instant,
    epoch_index: Option<u64>,
    epochs_run: u64,
    epochs: Vec<EpochRow>,
    first_paid: Option<Duration>,
    /// Wall time to the first block.
    pub first_block_seconds: f64,
}

/// Wait for the first block; the seconds since `started`.
pub async fn first_block(client: &Client, started: Instant) -> anyhow::Result<f64> {
    let mut blocks = client.finalized_stream();
    while let Some(block) = blocks.next().await {
        if block?.number >= 1 {
            return Ok(started.elapsed().as_secs_f64());
        }
    }
    anyhow::bail!("the chain ended before its first block")
}

impl<'a> Watch<'a> {
    /// Of this cast.
    pub fn new(client: &'a Client, keys: &Keys, players: &[Player], stores: Vec<PathBuf>, started: Instant) -> Self {
        Self {
            client,
            roles: players.iter().map(|player| (player.hotkey, player.role)).collect(),
            validators: keys.validators.iter().map(|(_, key)| key.hotkey()).collect(),
            tally: Tally::new(stores),
            started,
            epoch_index: None,
            epochs_run: 0,
            epochs: Vec::new(),
            first_paid: None,
            first_block_seconds: 0.0,
        }
    }

    /// Watch until so many epochs paid miners, or until it is clear that none will.
    pub async fn until_paid(
        &mut self,
        epochs: u64,
        crew: &mut [Member],
        screen: &mut Screen,
    ) -> anyhow::Result<Report> {
        self.run(crew, screen, |watch| {
            watch.epochs.len() as u64 >= epochs || watch.epochs_run >= epochs.saturating_add(UNPAID_EPOCHS)
        })
        .await
    }

    /// Watch until the task is dropped.
    pub async fn for_ever(&mut self, crew: &mut [Member], screen: &mut Screen) -> anyhow::Result<()> {
        self.run(crew, screen, |_| false).await.map(drop)
    }

    async fn run(
        &mut self,
        crew: &mut [Member],
        screen: &mut Screen,
        done: impl Fn(&Self) -> bool,
    ) -> anyhow::Result<Report> {
        let mut blocks = self.client.finalized_stream();
        while let Some(block) = blocks.next().await {
            let block = block.context("following the chain")?;
            for member in crew.iter_mut() {
                if member.tend()? {
                    screen.say("a validator died and was started again: it goes on where its log ends");
                }
                if let Some(address) = member.moved() {
                    screen.say(&format!("dashboard  http://{address}/"));
                }
            }
            let report = self.look(block, screen).await.context("reading the chain")?;
            if done(self) {
                return Ok(report);
            }
        }
        anyhow::bail!("the chain ended")
    }

    async fn look(&mut self, block: BlockRef, screen: &mut Screen) -> anyhow::Result<Report> {
        let metagraph = self.client.metagraph(NETUID, Some(block.hash)).await?;
        let rules = self.client.hyperparameters(NETUID, Some(block.hash)).await?;
        let ran = self.epoch_index.replace(rules.epoch_index).is_some_and(|index| rules.epoch_index > index);
        self.tally.refresh()?;
        if ran {
            self.epochs_run += 1;
            self.epoch(&metagraph, screen);
        }
        let report = self.report(&metagraph).await?;
        if screen.is_live() {
            let left = rules.next_epoch_block(block.number).unwrap_or(block.number).saturating_sub(block.number);
            let mut frame = Vec::new();
            let title = format!(
                "\nblock {} · {} epochs paid · next epoch in {left} blocks · {:.0} s\n",
                block.number,
                self.epochs.len(),
                self.started.elapsed().as_secs_f64()
            );
            frame.extend_from_slice(title.as_bytes());
            report.miners().write(&mut frame)?;
            screen.paint(&String::from_utf8_lossy(&frame));
        }
        Ok(report)
    }

    /// An epoch ran in the metagraph's block.
    fn epoch(&mut self, metagraph: &Metagraph, screen: &mut Screen) {
        let paid: BTreeMap<u16, f64> = metagraph
            .neurons
            .iter()
            .filter(|neuron| self.roles.contains_key(&neuron.hotkey))
            .map(|neuron| (neuron.uid.0, neuron.emission_rao as f64 / ALPHA))
            .collect();
        let total: f64 = paid.values().sum();
        let block = metagraph.block.number;
        if total <= 0.0 {
            screen.say(&format!("epoch      block {block} · paid no miner: no weights were set before it"));
            return;
        }
        if self.first_paid.is_none() {
            self.first_paid = Some(self.started.elapsed());
        }
        let shares = paid.iter().filter(|(_, alpha)| **alpha > 0.0).map(|(uid, alpha)| format!("uid {uid} {alpha:.3}"));
        let shares = shares.collect::<Vec<_>>().join(", ");
        self.epochs.push(EpochRow { block, alpha: paid });
        screen.say(&format!("epoch      block {block} · paid miners {total:.3} alpha: {shares}"));
    }

    async fn report(&self, metagraph: &Metagraph) -> anyhow::Result<Report> {
        let mut rows = Vec::new();
        for hotkey in &self.validators {
            if let Some(neuron) = metagraph.by_hotkey(hotkey) {
                rows.push(self.client.read_weights(NETUID, MechId(0), neuron.uid, Some(metagraph.block.hash)).await?);
            }
        }
        let miners = metagraph.neurons.iter().filter_map(|neuron| {
            let role = *self.roles.get(&neuron.hotkey)?;
            let count = self.tally.miner(&neuron.hotkey);
            Some(MinerRow {
                uid: neuron.uid,
                role,
                hotkey: neuron.hotkey,
                challenges: count.challenges,
                standing: self.tally.standing(&neuron.hotkey),
                outcomes: count.outcomes,
                weight: mean_share(&rows, neuron.uid),
                incentive: f64::from(neuron.incentive) / 65535.0,
                alpha: neuron.stake_rao as f64 / ALPHA,
            })
        });
        let validators = self.validators.iter().enumerate().filter_map(|(index, hotkey)| {
            let neuron = metagraph.by_hotkey(hotkey)?;
            let (rounds, weights_verified) = self.tally.validator(index);
            Some(ValidatorRow {
                uid: neuron.uid,
                hotkey: *hotkey,
                rounds,
                weights_verified,
                validator_trust: f64::from(neuron.validator_trust) / 65535.0,
                dividends: f64::from(neuron.dividends) / 65535.0,
            })
        });
        Ok(Report {
            block: metagraph.block.number,
            epochs_paid: self.epochs.len() as u64,
            elapsed_seconds: self.started.elapsed().as_secs_f64(),
            first_block_seconds: self.first_block_seconds,
            first_paid_epoch_seconds: self.first_paid.map(|elapsed| elapsed.as_secs_f64()),
            miners: miners.collect(),
            validators: validators.collect(),
            epochs: self.epochs.clone(),
        })
    }
}

/// The mean share of a uid over the rows that exist.
fn mean_share(rows: &[Vec<(Uid, u16)>], uid: Uid) -> f64 {
    let shares: Vec<f64> = rows
        .iter()
        .filter_map(|row| {
            let total: f64 = row.iter().map(|(_, value)| f64::from(*value)).sum();
            let own = row.iter().find(|(named, _)| *named == uid).map_or(0.0, |(_, value)| f64::from(*value));
            (total > 0.0).then(|| own / total)
        })
        .collect();
    if shares.is_empty() { 0.0 } else { shares.iter().sum::<f64>() / shares.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_of_the_rows_that_exist() {
        let rows = [vec![(Uid(1), 100), (Uid(2), 300)], vec![]];
        assert_eq!(mean_share(&rows, Uid(2)), 0.75);
        assert_eq!(mean_share(&[], Uid(2)), 0.0);
    }
}
