//! The subnet on which processes are tested: a chain and honest miners in this process, and seats for the validator, the miner
//! and the user that are not.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use assay_cli::demo::cast::{Role, Troupe};
use localnet::{BlockTime, Genesis, GenesisNeuron, Limits, Rules, SubnetGenesis, dev_account};
use model::Engine;
use primitives::{BlockNumber, Endpoint, Hotkey, NetUid};
use scoring::{Outcome, Record};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    process::Command,
    sync::{Mutex, MutexGuard},
};
use validator::{State, Store, StoreError, Submission};

use super::{
    asker::Asker,
    process::{assay, files, until},
    program,
};

pub const NETUID: NetUid = NetUid(1);
pub const TEMPO: u64 = 24;
/// From one block to the next.
const BLOCK: Duration = Duration::from_millis(150);
/// Of its files, a validator keeps these in its folder, and no others.
const STORE: [&str; 4] = ["validator.sqlite", "validator.sqlite-shm", "validator.sqlite-wal", "validator.sqlite.lock"];

/// A small machine runs one of these at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

pub struct Stage {
    pub chain: localnet::Handle,
    pub client: chain::Client,
    pub miner: Hotkey,
    /// Where the miner of [`Self::miner_process`] listens: free now, and nobody else's in the meantime.
    pub listen: SocketAddr,
    /// Where the validator's metrics are read: free in the same way.
    metrics: SocketAddr,
    folder: TempDir,
    _players: Vec<miner::Handle>,
    _alone: MutexGuard<'static, ()>,
}

pub fn model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny").canonicalize().unwrap()
}

