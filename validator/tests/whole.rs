//! A validator on a real chain, among real miners with a small deterministic model, killed and started again.

use std::{net::SocketAddr, path::Path, pin::pin, sync::Arc, time::Duration};

use assay_validator::{Config, Handle, Repetition, SpawnError, State, Status, Store, StoreError, spawn_with};
use async_trait::async_trait;
use chain::{Client, CommitmentField};
use localnet::{Genesis, GenesisNeuron, SubnetGenesis, dev_account};
use model::{Backend, Chunk, GenerateJob, Manifest, ModelError, TokenStream};
use primitives::{Digest, Endpoint, FinishReason, Keypair, MechId, NetUid, Prompt, ProofKind, Uid};
use scoring::{Anchor, Outcome, Record, replay_log};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Mutex, MutexGuard, mpsc},
    task::{JoinHandle, JoinSet},
};

const NET: NetUid = NetUid(1);

/// Tokens that depend on the prompt, the seed and the model's own number, and on nothing else.
struct Oracle {
    manifest: Manifest,
    number: u8,
}

impl Oracle {
    fn backend(number: u8) -> Arc<dyn Backend> {
        let manifest = Manifest {
            name: "oracle".into(),
            architecture: "none".into(),
            digest: Digest([number; 32]),
            files: Vec::new(),
            vocab_size: 256,
            max_context: 4_096,
            end_tokens: Vec::new(),
            proof: ProofKind::None,
            calibration: None,
        };
        Arc::new(Self { manifest, number })
    }
}

#[async_trait]
impl Backend for Oracle {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn generate(&self, job: GenerateJob) -> Result<TokenStream, ModelError> {
        let Prompt::Text(text) = job.request.prompt else { return Err(ModelError::EmptyPrompt) };
        let digest = Digest::derive("assay test oracle", &[&[self.number], &job.seed.0, text.as_bytes()]);
        let ids: Vec<u32> =
            digest.0.iter().cycle().take(job.request.max_new_tokens as usize).map(|byte| u32::from(*byte)).collect();
        let (chunks, stream) = mpsc::channel(2);
        for chunk in [
            Chunk::Tokens { ids, text: digest.to_string(), logprobs: Vec::new() },
            Chunk::Finished { reason: FinishReason::Length, rows: None },
        ] {
            chunks.send(Ok(chunk)).await.map_err(|_| ModelError::Stopped)?;
        }
        Ok(TokenStream::new(stream))
    }

    async fn embed(&self, _: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        Err(ModelError::Unsupported { model: "oracle".into(), what: "embed" })
    }
}

fn validator() -> Keypair {
    dev_account("//Validator")
}

/// Uid 1 is the validator, 2 an honest miner, 3 one with another model, 4 one that announces and is not there.
struct Scene {
    node: localnet::Handle,
    chain: Client,
    folder: TempDir,
    _miners: Vec<miner::Handle>,
    _alone: MutexGuard<'static, ()>,
}

/// Epochs pass in two seconds here: on a busy machine, several such subnets at once would starve each other.
static ALONE: Mutex<()> = Mutex::const_new(());

fn genesis() -> Genesis {
    let seat = |uri: &str, stake_rao, validator_permit| GenesisNeuron {
        hotkey: dev_account(uri).hotkey(),
        coldkey: dev_account("//Bob").coldkey(),
        stake_rao,
        validator_permit,
    };
    let mut subnet = SubnetGenesis::new(NET);
    subnet.neurons = vec![
        seat("//Validator", 5_000_000_000, true),
        seat("//Honest", 0, false),
        seat("//Liar", 0, false),
        seat("//Gone", 0, false),
    ];
    Genesis { subnets: vec![subnet], ..Genesis::default() }
}

impl Scene {
    async fn new() -> Self {
        let alone = ALONE.lock().await;
        let config = localnet::Config { genesis: genesis(), ..localnet::Config::test() };
        let node = localnet::spawn(config).await.unwrap();
        let chain = Client::connect(&node.url()).await.unwrap();
        let mut scene = Self { node, chain, folder: TempDir::new().unwrap(), _miners: Vec::new(), _alone: alone };
        for (uri, number) in [("//Honest", 1), ("//Liar", 2)] {
            let announce = Some(Endpoint(([127, 0, 0, 2], 0).into()));
            let config = miner::Config {
                announce,
                ..miner::Config::test(&scene.folder.path().join(uri.trim_start_matches('/')))
            };
            let miner =
                miner::spawn(config, dev_account(uri), Oracle::backend(number), scene.chain.clone()).await.unwrap();
            scene.run(miner.ready()).await;
            scene._miners.push(miner);
        }
        let nowhere = Endpoint(([127, 0, 0, 3], 9).into());
        scene.run(scene.chain.serve_axon(&dev_account("//Gone"), NET, nowhere, 1)).await.unwrap();
        scene
    }

    fn config(&self) -> Config {
        Config { weights_margin_blocks: 10, ..Config::test(NET, self.folder.path()) }
    }

    async fn spawn(&self, config: Config) -> Result<Handle, SpawnError> {
        let referee = Arc::new(Repetition { backend: Oracle::backend(1) });
        spawn_with(config, validator(), referee, self.chain.clone()).await
    }

    /// Make blocks until `work` is done.
    async fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut clock = tokio::time::interval(Duration::from_millis(100));
        let blocks = async {
            loop {
                tokio::select! {
                    biased;
                    done = &mut work => return done,
                    _ = clock.tick() => drop(self.node.author_block().unwrap()),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(120), blocks).await.expect("in time")
    }

    async fn until(&self, validator: &Handle, enough: impl FnMut(&Status) -> bool) -> Status {
        let mut status = validator.status();
        self.run(status.wait_for(enough)).await.unwrap().clone()
    }

    /// Rows of weights that the chain took: only the validator sends any.
    fn rows(&self) -> u64 {
        let blocks = 1..=u32::try_from(self.node.best().number).unwrap();
        let calls = blocks.flat_map(|number| self.node.block_log(number).unwrap().extrinsics);
        calls.filter(|extrinsic| extrinsic.call == "SubtensorModule.set_weights").count() as u64
    }

    fn records(&self) -> Vec<Record> {
        Store::open_read_only(&self.config().store_path).unwrap().records(0).unwrap()
    }
}

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
async fn get(from: SocketAddr, path: &str) -> (String, serde_json::Value) {
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
