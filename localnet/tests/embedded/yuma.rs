//! Epochs made with the chain's own arithmetic, run again by this chain from its storage.

use std::{collections::BTreeSet, fs, path::Path};

use frame_support::{BoundedVec, Hashable, storage::StoragePrefixedMap};
use localnet::{Genesis, GenesisNeuron, dev_account};
use node_subtensor_runtime::{AccountId, Hash, Runtime, RuntimeCall};
use pallet_alpha_assets::{AlphaBurned, TotalAlphaIssuance};
use pallet_subtensor::{
    ActivityCutoffFactorMilli, AlphaSigmoidSteepness, AlphaValues, BlockAtRegistration, Bonds, BondsMovingAverage,
    BondsPenalty, CommitRevealWeightsEnabled, Event, Kappa, Keys, LastEpochBlock, LastMechansimStepBlock, LastUpdate,
    LiquidAlphaOn, MaxAllowedValidators, PendingEpochAt, PendingOwnerCut, PendingRootAlphaDivs, PendingServerEmission,
    PendingValidatorEmission, StakeThreshold, SubnetAlphaIn, SubnetAlphaOut, SubnetEpochIndex, SubnetOwnerHotkey,
    SubnetProtocolAlpha, SubnetworkN, SubtokenEnabled, TaoWeight, Tempo, TimelockedWeightCommits, TotalHotkeyAlpha,
    Uids, ValidatorPermit, WeightCommits, Weights, Yuma3On,
};
use scoring::yuma::{self, EpochInput, EpochOutput};
use serde::Deserialize;

use crate::{
    account::{alice, id},
    node::{Fate, Node},
    state::{Items, item},
};

#[derive(Deserialize)]
struct Vector {
    input: EpochInput,
    output: EpochOutput,
}

const NET: u16 = 1;

/// A tempo in which a thousandth is one block.
const TEMPO: u16 = 1_000;

#[tokio::test]
async fn every_vector_comes_out_of_storage_bit_for_bit() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scoring/tests/fixtures/yuma");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert_eq!(paths.len(), 24);
    let mut genesis = Genesis::default();
    genesis.subnets[0].rules.tempo = 0;
    let node = Node::start(genesis).await;
    node.blocks(600);
    for (vector, path) in (0..).zip(paths) {
        let Vector { input, mut output } = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        // One block to write the state, and the next runs the epoch.
        let input = at_block(input, node.handle.best().number + 2);
        assert_eq!(yuma::epoch(&input), output, "{}", path.display());
        assert_eq!(node.sudo(state_of(vector, &input)).await, Fate::Done);
        node.blocks(1);
        assert_eq!(node.handle.best().number, input.block);
        // The chain keeps a row for each seat, and tells nowhere what it pays to validators.
        for uid in 0..input.stake.len() as u16 {
            output.bonds.entry(uid).or_default();
        }
        output.validator_emission.clear();
        assert_eq!(results(&node, input.stake.len()).await, output, "{}", path.display());
    }
}

/// The same epoch at an earlier block. What happened before keeps its order, and so the epoch its result.
fn at_block(mut input: EpochInput, block: u64) -> EpochInput {
    let last_epoch = input.last_mechanism_step_block + 1;
    let active_since = input.block - input.activity_cutoff;
    let commits = || input.commit_blocks.iter().flatten().copied().filter(|block| *block != u64::MAX);
    let times: BTreeSet<u64> = (input.last_update.iter().chain(&input.block_at_registration).copied())
        .chain(commits())
        .chain([last_epoch, active_since])
        .filter(|time| *time < input.block)
        .collect();
    let times: Vec<u64> = times.into_iter().collect();
    assert!((times.len() as u64) < block - 2);
    let moved = |time: u64| match times.binary_search(&time) {
        Ok(rank) => rank as u64 + 2,
        Err(_) if time == u64::MAX => time,
        Err(_) => block + time - input.block,
    };
    input.last_update = input.last_update.iter().copied().map(moved).collect();
    input.block_at_registration = input.block_at_registration.iter().copied().map(moved).collect();
    input.commit_blocks = input.commit_blocks.map(|commits| commits.into_iter().map(moved).collect());
    input.last_mechanism_step_block = moved(last_epoch) - 1;
    input.activity_cutoff = block - moved(active_since);
    input.tempo = TEMPO;
    input.block = block;
    input
}

fn account(vector: u16, uid: u16) -> AccountId {
    AccountId::new((vector, uid).blake2_256())
}

