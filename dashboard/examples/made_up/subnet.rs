//! A made-up subnet, the same each time: for the page's own tests, and for who wants to see it without a validator.

use std::{collections::BTreeMap, sync::Arc};

use assay_dashboard::{
    Board, Head, Matrix, Miner, Neuron, Progress, Proof, Reliable, Round, Row, Subject, Submission, Window,
};
use primitives::{BlockHash, Coldkey, Digest, Endpoint, Hotkey, MechId, NetUid, Uid};
use scoring::{
    Outcome,
    reliability::{Fastness, Figures, Waiting},
};

/// 2026-11-29, noon.
const NOON_MS: u64 = 1_796_040_000_000;
const ROUNDS: u64 = 60;

/// A number below `most` that follows from what it is for.
fn lot(what: &str, index: u64, most: u64) -> u64 {
    let digest = Digest::of(format!("{what} {index}").as_bytes()).0;
    u64::from_le_bytes(digest[..8].try_into().unwrap_or_default()) % most.max(1)
}

fn key(what: &str, index: u64) -> [u8; 32] {
    Digest::of(format!("{what} {index}").as_bytes()).0
}

/// How often each of these came up.
fn counts<T: Ord>(of: impl Iterator<Item = T>) -> BTreeMap<T, u32> {
    let mut counts = BTreeMap::new();
    for one in of {
        *counts.entry(one).or_insert(0) += 1;
    }
    counts
}

/// A miner's lot in one round: one in four is no good, and the others stumble at times.
fn fate(uid: u64, round: u64) -> (Outcome, Proof) {
    let (kind, chance) = (uid % 8, lot("fate", uid * 1_000 + round, 100));
    match kind {
        6 if chance < 70 => (Outcome::WrongOutput, Proof::Differs),
        6 => (Outcome::Ok, Proof::Unaudited),
        7 if chance < 80 => (Outcome::BadProof, if chance < 20 { Proof::Missing } else { Proof::Differs }),
        5 if chance < 45 => (Outcome::Timeout, Proof::NoAnswer),
        _ if chance < 2 => (Outcome::Unreachable, Proof::NoAnswer),
        _ if chance < 12 => (Outcome::Ok, Proof::Unaudited),
        _ => (Outcome::Ok, Proof::Holds),
    }
}

/// Whose view it is.
pub fn subject() -> Subject {
    Subject {
        netuid: NetUid(1),
        mechanism: MechId(0),
        genesis: BlockHash(key("genesis", 0)),
        validator: Hotkey(key("hotkey", 0)),
        version: env!("CARGO_PKG_VERSION").into(),
        round_blocks: 10,
        started_unix_ms: NOON_MS - 86_400_000,
    }
}

/// A board with a subnet of so many seats, of which the first few are validators.
pub fn board(seats: u16) -> Board {
    let validators = u64::from(seats / 16).clamp(2, 64);
    let board = Board::new(subject());
    let seats = u64::from(seats);
    let neurons: Vec<Neuron> = (0..seats).map(|uid| neuron(uid, validators, seats)).collect();
    let miners: Vec<Miner> = (validators..seats).map(miner).collect();
    let rounds = (0..ROUNDS).map(|round| {
        let fates = (validators..seats).map(|uid| fate(uid, round));
        Round {
            round: 700 + round,
            block: 7_000 + round * 10,
            started_unix_ms: NOON_MS - (ROUNDS - round) * 120_000,
            took_ms: Some(4_000 + lot("took", round, 9_000)),
            scored: u32::try_from(seats - validators).unwrap_or(u32::MAX),
            outcomes: counts(fates.clone().map(|(outcome, _)| outcome)),
            proofs: counts(fates.map(|(_, proof)| proof)),
        }
    });
    let rows = (0..validators).map(|validator| {
        let weight = |uid: u64| {
            let paid = u64::from(neurons[uid as usize].incentive);
            let most = neurons.iter().map(|neuron| u64::from(neuron.incentive)).max().unwrap_or(1);
            (paid * (60_000 + lot("weight", validator * 10_000 + uid, 5_535)) / most.max(1)).min(65_535) as u16
        };
        let named = (validators..seats).map(|uid| (Uid(uid as u16), weight(uid))).filter(|(_, value)| *value > 0);
        let (uids, values) = named.unzip();
        Row { uid: Uid(validator as u16), uids, values }
    });
    let weights = Matrix { block: Some(7_560), rows: rows.collect() };
    let submissions = (0..12).map(|epoch| Submission {
        epoch_index: 9 + epoch,
        planned_at_block: 3_570 + epoch * 360,
        uids: u32::try_from(seats - validators).unwrap_or(u32::MAX) / 2,
        attempts: 1,
        state: if epoch == 4 { "abandoned" } else { "verified" }.into(),
        reason: (epoch == 4).then(|| "epoch_passed".into()),
        block: (epoch != 4).then_some(3_580 + epoch * 360),
    });
    let (rounds, submissions) = (rounds.collect(), submissions.collect());
    let windows = [("1h", 30), ("24h", 720), ("7d", 5_040)].map(|(name, rounds)| Window { name: name.into(), rounds });
    let rounds_pulse = board.health().pulse("rounds", std::time::Duration::from_secs(3_600));
    rounds_pulse.done();
    board.update(|subnet| {
        subnet.neurons = Arc::new(neurons);
        subnet.miners = Arc::new(miners);
        subnet.rounds = Arc::new(rounds);
        subnet.windows = Arc::new(windows.to_vec());
        subnet.weights = Arc::new(weights);
        subnet.submissions = Arc::new(submissions);
        let live = &mut subnet.live;
        let block = primitives::BlockRef { number: 7_604, hash: BlockHash(key("block", 7_604)) };
        live.head = Some(Head::new(block, NOON_MS));
        live.block_ms = Some(12_000);
        live.chain_url = Some("wss://node.example".into());
        live.epoch_index = Some(21);
        live.tempo_blocks = Some(360);
        live.last_epoch_block = Some(7_560);
        live.next_epoch_block = Some(7_921);
        live.commit_reveal = Some(true);
        live.round = Some(Progress {
            round: 760,
            block: 7_600,
            started_unix_ms: NOON_MS,
            asked: u32::try_from(seats - validators).unwrap_or(u32::MAX),
            ended: u32::try_from((seats - validators) / 3).unwrap_or(u32::MAX),
        });
    });
    board
}