impl Stage {
    /// With miners in this process.
    pub async fn open(roles: &[Role]) -> Self {
        let alone = ALONE.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let (validator, miner) = (hotkey(folder.path(), "validator"), hotkey(folder.path(), "miner"));
        let seat = |hotkey, stake_rao| GenesisNeuron {
            hotkey,
            coldkey: dev_account("//Bob").coldkey(),
            stake_rao,
            validator_permit: stake_rao > 0,
        };
        let keys: Vec<_> = (0..roles.len()).map(|index| dev_account(&format!("//Player//{index}"))).collect();
        let mut subnet = SubnetGenesis::new(NETUID);
        subnet.rules = Rules { tempo: TEMPO as u16, ..subnet.rules };
        subnet.neurons = vec![seat(validator, 5_000_000_000), seat(miner, 0), seat(dev_account("//User").hotkey(), 0)];
        subnet.neurons.extend(keys.iter().map(|key| seat(key.hotkey(), 0)));
        let config = localnet::Config {
            block_time: BlockTime::Every(BLOCK),
            genesis: Genesis { subnets: vec![subnet], ..Genesis::default() },
            // Everything that happened is looked at in the end.
            limits: Limits { kept_blocks: 1 << 16, kept_bytes: 2 << 30, ..Limits::default() },
            ..localnet::Config::test()
        };
        let chain = localnet::spawn(config).await.unwrap();
        let client = chain::Client::connect(&chain.url()).await.unwrap();
        let mut players = Vec::new();
        if !roles.is_empty() {
            let engine = Arc::new(Engine::load(&model()).unwrap());
            let troupe = Troupe::new(engine, &model(), folder.path(), roles).unwrap();
            for (index, (role, key)) in roles.iter().zip(keys).enumerate() {
                let announce = Some(Endpoint(([127, 0, 0, 2], 0).into()));
                let state = folder.path().join(format!("player-{index}"));
                let config = miner::Config { announce, ..miner::Config::test(&state) };
                let player = miner::spawn(config, key, troupe.backend(*role).unwrap(), client.clone()).await.unwrap();
                player.ready().await;
                players.push(player);
            }
        }
        let listen = TcpListener::bind("127.0.0.2:0").unwrap().local_addr().unwrap();
        let metrics = TcpListener::bind("127.0.0.9:0").unwrap().local_addr().unwrap();
        std::fs::create_dir(folder.path().join("store")).unwrap();
        Self { chain, client, miner, listen, metrics, folder, _players: players, _alone: alone }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn store(&self) -> PathBuf {
        self.folder().join("store/validator.sqlite")
    }

    /// The validator, by its wallet's key, at a node.
    pub fn validator_process(&self, url: &str) -> Command {
        self.validator_process_of(url, &["--wallet-path", "wallets", "--wallet", "w", "--hotkey", "validator"])
    }

    /// A validator by another key.
    pub fn validator_process_of(&self, url: &str, key: &[&str]) -> Command {
        let _ = std::fs::remove_file(self.folder().join("dashboard"));
        let mut command = assay(self.folder());
        command.args(["-v", "validator", "--netuid", "1", "--chain-url", url]);
        command.args(key).args(["--store", "store/validator.sqlite", "--model"]).arg(model());
        command.args(["--dashboard-listen", "127.0.0.1:0", "--dashboard-address-file", "dashboard"]);
        command.args(["--metrics-listen", &self.metrics.to_string()]);
        command.env("ASSAY__VALIDATOR__ROUND_BLOCKS", "2");
        command.env("ASSAY__VALIDATOR__REQUEST_DEADLINE_MS", "1500");
        command.env("ASSAY__VALIDATOR__STALE_AFTER_SECONDS", "1");
        command.env("ASSAY__VALIDATOR__WEIGHTS_MARGIN_BLOCKS", "16");
        command
    }

    /// The miner, by a wallet's key, with a model.
    pub fn miner_process(&self, model: &Path) -> Command {
        let mut command = assay(self.folder());
        command.args(["-v", "miner", "--netuid", "1", "--chain-url", &self.chain.url()]);
        command.args(["--wallet-path", "wallets", "--wallet", "w", "--hotkey", "miner"]);
        command.args(["--listen", &self.listen.to_string(), "--announce", &self.listen.to_string()]);
        command.args(["--state", "state", "--model"]).arg(model);
        command
    }

    /// Who asks that miner.
    pub fn asker(&self) -> Asker {
        let (addr, genesis) = (self.listen, self.chain.genesis());
        Asker { key: dev_account("//User"), miner: self.miner, addr, genesis }
    }

    /// Wait until the miner's process serves.
    pub async fn miner_serves(&self) {
        until("the miner serves", async || {
            let patience = Duration::from_secs(5);
            miner::is_serving(self.listen, patience).await.unwrap_or(false).then_some(())
        })
        .await;
    }

    /// The score log as it is on disk; empty while there is none.
    pub fn records(&self) -> Vec<Record> {
        match Store::open_read_only(&self.store()).and_then(|store| store.records(0)) {
            Ok(records) => records,
            // A kill may leave a file that nothing is in yet.
            Err(StoreError::Missing { .. } | StoreError::NotAStore { .. }) => Vec::new(),
            Err(error) => panic!("{:#}", anyhow::Error::new(error)),
        }
    }

    pub fn submissions(&self) -> Vec<Submission> {
        Store::open_read_only(&self.store()).and_then(|store| store.submissions()).unwrap_or_default()
    }

    /// How many rows of the journal were read back from chain.
    pub fn verified(&self) -> usize {
        self.submissions().iter().filter(|submission| matches!(submission.state, State::Verified { .. })).count()
    }

    /// Outcomes of the last round that was written, after so many records.
    pub fn last_outcomes(&self, after: usize) -> Vec<Outcome> {
        let mut last = Vec::new();
        for record in self.records().into_iter().skip(after) {
            match record {
                Record::Round(_) => last.clear(),
                Record::Scored(scored) => last.push(scored.evidence.outcome),
                _ => {}
            }
        }
        last
    }

    /// Wait for a round, after all that were written by now, in which everybody came to this.
    pub async fn round_of(&self, outcome: Outcome) {
        let before = self.records().len();
        until(&format!("a round of {outcome}"), async || {
            let outcomes = self.last_outcomes(before);
            (!outcomes.is_empty() && outcomes.iter().all(|one| *one == outcome)).then_some(())
        })
        .await;
    }

    /// Wait until one more row than by now is verified.
    pub async fn next_row(&self) {
        let before = self.verified();
        until("one more row is verified", async || (self.verified() > before).then_some(())).await;
    }

    /// A metric's value, as Prometheus reads it from the validator's process.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let answer = get(self.metrics, "/metrics").await.unwrap();
        assert!(answer.contains("\n# HELP validator_weights_total Rows of weights brought to an end, "), "{answer}");
        answer.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }

