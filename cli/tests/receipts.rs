//! The built program on evidence: a receipt that `ask` keeps, what `verify` says of it, and of whatever somebody made of
//! it.
#![cfg(feature = "torch")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use assay_cli::demo::cast::{Role, Troupe};
use localnet::{Genesis, GenesisNeuron, dev_account};
use model::Engine;
use protos::Transcript;
use serde_json::Value;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

fn model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny").canonicalize().unwrap()
}

fn assay(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ASSAY__")) {
        command.env_remove(name);
    }
    let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A miner for each role, and whoever asks them.
struct Scene {
    miners: Vec<miner::Handle>,
    genesis: String,
    folder: TempDir,
    _node: localnet::Handle,
}

async fn scene(roles: &[Role]) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let seat = |uri: &str| GenesisNeuron {
        hotkey: dev_account(uri).hotkey(),
        coldkey: dev_account("//Bob").coldkey(),
        stake_rao: 0,
        validator_permit: false,
    };
    let keys: Vec<String> = (0..roles.len()).map(|index| format!("//Miner{index}")).collect();
    let mut genesis = Genesis::default();
    genesis.subnets[0].neurons = keys.iter().map(|key| seat(key)).chain([seat("//User")]).collect();
    let node = localnet::spawn(localnet::Config { genesis, ..localnet::Config::test() }).await.unwrap();
    let chain = chain::Client::connect(&node.url()).await.unwrap();
    let engine = Arc::new(Engine::load(&model()).unwrap());
    let troupe = Troupe::new(engine, &model(), folder.path(), roles).unwrap();
    let mut miners = Vec::new();
    for (role, key) in roles.iter().zip(&keys) {
        let backend = troupe.backend(*role).unwrap();
        let config = miner::Config::test(&folder.path().join(key.trim_start_matches('/')));
        let miner = miner::spawn(config, dev_account(key), backend, chain.clone()).await.unwrap();
        tokio::time::timeout(PATIENCE, miner.ready()).await.unwrap();
        miners.push(miner);
    }
    Scene { miners, genesis: chain.genesis().to_string(), folder, _node: node }
}

impl Scene {
    /// Ask a miner, and keep the receipt.
    async fn ask(&self, miner: usize, name: &str, more: &[&str]) -> PathBuf {
        let path = self.folder.path().join(name);
        let file = path.display().to_string();
        let (hotkey, addr) = (self.miners[miner].hotkey().to_string(), self.miners[miner].addr().to_string());
        let arguments = [
            &["ask", "The compiler", "--max-new", "100", "--key", "//User", "--miner", &hotkey][..],
            &["--endpoint", &addr, "--genesis", &self.genesis, "--receipt", &file],
            more,
        ]
        .concat();
        let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        let said =
            tokio::task::spawn_blocking(move || assay(&arguments.iter().map(String::as_str).collect::<Vec<_>>()));
        let (status, _, error) = said.await.unwrap();
        assert_eq!(status, Some(0), "{error}");
        path
    }
}

/// What `verify` says of each check, and its exit status.
fn verify(receipt: &Path, model: &Path) -> (Option<i32>, Vec<(String, Value)>, String) {
    let (receipt, model) = (receipt.display().to_string(), model.display().to_string());
    let (status, out, error) = assay(&["verify", &receipt, "--model", &model, "--json"]);
    let document: Value = serde_json::from_str(&out).unwrap_or_default();
    let checks = document["checks"].as_array().cloned().unwrap_or_default();
    let check = |check: &Value| (check["check"].as_str().unwrap().to_owned(), check["holds"].clone());
    (status, checks.iter().map(check).collect(), format!("{out}{error}"))
}

