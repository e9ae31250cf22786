//! Nodes and chains that are not as one would like them.

use std::{sync::Arc, time::Duration};

use assay_tests_subtensor::{Options, Outcome, Report, run};
use fault_proxy::{Fault, Kind, Proxy};
use localnet::{BlockTime, Config, Genesis, GenesisNeuron, Handle, Rules, SubnetGenesis, dev_account, spawn};
use primitives::{Coldkey, NetUid};

/// A road to a node that seems to have none of these methods.
async fn without(node: &Handle, methods: &[&str]) -> Proxy {
    let proxy = Proxy::to(node.addr(), 1).await.unwrap();
    for method in methods {
        proxy.always(Kind::request(method), Fault::Unknown);
    }
    proxy
}

async fn against(options: Options) -> Report {
    run(&Options { epoch: Duration::from_secs(3), ..options }, |check| println!("{check}")).await
}

fn assert_good(report: &Report, skipped: &[&str]) {
    assert_eq!(report.named(Outcome::Failed), [""; 0], "{:?}", report.checks);
    // A miner who earned by then has a permit: that depends on how many blocks there were.
    let mut left = report.named(Outcome::Skipped);
    left.retain(|name| *name != "refused: a row without a permit");
    assert_eq!(left, skipped, "{:?}", report.checks);
}

/// Each of these has another way round it, or is not needed.
#[tokio::test(flavor = "multi_thread")]
async fn methods_that_a_node_lacks() {
    let block_time = BlockTime::Every(Duration::from_millis(100));
    let node = spawn(Config { block_time, ..Config::test() }).await.unwrap();
    let lacking = [
        "rpc_methods",
        "system_accountNextIndex",
        "state_queryStorageAt",
        "state_getStorage",
        "chain_subscribeFinalizedHeads",
        "author_submitAndWatchExtrinsic",
        "author_pendingExtrinsics",
    ];
    let proxy = without(&node, &lacking).await;
    assert_good(&against(Options::new(proxy.url())).await, &[]);
    assert!(proxy.seen(&Kind::request("state_queryStorageAt")) > 0);
    node.shutdown().await;
}

/// Somebody makes blocks by hand, some at a time, and nobody else can.
#[tokio::test(flavor = "multi_thread")]
async fn bursts_of_blocks() {
    let node = Arc::new(spawn(Config { finality_depth: 2, ..Config::test() }).await.unwrap());
    let proxy = without(&node, &["dev_newBlock", "engine_createBlock"]).await;
    let author = {
        let node = node.clone();
        tokio::spawn(async move {
            for burst in [1, 2, 3, 4, 12].into_iter().cycle() {
                tokio::time::sleep(Duration::from_millis(150)).await;
                for _ in 0..burst {
                    node.author_block().unwrap();
                }
            }
        })
    };
    let report = against(Options::new(proxy.url())).await;
    author.abort();
    assert_good(&report, &[]);
    assert!(report.pace.as_deref().is_some_and(|pace| pace.starts_with("a block every")), "{:?}", report.pace);
}

/// A subnet with its own rules, whose hotkeys belong to different accounts, on a chain whose sudo key nobody has.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_others_set_up() {
    let own = |uri: &str| Coldkey(dev_account(uri).public());
    let neuron = |uri: &str, coldkey: &str, stake_rao| GenesisNeuron {
        hotkey: dev_account(uri).hotkey(),
        coldkey: own(coldkey),
        stake_rao,
        validator_permit: false,
    };
    let usual = SubnetGenesis::new(NetUid(1));
    let subnet = SubnetGenesis {
        owner: own("//Alice//cold"),
        rules: Rules {
            tempo: 40,
            weights_set_rate_limit: 30,
            serving_rate_limit: 10,
            commit_reveal_weights_enabled: true,
            ..usual.rules.clone()
        },
        // The first belongs to itself, the second to the owner, the third to somebody unknown; who would be a
        // stranger has a seat.
        neurons: vec![
            neuron("//Alice", "//Alice", 50_000_000_000),
            neuron("//Charlie", "//Alice//cold", 0),
            neuron("//Dave", "//Somebody", 0),
            neuron("//Ferdie", "//Ferdie", 0),
        ],
        ..usual
    };
    let genesis =
        Genesis { sudo: own("//Bob"), subnets: vec![subnet], stake_threshold_rao: 1_000_000_000, ..Genesis::default() };
    let node = spawn(Config { genesis, ..Config::test() }).await.unwrap();
    let report = against(Options { netuid: Some(NetUid(1)), ..Options::new(node.url()) }).await;
    assert_eq!(report.named(Outcome::Failed), [""; 0], "{:?}", report.checks);
    for name in ["seats", "stake", "permit", "axon", "hashed row revealed", "row"] {
        let check = report.checks.iter().find(|check| check.name == name).unwrap();
        assert_eq!(check.outcome, Outcome::Ok, "{check}");
    }
    // Owners change a rule only so often.
    let remarks: Vec<_> = report.left_changed.iter().filter_map(|left| left.split(' ').next()).collect();
    assert!(remarks.contains(&"CommitRevealWeightsEnabled"), "{remarks:?}");
    node.shutdown().await;
}

/// What never becomes final can't be checked, and that is told at once.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_becomes_final() {
    let block_time = BlockTime::Every(Duration::from_millis(100));
    for block_time in [block_time, BlockTime::Manual] {
        let node = spawn(Config { block_time, finality_depth: 100_000, ..Config::test() }).await.unwrap();
        let report = against(Options { patience: Duration::from_secs(3), ..Options::new(node.url()) }).await;
        assert_eq!(report.named(Outcome::Failed), ["finality"], "{:?}", report.checks);
        assert_eq!(report.checks.len(), 3, "{:?}", report.checks);
        node.shutdown().await;
    }
}

/// A second run finds what the first one left: seats, stake, rows, a subnet of its own.
#[tokio::test(flavor = "multi_thread")]
async fn once_more_on_the_same_chain() {
    let node = spawn(Config::test()).await.unwrap();
    let first = against(Options::new(node.url())).await;
    assert_good(&first, &[]);
    let second = against(Options { netuid: first.netuid, ..Options::new(node.url()) }).await;
    assert_good(&second, &[]);
    assert_eq!((second.netuid, second.left_changed.len()), (first.netuid, 0));
    node.shutdown().await;
}
