//! A full subnet for a long time: what a validator holds is bounded by the subnet, and not by its log.
//!
//! `ASSAY_SEATS` and `ASSAY_ROUNDS` make it as large as wanted; `docs/reliability.md` has the figures of 4,096 and 1,000.

use std::{env, fs, path::Path, process::Command, time::Duration};

use dashboard::{Board, Subject};
use primitives::{
    BlockRef, Coldkey, Digest, Hotkey, MechId, Metagraph, MetagraphRows, NetUid, Neuron, NeuronRows, Registration, Uid,
};
use scoring::{Check, Evidence, Incentive, Outcome, Record, Registry, Round, ScoreTable, Scored, Snapshot};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{Over, View, clock::Clock};
use crate::{
    config::Config,
    journal::Abandoned,
    scene::{block, identity, validator},
    store::Store,
};

/// Set where this is the process that is measured: other tests would share its memory.
const MEASURED: &str = "ASSAY_MEASURED";
/// Rounds and blocks of an epoch, as on a public chain.
const EPOCH_ROUNDS: u64 = 36;
const ROUND_BLOCKS: u64 = 10;
const BLOCK_MS: u64 = 12_000;

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// What this process holds now (`VmRSS`), or held at most (`VmHWM`), in KiB.
fn kib(what: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
    line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
}

fn neuron(uid: u16, at: u64) -> Neuron {
    Neuron {
        uid: Uid(uid),
        hotkey: Hotkey(Digest::of(&uid.to_le_bytes()).0),
        coldkey: Coldkey([1; 32]),
        // Every now and then somebody leaves, and another takes the seat.
        registered_at: 1 + (at + u64::from(uid)) / 500,
        endpoint: None,
        certificate: None,
        validator_permit: uid < 64,
        active: true,
        stake_rao: 1_000_000_000,
        stake_weight: 1,
        last_update: at,
        incentive: 1,
        dividends: 1,
        consensus: 1,
        validator_trust: 1,
        emission_rao: 1,
    }
}

/// What a round leaves behind, with times that are all over the place, and a failure here and there.
fn records(table: &ScoreTable, number: u64, at: BlockRef, seats: &[Neuron]) -> Vec<Record> {
    let round = Round { round: number, block: at };
    let mut table = table.clone();
    table.apply(&Record::Round(round)).unwrap();
    let scored = seats.iter().map(|neuron| {
        let miner: Registration = neuron.registration();
        let chance = Digest::of(&[&number.to_le_bytes()[..], &miner.hotkey.0].concat());
        let spread = u64::from(u16::from_le_bytes([chance.0[0], chance.0[1]]));
        let outcome = if chance.0[2] < 8 { Outcome::Timeout } else { Outcome::Ok };
        let check = Check::Tokens { answered: 40, matched: 40, margin_micro: 1, complete: true };
        let evidence = Evidence {
            outcome,
            latency_us: 200_000 + 17 * spread,
            first_token_us: (outcome == Outcome::Ok).then_some(20_000 + 5 * spread),
            check: (outcome == Outcome::Ok).then_some(check),
            sketch: None,
        };
        let challenge = table.challenge("generate", &miner.hotkey).unwrap();
        Record::Scored(Box::new(Scored {
            round: number,
            miner,
            task: challenge.task,
            challenge: challenge.digest,
            request_digest: Some(chance),
            response_digest: (outcome == Outcome::Ok).then_some(chance),
            score: table.score(&evidence),
            evidence,
        }))
    });
    [Record::Round(round)].into_iter().chain(scored).collect()
}

