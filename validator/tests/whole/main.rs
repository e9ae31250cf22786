//! A validator on a real chain, among real miners with a small deterministic model, killed and started again.

mod crowd;
mod scene;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use assay_validator::{Config, Repetition, SpawnError, State, Status, Store, StoreError, spawn_with};
use chain::{Client, CommitmentField};
use localnet::dev_account;
use primitives::{Digest, MechId, NetUid, Uid};
use scoring::{Anchor, Outcome, Record, replay_log};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use scene::{NET, Oracle, Scene, genesis, validator};

/// How many rows of the journal are verified; all of them for different epochs.
fn verified(store: &Path) -> u64 {
    let submissions = Store::open_read_only(store).unwrap().submissions().unwrap();
    let mut epochs: Vec<u64> = submissions.iter().map(|submission| submission.epoch_index).collect();
    epochs.dedup();
    assert_eq!(epochs.len(), submissions.len());
    submissions.iter().filter(|submission| matches!(submission.state, State::Verified { .. })).count() as u64
}

fn is_verified(status: &Status) -> bool {
    status.last_submission.as_ref().is_some_and(|last| matches!(last.state, State::Verified { .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn honesty_is_weighed_and_the_log_explains_it() {
    let scene = Scene::new().await;
    let validator = scene.spawn(scene.config()).await.unwrap();
    let status = scene.until(&validator, is_verified).await;
    let row = scene.chain.read_weights(NET, MechId(0), Uid(1), None).await.unwrap();
    assert_eq!(row, [(Uid(2), u16::MAX)]);
    assert_eq!(status.last_submission.unwrap().weights.iter().collect::<Vec<_>>(), row);

    let expected = [("//Honest", Outcome::Ok), ("//Liar", Outcome::WrongOutput), ("//Gone", Outcome::Unreachable)];
    let mut seen = [0; 3];
    for record in scene.records() {
        let Record::Scored(scored) = record else { continue };
        let find = |(uri, _): &(&str, Outcome)| dev_account(uri).hotkey() == scored.miner.hotkey;
        let at = expected.iter().position(find).unwrap();
        assert_eq!(scored.evidence.outcome, expected[at].1);
        seen[at] += 1;
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");

    let mut log = Vec::new();
    Store::open_read_only(&scene.config().store_path).unwrap().export_jsonl(&mut log).unwrap();
    let replay = replay_log(log.as_slice()).unwrap();
    assert_eq!((replay.counts.weights, replay.counts.landed), (1, 1));
    assert_eq!(replay.table.last_weights().unwrap().iter().collect::<Vec<_>>(), row);
    validator.shutdown().await;
}

/// What a server of ours says to a request for a path: its status and the JSON.
pub async fn get(from: SocketAddr, path: &str) -> (String, serde_json::Value) {
    let mut stream = TcpStream::connect(from).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().to_owned(), serde_json::from_str(body).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_sees_is_served_and_survives_a_restart() {
    let scene = Scene::new().await;
    let config = Config { dashboard_listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))), ..scene.config() };
    let validator = scene.spawn(config.clone()).await.unwrap();
    scene.until(&validator, is_verified).await;
    let addr = validator.dashboard_addr().unwrap();
    let shown = async {
        loop {
            let (_, document) = get(addr, "/api/subnet.json").await;
            // The row stands on chain before the next round looks.
            if document["weights"]["rows"].as_array().is_some_and(|rows| !rows.is_empty()) {
                return document;
            }
        }
    };
    let document = scene.run(shown).await;
    let miners = document["miners"].as_array().unwrap();
    let of = |uid: u64| miners.iter().find(|miner| miner["uid"] == uid).unwrap();
    let uptime = |uid| &of(uid)["reliability"]["1h"]["uptime_ppm"];
    assert_eq!([2, 3, 4].map(uptime), [1_000_000, 1_000_000, 0], "a liar is up, and one that is not there is down");
    assert!(of(2)["reliability"]["7d"]["tokens_per_second_milli"]["p50"].as_u64().unwrap() > 0);
    assert!(of(3)["reliability"]["7d"]["tokens_per_second_milli"].is_null());
    let count = |uid, word: &str| of(uid)["outcomes"][word].as_u64().unwrap_or(0);
    assert!(count(2, "ok") > 0 && count(3, "wrong_output") > 0 && count(4, "unreachable") > 0);
    assert_eq!(document["weights"]["rows"][0]["uids"], serde_json::json!([2]));
    assert_eq!(document["submissions"][0]["state"], "verified");
    assert_eq!(document["neurons"].as_array().unwrap().len(), 5);
    let (status, health) = get(addr, "/healthz").await;
    assert_eq!((status.as_str(), health["loops"].as_array().unwrap().len()), ("200", 3));
    validator.shutdown().await;
    assert!(TcpStream::connect(addr).await.is_err(), "it is served no longer");

    let again = scene.spawn(config).await.unwrap();
    let addr = again.dashboard_addr().unwrap();
    // No block is made: what is shown is remembered. It is a moment after the start that it is.
    let remembered = async {
        loop {
            let (_, document) = get(addr, "/api/subnet.json").await;
            if document["submissions"][0]["state"] == "verified" {
                return document;
            }
        }
    };
    let after = tokio::time::timeout(Duration::from_secs(60), remembered).await.expect("in time");
    // A round that was cut off leaves nothing.
    let rounds = |document: &serde_json::Value| {
        let rounds = document["rounds"].as_array().unwrap().iter();
        rounds.filter(|round| round["scored"].as_u64().unwrap() > 0).count()
    };
    assert!(rounds(&after) >= rounds(&document).min(60), "{} of {}", rounds(&after), rounds(&document));
    assert!(after["windows"][0]["rounds"].as_u64().unwrap() > 0, "{}", after["windows"]);
    again.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_it_sets_one_row_per_epoch() {
    let scene = Scene::new().await;
    let store = scene.config().store_path;
    let mut rounds = 0;
    for life in 0..8 {
        let validator = scene.spawn(scene.config()).await.unwrap();
        let mut status = validator.status();
        assert_eq!(status.borrow().rounds, rounds, "life {life} forgot something");
        // Dropped at a different point each time: in a round, before, during and after the epoch's row.
        rounds = scene.run(status.wait_for(|status| status.rounds >= rounds + 4 + life % 3)).await.unwrap().rounds;
        validator.shutdown().await;
        rounds = rounds
            .max(Store::open_read_only(&store).unwrap().replay(&scoring::Registry::default()).unwrap().counts.rounds);
    }
    let validator = scene.spawn(scene.config()).await.unwrap();
    let before = verified(&store);
    scene.until(&validator, is_verified).await;
    validator.shutdown().await;
    assert!(verified(&store) > before.min(1));
    assert_eq!(verified(&store), scene.rows());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_store_brings_no_second_row() {
    let scene = Scene::new().await;
    let first = scene.spawn(scene.config()).await.unwrap();
    scene.until(&first, is_verified).await;
    let epoch = scene.chain.hyperparameters(NET, None).await.unwrap().epoch_index;
    first.shutdown().await;
    let rows = scene.rows();
    let elsewhere = TempDir::new().unwrap();
    let second = scene.spawn(Config::test(NET, elsewhere.path())).await.unwrap();
    let passed = async {
        while scene.chain.hyperparameters(NET, None).await.unwrap().epoch_index == epoch {
            tokio::task::yield_now().await;
        }
    };
    scene.run(passed).await;
    let now = scene.rows();
    second.shutdown().await;
    assert_eq!(now, rows);
}

/// The validator signs for its log when an epoch begins, and everybody can see the root.
#[tokio::test(flavor = "multi_thread")]
async fn its_log_is_signed_and_its_root_on_chain() {
    let scene = Scene::new().await;
    let anchors = || {
        let records = scene.records();
        records.iter().filter(|record| matches!(record, Record::Anchored(_))).count()
    };
    let published = async || {
        let kept = scene.chain.commitment(NET, validator().hotkey(), None).await.unwrap().unwrap();
        let [CommitmentField::Raw(bytes)] = kept.fields.as_slice() else { panic!("{kept:?}") };
        Anchor::from_bytes(bytes).unwrap()
    };
    let mut previous: Option<Anchor> = None;
    for life in 1..=3 {
        let running = scene.spawn(scene.config()).await.unwrap();
        let anchored = async {
            while anchors() < life {
                tokio::task::yield_now().await;
            }
        };
        scene.run(anchored).await;
        running.shutdown().await;
        let anchor = published().await;
        assert_eq!(anchor.previous, previous.map_or(Digest([0; 32]), |previous| previous.root));
        assert!(previous.is_none_or(|previous| previous.epoch < anchor.epoch && previous.records < anchor.records));
        let reader = Store::open_read_only(&scene.config().store_path).unwrap();
        let seal = reader.sealed(anchor.records - 1).unwrap().next().unwrap().unwrap();
        assert_eq!(seal.hash, anchor.root);
        let Record::Seal(seal) = seal.record().unwrap() else { panic!("no seal") };
        assert_eq!((seal.epoch, seal.previous), (anchor.epoch, previous.map(|previous| previous.root)));
        previous = Some(anchor);
    }
}

/// A road to the chain that can be closed and opened again.
struct Road {
    addr: SocketAddr,
    to: SocketAddr,
    task: JoinHandle<()>,
}

impl Road {
    async fn open(at: SocketAddr, to: SocketAddr) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut travellers = JoinSet::new();
            while let Ok((mut from, _)) = listener.accept().await {
                travellers.spawn(async move {
                    let mut chain = TcpStream::connect(to).await?;
                    tokio::io::copy_bidirectional(&mut from, &mut chain).await
                });
            }
        });
        Self { addr, to, task }
    }

    /// Cut every connection and take no new ones, until the road is opened again.
    async fn close(self) -> (SocketAddr, SocketAddr) {
        self.task.abort();
        // Aborted, as asked.
        let _ = self.task.await;
        (self.addr, self.to)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_goes_away_and_comes_back_costs_nothing_but_time() {
    let mut scene = Scene::new().await;
    let road = Road::open(([127, 0, 0, 1], 0).into(), scene.node.addr()).await;
    scene.chain = Client::connect(&format!("ws://{}", road.addr)).await.unwrap();
    let validator = scene.spawn(scene.config()).await.unwrap();
    let before = scene.until(&validator, |status| status.rounds >= 2).await.rounds;
    let (at, to) = road.close().await;
    let head = scene.node.best().number;
    scene.node.author_blocks(7).unwrap();
    let road = Road::open(at, to).await;
    let status = scene.until(&validator, |status| status.rounds >= before + 3).await;
    assert!(status.last_round.unwrap().block.number > head);
    scene.until(&validator, is_verified).await;
    validator.shutdown().await;
    assert_eq!(verified(&scene.config().store_path), scene.rows());
    road.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn says_why_it_does_not_start() {
    let scene = Scene::new().await;
    let referee = Arc::new(Repetition { backend: Oracle::backend(1) });
    let stranger = dev_account("//Stranger");
    let refused = spawn_with(scene.config(), stranger.clone(), referee, scene.chain.clone()).await;
    let refused = refused.map(|_| ()).unwrap_err();
    assert!(matches!(refused, SpawnError::NotRegistered { hotkey, netuid: NET } if hotkey == stranger.hotkey()));
    let no_subnet = Config { netuid: NetUid(77), ..scene.config() };
    let refused = scene.spawn(no_subnet).await.map(|_| ()).unwrap_err();
    assert_eq!(refused.to_string(), "there is no subnet 77");
    let senseless = Config { round_blocks: 0, ..scene.config() };
    assert!(matches!(scene.spawn(senseless).await, Err(SpawnError::Config(_))));

    let validator = scene.spawn(scene.config()).await.unwrap();
    let refused = scene.spawn(scene.config()).await.map(|_| ()).unwrap_err();
    assert!(matches!(refused, SpawnError::Store(StoreError::Locked { .. })), "{refused}");
    scene.until(&validator, |status| status.rounds > 0).await;
    validator.shutdown().await;

    // The same genesis again, and none of the blocks.
    let config = localnet::Config { genesis: genesis(), ..localnet::Config::test() };
    let again = localnet::spawn(config).await.unwrap();
    let chain = Client::connect(&again.url()).await.unwrap();
    let referee = Arc::new(Repetition { backend: Oracle::backend(1) });
    let refused = spawn_with(scene.config(), self::validator(), referee, chain).await.map(|_| ()).unwrap_err();
    assert!(
        matches!(refused, SpawnError::OtherHistory(_) | SpawnError::Store(StoreError::Foreign { .. })),
        "{refused}"
    );
}
