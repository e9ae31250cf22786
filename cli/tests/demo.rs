//! The demo as a user meets it: it ends by itself with a verdict, and at once when told to, and leaves nobody behind.
#![cfg(feature = "torch")]

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// A demo fills a small machine: two at once would measure each other.
static STAGE: Mutex<()> = Mutex::new(());

/// Long enough for a busy machine; a healthy one takes a fraction.
const PATIENCE: Duration = Duration::from_secs(20);

fn alone() -> MutexGuard<'static, ()> {
    STAGE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn demo(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    command
        .args(["demo", "--folder", folder.path().join("demo").to_str().unwrap()])
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Read stderr until a line holds `word`; the process of each validator that was named on the way.
fn wait_for(child: &mut Child, word: &str) -> Vec<u32> {
    let mut validators = Vec::new();
    for line in BufReader::new(child.stderr.as_mut().unwrap()).lines() {
        let line = line.unwrap();
        if let Some((_, rest)) = line.split_once("· process ") {
            validators.push(rest.split_whitespace().next().unwrap().parse().unwrap());
        }
        if line.contains(word) {
            return validators;
        }
    }
    panic!("the demo ended before it said {word:?}");
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// Whether a process of ours still runs; one that nobody waited for yet doesn't.
fn runs(pid: u32) -> bool {
    let status = std::fs::read_to_string(PathBuf::from(format!("/proc/{pid}/stat"))).unwrap_or_default();
    status.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

fn gone(pids: &[u32]) {
    let since = Instant::now();
    while let Some(pid) = pids.iter().find(|pid| runs(**pid)) {
        assert!(since.elapsed() < PATIENCE, "validator process {pid} was left behind");
        std::thread::yield_now();
    }
}

#[test]
fn one_epoch_gives_a_verdict() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let arguments = ["--epochs", "1", "--json", "--seed", "5", "--miners", "4", "--validators", "1"];
    let output = demo(&folder, &arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["epochs_paid"], 1);
    let alpha = |role: &str| {
        let miner = report["miners"].as_array().unwrap().iter().find(|miner| miner["role"] == role).unwrap();
        miner["alpha"].as_f64().unwrap()
    };
    for honest in ["fast", "medium", "slow"] {
        assert!(alpha(honest) > 0.0 && alpha("quantiser") * 10.0 < alpha(honest), "{report:#}");
    }
    // What it leaves replays, and not if one outcome is changed.
    let log = folder.path().join("demo/validator-0/score-log.jsonl");
    let replay = || Command::new(env!("CARGO_BIN_EXE_assay")).arg("replay").arg(&log).output().unwrap();
    assert!(replay().status.success());
    let text = std::fs::read_to_string(&log).unwrap();
    let changed = text.replacen(r#""outcome":"ok""#, r#""outcome":"timeout""#, 1);
    assert_ne!(changed, text);
    std::fs::write(&log, changed).unwrap();
    let refused = replay();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("line "), "{refused:?}");
}

#[test]
fn ctrl_c_ends_it_at_any_moment() {
    let _alone = alone();
    for moment in ["genesis", "registered", "serves on", "· log", "paid no miner"] {
        let folder = TempDir::new().unwrap();
        let mut child = demo(&folder, &["--tempo", "20"]).spawn().unwrap();
        let validators = wait_for(&mut child, moment);
        let since = Instant::now();
        signal(&child, "-INT");
        let status = child.wait().unwrap();
        assert!(since.elapsed() < PATIENCE, "it took {:?} to end at {moment:?}", since.elapsed());
        assert_eq!(status.code(), Some(1), "at {moment:?}");
        gone(&validators);
    }
}

#[test]
fn what_is_kept_runs_until_ctrl_c_and_keeps_its_verdict() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let mut child = demo(&folder, &["--tempo", "20", "--epochs", "1", "--miners", "2", "--keep"]).spawn().unwrap();
    let validators = wait_for(&mut child, "until Ctrl-C");
    assert!(validators.iter().all(|pid| runs(*pid)));
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    gone(&validators);
}

#[test]
fn a_killed_demo_leaves_no_validators_behind() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let mut child = demo(&folder, &["--tempo", "20"]).spawn().unwrap();
    let validators = wait_for(&mut child, "paid no miner");
    assert!(!validators.is_empty());
    signal(&child, "-KILL");
    child.wait().unwrap();
    gone(&validators);
}
