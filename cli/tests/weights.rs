//! `assay weights` as a validator's owner meets it: planned, set, followed to its end, and refused in plain words.

#[allow(dead_code)]
#[path = "../../chain/tests/against_localnet/tap.rs"]
mod tap;

use std::{
    path::PathBuf,
    pin::pin,
    process::{Output, Stdio},
    time::Duration,
};

use chain::Client;
use localnet::{Config, Genesis, GenesisNeuron, Handle, SubnetGenesis, dev_account, spawn};
use primitives::{BlockHash, BlockRef, Digest, MechId, NetUid, Registration, Uid};
use scoring::{
    Check, Evidence, Incentive, Outcome, Record, Registry, Round, Scored, Snapshot, WeightMap,
    calibration::SignedCalibration,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use validator::{Identity, Store};

const NET: NetUid = NetUid(1);
const TAO: u64 = 1_000_000_000;
/// Epochs run at blocks 60, 120, and so on.
const TEMPO: u64 = 60;
const GOOD: Uid = Uid(2);
const FAIR: Uid = Uid(3);

/// A chain whose blocks are made by hand. Uid 1 is the validator, 2 and 3 are miners, 4 has neither stake nor permit.
struct Scene {
    node: Handle,
    client: Client,
    folder: TempDir,
}

impl Scene {
    async fn new(change: impl FnOnce(&mut SubnetGenesis)) -> Self {
        let seat = |uri: &str, stake_rao, validator_permit| GenesisNeuron {
            hotkey: dev_account(uri).hotkey(),
            coldkey: dev_account("//Bob").coldkey(),
            stake_rao,
            validator_permit,
        };
        let mut subnet = SubnetGenesis::new(NET);
        subnet.rules.tempo = 60;
        subnet.neurons = vec![
            seat("//Validator", 5 * TAO, true),
            seat("//Good", 0, false),
            seat("//Fair", 0, false),
            seat("//Poor", 0, false),
        ];
        change(&mut subnet);
        let genesis = Genesis { subnets: vec![subnet], ..Genesis::default() };
        let node = spawn(Config { genesis, ..Config::test() }).await.unwrap();
        node.author_blocks(5).unwrap();
        let client = Client::connect(&node.url()).await.unwrap();
        Self { node, client, folder: TempDir::new().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("store.sqlite")
    }

    fn identity(&self, uri: &str) -> Identity {
        Identity { genesis: self.client.genesis(), netuid: NET, mech: MechId(0), validator: dev_account(uri).hotkey() }
    }

    /// A store at `name` of other rules, in which nobody answered yet.
    fn store_under(&self, name: &str, rules: &Incentive) {
        let identity = self.identity("//Validator");
        Store::open(&self.folder.path().join(name), &identity, rules, &Registry::default()).unwrap();
    }

    /// A store at `name` in which one miner answered well and another one a little worse.
    async fn store(&self, name: &str, identity: &Identity) -> Store {
        let mut store =
            Store::open(&self.folder.path().join(name), identity, &Incentive::default(), &Registry::default()).unwrap();
        let metagraph = self.client.metagraph(NET, None).await.unwrap();
        let miner = |uid: Uid| metagraph.neurons[usize::from(uid.0)].registration();
        score(&mut store, metagraph.block, &[(miner(GOOD), 20), (miner(FAIR), 19)]);
        store
    }

    /// The validator's store, closed.
    async fn seeded(self) -> Self {
        drop(self.store("store.sqlite", &self.identity("//Validator")).await);
        self
    }

    fn command(&self, arguments: &str) -> Command {
        self.command_at(&self.node.url(), arguments)
    }

    fn command_at(&self, url: &str, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ASSAY__") || name == "RUST_LOG") {
            command.env_remove(name);
        }
        command.arg("weights").args(arguments.split(' ')).current_dir(self.folder.path()).kill_on_drop(true);
        if !arguments.contains("--store") {
            command.args(["--store", "store.sqlite"]);
        }
        if !arguments.starts_with("history") {
            command.args(["--chain-url", url]);
        }
        if !arguments.contains("--key") && !arguments.starts_with("history") {
            command.args(["--key", "//Validator"]);
        }
        command
    }

    /// Make a block whenever a transaction waits for one, until `work` is done.
    async fn with_blocks<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut clock = tokio::time::interval(Duration::from_millis(20));
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                _ = clock.tick() => {
                    if self.node.pending() > 0 {
                        self.node.author_block().unwrap();
                    }
                }
            }
        }
    }

    /// What it prints, which must be all well. No block is made meanwhile, so nothing can land.
    async fn prints(&self, arguments: &str) -> String {
        well(arguments, self.command(arguments).output().await.unwrap())
    }

    async fn document(&self, arguments: &str) -> Value {
        serde_json::from_str(&self.prints(&format!("{arguments} --json")).await).unwrap()
    }

    /// The same, while blocks are made.
    async fn sends(&self, arguments: &str) -> String {
        well(arguments, self.with_blocks(self.command(arguments).output()).await.unwrap())
    }

    /// Fails with one line, and has sent nothing.
    async fn fails(&self, arguments: &str, status: i32, holding: &[&str]) {
        let before = self.node.pending();
        failed(arguments, &self.command(arguments).output().await.unwrap(), status, holding);
        assert_eq!(self.node.pending(), before, "{arguments}");
    }

    /// Make blocks up to one.
    fn until(&self, block: u64) {
        self.node.author_blocks(u32::try_from(block - self.node.best().number).unwrap()).unwrap();
    }

    /// The validator's row on chain.
    async fn row(&self) -> Vec<(u16, u16)> {
        let row = self.client.read_weights(NET, MechId(0), Uid(1), None).await.unwrap();
        row.into_iter().map(|(uid, value)| (uid.0, value)).collect()
    }

    /// Calls that the validator's key has signed and the chain has taken.
    fn calls(&self) -> Vec<String> {
        let best = u32::try_from(self.node.best().number).unwrap();
        let own = dev_account("//Validator").coldkey().to_string();
        let extrinsics = (1..=best).flat_map(|number| self.node.block_log(number).unwrap().extrinsics);
        extrinsics.filter(|it| it.signer.as_deref() == Some(&own)).map(|it| it.call).collect()
    }

    /// As root, in the next blocks.
    async fn rule(&self, name: &str, value: &str) {
        let alice = dev_account("//Alice");
        let window = vec![("window", chain::Value::u128(0))];
        let freeze = self.client.sudo(&alice, "AdminUtils", "sudo_set_admin_freeze_window", window);
        self.with_blocks(freeze).await.unwrap();
        self.with_blocks(self.client.set_hyperparameter(&alice, NET, name, value, true)).await.unwrap();
    }

    async fn journal(&self) -> Value {
        self.document("history").await
    }
}

