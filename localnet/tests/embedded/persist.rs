//! A chain in a file, and one that outlives its process.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use jsonrpsee::{core::client::ClientT, rpc_params};
use localnet::{AuthorError, Beacon, BlockTime, Config, Damage, DumpError, Genesis, SpawnError, spawn};
use node_subtensor_runtime::Runtime;
use primitives::BlockRef;
use serde_json::Value;

use crate::{
    account::alice,
    node::{Fate, Node},
};

fn remark() -> frame_system::Call<Runtime> {
    frame_system::Call::remark_with_event { remark: vec![7; 8] }
}

fn persistent(folder: &Path) -> Config {
    Config { persist: Some(folder.to_owned()), ..Config::test() }
}

async fn hash(node: &Node, number: u32) -> Value {
    node.rpc.request("chain_getBlockHash", rpc_params![number]).await.unwrap()
}

#[tokio::test]
async fn a_dump_brings_a_chain_back_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain");
    // Without the chain's own beacon, whose pulses bear signatures that differ each time.
    let config = || Config { beacon: Beacon::Quicknet, ..Config::test() };
    let node = Node::with(config()).await;
    node.blocks(300);
    assert_eq!(node.send(&alice(), remark()).await, Fate::Done);
    let (best, body) = (node.handle.best(), node.body(&node.handle.best().hash.to_string()).await);
    node.handle.dump(&path).unwrap();
    let over_the_wire: String = node.rpc.request("dev_dump", rpc_params![]).await.unwrap();
    assert_eq!(hex::decode(&over_the_wire[2..]).unwrap(), fs::read(&path).unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no file is left over");

    // Of another genesis, which does not count.
    let other = Genesis { network_lock_rao: 1, ..Genesis::default() };
    let again = Node::with(Config { load: Some(path.clone()), genesis: other, ..config() }).await;
    assert_eq!((again.handle.best(), again.handle.genesis()), (best, node.handle.genesis()));
    assert_eq!(again.body(&best.hash.to_string()).await, body);
    for number in [0, 1, 150, 300] {
        assert_eq!(hash(&again, number).await, hash(&node, number).await);
        let header = rpc_params![hash(&node, number).await];
        let ours: Value = again.rpc.request("chain_getHeader", header.clone()).await.unwrap();
        assert_eq!(ours, node.rpc.request::<Value, _>("chain_getHeader", header).await.unwrap());
    }
    // Both go on alike: the same state, the same clock.
    for node in [&node, &again] {
        node.blocks(1);
    }
    assert_eq!(again.handle.best(), node.handle.best());
    again.handle.dump(&path).unwrap();
    let third = spawn(Config { load: Some(path), ..Config::test() }).await.unwrap();
    assert_eq!(third.best(), node.handle.best());
}

#[tokio::test]
async fn a_damaged_dump_is_named_and_harms_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain");
    let node = Node::start(Genesis::default()).await;
    node.blocks(3);
    node.handle.dump(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    let load = async |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        match spawn(Config { load: Some(path.clone()), ..Config::test() }).await {
            Ok(_) => panic!("loaded"),
            Err(SpawnError::Dump(error)) => error,
            Err(other) => panic!("{other}"),
        }
    };
    for length in (0..whole.len()).step_by(whole.len() / 50).chain([16, 20, 28, 60, whole.len() - 1]) {
        match load(&whole[..length]).await {
            DumpError::Foreign { .. } => assert!(length < 16),
            DumpError::Damaged { damage: Damage::Length { found, .. }, .. } => assert_eq!(found, length as u64),
            other => panic!("{other:?}"),
        }
    }
    for at in (0..whole.len()).step_by(whole.len() / 50) {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        let error = load(&bytes).await;
        match at {
            0..16 => assert!(matches!(error, DumpError::Foreign { .. }), "{error:?}"),
            60.. => assert!(matches!(error, DumpError::Damaged { damage: Damage::Checksum { at: 60 }, .. })),
            _ => {}
        }
    }
    let mut newer = whole.clone();
    newer[16] = 200;
    assert!(matches!(load(&newer).await, DumpError::Format { found: 200, known: 1, .. }));
    assert!(matches!(load(&[&whole[..], b"more"].concat()).await, DumpError::Damaged { .. }));
    assert!(matches!(load(b"{\"not\": \"a dump\"}").await, DumpError::Foreign { .. }));
    fs::remove_file(&path).unwrap();
    let missing = spawn(Config { load: Some(path.clone()), ..Config::test() }).await;
    assert!(matches!(missing, Err(SpawnError::Dump(DumpError::Io { path: named, .. })) if named == path));
}

