use std::fs;

use primitives::NetUid;
use tempfile::TempDir;

use super::*;
use crate::settings::ChainSettings;

fn file(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

fn variables(pairs: &[(&str, &str)]) -> Option<Map<String, String>> {
    Some(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

fn complaint(text: &str) -> String {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "x.toml", text);
    let error =
        merge(&Settings::default(), &[path], variables(&[]), Layer::default(), &Registry::default()).unwrap_err();
    error.to_string().replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn later_layers_win() {
    let folder = TempDir::new().unwrap();
    let first =
        file(&folder, "first.toml", "[chain]\nurl = \"ws://first\"\n[subnet]\nnetuid = 2\n[localnet]\ntempo = 3\n");
    let second = file(&folder, "second.toml", "[chain]\nurl = \"ws://second\"\n[wallet]\nname = \"second\"\n");
    let environment = variables(&[("ASSAY__CHAIN__URL", "ws://environment"), ("ASSAY__SUBNET__NETUID", "4")]);
    let mut flags = Layer::default();
    flags.flag("--netuid", "subnet.netuid", Some(NetUid(5)));
    flags.flag("--wallet", "wallet.name", None::<&str>);

    let loaded =
        merge(&Settings::default(), &[first.clone(), second.clone()], environment, flags, &Registry::default())
            .unwrap();
    let settings = &loaded.settings;
    assert_eq!(settings.chain.url, "ws://environment");
    assert_eq!((settings.subnet.netuid, settings.localnet.tempo), (NetUid(5), 3));
    assert_eq!((settings.wallet.name.as_str(), settings.wallet.hotkey.as_str()), ("second", "default"));
    // The roles follow the subnet.
    assert_eq!((settings.miner.netuid, settings.validator.netuid), (NetUid(5), NetUid(5)));

    let origin = |key: &str| loaded.origins[key].origin.clone();
    assert_eq!(origin("subnet.netuid"), "--netuid");
    assert_eq!(origin("chain.url"), "ASSAY__CHAIN__URL");
    assert_eq!(origin("localnet.tempo"), first.display().to_string());
    assert_eq!(origin("wallet.name"), second.display().to_string());
    assert_eq!(origin("wallet.hotkey"), "default");
    assert_eq!(loaded.origins["subnet.netuid"].value, 5);
}

#[test]
fn nothing_but_defaults() {
    let loaded = merge(
        &Settings::default(),
        &[],
        variables(&[("UNRELATED", "1"), ("ASSAY__CHAIN__URL", "")]),
        Layer::default(),
        &Registry::default(),
    )
    .unwrap();
    assert_eq!(loaded.settings, Settings::default());
    assert!(loaded.origins.values().all(|shown| shown.origin == "default"));
}

#[test]
fn an_unknown_key_is_named_with_its_file() {
    assert_eq!(
        complaint("[chain]\nulr = \"ws://x\"\n"),
        "x.toml: unknown key chain.ulr; [chain] has fallback_urls, url"
    );
    assert_eq!(
        complaint("[validator]\nnetuid = 3\n"),
        "x.toml: unknown key validator.netuid; did you mean subnet.netuid?"
    );
    assert_eq!(complaint("url = \"ws://x\"\n"), "x.toml: unknown key url; did you mean chain.url?");
    assert!(complaint("[chian]\nx = 1\n").starts_with("x.toml: unknown key chian; the sections are chain, "));
    let variables = variables(&[("ASSAY__CHAIN__ULR", "ws://x")]);
    let error = merge(&Settings::default(), &[], variables, Layer::default(), &Registry::default()).unwrap_err();
    assert_eq!(error.to_string(), "ASSAY__CHAIN__ULR: unknown key chain.ulr; [chain] has fallback_urls, url");
}

#[test]
fn a_wrong_value_is_named_with_its_origin() {
    assert_eq!(complaint("[subnet]\nnetuid = \"one\"\n"), "x.toml: subnet.netuid must be a whole number");
    assert_eq!(complaint("[validator]\nround_blocks = 2.5\n"), "x.toml: validator.round_blocks must be a whole number");
    assert_eq!(complaint("[chain]\nurl = 3\n"), "x.toml: chain.url must be a text in quotes");
    assert!(complaint("[subnet]\nnetuid = 70000\n").starts_with("x.toml: subnet.netuid: found "));
    assert!(complaint("[localnet]\nlisten = \"here\"\n").starts_with("x.toml: localnet.listen: "));
    assert_eq!(complaint("[validator]\nround_blocks = 0\n"), "[validator] round_blocks must be at least 1");

    let variables = variables(&[("ASSAY__SUBNET__NETUID", "one")]);
    let error =
        merge(&Settings::default(), &[], variables, Layer::default(), &Registry::default()).unwrap_err().to_string();
    assert!(error.starts_with("ASSAY__SUBNET__NETUID: subnet.netuid: "), "{error}");
}

#[test]
fn a_file_that_is_not_toml_is_named_with_the_line() {
    assert!(complaint("[chain]\nurl = \n").starts_with("x.toml:2: "), "{}", complaint("[chain]\nurl = \n"));
    let missing =
        merge(&Settings::default(), &["no/such.toml".into()], variables(&[]), Layer::default(), &Registry::default())
            .unwrap_err();
    assert_eq!(missing.to_string(), "no/such.toml: cannot be read");
}

#[test]
fn fallbacks_belong_to_their_address() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "x.toml", "[chain]\nurl = \"ws://a\"\nfallback_urls = [\"ws://b\", \"ws://c\"]\n");
    let chain = |pairs: &[(&str, &str)], urls: &[&str]| {
        let urls: Vec<String> = urls.iter().map(|url| (*url).to_owned()).collect();
        let mut layer = Layer::default();
        crate::args::ChainFlags { chain_url: urls }.put(&mut layer);
        merge(&Settings::default(), std::slice::from_ref(&path), variables(pairs), layer, &Registry::default())
            .unwrap()
            .settings
            .chain
    };
    let is = |url: &str, fallbacks: &[&str]| ChainSettings {
        url: url.into(),
        fallback_urls: fallbacks.iter().map(|url| (*url).to_owned()).collect(),
    };
    assert_eq!(chain(&[], &[]), is("ws://a", &["ws://b", "ws://c"]));
    assert_eq!(chain(&[("ASSAY__CHAIN__FALLBACK_URLS", "ws://d, ws://e")], &[]), is("ws://a", &["ws://d", "ws://e"]));
    // Another address, and the fallbacks of the first one are not its own.
    let variable = ("ASSAY__CHAIN__URL", "ws://f");
    assert_eq!(chain(&[variable], &[]), is("ws://f", &[]));
    assert_eq!(chain(&[variable, ("ASSAY__CHAIN__FALLBACK_URLS", "ws://g")], &[]), is("ws://f", &["ws://g"]));
    assert_eq!(chain(&[variable], &["ws://h"]), is("ws://h", &[]));
    assert_eq!(chain(&[variable], &["ws://h", "ws://i", "ws://j"]), is("ws://h", &["ws://i", "ws://j"]));
    // A development key is judged by the worst of them.
    assert_eq!(is("ws://localhost", &["ws://127.0.0.1"]).furthest(), "ws://localhost");
    assert_eq!(is("ws://localhost", &["ws://127.0.0.1", "ws://b"]).furthest(), "ws://b");
}

#[test]
fn rules_are_replaced_as_a_whole() {
    let folder = TempDir::new().unwrap();
    let path = file(
        &folder,
        "x.toml",
        "[incentive]\nweights = { kind = \"winner_takes_all\" }\nquality = { kind = \"accuracy\" }\n",
    );
    let environment = variables(&[("ASSAY__INCENTIVE__TASKS", "generate, embed")]);
    let incentive = merge(&Settings::default(), &[path], environment, Layer::default(), &Registry::default())
        .unwrap()
        .settings
        .validator
        .incentive;
    assert_eq!(incentive.weights, scoring::WeightMap::WinnerTakesAll {});
    assert_eq!(incentive.quality, "accuracy".into());
    assert_eq!(incentive.tasks, ["generate".into(), "embed".into()]);
    assert!(complaint("[incentive]\nweights = 3\n").contains("incentive.weights must be a table"));
    assert!(complaint("[incentive]\npower = 3\n").contains("unknown key incentive.power"));
}