fn neuron(uid: u64, validators: u64, seats: u64) -> Neuron {
    let is_validator = uid < validators;
    let good = !is_validator && uid % 8 < 5;
    let share = 65_535 * (50 + lot("share", uid, 100)) / (100 * seats);
    let pay = if is_validator {
        65_535 / validators
    } else if good {
        share.max(1)
    } else {
        0
    } as u16;
    Neuron {
        uid: Uid(uid as u16),
        hotkey: Hotkey(key("hotkey", uid)),
        coldkey: Coldkey(key("coldkey", uid / 3)),
        registered_at_block: 100 + lot("registered", uid, 5_000),
        endpoint: (!is_validator)
            .then(|| Endpoint(([198, 51, 100, (uid % 254) as u8 + 1], 8_000 + (uid / 254) as u16).into())),
        validator_permit: is_validator,
        active: true,
        stake_rao: if is_validator {
            (1_000 + lot("stake", uid, 90_000)) * 1_000_000_000
        } else {
            lot("stake", uid, 40) * 1_000_000_000
        },
        stake_weight: if is_validator { pay } else { 0 },
        incentive: if is_validator { 0 } else { pay },
        dividends: if is_validator { pay } else { 0 },
        consensus: if good { pay } else { 0 },
        validator_trust: if is_validator { 64_000 } else { 0 },
        last_update_block: if is_validator { 7_540 + lot("update", uid, 20) } else { 0 },
        emission_rao: u64::from(pay) * 2_255_000,
    }
}

fn miner(uid: u64) -> Miner {
    let fates = (0..ROUNDS).map(|round| fate(uid, round));
    let speed = 500 + lot("speed", uid, 480);
    let history: Vec<Option<u16>> = fates
        .clone()
        .enumerate()
        .map(|(round, (outcome, _))| match outcome {
            // Registered within the rounds listed.
            _ if uid % 97 == 96 && round < 40 => None,
            Outcome::Ok => Some((speed + lot("history", uid * 1_000 + round as u64, 20)).min(1_000) as u16),
            _ => Some(0),
        })
        .collect();
    let known: Vec<u64> = history.iter().flatten().map(|milli| u64::from(*milli)).collect();
    let mean = known.iter().sum::<u64>() / known.len().max(1) as u64;
    let figures = |requests: u64| {
        let down =
            fates.clone().filter(|(outcome, _)| matches!(outcome, Outcome::Timeout | Outcome::Unreachable)).count();
        let answered = requests - requests * down as u64 / ROUNDS;
        let first = 40_000 + lot("first", uid, 400_000);
        let rate = 8_000_000 / (40 + lot("first", uid, 400));
        Figures {
            requests,
            answered,
            uptime_ppm: u32::try_from(answered * 1_000_000 / requests.max(1)).ok(),
            first_token_us: Some(Waiting { p50: first, p90: first * 3 / 2, p99: first * 3 }),
            tokens_per_second_milli: Some(Fastness { p50: rate, p10: rate * 3 / 4, p01: rate / 2 }),
        }
    };
    Miner {
        uid: Uid(uid as u16),
        score_nano: u32::try_from(mean * 1_000_000).unwrap_or(0),
        answers: 760,
        successes: 760 * mean / 1_000,
        barred_answers: if uid % 8 == 6 { 17 } else { 0 },
        outcomes: counts(fates.clone().map(|(outcome, _)| outcome)),
        proofs: counts(fates.clone().map(|(_, proof)| proof)),
        history_milli: history,
        reliability: Reliable { hour: figures(30), day: figures(720), week: figures(5_040) },
        capacity_used_ppm: (uid % 8 != 5).then(|| lot("capacity", uid, 1_000_000) as u32),
    }
}
