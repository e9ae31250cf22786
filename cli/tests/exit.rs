//! What the built program answers to wrong inputs: one clear line on stderr, nothing on stdout, and an exit status.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// Nobody listens there: a test of ours would have to be root to do so.
const NOWHERE: &str = "ws://127.0.0.1:1";

fn assay(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    // The tester's own environment has no say.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ASSAY__") || name == "RUST_LOG") {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(root());
    command
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8(output.stderr.clone()).unwrap().lines().map(str::to_owned).collect()
}

/// One line, with this status, that holds all of these.
fn fails(arguments: &[&str], status: i32, holding: &[&str]) {
    let output = assay(arguments).output().unwrap();
    let lines = lines(&output);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {lines:#?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
    assert_eq!(lines.len(), 1, "{arguments:?}: {lines:#?}");
    for part in holding {
        assert!(lines[0].contains(part), "{arguments:?}: {:?} lacks {part:?}", lines[0]);
    }
}

#[test]
fn bad_flags_are_usage() {
    for arguments in [
        &["metagraph", "--netuid", "many"][..],
        &["metagraph", "--no-such-flag"],
        &["no-such-command"],
        &["ask", "--miner", "5Grw", "hello"],
        &["ask", "--temperature", "hot", "hello"],
        &["--config", "configs/miner.toml", "config", "show", "--config", "configs/localnet.toml"],
        &[],
    ] {
        let output = assay(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {:#?}", lines(&output));
        assert!(output.stdout.is_empty());
    }
    let output =
        assay(&["ask", "--miner", "5GrxvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", "hello"]).output().unwrap();
    assert!(lines(&output)[0].contains("SS58 checksum"), "{:#?}", lines(&output));
}

#[test]
fn an_unreachable_chain_is_named() {
    fails(&["metagraph", "--chain-url", NOWHERE], 1, &["cannot reach a chain at", NOWHERE, "assay localnet"]);
}

#[test]
fn settings_are_checked() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("mine.toml");
    let path_text = path.to_str().unwrap();
    fs::write(&path, "[chain]\nulr = \"ws://x\"\n").unwrap();
    fails(
        &["config", "show", "--config", path_text],
        2,
        &["mine.toml", "unknown key chain.ulr", "[chain] has fallback_urls, url"],
    );
    fails(&["config", "check", path_text], 2, &["mine.toml", "unknown key chain.ulr"]);
    fails(&["config", "check", "--config", "no/such.toml"], 2, &["no/such.toml", "cannot be read"]);
    let output = assay(&["config", "show"]).env("ASSAY__CHAIN__ULR", "x").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(lines(&output)[0].contains("ASSAY__CHAIN__ULR: unknown key chain.ulr"));
}

#[test]
fn the_order_of_layers_is_shown() {
    let folder = TempDir::new().unwrap();
    let (first, second) = (folder.path().join("first.toml"), folder.path().join("second.toml"));
    fs::write(&first, "[chain]\nurl = \"ws://first\"\n[subnet]\nnetuid = 3\n").unwrap();
    fs::write(&second, "[chain]\nurl = \"ws://second\"\n").unwrap();
    let show = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{:#?}", lines(&output));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let files = ["--config", first.to_str().unwrap(), "--config", second.to_str().unwrap()];
    let shown = show(assay(&["config", "show", "--json"]).args(files).env("ASSAY__LOCALNET__TEMPO", "7"));
    assert_eq!(shown["chain.url"]["value"], "ws://second");
    assert_eq!(shown["chain.url"]["origin"], second.to_str().unwrap());
    assert_eq!((&shown["subnet.netuid"]["value"], &shown["localnet.tempo"]["value"]), (&3.into(), &7.into()));
    assert_eq!(shown["localnet.tempo"]["origin"], "ASSAY__LOCALNET__TEMPO");
    assert_eq!(shown["wallet.name"]["origin"], "default");
}

#[test]
fn the_commented_files_are_good() {
    for name in ["localnet", "miner", "validator"] {
        let output = assay(&["config", "check", &format!("configs/{name}.toml")]).output().unwrap();
        assert!(output.status.success(), "{name}: {:#?}", lines(&output));
    }
}

#[test]
fn a_development_key_stays_on_this_machine() {
    let remote = "wss://127.0.0.1.example.org:443";
    let arguments = ["register", "--key", "//Alice", "--chain-url", remote];
    fails(&arguments, 2, &["//Alice is a development key", remote]);
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = assay(&["localnet", "-qq", "--listen", &address]).output().unwrap();
    let lines = lines(&output);
    assert_eq!(output.status.code(), Some(1), "{lines:#?}");
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains(&address) && lines[0].contains("--listen"), "{lines:#?}");
}

/// The embedded chain says where it listens as soon as it does, answers, and stops when it is told.
#[test]
fn localnet_serves_until_told_to_stop() {
    let mut localnet = assay(&["localnet", "-qq", "--listen", "127.0.0.1:0", "--json", "--block-time", "100ms"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut stdout = BufReader::new(localnet.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&first).unwrap();
    let url = ready["url"].as_str().unwrap();

    let output = assay(&["metagraph", "--json", "--chain-url", url]).output().unwrap();
    assert!(output.status.success(), "{:#?}", lines(&output));
    let metagraph: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(metagraph["netuid"], 1);
    fails(&["metagraph", "--netuid", "77", "--chain-url", url], 1, &["no subnet 77", "--netuid"]);

    // The owner of the subnet registers a seat; a second time the chain refuses.
    let folder = TempDir::new().unwrap();
    let wallets = folder.path().to_str().unwrap();
    let key = ["--wallet-path", wallets, "--wallet", "w", "--hotkey", "h"];
    let made = assay(&["wallet", "new", "hotkey"]).args(key).output().unwrap();
    assert!(made.status.success(), "{:#?}", lines(&made));
    let ask = [&["ask", "hello", "--chain-url", url], &key[..]].concat();
    fails(&ask, 1, &["nobody serves on subnet 1"]);
    let register = [&["register", "--chain-url", url, "--coldkey", "//Alice"], &key[..]].concat();
    let registered = assay(&register).output().unwrap();
    assert!(registered.status.success(), "{:#?}", lines(&registered));
    fails(&register, 3, &["the chain refused", "HotKeyAlreadyRegisteredInSubNet"]);

    let stopped = Command::new("kill").args(["-TERM", &localnet.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    assert_eq!(localnet.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    localnet.stderr.take().unwrap().read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let mut command = assay(&["config", "show"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), lines(&output)), (Some(0), vec![]));
}

/// A vector of the chain's own arithmetic, and a folder to change it in.
fn vector() -> (serde_json::Value, TempDir) {
    let path = root().join("scoring/tests/fixtures/yuma/commit-6.json");
    (serde_json::from_slice(&fs::read(path).unwrap()).unwrap(), TempDir::new().unwrap())
}

fn written(folder: &TempDir, value: &serde_json::Value) -> String {
    let path = folder.path().join("epoch.json");
    fs::write(&path, value.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Stdout's one line.
fn document(output: &Output) -> serde_json::Value {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn an_epoch_is_recomputed() {
    let (vector, folder) = vector();
    // With an output to compare with, without one, and the input alone.
    let alone = serde_json::json!({ "input": vector["input"] });
    for value in [&vector, &alone, &vector["input"]] {
        let output = assay(&["epoch", &written(&folder, value)]).output().unwrap();
        assert_eq!((output.status.code(), lines(&output)), (Some(0), vec![]));
        assert_eq!(document(&output), vector["output"]);
    }
    let mut command = assay(&["epoch", "-"]);
    command.stdin(fs::File::open(written(&folder, &vector)).unwrap());
    assert_eq!(document(&command.output().unwrap()), vector["output"]);
}

#[test]
fn an_epoch_that_differs_is_printed_and_fails() {
    let (mut vector, folder) = vector();
    let ours = vector["output"].clone();
    vector["output"]["incentive"][0] = 1.into();
    vector["output"]["bonds"] = serde_json::json!({});
    let output = assay(&["epoch", &written(&folder, &vector)]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(document(&output), ours);
    assert_eq!(lines(&output), ["error: the output differs from the file's in bonds, incentive"]);
}

#[test]
fn an_input_that_is_none_of_an_epoch_is_refused() {
    let (vector, folder) = vector();
    let refused = |change: fn(&mut serde_json::Value), holding: &[&str]| {
        let mut value = vector.clone();
        change(&mut value["input"]);
        fails(&["epoch", &written(&folder, &value)], 1, &[&["epoch.json: not an epoch's input"], holding].concat());
    };
    refused(|input| input["last_update"] = serde_json::json!([1, 2]), &["last_update: 2 entries for 6 seats"]);
    refused(|input| input["commit_blocks"] = serde_json::json!([]), &["commit_blocks: 0 entries for 6 seats"]);
    refused(|input| input["weights"]["3"] = serde_json::json!([[6, 1]]), &["weights: uid 6 in a subnet of 6 seats"]);
    refused(|input| input["bonds"]["65535"] = serde_json::json!([]), &["bonds: uid 65535"]);
    refused(|input| input["owner_uid"] = 6.into(), &["owner_uid: uid 6"]);
    refused(|input| input["kappa"] = 65_536.into(), &["65536"]);
    refused(|input| input["stake"][0] = (-1).into(), &["-1"]);
    refused(|input| input["stake"][0] = 0.5.into(), &["0.5"]);
    refused(|input| input["weights"]["0"] = serde_json::json!([[1]]), &["invalid length 1"]);
    refused(|input| input["tempo"] = serde_json::Value::Null, &["null"]);
    refused(|input| input["speed"] = 1.into(), &["unknown field `speed`"]);
    refused(|input| drop(input.as_object_mut().unwrap().remove("kappa")), &["missing field `kappa`"]);
    refused(|input| *input = serde_json::Value::Null, &["unknown field `input`"]);

    let mut value = vector.clone();
    for name in ["stake", "last_update", "block_at_registration", "commit_blocks"] {
        value["input"][name] = vec![1; 65_537].into();
    }
    value["input"]["validator_permits"] = vec![true; 65_537].into();
    fails(&["epoch", &written(&folder, &value)], 1, &["65537 seats: a uid names 65536 at most"]);

    for text in ["", "[", "{\"input\": NaN}", "3", "[]", "{}"] {
        let path = folder.path().join("text.json");
        fs::write(&path, text).unwrap();
        fails(&["epoch", path.to_str().unwrap()], 1, &["text.json: not "]);
    }
    fails(&["epoch", "no/such.json"], 1, &["no/such.json: cannot be read"]);
    let output = assay(&["epoch", "any.json", "--netuid", "2"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{:#?}", lines(&output));
}

#[test]
fn a_log_that_is_none_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("log.jsonl");
    fails(&["replay", path.to_str().unwrap()], 1, &["log.jsonl"]);
    fs::write(&path, "not a record\n").unwrap();
    fails(&["replay", path.to_str().unwrap()], 1, &["log.jsonl"]);
}

#[cfg(feature = "torch")]
mod torch {
    use super::*;

    #[test]
    fn a_missing_model_is_named() {
        fails(
            &["run", "--model", "no/such/model", "--prompt", "x"],
            1,
            &["no model folder at no/such/model", "--model"],
        );
    }

    #[test]
    fn damaged_weights_are_named() {
        let folder = TempDir::new().unwrap();
        for name in ["config.json", "tokenizer.json"] {
            fs::copy(root().join("models/tiny").join(name), folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("model.safetensors"), "these are no weights").unwrap();
        let arguments = ["run", "--model", folder.path().to_str().unwrap(), "--prompt", "x"];
        fails(&arguments, 1, &["model.safetensors", "damaged"]);
    }

    #[test]
    fn a_model_runs_and_repeats_itself() {
        let run = |seed: &str| {
            let arguments =
                ["run", "--prompt", "Once", "--max-new", "8", "--temperature", "1", "--json", "--seed", seed];
            let output = assay(&arguments).output().unwrap();
            assert!(output.status.success(), "{:#?}", lines(&output));
            serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()["tokens"].clone()
        };
        assert_eq!(run("1").as_array().unwrap().len(), 8);
        assert_eq!(run("1"), run("1"));
        assert_ne!(run("1"), run("2"));
    }
}

/// A chain of our own, as a process; it ends with the test.
struct Chain {
    child: std::process::Child,
    url: String,
}

impl Chain {
    fn start() -> Self {
        let mut child = assay(&["localnet", "--listen", "127.0.0.1:0", "--block-time", "100ms"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned() }
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn who_and_where_must_be_on_the_chain() {
    let chain = Chain::start();
    let on = |arguments: &[&'static str]| [arguments, &["--chain-url"]].concat();
    let with = |mut arguments: Vec<&'static str>, url: &str, status: i32, holding: &[&str]| {
        let url: &'static str = url.to_owned().leak();
        arguments.push(url);
        fails(&arguments, status, holding);
    };
    with(on(&["metagraph", "--netuid", "77"]), &chain.url, 1, &["no subnet 77", "--netuid"]);
    #[cfg(feature = "torch")]
    for command in ["miner", "validator"] {
        with(on(&[command, "-qq", "--key", "//Stranger"]), &chain.url, 1, &["not registered", "assay register"]);
    }
    // Its metrics have no place, and nothing is begun.
    #[cfg(feature = "torch")]
    {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, folder) = (taken.local_addr().unwrap().to_string(), TempDir::new().unwrap());
        let store = folder.path().join("store.sqlite");
        let arguments = ["validator", "-qq", "--key", "//Owner//hotkey", "--chain-url", &chain.url];
        let more = ["--metrics-listen", &address, "--store", store.to_str().unwrap()];
        fails(&[&arguments[..], &more].concat(), 1, &[&address, "--metrics-listen", "in use"]);
        assert!(!store.exists());
    }
    // The chain says no, and the exit status says that it was the chain.
    let register = ["register", "--netuid", "1", "--key", "//Poor//hot", "--coldkey", "//Poor"];
    with(on(&register), &chain.url, 3, &["costs", "has 0", "nothing was sent"]);
}
