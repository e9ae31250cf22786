//! Records for tests and measurements: a log of rounds, with all kinds of records in it.

use primitives::{BlockHash, BlockRef, Digest, Hotkey, MechId, NetUid, Registration, Uid, Weights};
use scoring::{
    Check, Evidence, Header, Incentive, LOG_VERSION, Landed, Outcome, Record, Round, Score, Scored, Seat, Snapshot,
    WeightsRecord,
};

/// Answers of a round.
const MINERS: u64 = 16;

/// The record with this number. They name no table's scores: it is a log in form only.
pub fn record(seq: u64) -> Record {
    let header = || {
        Record::Header(Header {
            version: LOG_VERSION,
            genesis: BlockHash([8; 32]),
            netuid: NetUid(7),
            mech: MechId(0),
            validator: Hotkey([9; 32]),
            rules: Incentive::default().into(),
        })
    };
    let Some(at) = seq.checked_sub(1) else { return header() };
    // A round, its answers, weights and what landed of them.
    let (round, at) = (at / (MINERS + 3), at % (MINERS + 3));
    let block = block(1_000_000 + round * 360);
    match at {
        0 => Record::Round(Round { round, block }),
        1..=MINERS => Record::Scored(Box::new(scored(round, at - 1))),
        17 => Record::Weights(Box::new(WeightsRecord {
            round,
            snapshot: Snapshot {
                block,
                seats: (0..4).map(|uid| Seat { uid: Uid(uid), registration: miner(uid.into()) }).collect(),
                min_allowed_weights: 1,
            },
            weights: weights(),
            version_key: 3,
        })),
        _ => Record::Landed(Landed { block, weights: weights(), call: None }),
    }
}

fn scored(round: u64, number: u64) -> Scored {
    let noise = Digest::of(&[round.to_le_bytes(), number.to_le_bytes()].concat());
    let random = u64::from_le_bytes(noise.0[..8].try_into().unwrap());
    let answered = number != 5;
    let matched = 60 + u32::from(noise.0[9] % 5);
    Scored {
        round,
        miner: miner(number),
        task: "generate".into(),
        challenge: Digest::of(&noise.0),
        request_digest: Some(Digest::of(&noise.0[1..])),
        response_digest: answered.then(|| Digest::of(&noise.0[2..])),
        evidence: Evidence {
            outcome: if answered { Outcome::Ok } else { Outcome::Timeout },
            latency_us: 100_000 + random % 5_000_000,
            first_token_us: answered.then_some(50_000 + random % 40_000),
            check: answered.then_some(Check::Tokens {
                answered: 64,
                matched,
                margin_micro: random % 1_000_000,
                complete: true,
            }),
            sketch: None,
        },
        score: if answered { Score::ratio(random % 1_000_000, 1_000_000) } else { Score::ZERO },
    }
}

fn miner(number: u64) -> Registration {
    Registration { hotkey: Hotkey(Digest::of(&number.to_le_bytes()).0), block: 500 + number }
}

fn weights() -> Weights {
    Weights::new((0..4).map(|uid| (Uid(uid), 65_535 - uid))).unwrap()
}

fn block(number: u64) -> BlockRef {
    BlockRef { number, hash: BlockHash(Digest::of(&number.to_le_bytes()).0) }
}
