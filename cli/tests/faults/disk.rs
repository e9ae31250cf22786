//! A disk that is full, and has room again later.

use std::process::Stdio;

use assay_cli::demo::cast::Role;
use tokio::io::AsyncReadExt as _;

use super::{
    dice::{Dice, faults},
    machine::Machine,
    process::{files, stop, until},
    stage::{Stage, model},
};

/// Bytes of a page of the store and of its head in the write-ahead log: what is cut off here is cut off in the middle.
const FRAME: u64 = 4096 + 24;

/// Wait for so many more blocks.
async fn passes(stage: &Stage, blocks: u64) {
    let head = stage.chain.best().number;
    until("blocks pass", async || (stage.chain.best().number > head + blocks).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_validator_on_a_full_disk_says_so_and_goes_on_when_there_is_room() {
    let stage = Stage::open(&[Role::Fast]).await;
    let (machine, mut dice) = (Machine::new(), Dice::new());
    let times = faults(3);
    let mut child = machine.run(&mut stage.validator_process(&stage.chain.url())).spawn().unwrap();
    stage.healthy().await;
    for full in 0..times {
        let before = stage.records();
        // Nothing at all, a part of a frame, or a few of them.
        machine.fill_disk(match full % 3 {
            0 => 0,
            1 => dice.roll(FRAME),
            _ => dice.roll(16 * FRAME),
        });
        stage.ailing("rounds", "failing").await;
        // What is too little for a round may do for something else.
        machine.fill_disk(0);
        passes(&stage, 3).await;
        let kept = stage.records();
        assert!(kept[..before.len()] == before[..], "records were lost");
        // Not a record more, however often it is tried.
        passes(&stage, 6).await;
        assert!(stage.records() == kept);
        machine.empty_disk();
        stage.healthy().await;
        until("rounds go on", async || (stage.records().len() > kept.len()).then_some(())).await;
    }
    stage.next_row().await;

    // Told to stop, and started, while the disk is full.
    machine.fill_disk(0);
    stage.ailing("rounds", "failing").await;
    let kept = stage.records();
    stop(&mut child).await;
    let mut command = stage.validator_process(&stage.chain.url());
    let mut child = machine.run(&mut command).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
    assert_eq!(child.wait().await.unwrap().code(), Some(1), "{said}");
    assert!(said.lines().last().is_some_and(|line| line.starts_with("error: ") && line.contains("full")), "{said}");
    assert!(stage.records() == kept);

    machine.empty_disk();
    let mut child = machine.run(&mut stage.validator_process(&stage.chain.url())).spawn().unwrap();
    stage.next_row().await;
    stop(&mut child).await;
    stage.nothing_lost_or_doubled().await;
    println!("the validator's disk was full {} times", times + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_miner_on_a_full_disk_serves() {
    let stage = Stage::open(&[]).await;
    let (machine, asker) = (Machine::new(), stage.asker());
    let state = stage.folder().join("state");

    // It can't begin there, and says so; what it left behind is in nobody's way.
    machine.fill_disk(0);
    let mut command = stage.miner_process(&model());
    let output = machine.run(&mut command).stderr(Stdio::piped()).output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let last = said.lines().last().unwrap();
    assert!(
        last.starts_with("error: ") && last.contains("miner.state_path") && last.contains("No space left"),
        "{said}"
    );
    machine.empty_disk();

    let mut child = machine.run(&mut stage.miner_process(&model())).spawn().unwrap();
    stage.miner_serves().await;
    asker.ask().await.unwrap();
    machine.fill_disk(0);
    // What it must write down lies there already.
    let (served, _) = asker.ask().await.unwrap();
    child.kill().await.unwrap();
    let mut child = machine.run(&mut stage.miner_process(&model())).spawn().unwrap();
    stage.miner_serves().await;
    assert!(asker.refused(&served).await.is_some());
    asker.ask().await.unwrap();
    stop(&mut child).await;
    assert_eq!(files(&state), ["lock", "served", "tls.pem"]);
}
