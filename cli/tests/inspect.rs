//! `assay inspect`: a subnet's concentration and its copiers, from a chain and from files.

mod markup;
mod program;

use std::{fs, path::Path};

use chain::{Client, Row};
use localnet::{Config, Genesis, GenesisNeuron, SubnetGenesis, dev_account, spawn};
use primitives::{NetUid, Uid, Weights};
use program::{fails, prints};
use serde_json::{Value, json};
use tempfile::TempDir;

const ALPHA: u64 = 1_000_000_000;
const VALIDATORS: [(&str, u64); 4] = [("//V0", 400), ("//V1", 300), ("//V2", 200), ("//Copier", 100)];
const MINERS: usize = 6;
const EPOCHS: usize = 26;

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scoring/tests/fixtures/yuma")
}

/// A number from 0 to 1, always the same for the same words.
fn drawn(words: &[usize]) -> f64 {
    let text: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let bytes = primitives::Digest::of(&text).0;
    f64::from(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])) / f64::from(u32::MAX)
}

/// What a validator measures: a quality that drifts, and an error of its own.
fn measured(validator: usize, epoch: usize) -> Vec<f64> {
    let quality = |miner: usize| {
        let steps: f64 = (0..=epoch).map(|epoch| drawn(&[1, miner, epoch]) - 0.5).sum();
        (2.0 + steps).clamp(0.3, 4.0)
    };
    (0..MINERS).map(|miner| quality(miner) * (1.0 + 0.2 * (drawn(&[2, validator, miner, epoch]) - 0.5))).collect()
}

fn row(first: u16, values: &[f64]) -> Weights {
    let most = values.iter().copied().fold(0.0, f64::max);
    let value = |value: &f64| (value / most * 65_535.0) as u16;
    Weights::new((first..).map(Uid).zip(values.iter().map(value))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_copier_of_a_chain_is_found() {
    let neuron = |uri: String, stake_rao, validator_permit| GenesisNeuron {
        hotkey: dev_account(&uri).hotkey(),
        coldkey: dev_account("//Bob").coldkey(),
        stake_rao,
        validator_permit,
    };
    let mut subnet = SubnetGenesis::new(NetUid(1));
    subnet.rules.tempo = 12;
    subnet.rules.weights_set_rate_limit = 0;
    let validators = VALIDATORS.iter().map(|(uri, stake)| neuron((*uri).to_owned(), stake * ALPHA, true));
    subnet.neurons = validators.chain((0..MINERS).map(|at| neuron(format!("//M{at}"), 0, false))).collect();
    let genesis = Genesis { subnets: vec![subnet], ..Genesis::default() };
    let node = spawn(Config { genesis, ..Config::test() }).await.unwrap();
    node.author_blocks(2).unwrap();
    let client = Client::connect(&node.url()).await.unwrap();
    let first = 1 + VALIDATORS.len() as u16;
    for epoch in 0..EPOCHS {
        let start = client.best().await.unwrap().number;
        for (at, (uri, _)) in VALIDATORS.iter().enumerate() {
            // The copier has what the second one measured two epochs before.
            let (of, when) = if at == 3 { (1, epoch.saturating_sub(2)) } else { (at, epoch) };
            let wanted = Row::new(NetUid(1), row(first, &measured(of, when)), 0);
            let signed = client.prepare_set(&dev_account(uri), &wanted).await.unwrap();
            let submitted = client.submit(&signed);
            let landed = async {
                while node.pending() == 0 {
                    tokio::task::yield_now().await;
                }
                node.author_block().unwrap();
            };
            submitted_and(submitted, landed).await;
        }
        let done = client.best().await.unwrap().number - start;
        node.author_blocks(12 - done as u32).unwrap();
    }

    let folder = TempDir::new().unwrap();
    let url = node.url();
    let flags = ["inspect", "--chain-url", &url, "--netuid", "1"];
    let text = prints(folder.path(), &[&flags[..], &["--json", "--report", "page.html"]].concat());
    let document: Value = serde_json::from_str(&text).unwrap();
    let validators = document["validators"].as_array().unwrap();
    let of = |uid: u16| validators.iter().find(|validator| validator["uid"] == uid).unwrap();
    let (copier, copied) = (of(4), of(2));
    assert_eq!(copier["following"]["verdict"], "copies", "{document:#}");
    assert_eq!((&copier["following"]["lag"], &copier["following"]["of_uid"]), (&json!(2), &json!(2)), "{copier:#}");
    for honest in [1, 2, 3] {
        assert_ne!(of(honest)["following"]["verdict"], "copies", "{document:#}");
    }
    assert_eq!(copied["stake_rao"].as_u64().unwrap() / ALPHA / 100, 3, "{copied:#}");
    assert!(document["epochs"].as_u64().unwrap() >= EPOCHS as u64 - 1);
    // Of 1,000 alpha two have more than half; the largest alone has more than a third. All others were paid a little.
    let stake = &document["concentration"]["stake"];
    assert_eq!((&stake["nakamoto_33"], &stake["nakamoto_50"], &stake["n"]), (&json!(1), &json!(2), &json!(11)));
    let html = fs::read_to_string(folder.path().join("page.html")).unwrap();
    markup::check(&html, 3);

    let text = prints(folder.path(), &flags);
    assert!(text.contains("copying: uid 4"), "{text}");
    let few = prints(folder.path(), &[&flags[..], &["--epochs", "3"]].concat());
    assert!(few.contains("rows of 4 epochs compared") && few.contains("nobody is seen to copy"), "{few}");
    fails(folder.path(), &["inspect", "--chain-url", &url, "--netuid", "7"], 1, &["7"]);
    fails(folder.path(), &[&flags[..], &["--block", "99999"]].concat(), 1, &["does not have block 99999"]);
}

/// Both, the first of which waits for the second.
async fn submitted_and<T, E: std::fmt::Debug>(submitted: impl Future<Output = Result<T, E>>, landed: impl Future) {
    tokio::join!(async { submitted.await.unwrap() }, landed);
}

#[test]
fn an_epoch_of_a_file_is_inspected() {
    let folder = TempDir::new().unwrap();
    let mut files: Vec<_> = fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in &files {
        let document: Value =
            serde_json::from_str(&prints(folder.path(), &["inspect", file.to_str().unwrap(), "--json"])).unwrap();
        let vector: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        assert_eq!(document["block"], vector["input"]["block"]);
        assert_eq!(document["seats"], vector["input"]["stake"].as_array().unwrap().len());
        for validator in document["validators"].as_array().unwrap() {
            let uid = validator["uid"].as_u64().unwrap() as usize;
            let dividends = vector["output"]["dividends"][uid].as_f64().unwrap() / 65_535.0;
            assert_eq!(validator["dividends"].as_f64().unwrap(), dividends, "{}", file.display());
        }
    }
    let name = files[0].to_str().unwrap();
    fails(folder.path(), &["inspect", name, name], 1, &["one file is one epoch"]);
    fails(folder.path(), &["inspect", "absent.json"], 1, &["absent.json: cannot be read"]);
    fs::write(folder.path().join("cut.json"), &fs::read(&files[0]).unwrap()[..99]).unwrap();
    fails(folder.path(), &["inspect", "cut.json"], 1, &["cut.json: not JSON"]);
}
