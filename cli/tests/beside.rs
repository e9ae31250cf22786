//! The built program beside a chain in this process.

use std::{
    path::Path,
    pin::pin,
    process::{Command, Output},
    time::Duration,
};

use chain::{Client, Row};
use localnet::{Config, Genesis, GenesisNeuron, Handle, dev_account, spawn};
use primitives::{NetUid, Uid, Weights};

const NET: NetUid = NetUid(1);
const TAO: u64 = 1_000_000_000;

fn assay(chain: &Handle, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ASSAY__")) {
        command.env_remove(name);
    }
    command.args(arguments).args(["--chain-url", &chain.url()]).output().unwrap()
}

/// What it prints, which must be all well.
fn prints(chain: &Handle, arguments: &[&str]) -> String {
    let output = assay(chain, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn with_blocks<T>(node: &Handle, call: impl Future<Output = T>) -> T {
    let mut call = pin!(call);
    let mut clock = tokio::time::interval(Duration::from_millis(50));
    loop {
        tokio::select! {
            biased;
            done = &mut call => return done,
            _ = clock.tick() => {
                node.author_block().unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_epoch_is_the_chains() {
    let neuron = |uri: &str, stake_rao, validator_permit| GenesisNeuron {
        hotkey: dev_account(uri).hotkey(),
        coldkey: dev_account("//Alice").coldkey(),
        stake_rao,
        validator_permit,
    };
    let mut genesis = Genesis::default();
    genesis.subnets[0].rules.tempo = 300;
    genesis.subnets[0].neurons = vec![
        neuron("//First", 1_000 * TAO, true),
        neuron("//Second", 333 * TAO, true),
        neuron("//Good", 0, false),
        neuron("//Poor", 0, false),
    ];
    let node = spawn(Config { genesis, ..Config::test() }).await.unwrap();
    let client = Client::connect(&node.url()).await.unwrap();
    // TAO on root counts by a fraction, so that stakes are not whole.
    let (alice, second) = (dev_account("//Alice"), dev_account("//Second"));
    with_blocks(&node, client.add_stake(&alice, NetUid(0), second.hotkey(), 77 * TAO + 1)).await.unwrap();
    for (uri, row) in [("//First", [(3, 65_535), (4, 9_000)]), ("//Second", [(3, 30_000), (4, 65_535)])] {
        let row = Weights::new(row.map(|(uid, weight)| (Uid(uid), weight))).unwrap();
        let signed = client.prepare_set(&dev_account(uri), &Row::new(NET, row.clone(), 0)).await.unwrap();
        with_blocks(&node, client.submit(&signed)).await.unwrap();
    }
    let now = node.best().number;
    assert!(now < 299);
    node.mine(299 - u32::try_from(now).unwrap()).await.unwrap();

    let ours: serde_json::Value = serde_json::from_str(&prints(&node, &["epoch", "--json"])).unwrap();
    node.author_block().unwrap();
    let theirs = client.metagraph(NET, None).await.unwrap();
    let chains = |value: fn(&primitives::Neuron) -> u16| theirs.neurons.iter().map(value).collect::<Vec<_>>();
    assert!(ours["input"]["stake_fraction"].as_array().unwrap().iter().any(|part| *part != 0));
    assert!(chains(|neuron| neuron.incentive).iter().any(|part| *part > 0));
    assert_eq!(ours["output"]["incentive"], serde_json::json!(chains(|neuron| neuron.incentive)));
    assert_eq!(ours["output"]["dividends"], serde_json::json!(chains(|neuron| neuron.dividends)));
    assert_eq!(ours["output"]["consensus"], serde_json::json!(chains(|neuron| neuron.consensus)));
    assert_eq!(ours["output"]["validator_trust"], serde_json::json!(chains(|neuron| neuron.validator_trust)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_does_as_it_is_told() {
    let node = spawn(Config { finality_depth: 4, ..Config::test() }).await.unwrap();
    assert_eq!(prints(&node, &["localnet", "mine", "30"]), "30");
    let snapshot = prints(&node, &["localnet", "snapshot"]);
    let before: u64 = prints(&node, &["localnet", "increase-time", "0"]).parse().unwrap();
    let after: u64 = prints(&node, &["localnet", "increase-time", "3600"]).parse().unwrap();
    assert_eq!(after - before, 3_600_000);
    assert_eq!(prints(&node, &["localnet", "mine", "2"]), "32");
    assert_eq!(prints(&node, &["localnet", "revert", &snapshot]), "");
    assert_eq!(node.best().number, 30);
    assert!(!assay(&node, &["localnet", "revert", "999"]).status.success());

    let replaced = node.best().hash.to_string();
    assert_ne!(prints(&node, &["localnet", "reorg", "2"]), replaced);
    assert_eq!(node.best().number, 30);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chain");
    assert_eq!(prints(&node, &["localnet", "dump", file.to_str().unwrap()]), "");
    let there = spawn(Config { load: Some(file.clone()), ..Config::test() }).await.unwrap();
    assert_eq!(there.best(), node.best());
    let nowhere = Path::new("no/such/folder/chain").to_str().unwrap();
    let output = assay(&node, &["localnet", "dump", nowhere]);
    assert!(String::from_utf8_lossy(&output.stderr).contains(nowhere), "{output:?}");

    assert_eq!(prints(&node, &["localnet", "bump-spec-version"]), "426");
    assert_eq!(prints(&node, &["localnet", "faults", "--delay", "state_call=5", "--stale-head"]), "");
    assert!(node.faults().stale_head);
    assert_eq!(assay(&node, &["localnet", "faults", "--delay", "state_call"]).status.code(), Some(2));
    assert_eq!(prints(&node, &["localnet", "faults"]), "");
    assert_eq!(node.faults(), localnet::Faults::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metagraph_is_shown_at_any_kept_block() {
    let limits = localnet::Limits { kept_blocks: 8, ..Default::default() };
    let node = spawn(Config { limits, ..Config::test() }).await.unwrap();
    let third = node.author_blocks(3).unwrap();
    node.author_blocks(4).unwrap();
    let document = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&prints(&node, &[&["metagraph", "--json"], arguments].concat())).unwrap()
    };
    let by_number = document(&["--block", "3"]);
    assert_eq!(by_number, document(&["--block", &third.hash.to_string()]));
    assert_eq!(by_number["block"], serde_json::json!({"number": 3, "hash": third.hash}));
    assert_eq!((&by_number["netuid"], &by_number["mechanism"]), (&1.into(), &0.into()));
    assert_eq!(by_number["hyperparameters"]["tempo"], 20);
    assert_eq!(by_number["neurons"].as_array().unwrap().len(), 1);
    assert!(by_number.get("rows").is_none());
    let with_rows = document(&["--rows"]);
    assert_eq!(with_rows["block"]["number"], 7);
    assert_eq!(with_rows["rows"], serde_json::json!([{"weights": [], "bonds": [], "commits": []}]));

    let table = prints(&node, &["metagraph", "--block", "3"]);
    assert!(table.starts_with(&format!("subnet 1, block 3, {}\n1 neurons, ", third.hash)), "{table}");
    assert!(prints(&node, &["metagraph", "--wide", "--rows"]).contains("commits"));

    let fails = |arguments: &[&str], status: i32, words: &str| {
        let output = assay(&node, &[&["metagraph"], arguments].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(status), 1), "{said}");
        assert!(said.contains(words), "{said}");
    };
    node.author_blocks(8).unwrap();
    fails(&["--block", "3"], 1, &format!("has pruned the state of block 3 {}; an archive node has it", third.hash));
    fails(&["--block", "99"], 1, "the node does not have block 99");
    fails(&["--mech", "1"], 1, "subnet 1 has no mechanism 1; choose another with --mech");
    assert_eq!(assay(&node, &["metagraph", "--block", "latest"]).status.code(), Some(2));
}
