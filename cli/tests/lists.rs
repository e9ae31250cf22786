//! A running miner's lists: read again when it is told to, with what is under way left alone.
#![cfg(feature = "torch")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::Stdio,
};

use localnet::{Genesis, GenesisNeuron, dev_account};
use tempfile::TempDir;

mod program;

use program::Running;

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_read_again_and_a_stream_goes_on() {
    let seat = |uri: &str| GenesisNeuron {
        hotkey: dev_account(uri).hotkey(),
        coldkey: dev_account("//Bob").coldkey(),
        stake_rao: 0,
        validator_permit: false,
    };
    let mut genesis = Genesis::default();
    genesis.subnets[0].neurons = vec![seat("//Miner"), seat("//User"), seat("//Other")];
    let node = localnet::spawn(localnet::Config { genesis, ..localnet::Config::test() }).await.unwrap();
    let url = node.url();
    tokio::task::spawn_blocking(move || play(&url)).await.unwrap();
}

fn play(url: &str) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("miner.toml");
    let deny = |whom: &str| format!("[miner.access]\ndeny_hotkeys = [\"{}\"]\n", dev_account(whom).hotkey());
    fs::write(&file, deny("//User")).unwrap();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny");
    let mut child = program::command(folder.path())
        .args(["--config", "miner.toml", "-v", "miner", "--key", "//Miner", "--listen", "127.0.0.2:0"])
        .args(["--chain-url", url, "--state", "state", "--model"])
        .arg(&model)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let running = Running(child);
    let mut read_until = |words: &str| {
        let line = log.by_ref().map(Result::unwrap).find(|line| line.contains(words));
        line.unwrap_or_else(|| panic!("the miner never said {words:?}"))
    };

    let miner = dev_account("//Miner").hotkey().to_string();
    let ask = |key: &str, more: &[&str]| {
        let words = ["ask", "The compiler", "--key", key, "--chain-url", url, "--miner", &miner];
        let there = ["--endpoint", address.trim()];
        let mut command = program::command(folder.path());
        command.args(words).args(there).args(more).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let refused = |key: &str| {
        let output = ask(key, &["--max-new", "4"]).wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() || said.contains("NOT_ALLOWED"), "{said}");
        !output.status.success()
    };
    assert!(refused("//User") && !refused("//Other"));

    // Somebody who is served, and whose name comes onto the list while it is.
    let mut long = ask("//Other", &["--max-new", "200"]);
    let mut out = long.stdout.take().unwrap();
    let mut said = vec![0];
    out.read_exact(&mut said).unwrap();
    fs::write(&file, deny("//Other")).unwrap();
    running.signal("-HUP");
    read_until("lists of whom to serve read again");
    assert!(!refused("//User") && refused("//Other"));
    out.read_to_end(&mut said).unwrap();
    assert!(long.wait().unwrap().success());
    assert_eq!(said.last(), Some(&b'\n'), "cut off: {}", String::from_utf8_lossy(&said));

    // A file that can't be used changes nothing.
    fs::write(&file, "[miner.access]\ndeny_hotkeys = [\"nobody\"]\n").unwrap();
    running.signal("-HUP");
    let line = read_until("settings not read again");
    assert!(line.contains("miner.toml") && line.contains("deny_hotkeys"), "{line}");
    assert!(!refused("//User") && refused("//Other"));
}