fn failed(checks: &[(String, Value)]) -> Vec<&str> {
    checks.iter().filter(|(_, holds)| *holds == Value::Bool(false)).map(|(check, _)| check.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_proves_an_honest_answer_and_convicts_every_cheat() {
    let roles = [Role::Fast, Role::Quantiser, Role::Relayer, Role::Cooler, Role::Forger, Role::OtherModel];
    let scene = scene(&roles).await;
    let honest = scene.ask(0, "honest.json", &["--open", "4"]).await;
    let (status, checks, said) = verify(&honest, &model());
    assert_eq!((status, failed(&checks)), (Some(0), vec![]), "{said}");
    for check in ["request", "answer", "tokens", "end", "text", "commitments", "opened rows"] {
        assert!(checks.contains(&(check.to_owned(), true.into())), "{check}: {said}");
    }
    // The table says the same.
    let (status, table, _) =
        assay(&["verify", &honest.display().to_string(), "--model", &model().display().to_string()]);
    assert_eq!(status, Some(0));
    assert!(table.contains("opened rows") && !table.contains("FAILS"), "{table}");

    // Without an opening the rest is as good.
    let unopened = scene.ask(0, "unopened.json", &[]).await;
    let (status, checks, said) = verify(&unopened, &model());
    assert_eq!((status, failed(&checks)), (Some(0), vec![]), "{said}");
    assert!(checks.contains(&("opened rows".to_owned(), Value::Null)), "{said}");

    for (miner, caught_by) in [
        (1, &["commitments", "opened rows"][..]),
        (2, &["tokens"]),
        (3, &["tokens"]),
        (4, &["commitments", "opened rows"]),
        (5, &["tokens", "commitments", "opened rows"]),
    ] {
        let receipt = scene.ask(miner, "cheat.json", &["--open", "4"]).await;
        let (status, checks, said) = verify(&receipt, &model());
        assert_eq!(status, Some(1), "{}: {said}", roles[miner]);
        let failed = failed(&checks);
        assert!(caught_by.iter().all(|check| failed.contains(check)), "{}: {said}", roles[miner]);
    }

    // The honest answer is not one of another model.
    let (status, checks, said) = verify(&honest, &scene.folder.path().join("smaller-model"));
    assert_eq!(status, Some(1), "{said}");
    assert!(failed(&checks).contains(&"tokens"), "{said}");
    assert!(checks.contains(&("commitments".to_owned(), Value::Null)), "no calibration, no judgement: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_changed_is_no_receipt() {
    let scene = scene(&[Role::Fast]).await;
    let path = scene.ask(0, "honest.json", &["--open", "2"]).await;
    let transcript = Transcript::decode(&fs::read(&path).unwrap()).unwrap();
    let other = Transcript::decode(&fs::read(scene.ask(0, "other.json", &["--open", "2"]).await).unwrap()).unwrap();
    type Change<'a> = Box<dyn Fn(&mut Transcript) + 'a>;
    let changes: Vec<(&str, Change<'_>)> = vec![
        ("a token", Box::new(|transcript| transcript.events[0].payload[4] ^= 1)),
        ("an event less", Box::new(|transcript| drop(transcript.events.remove(1)))),
        ("no end", Box::new(|transcript| drop(transcript.events.pop()))),
        ("another prompt", Box::new(|transcript| transcript.request.payload[6] ^= 1)),
        ("another asker", Box::new(|transcript| transcript.request.auth.as_mut().unwrap().signer[0] ^= 1)),
        ("another miner", Box::new(|transcript| transcript.request.auth.as_mut().unwrap().receiver[0] ^= 1)),
        ("another answer", Box::new(|transcript| transcript.events = other.events.clone())),
        ("another opening", Box::new(|transcript| transcript.opening = other.opening.clone())),
        ("a row", Box::new(|transcript| transcript.opening.as_mut().unwrap().response.payload[30] ^= 1)),
    ];
    for (what, change) in changes {
        let mut changed = transcript.clone();
        change(&mut changed);
        fs::write(&path, changed.encode()).unwrap();
        let (status, checks, said) = verify(&path, &model());
        assert_eq!((status, failed(&checks)), (Some(1), vec!["signatures"]), "{what}: {said}");
    }
    // What is no receipt at all is said, and nothing panics.
    let whole = transcript.encode();
    let text = String::from_utf8(whole.clone()).unwrap();
    for (what, bytes) in [
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("empty", Vec::new()),
        ("another version", text.replace("\"version\": 1", "\"version\": 2").into_bytes()),
        ("another field", text.replace("\"version\"", "\"more\": 1, \"version\"").into_bytes()),
    ] {
        fs::write(&path, bytes).unwrap();
        let (status, checks, said) = verify(&path, &model());
        assert!(status == Some(1) && checks.is_empty() && said.contains("honest.json"), "{what}: {said}");
    }
    let (status, _, said) = assay(&["verify", "absent.json"]);
    assert!(status == Some(1) && said.contains("absent.json"), "{said}");
}