fn well(arguments: &str, output: Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{arguments}: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn failed(arguments: &str, output: &Output, status: i32, holding: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{arguments}: {said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments}");
    assert_eq!(said.lines().count(), 1, "{arguments}: {said}");
    for part in holding {
        assert!(said.contains(part), "{arguments}: {said:?} lacks {part:?}");
    }
}

/// A round in which these miners answered so many of 20 tokens well.
fn score(store: &mut Store, at: BlockRef, answers: &[(Registration, u32)]) {
    let round = Round { round: store.last_round().map_or(0, |last| last.round + 1), block: at };
    store.append(&[Record::Round(round)]).unwrap();
    for (miner, matched) in answers {
        let table = store.table();
        let check = Check::Tokens { answered: 20, matched: *matched, margin_micro: 0, complete: true };
        let outcome = check.outcome(table.incentive());
        let evidence =
            Evidence { outcome, latency_us: 1_000, first_token_us: Some(500), check: Some(check), sketch: None };
        let challenge = table.challenge("generate", &miner.hotkey).unwrap();
        let scored = Record::Scored(Box::new(Scored {
            round: round.round,
            miner: *miner,
            task: challenge.task,
            challenge: challenge.digest,
            request_digest: Some(Digest([1; 32])),
            response_digest: (outcome == Outcome::Ok).then_some(Digest([2; 32])),
            score: table.score(&evidence),
            evidence,
        }));
        store.append(&[scored]).unwrap();
    }
}

/// What a model's calibration demands is in the store and in no settings.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_planned_where_proofs_are_demanded() {
    let scene = Scene::new(|_| {}).await;
    let signed = SignedCalibration::decode(include_bytes!("../../models/tiny/calibration.json")).unwrap();
    let proof = Some(Box::new(signed.rules(&signed.calibration.model).unwrap()));
    scene.store_under("store.sqlite", &Incentive { proof, ..Incentive::default() });
    scene.fails("plan", 1, &["no miner of the subnet was scored"]).await;
    let other = Incentive { weights: WeightMap::WinnerTakesAll {}, ..Incentive::default() };
    scene.store_under("other.sqlite", &other);
    scene.fails("plan --store other.sqlite", 1, &["other scoring rules"]).await;
}

