//! A validator that is killed at any moment goes on where it was, and never sets weights twice for one epoch.
#![cfg(feature = "torch")]

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use assay_cli::demo::{
    cast::{Role, Troupe},
    stage::{self, Keys, NETUID},
};
use futures::StreamExt as _;
use localnet::BlockTime;
use model::Engine;
use primitives::BlockNumber;
use scoring::Record;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::timeout,
};
use validator::Store;

const TEMPO: u16 = 24;
const KILLS: u64 = 8;

struct Validator<'a> {
    url: String,
    uri: &'a str,
    store: PathBuf,
    model: PathBuf,
    metrics: SocketAddr,
}

impl Validator<'_> {
    fn start(&self) -> Child {
        Command::new(env!("CARGO_BIN_EXE_assay"))
            .args(["validator", "--netuid", "1", "--chain-url", &self.url, "--key", self.uri])
            .args([Path::new("--store"), &self.store, Path::new("--model"), &self.model])
            .args(["--metrics-listen", &self.metrics.to_string()])
            .env("ASSAY__VALIDATOR__ROUND_BLOCKS", "2")
            .env("ASSAY__VALIDATOR__REQUEST_DEADLINE_MS", "3000")
            .env("ASSAY__VALIDATOR__WEIGHTS_MARGIN_BLOCKS", "16")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// A metric's value, as Prometheus reads it.
    async fn metric(&self, name: &str) -> Option<f64> {
        let mut stream = TcpStream::connect(self.metrics).await.unwrap();
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("\n# HELP validator_weights_total Rows of weights brought to an end, "), "{answer}");
        answer.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }
}

fn records(store: &Path) -> Vec<Record> {
    if store.exists() {
        Store::open_read_only(store).and_then(|store| store.records(0)).unwrap_or_default()
    } else {
        vec![]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_validator_loses_nothing_and_submits_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny").canonicalize().unwrap();
    let engine = Arc::new(Engine::load(&model).unwrap());
    let roles = [Role::Fast, Role::Cacher];
    let troupe = Troupe::new(engine, &model, folder.path(), &roles).unwrap();
    let keys = Keys::derive(7, 1, roles.len()).unwrap();
    let every = BlockTime::Every(Duration::from_millis(150));
    let chain = stage::chain(([127, 0, 0, 1], 0).into(), every, stage::genesis(TEMPO, 1)).await.unwrap();
    let client = chain::Client::connect(&chain.url()).await.unwrap();
    stage::enrol(&client, &keys, |_| {}).await.unwrap();
    let _players = stage::miners(&client, &keys, &roles, &troupe, folder.path()).await.unwrap();
    let (uri, key) = &keys.validators[0];
    // Free now, and nobody else's in the meantime.
    let metrics = TcpListener::bind("127.0.0.9:0").await.unwrap().local_addr().unwrap();
    let validator = Validator { url: chain.url(), uri, store: folder.path().join("store.sqlite"), model, metrics };

    // Blocks in which the chain took weights, by epoch.
    let mut taken: BTreeMap<u64, Vec<BlockNumber>> = BTreeMap::new();
    let mut kept: Vec<Record> = Vec::new();
    let mut child = validator.start();
    let (mut kills, mut next_kill, mut last_update, mut last_kill_epoch) = (0, None, 0, 0);
    let mut lived_on = false;
    let mut heads = client.finalized_stream();
    let watched = async {
        while let Some(head) = heads.next().await {
            let head = head.unwrap();
            let metagraph = client.metagraph(NETUID, Some(head.hash)).await.unwrap();
            let neuron = metagraph.by_hotkey(&key.hotkey()).unwrap();
            if neuron.last_update > last_update && neuron.last_update > neuron.registered_at {
                let block = client.block_hash(neuron.last_update).await.unwrap();
                let epoch = client.hyperparameters(NETUID, block).await.unwrap().epoch_index;
                taken.entry(epoch).or_default().push(neuron.last_update);
                lived_on = kills == KILLS && epoch > last_kill_epoch + 1;
            }
            last_update = neuron.last_update;
            // It reads what the chain took back a moment later.
            if lived_on && validator.metric(r#"validator_weights_total{end="verified"}"#).await >= Some(1.0) {
                break;
            }
            if kills == KILLS {
                continue;
            }
            // Irregular, so that kills fall into start-up, rounds and submissions alike.
            let due = *next_kill.get_or_insert(head.number + 5 + (kills * 11 + 3) % 17);
            if head.number >= due {
                child.kill().await.unwrap();
                let now = records(&validator.store);
                assert!(now.len() >= kept.len() && now[..kept.len()] == kept[..], "records were lost or changed");
                kept = now;
                child = validator.start();
                (kills, next_kill) = (kills + 1, None);
                last_kill_epoch = client.hyperparameters(NETUID, Some(head.hash)).await.unwrap().epoch_index;
            }
        }
    };
    timeout(Duration::from_secs(120), watched).await.expect("weights still land after the last kill");
    assert!(validator.metric("validator_weights_verified_block").await >= Some(1.0));
    assert!(validator.metric("validator_finalised_block").await >= Some(1.0));
    assert!(validator.metric("validator_rounds_total").await >= Some(1.0));
    assert!(validator.metric("validator_round_seconds_count").await >= Some(1.0));
    assert!(validator.metric(r#"validator_answers_total{outcome="ok"}"#).await >= Some(1.0));
    assert_eq!(validator.metric("validator_permit").await, Some(1.0));
    assert!(validator.metric("validator_tempo_blocks").await >= Some(1.0));
    assert_eq!(validator.metric("validator_reveals_lost_total").await, Some(0.0));
    child.kill().await.unwrap();

    for (epoch, blocks) in &taken {
        assert_eq!(blocks.len(), 1, "epoch {epoch} got weights in blocks {blocks:?}");
    }
    let records = records(&validator.store);
    assert_eq!(records[..kept.len()], kept[..]);
    assert!(records.len() > kept.len(), "the validator went on after the last kill");
    let rounds: Vec<u64> = records
        .iter()
        .filter_map(|record| match record {
            Record::Round(round) => Some(round.round),
            _ => None,
        })
        .collect();
    assert!(rounds.windows(2).all(|pair| pair[1] == pair[0] + 1), "rounds {rounds:?}");
    Store::open_read_only(&validator.store).unwrap().replay(&scoring::Registry::default()).unwrap();

    // What the log says of the chain is what the chain says: rows and roots.
    let output = Command::new(env!("CARGO_BIN_EXE_assay"))
        .args(["replay", "--json", "--chain-url", &validator.url])
        .arg(&validator.store)
        .output()
        .await
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let replayed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let number = |pointer: &str| replayed.pointer(pointer).and_then(serde_json::Value::as_u64);
    assert!(number("/chain/rows") >= Some(1) && number("/chain/rows") <= number("/rows"), "{replayed}");
    assert!(number("/chain/anchors") >= Some(1), "{replayed}");
    assert_eq!((number("/chain/anchors"), number("/chain/gone")), (number("/anchored"), Some(0)));
    assert!(number("/seals") >= number("/anchored"), "{replayed}");
    chain.shutdown().await;
}
