//! A chain that is away, hangs or stands still.

use std::process::Stdio;

use assay_cli::demo::cast::Role;
use fault_proxy::{Mood, Proxy};
use scoring::Outcome;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::{
    dice::faults,
    process::{assay, signal, stop, until},
    stage::{Stage, TEMPO},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_that_is_away_for_a_tempo_costs_nothing_but_its_time() {
    let stage = Stage::open(&[Role::Fast]).await;
    let road = Proxy::to(stage.chain.addr(), 7).await.unwrap();
    let mut child = stage.validator_process(&road.url()).spawn().unwrap();
    stage.healthy().await;
    stage.next_row().await;
    for time in 0..faults(2) {
        let head = stage.chain.best().number;
        // Nobody there, or somebody who says nothing.
        road.set(if time % 2 == 0 { Mood::Closed } else { Mood::Hangs });
        stage.ailing("chain", "stale").await;
        // It lives, and what it has is whole.
        assert!(child.try_wait().unwrap().is_none());
        until("a tempo passes", async || (stage.chain.best().number > head + TEMPO + 4).then_some(())).await;
        road.set(Mood::Open);
        // What hung stays deaf for good.
        road.cut();
        stage.healthy().await;
        stage.round_of(Outcome::Ok).await;
        stage.next_row().await;
    }
    stop(&mut child).await;
    stage.nothing_lost_or_doubled().await;
}

/// The node's process is stopped in its tracks: its port takes connections, and nothing is ever said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stands_still_makes_its_validator_unwell() {
    let stage = Stage::open(&[]).await;
    let mut node = assay(stage.folder());
    node.args(["localnet", "--listen", "127.0.0.1:0", "--block-time", "150ms", "--json"]).stdout(Stdio::piped());
    let mut node = node.spawn().unwrap();
    let mut lines = BufReader::new(node.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let url = serde_json::from_str::<Value>(&line).unwrap()["url"].as_str().unwrap().to_owned();

    let mut child = stage.validator_process_of(&url, &["--key", "//Owner//hotkey"]).spawn().unwrap();
    stage.healthy().await;
    let health = || {
        let mut command = assay(stage.folder());
        command.args(["health", "chain", "--chain-url", &url]);
        command
    };
    assert!(health().status().await.unwrap().success());
    signal(&node, "-STOP");
    stage.ailing("chain", "stale").await;
    assert!(child.try_wait().unwrap().is_none(), "it lives");
    assert!(!health().status().await.unwrap().success());
    signal(&node, "-CONT");
    stage.healthy().await;
    stop(&mut child).await;
    stop(&mut node).await;
}