#[tokio::test]
async fn a_chain_goes_on_in_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::with(persistent(folder.path())).await;
    assert_eq!(node.send(&alice(), remark()).await, Fate::Done);
    let snapshot = node.handle.snapshot();
    node.blocks(20);
    let (genesis, first) = (node.handle.genesis(), hash(&node, 1).await);
    // The folder is taken as long as the chain runs.
    assert!(matches!(spawn(persistent(folder.path())).await, Err(SpawnError::Dump(DumpError::InUse { .. }))));
    let best = node.handle.best();
    node.handle.shutdown().await;

    let node = Node::with(persistent(folder.path())).await;
    assert_eq!((node.handle.best(), node.handle.genesis(), hash(&node, 1).await), (best, genesis, first.clone()));
    assert!(!node.handle.revert(snapshot).unwrap(), "snapshots are of the process");
    node.blocks(2);
    let snapshot = node.handle.snapshot();
    let then = node.handle.best();
    node.blocks(5);
    assert!(node.handle.revert(snapshot).unwrap());
    drop(node);

    // What was gone back from is gone, also for who comes later.
    let node = Node::with(Config { finality_depth: 5, ..persistent(folder.path()) }).await;
    assert_eq!(node.handle.best(), then);
    node.blocks(4);
    let before = node.handle.best();
    let after = node.handle.reorg(2).unwrap();
    assert_eq!((before.number, before == after), (after.number, false));
    node.handle.shutdown().await;
    let node = Node::with(persistent(folder.path())).await;
    assert_eq!((node.handle.best(), hash(&node, 1).await), (after, first));
    let names: Vec<String> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names.len(), 3, "dump, log and lock: {names:?}");
}

#[tokio::test]
async fn a_torn_log_costs_only_its_last_block() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::with(persistent(folder.path())).await;
    let log = folder.path().join("blocks.1.log");
    let (mut blocks, mut ends) = (vec![node.handle.best()], vec![0]);
    for round in 0..6 {
        if round % 3 == 0 {
            node.submit(&alice(), remark()).await.unwrap();
        }
        blocks.push(node.handle.author_block().unwrap());
        ends.push(fs::metadata(&log).unwrap().len());
    }
    drop(node);
    let (dump, whole) = (fs::read(folder.path().join("chain.dump")).unwrap(), fs::read(&log).unwrap());
    let restart = async |log: &[u8]| -> Result<BlockRef, SpawnError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("chain.dump"), &dump).unwrap();
        fs::write(folder.path().join("blocks.1.log"), log).unwrap();
        let found = spawn(persistent(folder.path())).await?;
        let best = found.best();
        // It goes on, and is found again.
        let next = found.author_block().unwrap();
        drop(found);
        assert_eq!(spawn(persistent(folder.path())).await?.best(), next);
        Ok(best)
    };
    let lengths = (0..whole.len() as u64).step_by(whole.len() / 8);
    for length in lengths.chain(ends.iter().flat_map(|end| [*end, end.saturating_sub(1)])) {
        let length = length.min(whole.len() as u64);
        let kept = ends.iter().rposition(|end| *end <= length).unwrap();
        assert_eq!(restart(&whole[..length as usize]).await.unwrap(), blocks[kept], "cut at {length}");
        // Zeros where the system had not written yet.
        let end = ends.iter().find(|end| **end >= length).unwrap();
        let zeros = [&whole[..length as usize], &vec![0; (end - length) as usize]].concat();
        let same = |end: &u64| zeros.get(..*end as usize) == Some(&whole[..*end as usize]);
        let kept = ends.iter().rposition(same).unwrap();
        assert_eq!(restart(&zeros).await.unwrap(), blocks[kept], "zeros at {length}");
    }
    // What changes in the middle was announced once: that is said, not cut off.
    for (end, next) in ends.iter().zip(&ends[1..ends.len() - 1]) {
        let mut bytes = whole.clone();
        bytes[(end + next) as usize / 2] ^= 1;
        let refused = restart(&bytes).await.err();
        let Some(SpawnError::Dump(DumpError::Damaged { damage, .. })) = refused else { panic!("{refused:?}") };
        assert!(matches!(damage, Damage::Checksum { at } if at == *end), "{damage:?}");
    }
    let (first, second) = (ends[1] as usize, ends[2] as usize);
    let skipped = restart(&[&whole[..first], &whole[second..]].concat()).await.err();
    let Some(SpawnError::Dump(DumpError::Damaged { damage, .. })) = skipped else { panic!("{skipped:?}") };
    assert!(matches!(damage, Damage::Headers { number: 3 }), "{damage:?}");
}