fn commits(subnet: &mut SubnetGenesis) {
    subnet.rules.commit_reveal_weights_enabled = true;
}

/// The row of a plan, as it would go on chain.
fn planned(plan: &Value) -> Vec<(u16, u16)> {
    let number = |value: &Value| u16::try_from(value.as_u64().unwrap()).unwrap();
    let rows = plan["rows"].as_array().unwrap().iter();
    rows.filter(|line| !line["value"].is_null()).map(|line| (number(&line["uid"]), number(&line["value"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_planned_set_once_and_remembered() {
    let scene = Scene::new(|_| {}).await.seeded().await;
    let plan = scene.document("plan").await;
    let rows = plan["rows"].as_array().unwrap();
    let sum = |field: &str| rows.iter().map(|line| line[field].as_f64().unwrap()).sum::<f64>();
    assert_eq!(rows.len(), 5, "{plan:#}");
    assert!((sum("share") - 1.0).abs() < 1e-12 && sum("quantisation_error").abs() < 1e-12, "{plan:#}");
    let row = planned(&plan);
    assert_eq!(row.iter().map(|(uid, _)| *uid).collect::<Vec<_>>(), [2, 3]);
    assert!(row[0].1 == 65_535 && row[1].1 < 65_535, "{row:?}");
    let whole = f64::from(row[0].1) + f64::from(row[1].1);
    for ((_, value), line) in row.iter().zip(&rows[2..4]) {
        let error = line["quantisation_error"].as_f64().unwrap();
        assert!((f64::from(*value) / whole - line["share"].as_f64().unwrap() - error).abs() < 1e-12, "{line}");
        assert!(error != 0.0 && error.abs() < 1.0 / 65_535.0, "{line}");
    }
    assert!(rows[0]["score"].is_null() && rows[2]["score"].as_f64() > rows[3]["score"].as_f64(), "{plan:#}");
    let expected = json!({ "call": "set", "version_key": 0, "epoch_index": 0, "next_epoch": TEMPO, "last_update": 0,
        "objection": null, "objection_until": null, "reveal_block": null, "reveal_round": null, "uid": 1, "mech": 0 });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(plan[field], *value, "{field}");
    }
    let text = scene.prints("plan").await;
    assert!(text.starts_with("subnet 1, mechanism 0, at block 5\n"), "{text}");
    assert!(text.contains("\nthe chain     would take it in the next block\n"), "{text}");
    assert_eq!(scene.prints("set --dry-run").await, text);
    assert_eq!((scene.node.pending(), scene.journal().await), (0, json!([])));
    assert!(scene.prints("status").await.ends_with("\nno row was verified yet"));

    let set = scene.sends("set").await;
    assert!(set.starts_with("epoch 0: verified, 2 uids, planned at block 5, block "), "{set}");
    assert_eq!(scene.row().await, row);
    // The epoch has its row: nothing is signed, so no block is needed.
    assert_eq!(scene.prints("set").await, set);
    let again = scene.document("set").await;
    assert_eq!((&again["state"], &again["attempts"]), (&"verified".into(), &1.into()));
    assert_eq!((scene.node.pending(), scene.calls()), (0, vec!["SubtensorModule.set_weights".to_owned()]));

    let status = scene.document("status").await;
    assert_eq!((&status["differences"], &status["verified_epoch"]), (&0.into(), &0.into()));
    assert_eq!(status["last_update"], again["block"]["number"]);
    assert_eq!(status["submissions"], json!([again]));
    let text = scene.prints("status").await;
    assert!(text.ends_with("\nthe row of epoch 0 stands as it was verified"), "{text}");

    // The next epoch has another one, and another row set by hand in its place is seen.
    scene.until(TEMPO);
    assert!(scene.sends("set").await.starts_with("epoch 1: verified, 2 uids, "));
    let journal = scene.journal().await;
    assert_eq!((&journal[0]["epoch_index"], &journal[1]["epoch_index"]), (&0.into(), &1.into()));
    assert_eq!(scene.document("history --last 1").await, json!([journal[1]]));
    let table = scene.prints("history").await;
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(table.lines().skip(1).all(|line| line.contains(" verified ")), "{table}");
    scene.sends("set --row 2:1").await;
    assert!(
        scene.prints("status").await.ends_with("\nthe row of epoch 1 was verified; 1 of its weights are others by now")
    );
    assert_eq!(scene.calls().len(), 3);
}

/// Sent, and nobody there to see it land: killed, or cut off from the chain.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_off_goes_on_and_is_sent_once() {
    let scene = Scene::new(|_| {}).await.seeded().await;
    let sent = async || {
        while scene.node.pending() == 0 {
            tokio::task::yield_now().await;
        }
    };
    let mut child = scene.command("set").spawn().unwrap();
    sent().await;
    child.kill().await.unwrap();
    assert!(scene.prints("status").await.starts_with("epoch 0: signed, 2 uids, planned at block 5\n"));
    let hash = scene.node.author_block().unwrap();
    let set = scene.prints("set").await;
    assert_eq!(set, format!("epoch 0: verified, 2 uids, planned at block 5, block {}", hash.number));

    scene.until(TEMPO);
    let road = fault_proxy::Proxy::to(scene.node.addr(), 1).await.unwrap();
    let command =
        scene.command_at(&road.url(), "set -q").stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    sent().await;
    drop(road);
    failed("set", &command.wait_with_output().await.unwrap(), 1, &["lost the connection", "set them again to go on"]);
    scene.node.author_block().unwrap();
    assert!(scene.prints("set").await.starts_with("epoch 1: verified, "));
    let attempts: Vec<Value> =
        scene.journal().await.as_array().unwrap().iter().map(|it| it["attempts"].clone()).collect();
    assert_eq!((attempts, scene.calls().len()), (vec![json!(1), json!(1)], 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timelocked_row_waits_and_is_verified_later() {
    let scene = Scene::new(commits).await.seeded().await;
    let plan = scene.document("plan").await;
    assert_eq!((&plan["call"], &plan["reveal_block"]), (&"commit_timelocked".into(), &TEMPO.into()));
    assert!(plan["reveal_round"].as_u64() > Some(0) && plan["objection"].is_null(), "{plan:#}");
    let text = scene.prints("set --dry-run").await;
    assert!(text.contains(&format!("\nreveal        from block {TEMPO} on, round ")), "{text}");

    let committed = scene.sends("set").await;
    assert!(committed.starts_with("epoch 0: committed, 2 uids, planned at block 5, block "), "{committed}");
    assert_eq!(scene.prints("set").await, committed);
    let status = scene.document("status").await;
    let line = &status["submissions"][0];
    assert_eq!((&line["state"], &line["commit_epoch"]), (&"committed".into(), &0.into()));
    assert_eq!((&status["verified_epoch"], scene.row().await), (&Value::Null, vec![]));

    // The chain has revealed it.
    scene.until(TEMPO + 4);
    assert_eq!(scene.row().await, planned(&plan));
    assert!(scene.prints("status").await.starts_with(&committed));
    let next = scene.sends("set").await;
    assert!(next.starts_with("epoch 1: committed, "), "{next}");
    let journal = scene.journal().await;
    assert_eq!((&journal[0]["state"], &journal[1]["state"]), (&"verified".into(), &"committed".into()));
    assert!(scene.prints("status").await.ends_with("\nthe row of epoch 0 stands as it was verified"));
    assert_eq!(scene.calls(), vec!["SubtensorModule.commit_timelocked_weights"; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_is_committed_and_revealed_by_hand() {
    let scene = Scene::new(commits).await.seeded().await;
    let hash = |arguments: &str| {
        let mut command = scene.command(arguments);
        command.env("ASSAY__VALIDATOR__COMMIT_REVEAL", "hash");
        command
    };
    let plan = well("plan", hash("plan --json").output().await.unwrap());
    let plan: Value = serde_json::from_str(&plan).unwrap();
    assert_eq!((&plan["call"], &plan["reveal_round"]), (&"commit_hash".into(), &Value::Null));
    let committed = well("set", scene.with_blocks(hash("set").output()).await.unwrap());
    assert!(committed.starts_with("epoch 0: committed, "), "{committed}");
    assert_eq!(well("set", hash("set").output().await.unwrap()), committed);
    scene.until(TEMPO);
    // It first reveals what waits, then commits the new epoch's.
    let next = well("set", scene.with_blocks(hash("set").output()).await.unwrap());
    assert!(next.starts_with("epoch 1: committed, "), "{next}");
    let journal = scene.journal().await;
    assert_eq!((&journal[0]["state"], &journal[0]["attempts"]), (&"verified".into(), &2.into()));
    assert_eq!(scene.row().await, planned(&plan));
    // Too late for the second one, and said so; its epoch is past, so another one is committed.
    scene.until(3 * TEMPO + 1);
    let output = scene.with_blocks(hash("set").output()).await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stdout.starts_with(b"epoch 3: committed, "), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("weights were committed and not revealed"), "{output:?}");
    let lost = scene.journal().await[1].clone();
    assert_eq!((&lost["reason"], &lost["detail"]), (&"not_revealed".into(), &"ExpiredWeightCommit".into()));
    assert!(scene.prints("history").await.contains("not_revealed (ExpiredWeightCommit)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_ones_own_needs_no_store() {
    let scene = Scene::new(|_| {}).await;
    let dry = scene.document("set --row 1:0.5,2:0.25 --dry-run").await;
    assert_eq!(dry, json!({ "call": "set", "weights": [[1, 65_535], [2, 32_768]], "objection": null }));
    let text = scene.prints("set --row 1:0.5,2:0.25 --dry-run").await;
    assert_eq!(text, "set of 2 uids: the chain would take it");
    assert_eq!(scene.node.pending(), 0);
    let set = scene.sends("set --row 1:0.5,2:0.25").await;
    assert!(set.starts_with("weights of uid 1 verified at block "), "{set}");
    assert_eq!(scene.row().await, [(1, 65_535), (2, 32_768)]);
    assert!(!scene.path().exists());

    // A store that did not see it leaves the epoch alone.
    let scene = scene.seeded().await;
    scene.fails("set", 1, &["no weights for this epoch", "the chain has a row of this epoch since block"]).await;

    scene.rule("commit_reveal_weights_enabled", "true").await;
    let committed = scene.sends("set --row 3:1 --json").await;
    let committed: Value = serde_json::from_str(&committed).unwrap();
    assert_eq!((&committed["call"], &committed["reveal_block"]), (&"commit_timelocked".into(), &TEMPO.into()));
    assert_eq!(scene.row().await, [(1, 65_535), (2, 32_768)]);
    scene.until(TEMPO + 4);
    assert_eq!(scene.row().await, [(3, 65_535)]);
    let journal = scene.journal().await;
    assert_eq!(journal, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_inputs_are_named_and_nothing_is_sent() {
    let scene = Scene::new(|_| {}).await;
    for command in ["plan", "set --dry-run", "status", "history"] {
        scene.fails(command, 1, &["store.sqlite: no store here", "--store"]).await;
    }
    assert!(!scene.path().exists(), "a look makes no store");
    let scene = scene.seeded().await;

    // Flags.
    scene.fails("set --row 0:0,2:0", 2, &["a row needs a weight above 0"]).await;
    scene.fails("set --row 2:1,2:3", 2, &["uid 2 is named twice"]).await;
    for wrong in ["set --row 2:-1", "plan --mech 300"] {
        let output = scene.command(wrong).output().await.unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{wrong}: {output:?}");
    }
    scene.fails("set --key Validator", 2, &["--key takes development keys"]).await;

    // Where.
    let nowhere = "ws://127.0.0.1:1";
    for command in ["plan", "set", "status", "set --row 2:1"] {
        let output = scene.command_at(nowhere, command).output().await.unwrap();
        failed(command, &output, 1, &["cannot reach a chain at", nowhere, "--chain-url"]);
    }
    scene.fails("set --netuid 77", 1, &["there is no subnet 77; choose another with --netuid"]).await;
    scene.fails("set --row 2:1 --netuid 77", 1, &["there is no subnet 77"]).await;
    scene.fails("set --row 2:1 --mech 1", 3, &["the chain would refuse it", "RateLimitExceeded"]).await;

    // Whose store.
    for command in ["plan --key //Good", "set --key //Good", "plan --mech 1", "set --mech 1", "status --mech 1"] {
        scene.fails(command, 1, &["the store belongs to validator", "; choose another with --store"]).await;
    }
    let elsewhere = Identity { genesis: BlockHash([7; 32]), ..scene.identity("//Validator") };
    drop(scene.store("elsewhere.sqlite", &elsewhere).await);
    for command in ["plan", "set", "status"] {
        let command = format!("{command} --store elsewhere.sqlite");
        scene.fails(&command, 1, &["elsewhere.sqlite: the store belongs to", &elsewhere.genesis.to_string()]).await;
    }
    std::fs::write(scene.folder.path().join("notes.txt"), "my notes, which are no database").unwrap();
    for command in ["set", "history"] {
        scene.fails(&format!("{command} --store notes.txt"), 1, &["notes.txt: not a validator's store"]).await;
    }
    for command in ["plan", "set"] {
        let mut other_rules = scene.command(command);
        other_rules.env("ASSAY__INCENTIVE__ZEROS", "explicit");
        failed(command, &other_rules.output().await.unwrap(), 1, &["other scoring rules"]);
    }

    // A running validator writes it: who only looks may.
    let writer =
        Store::open(&scene.path(), &scene.identity("//Validator"), &Incentive::default(), &Registry::default())
            .unwrap();
    scene.fails("set", 1, &["another validator has this store open"]).await;
    for command in ["plan", "set --dry-run", "status", "history"] {
        scene.prints(command).await;
    }
    drop(writer);

    // Nothing was scored.
    let empty = scene.folder.path().join("empty.sqlite");
    let empty = Store::open(&empty, &scene.identity("//Validator"), &Incentive::default(), &Registry::default());
    drop(empty.unwrap());
    scene.fails("plan --store empty.sqlite", 1, &["no miner of the subnet was scored lately"]).await;
    scene.fails("set --store empty.sqlite", 1, &["0 rounds were scored, 1 are needed"]).await;
    assert_eq!((scene.calls(), scene.journal().await), (vec![], json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_chain_would_refuse_is_not_sent() {
    let scene = Scene::new(|_| {}).await.seeded().await;
    let register = "is not registered in subnet 1; register it first: `assay register --netuid 1`";
    scene.fails("set --store stranger.sqlite --key //Stranger", 1, &[register]).await;
    scene.fails("set --row 2:1 --key //Stranger", 1, &[register]).await;
    assert!(!scene.folder.path().join("stranger.sqlite").exists());

    // A seat and no permit.
    drop(scene.store("poor.sqlite", &scene.identity("//Poor")).await);
    let poor = "--store poor.sqlite --key //Poor";
    let plan = scene.document(&format!("plan {poor}")).await;
    assert_eq!((&plan["uid"], &plan["objection"]), (&4.into(), &"NeuronNoValidatorPermit".into()));
    let text = scene.prints(&format!("plan {poor}")).await;
    assert!(text.contains("\nthe chain     would refuse it: NeuronNoValidatorPermit\n"), "{text}");
    scene.fails(&format!("set {poor}"), 3, &["no weights for this epoch", "NeuronNoValidatorPermit"]).await;
    scene.fails("set --row 2:1 --key //Poor", 3, &["the chain would refuse it", "NeuronNoValidatorPermit"]).await;
    let dry = scene.document("set --row 2:1 --key //Poor --dry-run").await;
    assert_eq!(dry["objection"], "NeuronNoValidatorPermit");

    scene.fails("set --row 2:1,5:1", 3, &["UidVecContainInvalidOne"]).await;
    scene.fails("set --row 1:1,2:1,3:1,4:1,0:1,9:1", 3, &["UidsLengthExceedUidsInSubNet"]).await;
    scene.rule("min_allowed_weights", "3").await;
    scene.fails("set --row 2:1", 3, &["WeightVecLengthIsLow"]).await;
    assert_eq!(scene.calls(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_says_when_it_is_over() {
    let scene = Scene::new(|subnet| subnet.rules.weights_set_rate_limit = 40).await.seeded().await;
    let set: Value = serde_json::from_str(&scene.sends("set --json").await).unwrap();
    let free = set["block"]["number"].as_u64().unwrap() + 40;
    let until = format!("until block {free}");
    scene.fails("set --row 2:1", 3, &["RateLimitExceeded", &until]).await;
    let plan = scene.document("plan").await;
    assert_eq!((&plan["objection"], &plan["objection_until"]), (&"RateLimitExceeded".into(), &free.into()));

    // Late in the epoch, a row makes the next epoch's wait, and not for longer than that epoch.
    scene.until(free - 1);
    scene.sends("set --row 2:1").await;
    let last = scene.document("plan").await["last_update"].as_u64().unwrap();
    scene.until(TEMPO);
    let until = format!("until block {}", last + 40);
    assert!(last + 40 > TEMPO && last + 40 < 2 * TEMPO);
    scene.fails("set", 3, &["the chain would refuse it now", "RateLimitExceeded", &until]).await;
    assert_eq!(scene.journal().await.as_array().unwrap().len(), 1);
    scene.until(last + 39);
    assert!(scene.sends("set").await.starts_with("epoch 1: verified"));

    // A limit beyond the epoch leaves it without.
    scene.rule("weights_rate_limit", "100").await;
    scene.until(2 * TEMPO);
    scene.fails("set", 3, &["no weights for this epoch", "RateLimitExceeded", "until block"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_was_raised_meanwhile_ends_the_submission() {
    let scene = Scene::new(|_| {}).await;
    // Killed after it had planned.
    let mut store = scene.store("store.sqlite", &scene.identity("//Validator")).await;
    let (metagraph, rules) = scene.client.subnet(NET, MechId(0), None).await.unwrap();
    let snapshot = Snapshot::new(&metagraph, &rules);
    store.plan(rules.epoch_index, rules.last_epoch_block, Uid(1), snapshot, rules.weights_version).unwrap().unwrap();
    drop(store);
    assert!(scene.prints("status").await.starts_with("epoch 0: planned, 2 uids, planned at block 5\n"));
    scene.rule("weights_version_key", "7").await;
    let output = scene.command("set").output().await.unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.ends_with(", refused (IncorrectWeightVersionKey)\n"), "{said}");
    assert_eq!((scene.calls(), scene.node.pending()), (vec![], 0));
    // The next epoch's carries the new one.
    scene.until(TEMPO);
    scene.sends("set").await;
    let journal = scene.journal().await;
    assert_eq!((&journal[1]["state"], &journal[1]["version_key"]), (&"verified".into(), &7.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subnet_without_epochs_gets_no_row_of_the_stores() {
    let scene = Scene::new(|subnet| subnet.rules.tempo = 0).await.seeded().await;
    assert_eq!(scene.document("plan").await["next_epoch"], Value::Null);
    scene.fails("set", 1, &["subnet 1 has no epochs: its tempo is 0"]).await;
    assert_eq!(scene.journal().await, json!([]));
    scene.sends("set --row 2:1").await;
    assert_eq!(scene.row().await, [(2, 65_535)]);

    let scene = Scene::new(|subnet| {
        commits(subnet);
        subnet.rules.tempo = 0;
    });
    let scene = scene.await.seeded().await;
    for command in ["plan", "set", "set --row 2:1"] {
        scene.fails(command, 1, &["subnet 1 has no epochs"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_another_kind_of_chain_is_told_apart() {
    let scene = Scene::new(|_| {}).await.seeded().await;
    // Its metadata and its state know no such pallet.
    let renamed = |answer: &mut [u8]| {
        const NAME: &[u8] = b"53756274656e736f724d6f64756c65";
        for at in 0..answer.len().saturating_sub(NAME.len()) {
            if answer[at..].starts_with(NAME) {
                answer[at..at + 2].copy_from_slice(b"58");
            }
        }
    };
    let tap = tap::Tap::rewriting(scene.node.addr(), renamed).await;
    for command in ["plan", "set", "status", "set --row 2:1"] {
        let output = scene.command_at(&tap.url(), command).output().await.unwrap();
        failed(command, &output, 1, &["the chain's runtime has no storage SubtensorModule.", "is it Subtensor's?"]);
    }
    assert_eq!((scene.calls(), scene.journal().await), (vec![], json!([])));
}
