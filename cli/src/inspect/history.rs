//! A subnet and its epochs before, from the chain or from files.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use chain::{ChainError, Client};
use primitives::{BlockHash, BlockNumber, Hotkey, NetUid, Registration};
use scoring::{
    copying::{Epoch, ValidatorRow},
    yuma::{self, EpochInput, StoredRows as _},
};

use crate::commands::epoch;

/// What is looked at.
pub struct History {
    /// None of files.
    pub netuid: Option<NetUid>,
    /// What an epoch would start from.
    pub now: EpochInput,
    /// Who sits where; of files only when they came is known.
    pub seats: Vec<Registration>,
    /// Whether their hotkeys are known.
    pub named: bool,
    /// The epochs before and what stands now, the oldest first.
    pub epochs: Vec<Epoch>,
    /// Before this block the node has no state.
    pub gone_before: Option<BlockNumber>,
}

/// A state, who sat where, and what an epoch makes of it.
type Read = (EpochInput, Vec<Registration>, Vec<u16>);

/// A subnet at a block and at the last blocks before so many of its epochs.
pub async fn of_chain(chain: &Client, netuid: NetUid, at: Option<BlockHash>, epochs: usize) -> anyhow::Result<History> {
    let (now, seats, consensus) = read(chain, netuid, at).await?;
    let mut rows = vec![epoch_of(&now, &seats, consensus)];
    let (mut gone_before, mut last) = (None, now.last_mechanism_step_block);
    while rows.len() <= epochs && last > 1 {
        // What an epoch started from is the state after the block before it.
        let block = last - 1;
        let Some((input, seats, consensus)) = read_before(chain, netuid, block).await? else {
            gone_before = Some(last);
            break;
        };
        rows.push(epoch_of(&input, &seats, consensus));
        if input.last_mechanism_step_block >= block {
            break;
        }
        last = input.last_mechanism_step_block;
    }
    rows.reverse();
    Ok(History { netuid: Some(netuid), now, seats, named: true, epochs: rows, gone_before })
}

/// Epochs of one subnet, the oldest first.
pub fn of_files(files: &[PathBuf]) -> anyhow::Result<History> {
    let mut epochs = Vec::new();
    let mut last: Option<EpochInput> = None;
    for file in files {
        let input = epoch::input_of(file)?;
        let name = file.display();
        if let Some(before) = last.filter(|before| before.block >= input.block) {
            ensure!(
                before.block != input.block,
                "{name}: its block {} is that of the file before: one file is one epoch",
                input.block
            );
            ensure!(before.block < input.block, "{name}: block {} comes after {}", input.block, before.block);
        }
        epochs.push(epoch_of(&input, &unnamed(&input), yuma::epoch(&input).consensus));
        last = Some(input);
    }
    let now = last.context("no file")?;
    let seats = unnamed(&now);
    Ok(History { netuid: None, now, seats, named: false, epochs, gone_before: None })
}

/// None where the node no longer has the state.
async fn read_before(chain: &Client, netuid: NetUid, block: BlockNumber) -> anyhow::Result<Option<Read>> {
    let Some(hash) = chain.block_hash(block).await? else { return Ok(None) };
    match read(chain, netuid, Some(hash)).await {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.downcast_ref::<ChainError>().is_some_and(ChainError::is_gone) => Ok(None),
        Err(error) => Err(error.context(format!("reading the state of block {block}"))),
    }
}

async fn read(chain: &Client, netuid: NetUid, at: Option<BlockHash>) -> anyhow::Result<Read> {
    let metagraph = chain.metagraph(netuid, at).await?;
    let input = epoch::input(chain.epoch_state(netuid, Some(metagraph.block.hash)).await?)?;
    // What the next epoch makes of these rows, not what the last one made of others.
    let consensus = yuma::epoch(&input).consensus;
    Ok((input, metagraph.neurons.iter().map(|neuron| neuron.registration()).collect(), consensus))
}

/// The rows of an epoch and what it makes of them, by who sat where.
fn epoch_of(input: &EpochInput, seats: &[Registration], consensus: Vec<u16>) -> Epoch {
    let seat = |uid: u16| seats.get(usize::from(uid)).copied();
    let row = |uid: u16| {
        let stake = *input.stake.get(usize::from(uid))?;
        let permitted = input.validator_permits.get(usize::from(uid)).is_some_and(|permit| *permit);
        let weights = input.weights.row(uid).filter_map(|(miner, value)| Some((seat(miner)?, value))).collect();
        permitted.then_some(ValidatorRow { validator: seat(uid)?, stake, weights })
    };
    let rows: Vec<ValidatorRow> = input.weights.uids().filter_map(row).filter(|row| !row.weights.is_empty()).collect();
    Epoch { rows, consensus: Some(seats.iter().copied().zip(consensus).collect()) }
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