/// Writes the state that an epoch starts from in place of the one before. Nothing else is emitted.
fn state_of(vector: u16, input: &EpochInput) -> RuntimeCall {
    let maps = [
        Weights::<Runtime>::final_prefix(),
        Bonds::<Runtime>::final_prefix(),
        WeightCommits::<Runtime>::final_prefix(),
        TimelockedWeightCommits::<Runtime>::final_prefix(),
        Keys::<Runtime>::final_prefix(),
        Uids::<Runtime>::final_prefix(),
        TotalHotkeyAlpha::<Runtime>::final_prefix(),
    ];
    let cleared = maps.map(|prefix| frame_system::Call::kill_prefix { prefix: prefix.to_vec(), subkeys: 1_000 });
    let written = frame_system::Call::set_storage { items: items(vector, input) };
    let calls = cleared.into_iter().chain([written]).map(RuntimeCall::from).collect();
    pallet_utility::Call::<Runtime>::batch_all { calls }.into()
}

fn items(vector: u16, input: &EpochInput) -> Items {
    let netuid = NET;
    let seats = u16::try_from(input.stake.len()).unwrap();
    let who = |uid| account(vector, uid);
    // Without one of its own the owner has no seat.
    let owner = who(input.owner_uid.unwrap_or(u16::MAX));
    let mut items = vec![
        item(SubnetworkN::<Runtime>::hashed_key_for(netuid), seats),
        item(SubnetOwnerHotkey::<Runtime>::hashed_key_for(netuid), owner),
        item(Tempo::<Runtime>::hashed_key_for(netuid), input.tempo),
        item(ActivityCutoffFactorMilli::<Runtime>::hashed_key_for(netuid), input.activity_cutoff as u32),
        item(LastUpdate::<Runtime>::hashed_key_for(netuid), &input.last_update),
        item(LastMechansimStepBlock::<Runtime>::hashed_key_for(netuid), input.last_mechanism_step_block),
        item(StakeThreshold::<Runtime>::hashed_key(), input.stake_threshold),
        item(ValidatorPermit::<Runtime>::hashed_key_for(netuid), &input.validator_permits),
        item(MaxAllowedValidators::<Runtime>::hashed_key_for(netuid), input.max_allowed_validators),
        item(CommitRevealWeightsEnabled::<Runtime>::hashed_key_for(netuid), input.commit_blocks.is_some()),
        item(Kappa::<Runtime>::hashed_key_for(netuid), input.kappa),
        item(BondsPenalty::<Runtime>::hashed_key_for(netuid), input.bonds_penalty),
        item(BondsMovingAverage::<Runtime>::hashed_key_for(netuid), input.bonds_moving_average),
        item(Yuma3On::<Runtime>::hashed_key_for(netuid), input.yuma3),
        item(LiquidAlphaOn::<Runtime>::hashed_key_for(netuid), input.liquid_alpha.is_some()),
        item(SubtokenEnabled::<Runtime>::hashed_key_for(netuid), false),
        item(PendingServerEmission::<Runtime>::hashed_key_for(netuid), input.emission / 3),
        item(PendingValidatorEmission::<Runtime>::hashed_key_for(netuid), input.emission - input.emission / 3),
        item(SubnetEpochIndex::<Runtime>::hashed_key_for(netuid), 5u64),
        item(LastEpochBlock::<Runtime>::hashed_key_for(netuid), input.block - 1),
        item(PendingEpochAt::<Runtime>::hashed_key_for(netuid), input.block),
    ];
    items.extend(books(input.stake.iter().sum::<u64>() + input.emission));
    if let Some(liquid) = input.liquid_alpha {
        let values = (liquid.alpha_low, liquid.alpha_high);
        items.push(item(AlphaValues::<Runtime>::hashed_key_for(netuid), values));
        items.push(item(AlphaSigmoidSteepness::<Runtime>::hashed_key_for(netuid), liquid.sigmoid_steepness));
    }
    for (uid, (stake, registered)) in (0..).zip(input.stake.iter().zip(&input.block_at_registration)) {
        items.push(item(Keys::<Runtime>::hashed_key_for(netuid, uid), who(uid)));
        items.push(item(Uids::<Runtime>::hashed_key_for(netuid, who(uid)), uid));
        items.push(item(BlockAtRegistration::<Runtime>::hashed_key_for(netuid, uid), registered));
        items.push(item(TotalHotkeyAlpha::<Runtime>::hashed_key_for(who(uid), netuid), stake));
    }
    items.extend(input.weights.iter().map(|(uid, row)| item(Weights::<Runtime>::hashed_key_for(netuid, uid), row)));
    items.extend(input.bonds.iter().map(|(uid, row)| item(Bonds::<Runtime>::hashed_key_for(netuid, uid), row)));
    items.extend(input.commit_blocks.iter().flat_map(|blocks| commits(vector, blocks)));
    items
}