#[tokio::test]
async fn a_long_log_gives_way_to_a_dump() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::with(persistent(folder.path())).await;
    let long = || frame_system::Call::<Runtime>::remark { remark: vec![7; 900_000] };
    for _ in 0..4 {
        assert_eq!(node.send(&alice(), long()).await, Fate::Done);
    }
    let best = node.handle.best();
    drop(node);
    let log = fs::metadata(folder.path().join("blocks.2.log")).unwrap();
    assert!((900_000..1_000_000).contains(&log.len()) && !folder.path().join("blocks.1.log").exists());
    assert_eq!(spawn(persistent(folder.path())).await.unwrap().best(), best);
}

#[tokio::test]
async fn what_can_not_be_written_is_not_announced() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::with(persistent(folder.path())).await;
    node.blocks(2);
    let snapshot = node.handle.snapshot();
    let then = node.handle.best();
    node.blocks(2);
    // No file takes a folder's place.
    let dump = folder.path().join("chain.dump");
    fs::remove_file(&dump).unwrap();
    fs::create_dir(&dump).unwrap();
    assert!(matches!(node.handle.revert(snapshot), Err(DumpError::Io { path, .. }) if path == dump));
    assert_eq!(node.handle.best(), then);
    node.submit(&alice(), remark()).await.unwrap();
    for _ in 0..2 {
        assert!(matches!(node.handle.author_block(), Err(AuthorError::Persist { number: 3, .. })));
    }
    assert_eq!((node.handle.best(), node.handle.pending()), (then, 1));
    fs::remove_dir(&dump).unwrap();
    let best = node.handle.author_block().unwrap();
    assert_eq!((best.number, node.handle.pending()), (3, 0));
    drop(node);
    assert_eq!(spawn(persistent(folder.path())).await.unwrap().best(), best);
}

/// Runs a chain in the folder of this variable and says each block as it hears of it.
const CHILD: &str = "ASSAY_LOCALNET_TEST_CHILD";

#[tokio::test]
async fn child() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let every = BlockTime::Every(std::time::Duration::from_millis(1));
    let node = Node::with(Config { block_time: every, ..persistent(folder.as_ref()) }).await;
    let mut heads = node.subscribe("chain_subscribeNewHeads", "chain_unsubscribeNewHeads").await;
    // Until killed.
    loop {
        let number = crate::node::next(&mut heads).await["number"].as_str().unwrap()[2..].to_owned();
        let number = u32::from_str_radix(&number, 16).unwrap();
        let hash = hash(&node, number).await;
        writeln!(std::io::stdout().lock(), "block {number} {}", hash.as_str().unwrap()).unwrap();
    }
}

#[tokio::test]
async fn who_is_killed_comes_back_with_what_it_announced() {
    let folder = tempfile::tempdir().unwrap();
    let mut announced: Vec<(u32, String)> = Vec::new();
    for kills in 0..6 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["persist::child", "--exact", "--nocapture"])
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let blocks = lines.map_while(Result::ok).filter_map(|line| {
            let mut words = line.strip_prefix("block ")?.split(' ').map(str::to_owned);
            Some((words.next()?.parse().ok()?, words.next()?))
        });
        announced.extend(blocks.take(10 + kills));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let node = Node::with(persistent(folder.path())).await;
    assert!(announced.len() >= 60, "{announced:?}");
    for (number, said) in &announced {
        assert_eq!(hash(&node, *number).await, **said);
    }
    node.blocks(1);
}
