//! The built program as a doctor: on a machine and a chain where all is well, and where it isn't; and what it says of the
//! health of what runs.

extern crate dashboard as assay_dashboard;

mod program;
#[path = "../../dashboard/examples/made_up/subnet.rs"]
mod subnet;

use std::{fs, net::TcpListener, path::Path, time::Duration};

use localnet::{BlockTime, Config, Genesis, GenesisNeuron, Handle, SubnetGenesis, dev_account, spawn};
use primitives::NetUid;
use serde_json::Value;
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

async fn chain() -> Handle {
    let mut subnet = SubnetGenesis::new(NetUid(1));
    let (hotkey, coldkey) = (dev_account("//Miner").hotkey(), dev_account("//Bob").coldkey());
    subnet.neurons.push(GenesisNeuron { hotkey, coldkey, stake_rao: 0, validator_permit: true });
    let genesis = Genesis { subnets: vec![subnet], ..Genesis::default() };
    let block_time = BlockTime::Every(Duration::from_millis(250));
    spawn(Config { block_time, genesis, ..Config::test() }).await.unwrap()
}

/// Settings that suit this machine, and their path.
fn settings(folder: &TempDir, chain: &Handle, more: &str) -> String {
    let path = folder.path().join("settings.toml");
    let store = folder.path().join("store.sqlite");
    let (model, url) = (root().join("models/tiny"), chain.url());
    let text = format!(
        "chain.url = {url:?}\nmodel.path = {model:?}\nvalidator.store_path = {store:?}\n\
         miner.announce = \"127.0.0.2:8091\"\n{more}"
    );
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The document, the exit status and what is on stderr.
fn examined(arguments: &[&str]) -> (Value, Option<i32>, String) {
    let output = program::run(root(), &[&["doctor", "--json"], arguments].concat());
    let document = serde_json::from_slice(&output.stdout).unwrap();
    (document, output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// The names of the findings in a state.
fn names(document: &Value, state: &str) -> Vec<String> {
    let findings = document["findings"].as_array().unwrap().iter();
    let named = findings.filter(|finding| finding["state"] == state);
    named.map(|finding| finding["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_ready() {
    let (chain, folder) = (chain().await, TempDir::new().unwrap());
    let file = settings(&folder, &chain, "miner.listen = \"127.0.0.2:0\"\n");
    for (role, looked_at) in [
        (
            "miner",
            &["settings", "libtorch", "gpu", "model", "port", "announced address", "chain", "clock", "hotkey", "seat"]
                [..],
        ),
        (
            "validator",
            &["settings", "libtorch", "gpu", "model", "calibration", "disk", "chain", "clock", "hotkey", "seat"],
        ),
    ] {
        let (document, status, said) = examined(&[role, "--config", &file, "--key", "//Miner"]);
        assert_eq!((status, said.as_str()), (Some(0), ""), "{document:#}");
        let well = names(&document, "ok");
        for name in looked_at {
            assert!(well.iter().any(|found| found == name), "{role}, {name}: {document:#}");
        }
        assert_eq!(names(&document, "failed"), Vec::<String>::new());
    }
    // For people: a line for each, none of them an error's.
    let shown = program::prints(root(), &["doctor", "miner", "--config", &file, "--key", "//Miner"]);
    assert!(shown.lines().any(|line| line.starts_with("ok       seat")), "{shown}");
    assert!(!folder.path().join("store.sqlite").exists(), "it leaves nothing behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named_with_its_fix() {
    let (chain, folder) = (chain().await, TempDir::new().unwrap());
    let taken = TcpListener::bind("127.0.0.2:0").unwrap();
    let more = format!(
        "miner.listen = \"{}\"\nminer.metrics_listen = \"203.0.113.7:9465\"\nchain.fallback_urls = [\"ws://127.0.0.1:1\"]\n",
        taken.local_addr().unwrap()
    );
    let file = settings(&folder, &chain, &more);
    let file = fs::read_to_string(&file)
        .map(|text| text.replace("127.0.0.2:8091", "127.0.0.1:8091").replace("models/tiny", "models/none"))
        .unwrap();
    let path = folder.path().join("bad.toml");
    fs::write(&path, file).unwrap();
    // The chain's clock goes an hour ahead, and the key has no seat.
    chain.increase_time(3_600).unwrap();
    let (document, status, said) = examined(&["miner", "--config", path.to_str().unwrap(), "--key", "//Nobody"]);
    assert_eq!(status, Some(1));
    assert_eq!(
        names(&document, "failed"),
        ["model", "port", "port", "announced address", "clock", "seat"],
        "{document:#}"
    );
    assert!(names(&document, "warning").contains(&"chain".to_owned()), "{document:#}");
    assert_eq!(document["state"], "failed");
    for finding in document["findings"].as_array().unwrap() {
        let fix = finding.get("fix").and_then(Value::as_str).unwrap_or_default();
        assert_eq!(finding["state"] != "ok", !fix.is_empty(), "{finding}");
        assert!(!fix.contains('\n') && !fix.contains(". "), "one sentence: {finding}");
    }
    assert!(said.lines().count() == 1 && said.contains("error: not ready: model, port"), "{said}");

    // A store below a file; a key file that isn't there.
    let file = settings(&folder, &chain, "wallet.path = \"/no/such/folder\"\n");
    let below = format!("{file}/store.sqlite");
    let text =
        fs::read_to_string(&file).unwrap().replace(&folder.path().join("store.sqlite").display().to_string(), &below);
    fs::write(&path, text).unwrap();
    let (document, status, _) = examined(&["validator", "--config", path.to_str().unwrap()]);
    assert_eq!(status, Some(1));
    assert_eq!(names(&document, "failed"), ["disk", "clock", "hotkey"], "{document:#}");

    // Without settings only the machine is looked at.
    fs::write(&path, "chain.ulr = \"ws://x\"\n").unwrap();
    let (document, status, _) = examined(&["--config", path.to_str().unwrap()]);
    assert_eq!((status, names(&document, "failed")), (Some(1), vec!["settings".to_owned()]));
    assert!(document["findings"][0]["found"].as_str().unwrap().contains("unknown key chain.ulr"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_and_a_miner_are_asked_how_they_are() {
    let chain = chain().await;
    let url = chain.url();
    assert!(program::prints(root(), &["health", "chain", "--chain-url", &url]).ends_with(" is final\n"));
    program::fails(root(), &["health", "chain", "--chain-url", "ws://127.0.0.1:1"], 1, &["cannot reach a chain"]);

    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.2:0").unwrap();
    let nobody = taken.local_addr().unwrap();
    drop(taken);
    let file = settings(&folder, &chain, &format!("miner.listen = \"{nobody}\"\n"));
    program::fails(root(), &["health", "miner", "--config", &file], 1, &["no miner answers at", &nobody.to_string()]);
    // Something else answers, and hangs up: no news is no good news.
    let page = dashboard::Config { listen: ([127, 0, 0, 2], 0).into(), ..dashboard::Config::test() };
    let page = dashboard::spawn(page, subnet::board(4)).await.unwrap();
    let other = settings(&folder, &chain, &format!("miner.listen = \"{}\"\n", page.addr()));
    program::fails(root(), &["health", "miner", "--config", &other], 1, &["is no miner"]);
    program::fails(root(), &["health", "validator", "--config", &file], 2, &["set validator.metrics_listen"]);
    let file = settings(&folder, &chain, &format!("validator.metrics_listen = \"{nobody}\"\n"));
    program::fails(root(), &["health", "validator", "--config", &file], 1, &["no validator serves metrics at"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_is_as_well_as_its_metrics_say() {
    use std::io::{Read as _, Write as _};

    let (chain, folder) = (chain().await, TempDir::new().unwrap());
    let listener = TcpListener::bind("127.0.0.2:0").unwrap();
    let address = listener.local_addr().unwrap();
    // What Prometheus would be served, by hand: nothing yet, then a block that is looked at, then one far behind.
    let server = std::thread::spawn(move || {
        for metrics in [
            "other_total 3\n",
            "# HELP x\nvalidator_finalised_block 18446744073709551615\n",
            "validator_finalised_block 0\n",
        ] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let read = stream.read(&mut request).unwrap();
            assert!(request[..read].starts_with(b"GET /metrics HTTP/1.0\r\n"));
            write!(stream, "HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\n{metrics}").unwrap();
        }
    });
    let file = settings(&folder, &chain, &format!("validator.metrics_listen = \"{address}\"\n"));
    let arguments = ["health", "validator", "--config", &file, "--behind", "0"];
    program::fails(root(), &arguments, 1, &["the validator has looked at no block yet"]);
    assert!(program::prints(root(), &arguments).starts_with("looked at block "));
    while chain.finalised().number == 0 {
        chain.author_block().unwrap();
    }
    program::fails(root(), &arguments, 1, &["the validator looked at block 0 last"]);
    server.join().unwrap();
}