/// All alpha out of the pool is staked or waits for the epoch.
fn books(out: u64) -> Items {
    let pooled = 1_000_000_000_000_000u64;
    let unassigned = [sp_core::twox_128(b"SubtensorModule"), sp_core::twox_128(b"UnassignedAlpha")].concat();
    vec![
        item(SubnetAlphaOut::<Runtime>::hashed_key_for(NET), out),
        item(SubnetAlphaIn::<Runtime>::hashed_key_for(NET), pooled),
        item(TotalAlphaIssuance::<Runtime>::hashed_key_for(NET), pooled + out),
        item(AlphaBurned::<Runtime>::hashed_key_for(NET), 0u64),
        item(SubnetProtocolAlpha::<Runtime>::hashed_key_for(NET), 0u64),
        item(PendingRootAlphaDivs::<Runtime>::hashed_key_for(NET), 0u64),
        item(PendingOwnerCut::<Runtime>::hashed_key_for(NET), 0u64),
        item([&unassigned[..], &NET.to_le_bytes()].concat(), 0u64),
    ]
}

/// The earliest commits that count, among some that are later and some that are too old: of hashes for even uids,
/// timelocked for odd ones.
fn commits(vector: u16, blocks: &[u64]) -> Items {
    let (alive, expired) = (5u64, 3u64);
    let (mut items, mut timelocked) = (Vec::new(), Vec::new());
    for (uid, block) in (0u16..).zip(blocks).filter(|(_, block)| **block != u64::MAX) {
        let who = account(vector, uid);
        if uid % 2 == 0 {
            let commit = |epoch, block| (Hash::zero(), epoch, block, 0u64);
            let queue = vec![commit(expired, 1), commit(alive, *block), commit(alive, block + 9)];
            items.push(item(WeightCommits::<Runtime>::hashed_key_for(NET, who), queue));
        } else {
            // Their round never comes.
            let commit =
                |block| (who.clone(), block, BoundedVec::<u8, frame_support::traits::ConstU32<1>>::new(), u64::MAX);
            timelocked.extend([commit(block + 9), commit(*block)]);
        }
    }
    items.push(item(TimelockedWeightCommits::<Runtime>::hashed_key_for(NET, alive), timelocked));
    items
}

/// What the chain stored, and what it told of in an event.
async fn results(node: &Node, seats: usize) -> EpochOutput {
    let key = NET.to_le_bytes();
    let mut bonds = yuma::Rows::new();
    for uid in 0..seats as u16 {
        let row: Vec<(u16, u16)> = node.of_subnet("Bonds", &[key, uid.to_le_bytes()].concat()).await;
        bonds.insert(uid, row);
    }
    EpochOutput {
        active: node.of_subnet("Active", &key).await,
        bonds,
        consensus: node.of_subnet("Consensus", &key).await,
        dividends: node.of_subnet("Dividends", &key).await,
        emission: node.of_subnet("Emission", &key).await,
        incentive: node.of_subnet("Incentive", &key).await,
        server_emission: server_emission(node, NET).await,
        stake_weight: node.of_subnet("StakeWeight", &key).await,
        validator_emission: Vec::new(),
        validator_permits: node.of_subnet("ValidatorPermit", &key).await,
        validator_trust: node.of_subnet("ValidatorTrust", &key).await,
    }
}

async fn server_emission(node: &Node, index: u16) -> Vec<u64> {
    let emitted = |event| match event {
        Event::IncentiveAlphaEmittedToMiners(at, emission) if at == index => Some(emission),
        _ => None,
    };
    node.subtensor_events().await.into_iter().find_map(emitted).unwrap()
}

#[tokio::test]
async fn a_fraction_of_a_rao_counts() {
    let mut genesis = Genesis::default();
    genesis.subnets[0].rules.tempo = 5;
    let neuron = |uri: &str| GenesisNeuron {
        hotkey: dev_account(uri).hotkey(),
        coldkey: alice().coldkey(),
        stake_rao: 0,
        validator_permit: true,
    };
    genesis.subnets[0].neurons = vec![neuron("//V1"), neuron("//V2")];
    let node = Node::start(genesis).await;
    let staked = item(SubnetAlphaOut::<Runtime>::hashed_key_for(0), 5u64);
    let on_root =
        |uri: &str, rao: u64| item(TotalHotkeyAlpha::<Runtime>::hashed_key_for(id(&dev_account(uri)), 0), rao);
    // A quarter for each rao of TAO.
    let weight = item(TaoWeight::<Runtime>::hashed_key(), u64::MAX / 4 + 1);
    node.put(vec![weight, staked, on_root("//V1", 3), on_root("//V2", 2)]).await;
    node.blocks(4);
    let stake: Vec<u16> = node.of_subnet("StakeWeight", &1u16.to_le_bytes()).await;
    assert_eq!(stake, [0, 39_320, 26_213], "three fifths and two fifths, rounded down");
}