    /// What `/healthz` of the validator's process says; none where it isn't there.
    pub async fn health(&self) -> Option<(u16, Value)> {
        let addr: SocketAddr = std::fs::read_to_string(self.folder().join("dashboard")).ok()?.parse().ok()?;
        let answer = get(addr, "/healthz").await?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, serde_json::from_str(body).ok()?))
    }

    /// Wait until all its loops are well, or until this one is in this state.
    pub async fn healthy(&self) {
        until("the validator is well", async || matches!(self.health().await, Some((200, _))).then_some(())).await;
    }

    pub async fn ailing(&self, name: &str, state: &str) {
        until(&format!("{name} is {state}"), async || {
            let (status, body) = self.health().await?;
            let ails = |one: &Value| one["name"] == name && one["state"] == state;
            (status == 503 && body["loops"].as_array()?.iter().any(ails)).then_some(())
        })
        .await;
    }

    /// That nothing was lost and nothing doubled: every round once and in order, a log that replays, one row per epoch, and
    /// the chain holding the rows and roots that the log says it does, and no others. The validator is stopped. Returns what
    /// `assay replay` says.
    pub async fn nothing_lost_or_doubled(&self) -> Value {
        let settled = || self.submissions().iter().all(|submission| submission.state.is_finished());
        // A row may have been under way: other lives bring it to its end.
        while !settled() {
            let mut life = self.validator_process(&self.chain.url()).spawn().unwrap();
            until("all rows are settled", async || settled().then_some(())).await;
            life.kill().await.unwrap();
        }
        let records = self.records();
        let rounds = records.iter().filter_map(|record| match record {
            Record::Round(round) => Some(round.round),
            _ => None,
        });
        assert!(rounds.eq(0..records.iter().filter(|record| matches!(record, Record::Round(_))).count() as u64));

        let landed = self.rows();
        let mut epochs = Vec::new();
        for block in &landed {
            let hash = self.client.block_hash(*block).await.unwrap();
            epochs.push(self.client.hyperparameters(NETUID, hash).await.unwrap().epoch_index);
        }
        assert!(epochs.windows(2).all(|pair| pair[0] < pair[1]), "epochs {epochs:?} of rows in {landed:?}");
        let mut verified: Vec<_> = self
            .submissions()
            .into_iter()
            .filter_map(|submission| match submission.state {
                State::Verified { block } => Some(block.number),
                State::Abandoned(_) => None,
                state => panic!("{state:?} is no end"),
            })
            .collect();
        verified.sort_unstable();
        assert_eq!(verified, landed, "rows of the journal, and of the chain");

        let mut command = program::command(self.folder());
        command.args(["replay", "--json", "--chain-url", &self.chain.url()]).arg(self.store());
        let output = Command::from(command).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let replayed: Value = serde_json::from_slice(&output.stdout).unwrap();
        let number = |pointer: &str| replayed.pointer(pointer).and_then(Value::as_u64);
        assert_eq!(number("/chain/rows"), Some(verified.len() as u64), "{replayed}");
        assert_eq!((number("/chain/anchors"), number("/chain/gone")), (number("/anchored"), Some(0)), "{replayed}");
        assert!(number("/seals") >= number("/anchored"), "{replayed}");
        let written = files(&self.folder().join("store"));
        assert!(written.iter().all(|name| STORE.contains(&name.as_str())), "{written:?}");
        println!("{} records, {} rounds, {} rows of weights", records.len(), replayed["rounds"], verified.len());
        replayed
    }

    /// Blocks in which the chain was sent a row of the validator's; it took each.
    fn rows(&self) -> Vec<BlockNumber> {
        let mut rows = Vec::new();
        for number in 1..=u32::try_from(self.chain.best().number).unwrap() {
            for extrinsic in self.chain.block_log(number).unwrap().extrinsics {
                if extrinsic.call == "SubtensorModule.set_weights" {
                    assert_eq!(extrinsic.result, "ok", "block {number}");
                    rows.push(number.into());
                }
            }
        }
        rows
    }
}

/// A test that fails shows what the processes said.
impl Drop for Stage {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", std::fs::read_to_string(self.folder().join("log")).unwrap_or_default());
        }
    }
}

/// A page over HTTP, with its head.
async fn get(addr: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(addr).await.ok()?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nhost: a\r\n\r\n").as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some(answer)
}

/// A new hotkey in a wallet.
fn hotkey(folder: &Path, name: &str) -> Hotkey {
    let wallet = ["--wallet-path", "wallets", "--wallet", "w", "--hotkey", name, "--json"];
    let output = program::run(folder, &[&["wallet", "new", "hotkey"], &wallet[..]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made: Value = serde_json::from_slice(&output.stdout).unwrap();
    made["address"].as_str().unwrap().parse().unwrap()
}
