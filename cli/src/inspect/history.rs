//! A subnet and its epochs before, from the chain or from files.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use chain::{ChainError, Client};
use primitives::{BlockHash, BlockNumber, Hotkey, NetUid, Registration};
use scoring::{
    copying::{Epoch, ValidatorRow},
    yuma::{self, EpochInput, EpochOutput, StoredRows as _},
};

use crate::{commands::epoch, progress::Progress};

/// What is looked at.
pub struct History {
    /// None of files.
    pub netuid: Option<NetUid>,
    /// The state that is looked at.
    pub now: Seen,
    /// Whether its hotkeys are known.
    pub named: bool,
    /// The epochs before and what stands now, the oldest first.
    pub epochs: Vec<Epoch>,
    /// Before this block the node has no state.
    pub gone_before: Option<BlockNumber>,
}

/// A subnet at one block.
pub struct Seen {
    /// What an epoch would start from,
    pub input: EpochInput,
    /// and what it would give.
    pub output: EpochOutput,
    /// Who sits where; of files only when they came is known.
    pub seats: Vec<Registration>,
}

/// A subnet at a block and at the last blocks before so many of its epochs.
pub async fn of_chain(chain: &Client, netuid: NetUid, at: Option<BlockHash>, epochs: usize) -> anyhow::Result<History> {
    let now = read(chain, netuid, at).await?;
    let mut rows = vec![now.epoch()];
    let (mut gone_before, mut last) = (None, now.input.last_mechanism_step_block);
    let progress = Progress::of("epochs", Some(epochs as u64));
    while rows.len() <= epochs && last > 1 {
        // What an epoch started from is the state after the block before it.
        let block = last - 1;
        let Some(seen) = read_before(chain, netuid, block).await? else {
            gone_before = Some(last);
            break;
        };
        rows.push(seen.epoch());
        progress.step();
        if seen.input.last_mechanism_step_block >= block {
            break;
        }
        last = seen.input.last_mechanism_step_block;
    }
    rows.reverse();
    Ok(History { netuid: Some(netuid), now, named: true, epochs: rows, gone_before })
}

/// Epochs of one subnet, the oldest first.
pub fn of_files(files: &[PathBuf]) -> anyhow::Result<History> {
    let mut epochs = Vec::new();
    let mut now: Option<Seen> = None;
    for file in files {
        let input = epoch::input_of(file)?;
        let (name, block) = (file.display(), input.block);
        let before = now.as_ref().map(|seen| seen.input.block);
        ensure!(before != Some(block), "{name}: its block {block} is that of the file before: one file is one epoch");
        ensure!(before < Some(block), "{name}: block {block} comes after {}", before.unwrap_or_default());
        let seats = unnamed(&input);
        let seen = Seen::new(input, seats);
        epochs.push(seen.epoch());
        now = Some(seen);
    }
    let now = now.context("no file")?;
    Ok(History { netuid: None, now, named: false, epochs, gone_before: None })
}

/// None where the node no longer has the state.
async fn read_before(chain: &Client, netuid: NetUid, block: BlockNumber) -> anyhow::Result<Option<Seen>> {
    let Some(hash) = chain.block_hash(block).await? else { return Ok(None) };
    match read(chain, netuid, Some(hash)).await {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.downcast_ref::<ChainError>().is_some_and(ChainError::is_gone) => Ok(None),
        Err(error) => Err(error.context(format!("reading the state of block {block}"))),
    }
}

async fn read(chain: &Client, netuid: NetUid, at: Option<BlockHash>) -> anyhow::Result<Seen> {
    let metagraph = chain.metagraph(netuid, at).await?;
    let input = epoch::input(chain.epoch_state(netuid, Some(metagraph.block.hash)).await?)?;
    Ok(Seen::new(input, metagraph.neurons.iter().map(|neuron| neuron.registration()).collect()))
}

impl Seen {
    fn new(input: EpochInput, seats: Vec<Registration>) -> Self {
        Self { output: yuma::epoch(&input), input, seats }
    }

    /// Whether a seat's weights count.
    pub fn is_permitted(&self, at: usize) -> bool {
        self.input.validator_permits.get(at).is_some_and(|permit| *permit)
    }

    /// Its rows and what the next epoch makes of them, not what the last one made of others; by who sits where.
    fn epoch(&self) -> Epoch {
        let Self { input, output, seats } = self;
        let seat = |uid: u16| seats.get(usize::from(uid)).copied();
        let row = |uid: u16| {
            let stake = *input.stake.get(usize::from(uid))?;
            let weights = input.weights.row(uid).filter_map(|(miner, value)| Some((seat(miner)?, value))).collect();
            self.is_permitted(uid.into()).then_some(ValidatorRow { validator: seat(uid)?, stake, weights })
        };
        let rows = input.weights.uids().filter_map(row).filter(|row| !row.weights.is_empty());
        let consensus = seats.iter().copied().zip(output.consensus.iter().copied());
        Epoch { rows: rows.collect(), consensus: Some(consensus.collect()) }
    }
}

/// Seats of which only the time is known.
fn unnamed(input: &EpochInput) -> Vec<Registration> {
    let since = |at: usize| input.block_at_registration.get(at).copied().unwrap_or(0);
    let hotkey = |at: usize| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&(at as u64).to_be_bytes());
        Hotkey(bytes)
    };
    (0..input.stake.len()).map(|at| Registration { hotkey: hotkey(at), block: since(at) }).collect()
}
