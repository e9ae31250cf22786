//! The whole run against the embedded chain, at several paces.

use std::time::Duration;

use assay_tests_subtensor::{Options, Outcome, Report, run};
use chain::Client;
use localnet::{Beacon, BlockTime, Config, Handle, spawn};
use primitives::NetUid;

async fn against(config: Config) -> (Handle, Report) {
    let node = spawn(config).await.unwrap();
    let options = Options { epoch: Duration::from_secs(5), ..Options::new(node.url()) };
    let report = run(&options, |check| println!("{check}")).await;
    (node, report)
}

/// Nothing failed, and only this was skipped.
fn assert_good(report: &Report, skipped: &[&str]) {
    assert_eq!(report.named(Outcome::Failed), [""; 0], "{:?}", report.checks);
    // A miner who earned by then has a permit: that depends on how many blocks there were.
    let mut left = report.named(Outcome::Skipped);
    left.retain(|name| *name != "refused: a row without a permit");
    assert_eq!(left, skipped, "{:?}", report.checks);
    assert!(report.ok > 50, "only {} checks", report.ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_at_an_interval() {
    let block_time = BlockTime::Every(Duration::from_millis(250));
    let (node, report) = against(Config { block_time, ..Config::test() }).await;
    assert_good(&report, &[]);
    assert!(report.pace.as_deref().is_some_and(|pace| pace.starts_with("a block every 2")), "{:?}", report.pace);
    node.shutdown().await;
}

/// The program itself: one document on stdout, lines on stderr.
#[tokio::test(flavor = "multi_thread")]
async fn blocks_made_by_hand() {
    let node = spawn(Config::test()).await.unwrap();
    let output = program(&[&node.url(), "--json", "--epoch-s", "5"]).await;
    let lines = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{lines}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["failed"], 0, "{lines}");
    assert_eq!((&report["spec_name"], &report["spec_version"]), (&"node-subtensor".into(), &425.into()));
    assert_eq!(report["pace"], "blocks made by dev_newBlock");
    let checks = report["checks"].as_array().unwrap().len();
    let told = |line: &&str| line.starts_with("ok ") || line.starts_with("skipped ");
    assert_eq!(lines.lines().filter(told).count(), checks);
    assert!(lines.lines().last().is_some_and(|last| last.contains(" ok, 0 failed, ")), "{lines}");
    node.shutdown().await;
}

#[tokio::test]
async fn usage_and_failure_have_codes_of_their_own() {
    let nonsense = program(&["ws://127.0.0.1:1", "--netuid"]).await;
    assert_eq!(nonsense.status.code(), Some(2));
    // Nobody listens there.
    let nobody = program(&["ws://127.0.0.1:1", "--json"]).await;
    assert_eq!(nobody.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&nobody.stdout).unwrap();
    assert_eq!((&report["failed"], &report["ok"]), (&1.into(), &0.into()));
}

async fn program(arguments: &[&str]) -> std::process::Output {
    let program = env!("CARGO_BIN_EXE_test-subtensor");
    tokio::process::Command::new(program).args(arguments).output().await.unwrap()
}

/// As a node without a network: no pulse ever comes, and blocks are final a while after they are made.
#[tokio::test(flavor = "multi_thread")]
async fn a_beacon_that_nobody_hears() {
    let config = Config { beacon: Beacon::Quicknet, finality_depth: 3, ..Config::test() };
    let (node, report) = against(config).await;
    assert_good(&report, &[]);
    node.shutdown().await;
}

/// A subnet of somebody else's, whose rules are put back.
#[tokio::test(flavor = "multi_thread")]
async fn a_subnet_that_is_named() {
    let node = spawn(Config::test()).await.unwrap();
    let netuid = NetUid(1);
    let client = Client::connect(&node.url()).await.unwrap();
    let rules = async || {
        let mut rules = client.hyperparameter_values(netuid, None).await.unwrap();
        // What the seats cost.
        rules.retain(|rule| rule.name != "rao_recycled");
        rules
    };
    let before = rules().await;
    let options = Options { netuid: Some(netuid), epoch: Duration::from_secs(5), ..Options::new(node.url()) };
    let report = run(&options, |check| println!("{check}")).await;
    assert_good(&report, &["refused: a second start"]);
    assert_eq!(rules().await, before);
    assert_eq!(report.left_changed, [""; 0]);
    node.shutdown().await;
}

/// Without the sudo key the rules are what they are, and one waits.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_may_sudo() {
    let node = spawn(Config::test()).await.unwrap();
    let options = Options { sudo: "//Bob".into(), ..Options::new(node.url()) };
    let report = run(&options, |check| println!("{check}")).await;
    assert_good(
        &report,
        &[
            "refused: an axon too soon",
            "refused: a commitment too much",
            "refused: one commit too many",
            "refused: a version that is too old",
            "refused: too short a row",
            "refused: a row without stake",
        ],
    );
    node.shutdown().await;
}