/// As one who looks at the page.
async fn document(dashboard: &dashboard::Handle) -> usize {
    let mut stream = TcpStream::connect(dashboard.addr()).await.unwrap();
    stream.write_all(b"GET /api/subnet.json HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer.len()
}

fn empty_board() -> Board {
    Board::new(Subject {
        netuid: NetUid(1),
        mechanism: MechId(0),
        genesis: identity().genesis,
        validator: identity().validator,
        version: "0".into(),
        round_blocks: ROUND_BLOCKS,
        started_unix_ms: 0,
    })
}

fn open(path: &Path) -> Store {
    Store::open(path, &identity(), &Incentive::default(), &Registry::default()).unwrap()
}

async fn validate(seats: u16, rounds: u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("validator.sqlite");
    let config = Config::test(NetUid(1), folder.path());
    let board = empty_board();
    let dashboard = dashboard::spawn(dashboard::Config::test(), board.clone()).await.unwrap();
    let view = View::with(&config, board, true, Clock::new(0, BLOCK_MS));
    let mut store = open(&path);
    let mut held = Vec::new();
    for number in 0..rounds {
        let at = block((number + 1) * ROUND_BLOCKS);
        let neurons: Vec<Neuron> = (0..seats).map(|uid| neuron(uid, number)).collect();
        let metagraph = Metagraph { netuid: NetUid(1), mechanism: MechId(0), block: at, neurons };
        view.head(at);
        let records = records(store.table(), number, at, &metagraph.neurons);
        store.append(&records).unwrap();
        let (table, took) = (store.table().clone(), Duration::from_secs(1));
        if let Some(of) = view.wants_rows(&metagraph) {
            let whole = (0..64).map(|_| (0..seats).map(|uid| (Uid(uid), 1)).collect());
            let rows = whole.map(|weights| NeuronRows { weights, bonds: Vec::new(), commits: Vec::new() }).collect();
            let rows = MetagraphRows { netuid: NetUid(1), mechanism: MechId(0), block: at, rows };
            view.rows(of, &rows);
        }
        if number % EPOCH_ROUNDS == EPOCH_ROUNDS - 1 {
            let epoch = number / EPOCH_ROUNDS;
            let snapshot = Snapshot::new(&metagraph, &primitives::Hyperparameters::default());
            let planned = store.plan(epoch, at.number, Uid(0), snapshot, 0).unwrap().unwrap();
            view.submission(&store.abandon(planned.id, &Abandoned::EpochPassed).unwrap());
            store.seal(epoch, at, &validator()).unwrap();
        }
        view.round_over(Over { records, metagraph, table, began_unix_ms: number, took }).await;
        let done = number + 1;
        if done % (rounds / 30).max(1) == 0 {
            document(&dashboard).await;
            held.push(kib("VmRSS"));
        }
        if [rounds / 10, rounds / 3, rounds / 2, 2 * rounds / 3, rounds].contains(&done) {
            println!("{seats} seats, {done} rounds: {} KiB, {} KiB at most", kib("VmRSS"), kib("VmHWM"));
        }
    }
    // Single readings go up and down with what a round needs for a moment.
    let third = held.len() / 3;
    let highest = |readings: &[u64]| *readings.iter().max().unwrap();
    let (second, last) = (highest(&held[third..2 * third]), highest(&held[2 * third..]));
    let bound = (second / 10).max(8 << 10);
    assert!(last < second + bound, "{last} KiB in the last third, {second} KiB in the one before");

    // The next start reads all of it again; the figures of its miners are those of days and not of minutes.
    drop((view, store));
    dashboard.shutdown().await;
    let store = open(&path);
    let board = empty_board();
    let view = View::with(&config, board, true, Clock::new((rounds + 1) * ROUND_BLOCKS, BLOCK_MS));
    view.remember(&store).unwrap();
    assert_eq!(store.rounds(), rounds);
    assert!(view.seen().ledger.miners().len() >= usize::from(seats));
    println!("started again: {} KiB, {} KiB at most", kib("VmRSS"), kib("VmHWM"));
    println!("{} bytes of store", fs::metadata(&path).unwrap().len());
}

#[test]
fn memory_is_bounded_by_the_subnet_and_not_by_the_log() {
    if env::var_os(MEASURED).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let seats = u16::try_from(number("ASSAY_SEATS", 128)).unwrap();
        return runtime.block_on(validate(seats, number("ASSAY_ROUNDS", 180)));
    }
    let name = "view::endurance::memory_is_bounded_by_the_subnet_and_not_by_the_log";
    let mut command = Command::new(env::current_exe().unwrap());
    let output = command.args(["--exact", name, "--nocapture"]).env(MEASURED, "1").output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    println!("{said}");
    assert!(output.status.success() && said.contains("started again"), "{said}");
}
