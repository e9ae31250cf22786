//! How fast a store's log is written, checked and recomputed:
//! `cargo bench -p assay-validator --no-default-features --bench score_log -- [EPOCHS]`.
//!
//! A subnet of 256 miners that are asked 12 times in an epoch of 72 minutes; a row of weights and a seal in each epoch. The store
//! lies in the folder for temporary files.

use std::time::{Duration, Instant};

use assay_validator::{Identity, Store};
use primitives::{BlockHash, BlockRef, Digest, Hotkey, Keypair, MechId, NetUid, Registration, Uid};
use scoring::{Check, Evidence, Incentive, Outcome, Record, Registry, Round, Scored, Seat, Snapshot};

const MINERS: u16 = 256;
const ROUNDS: u64 = 12;

fn block(number: u64) -> BlockRef {
    BlockRef { number, hash: BlockHash(Digest::of(&number.to_le_bytes()).0) }
}

fn miner(number: u16) -> Registration {
    Registration { hotkey: Hotkey(Digest::of(&number.to_le_bytes()).0), block: number.into() }
}

/// What a round left behind, with a failure here and there.
fn round(store: &Store, number: u64) -> Vec<Record> {
    let round = Round { round: number, block: block(number * 30) };
    let mut table = store.table().clone();
    table.apply(&Record::Round(round)).expect("rounds go forward");
    let mut records = vec![Record::Round(round)];
    for index in 0..MINERS {
        let miner = miner(index);
        let failed = (u64::from(index) + number).is_multiple_of(29);
        let check = Check::Tokens { answered: 40, matched: 40, margin_micro: 1, complete: true };
        let evidence = Evidence {
            outcome: if failed { Outcome::Timeout } else { Outcome::Ok },
            latency_us: 200_000 + 1_000 * u64::from(index) + number % 997,
            first_token_us: (!failed).then_some(90_000),
            check: (!failed).then_some(check),
            sketch: None,
        };
        let challenge = table.challenge("generate", &miner.hotkey).expect("a round began");
        records.push(Record::Scored(Box::new(Scored {
            round: number,
            miner,
            task: challenge.task,
            challenge: challenge.digest,
            request_digest: Some(Digest::of(&number.to_le_bytes())),
            response_digest: (!failed).then_some(Digest::of(&miner.hotkey.0)),
            score: table.score(&evidence),
            evidence,
        })));
    }
    records
}

fn per_second(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

fn main() {
    let epochs = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(40_u64);
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("store.sqlite");
    let key = Keypair::from_uri("//Validator").expect("a development key");
    let identity =
        Identity { genesis: BlockHash([7; 32]), netuid: NetUid(1), mech: MechId(0), validator: key.hotkey() };
    let registry = Registry::default();
    let start = Instant::now();
    let mut store = Store::open(&path, &identity, &Incentive::default(), &registry).expect("a new store");
    for epoch in 1..=epochs {
        for at in 0..ROUNDS {
            store.append(&round(&store, epoch * ROUNDS + at)).expect("the round follows");
        }
        let seats = (0..MINERS).map(|index| Seat { uid: Uid(index), registration: miner(index) });
        let block = block((epoch + 1) * ROUNDS * 30 - 1);
        let snapshot = Snapshot { block, seats: seats.collect(), min_allowed_weights: 1 };
        store.plan(epoch, epoch, Uid(0), snapshot, 0).expect("the plan is written").expect("somebody earned something");
        store.seal(epoch, block, &key).expect("the seal follows");
    }
    drop(store);
    let wrote = start.elapsed();
    let answers = epochs * ROUNDS * u64::from(MINERS);
    let size = std::fs::metadata(&path).expect("the store").len();
    println!("{answers} answers in {epochs} epochs, {} bytes each in the store", size / answers);
    println!("written:    {:.0} answers/s", per_second(answers, wrote));

    let reader = || Store::open_read_only(&path).expect("the store");
    let start = Instant::now();
    let records = reader().sealed(0).expect("the log").map(|sealed| drop(sealed.expect("the chain holds"))).count();
    let checked = per_second(records as u64, start.elapsed());
    println!("verified:   {checked:.0} records/s, ten million in {:.0} s", 1e7 / checked);

    let start = Instant::now();
    let replay = reader().replay(&registry).expect("the log agrees with itself");
    let replayed = per_second(replay.counts.scored, start.elapsed());
    let year = f64::from(MINERS) * ROUNDS as f64 * 365.0 * 24.0 * 60.0 / 72.0;
    println!("recomputed: {replayed:.0} answers/s, a year of such a subnet in {:.0} s", year / replayed);
}
