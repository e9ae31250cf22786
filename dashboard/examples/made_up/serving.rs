//! A made-up miner that says how it is, the same each time.

use std::{collections::BTreeMap, time::Duration};

use assay_dashboard::{Asker, Board, Gpu, GpuState, Gpus, Head, Load, Minute, Neuron, Serving, ServingSubject, Times};
use primitives::{BlockHash, BlockRef, Coldkey, Digest, Endpoint, Hotkey, NetUid, Uid};
use scoring::reliability::{Fastness, Waiting};

/// 2026-11-29, noon.
const NOON_MS: u64 = 1_796_040_000_000;

fn key(what: &str, index: u64) -> [u8; 32] {
    Digest::of(format!("{what} {index}").as_bytes()).0
}

/// A miner that has done nothing yet.
pub fn idle() -> Board<Serving> {
    Board::of(Serving::new(ServingSubject {
        self_reported: true,
        netuid: NetUid(1),
        genesis: BlockHash(key("genesis", 0)),
        miner: Hotkey(key("hotkey", 40)),
        version: env!("CARGO_PKG_VERSION").into(),
        model: "Qwen3-8B".into(),
        architecture: "qwen3".into(),
        digest: Digest(key("model", 0)).to_string(),
        context_tokens: 32_768,
        places: 64,
        started_unix_ms: NOON_MS - 7_200_000,
    }))
}

/// One with much to do.
pub fn busy() -> Board<Serving> {
    let board = idle();
    for name in ["chain", "connections", "service", "answers"] {
        board.health().pulse(name, Duration::from_secs(300)).done();
    }
    let hotkey = board_miner();
    board.update(|serving| {
        let block = BlockRef { number: 7_604, hash: BlockHash(key("block", 7_604)) };
        let endpoint = Endpoint(([198, 51, 100, 41], 8_091).into());
        serving.live.serving = true;
        serving.live.head = Some(Head::new(block, NOON_MS));
        serving.live.endpoint = Some(endpoint);
        serving.live.seat = Some(Neuron {
            uid: Uid(40),
            hotkey,
            coldkey: Coldkey(key("coldkey", 13)),
            registered_at_block: 812,
            endpoint: Some(endpoint),
            validator_permit: false,
            active: true,
            stake_rao: 12_000_000_000,
            stake_weight: 0,
            incentive: 1_420,
            dividends: 0,
            consensus: 1_400,
            validator_trust: 0,
            last_update_block: 0,
            emission_rao: 3_202_000_000,
        });
        serving.load = Load {
            waiting: 3,
            answering: 41,
            capacity_used_ppm: 671_000,
            slots: Some(48),
            batch_milli: Some(37_400),
            requests_per_second_milli: 5_230,
            tokens_per_second_milli: 1_874_000,
        };
        serving.times = Times {
            first_token_us: Some(Waiting { p50: 84_000, p90: 212_000, p99: 690_000 }),
            tokens_per_second_milli: Some(Fastness { p50: 47_200, p10: 31_800, p01: 18_900 }),
            request_us: Some(Waiting { p50: 5_400_000, p90: 9_800_000, p99: 14_200_000 }),
        };
        serving.outcomes = BTreeMap::from(
            [("ANSWERED", 31_204), ("CLIENT_GONE", 212), ("QUEUE_FULL", 97), ("TOO_MANY_REQUESTS", 1_012)]
                .map(|(name, count)| (name.to_owned(), count)),
        );
        let asker = |uid: u64| Asker {
            hotkey: Hotkey(key("hotkey", uid)),
            uid: Uid(uid as u16),
            validator_permit: uid < 9,
            requests: 9_000 / (uid + 1),
            tokens: 2_300_000 / (uid + 1),
            last_unix_ms: NOON_MS - uid * 7_300,
        };
        serving.askers = (0..14).map(asker).collect();
        let wave = |minute: u64| 350_000 + (minute * 37 % 23) * 14_000 + minute * 3_000;
        let minute = |minute: u64| Minute {
            requests: wave(minute) / 2_000,
            tokens: wave(minute) / 6,
            capacity_used_ppm: wave(minute) as u32,
        };
        serving.minutes = (0..60).map(minute).collect();
        let gpu = |index: u32| Gpu {
            index,
            name: "NVIDIA H200".into(),
            utilisation_percent: Some(91 - index * 8),
            memory_used_bytes: Some((118 + u64::from(index)) << 30),
            memory_total_bytes: Some(140 << 30),
            power_milliwatts: Some(588_000 - index * 21_000),
            power_limit_milliwatts: Some(700_000),
            temperature_celsius: Some(64 - index),
        };
        serving.gpus = Gpus {
            state: GpuState::Ok,
            trouble: None,
            driver: Some("580.65.06".into()),
            list: (0..2).map(gpu).collect(),
        };
    });
    board
}

fn board_miner() -> Hotkey {
    Hotkey(key("hotkey", 40))
}
