//! A log with a record of every kind, as a validator of three miners would have begun it.

use primitives::{BlockHash, BlockRef, Digest, Hotkey, Keypair, MechId, NetUid, Registration, Uid, Weights};
use scoring::{
    Anchored, Check, Evidence, Header, Incentive, LOG_VERSION, Landed, Outcome, Record, Round, Score, ScoreLog, Scored,
    Seal, Sealed, Seat, Snapshot, WeightsRecord,
};

/// Its first records, sealed.
pub fn log(count: usize) -> Vec<Sealed> {
    let mut log = ScoreLog::new();
    records().into_iter().take(count).map(|record| log.append(&record)).collect()
}

/// One of every kind, in order.
pub fn records() -> Vec<Record> {
    let scored = (0..3).map(|miner| Record::Scored(Box::new(scored(miner))));
    let weights = Weights::new((0..3).map(|uid| (Uid(uid), 65_535 - uid))).expect("no uid twice");
    let round = Record::Round(Round { round: 1, block: block(1_000) });
    let computed = Record::Weights(Box::new(WeightsRecord {
        round: 1,
        snapshot: Snapshot {
            block: block(1_360),
            seats: (0..3).map(|uid| Seat { uid: Uid(uid), registration: miner(uid.into()) }).collect(),
            min_allowed_weights: 1,
        },
        weights: weights.clone(),
        version_key: 3,
    }));
    let landed = Record::Landed(Landed { block: block(1_361), weights, call: Some(BlockHash([5; 32])) });
    let seal = Seal {
        epoch: 4,
        block: block(1_440),
        records: 7,
        root: Digest::of(b"root"),
        previous: None,
        state: Digest::of(b"state"),
        signature: validator().sign(b"a seal of another log"),
    };
    let anchored = Record::Anchored(Anchored { block: block(1_450), root: seal.root });
    [header(), round]
        .into_iter()
        .chain(scored)
        .chain([computed, landed, Record::Seal(Box::new(seal)), anchored])
        .collect()
}

/// A log that its replay agrees with: a header and a round.
pub fn text() -> Vec<u8> {
    let mut log = ScoreLog::new();
    let records = records();
    records.iter().take(2).flat_map(|record| log.append(record).to_line(record)).collect()
}

fn header() -> Record {
    Record::Header(Header {
        version: LOG_VERSION,
        genesis: BlockHash([8; 32]),
        netuid: NetUid(7),
        mech: MechId(0),
        validator: validator().hotkey(),
        rules: Incentive::default().into(),
    })
}

fn scored(number: u64) -> Scored {
    let answered = number != 1;
    let tokens = Check::Tokens { answered: 64, matched: 60, margin_micro: 9_000, complete: true };
    Scored {
        round: 1,
        miner: miner(number),
        task: "generate".into(),
        challenge: Digest::of(b"challenge"),
        request_digest: Some(Digest::of(b"request")),
        response_digest: answered.then(|| Digest::of(b"response")),
        evidence: Evidence {
            outcome: if answered { Outcome::Ok } else { Outcome::Timeout },
            latency_us: 100_000 + number,
            first_token_us: answered.then_some(50_000),
            check: answered.then_some(tokens),
            sketch: None,
        },
        score: if answered { Score::ratio(1, 3) } else { Score::ZERO },
    }
}

fn validator() -> Keypair {
    Keypair::from_seed(&[3; 32]).expect("any bytes are a seed")
}

fn miner(number: u64) -> Registration {
    Registration { hotkey: Hotkey(Digest::of(&number.to_le_bytes()).0), block: 500 + number }
}

fn block(number: u64) -> BlockRef {
    BlockRef { number, hash: BlockHash(Digest::of(&number.to_le_bytes()).0) }
}
