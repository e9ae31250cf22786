//! A subnet from nothing, with nothing but the built program: created, started, given its rules, filled and staked to.

mod program;

use std::{path::Path, time::Duration};

use localnet::{BlockTime, Config, Handle, dev_account, spawn};
use serde_json::Value;

async fn chain() -> Handle {
    spawn(Config { block_time: BlockTime::Every(Duration::from_millis(100)), ..Config::test() }).await.unwrap()
}

/// With the chain's address, in the repository's folder.
fn asking<'a>(arguments: &'a str, url: &'a str) -> Vec<&'a str> {
    arguments.split(' ').chain(["--chain-url", url]).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// What it prints, which must be all well.
fn prints(chain: &Handle, arguments: &str) -> String {
    program::prints(root(), &asking(arguments, &chain.url())).trim().to_owned()
}

fn document(chain: &Handle, arguments: &str) -> Value {
    serde_json::from_str(&prints(chain, &format!("{arguments} --json"))).unwrap()
}

/// One line on stderr and nothing on stdout, with this status.
fn fails(chain: &Handle, arguments: &str, status: i32, holding: &str) {
    program::fails(root(), &asking(arguments, &chain.url()), status, &[holding]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subnet_is_set_up_from_nothing() {
    let chain = chain().await;
    let netuid = prints(&chain, "subnet create --key //Bob//hot --coldkey //Bob");
    assert_eq!(netuid, "2");
    fails(&chain, "stake add --netuid 2 --amount 5 --key //Bob//hot --coldkey //Bob", 3, "assay subnet start");
    fails(&chain, "subnet start --netuid 2 --coldkey //Charlie", 3, "BadOrigin");
    assert!(prints(&chain, "subnet start --netuid 2 --coldkey //Bob").starts_with("subnet 2 started at block "));
    fails(&chain, "subnet start --netuid 2 --coldkey //Bob", 3, "FirstEmissionBlockNumberAlreadySet");

    // Rules by root and by the owner.
    let rules = "admin_freeze_window=0 tempo=10 commit_reveal_weights_enabled=false weights_rate_limit=0 \
                 serving_rate_limit=0 liquid_alpha_enabled=true alpha_values=46000,59000 burn_increase_mult=1.5";
    let set = prints(&chain, &format!("subnet set --netuid 2 --sudo --coldkey //Alice {rules}"));
    let expected = ["admin_freeze_window is 0", "tempo is 10", "commit_reveal_weights_enabled is false"];
    assert_eq!(set.lines().count(), 8, "{set}");
    for (line, expected) in set.lines().zip(expected) {
        assert!(line.starts_with(&format!("{expected} since block ")), "{set}");
    }
    let set = document(&chain, "subnet set --netuid 2 --coldkey //Bob rho=7 max_burn=50000000000");
    assert_eq!(
        (&set[0]["name"], &set[0]["value"], &set[1]["value"]),
        (&"rho".into(), &"7".into(), &"50000000000".into())
    );
    assert_eq!(set[0]["block"], set[1]["block"]);
    let shown = document(&chain, "subnet show --netuid 2");
    let rules = &shown["hyperparameters"];
    assert_eq!((&rules["tempo"], &rules["rho"], &rules["weights_set_rate_limit"]), (&10.into(), &7.into(), &0.into()));
    assert_eq!(
        (&rules["commit_reveal_weights_enabled"], &rules["alpha_values"]),
        (&false.into(), &"46000,59000".into())
    );
    assert_eq!(rules["burn_increase_mult"], "1.5");
    assert_eq!(shown["owner_coldkey"], dev_account("//Bob").coldkey().to_string());
    assert_eq!(shown["owner_hotkey"], dev_account("//Bob//hot").hotkey().to_string());
    assert!(prints(&chain, "subnet show --netuid 2").contains("\nalpha_values"));
    assert!(prints(&chain, "subnet set --list").contains("AdminUtils.sudo_set_kappa"));

    // Nothing is sent of a list with a mistake in it.
    fails(&chain, "subnet set --netuid 2 --coldkey //Bob rho=9 tempoo=3", 2, "(near: tempo, ");
    fails(&chain, "subnet set --netuid 2 --coldkey //Bob rho=9 immunity_period=long", 2, "immunity_period takes u16");
    fails(&chain, "subnet set --netuid 2 --coldkey //Bob rho", 2, "no NAME=VALUE");
    fails(&chain, "subnet set --netuid 77 --coldkey //Bob rho=9", 1, "no subnet 77");
    assert_eq!(document(&chain, "subnet show --netuid 2")["hyperparameters"]["rho"], 7);
    fails(&chain, "subnet set --netuid 2 --coldkey //Bob kappa=9", 3, "BadOrigin");
    fails(&chain, "subnet set --netuid 2 --coldkey //Bob min_allowed_weights=3 kappa=9", 3, "BadOrigin");
    assert_ne!(document(&chain, "subnet show --netuid 2")["hyperparameters"]["min_allowed_weights"], 3);
    fails(&chain, "subnet set --netuid 2 --coldkey //Bob --sudo kappa=9", 3, "refused");

    // Seats, stake and what a hotkey says of itself.
    let validator = dev_account("//Validator").hotkey();
    let seat = document(&chain, "register --netuid 2 --key //Validator --coldkey //Charlie");
    assert_eq!((&seat["uid"], &seat["hotkey"]), (&1.into(), &validator.to_string().into()));
    fails(&chain, "register --netuid 2 --key //Validator --coldkey //Charlie", 3, "HotKeyAlreadyRegisteredInSubNet");
    fails(
        &chain,
        "register --netuid 2 --key //Miner --coldkey //Charlie --max-price 0.000000001",
        3,
        "nothing was sent",
    );
    fails(&chain, "register --netuid 2 --key //Miner --coldkey //Poor", 3, "has 0; nothing was sent");
    fails(&chain, "register --netuid 77 --key //Miner --coldkey //Charlie", 1, "no subnet 77");
    let miner = dev_account("//Miner").hotkey();
    let arguments = format!("register --netuid 2 --hotkey-address {miner} --coldkey //Charlie --max-price 1000 --yes");
    assert!(prints(&chain, &arguments).starts_with(&format!("{miner} has uid 2 on subnet 2 since block ")));

    let whose = "--netuid 2 --key //Validator --coldkey //Charlie";
    let staked = document(&chain, &format!("stake add --amount 100 {whose}"));
    let stake = staked["stake_rao"].as_u64().unwrap();
    assert!(stake > 0, "{staked}");
    fails(&chain, &format!("stake add --amount 100 --max-price 0.000000001 {whose}"), 3, "refused");
    fails(&chain, &format!("stake remove --amount 18000000000 {whose}"), 1, "alpha to take back");
    let before = document(&chain, &format!("stake show {whose}"));
    assert!(before["stake_rao"].as_u64() >= Some(stake), "{before}");
    let removed = document(&chain, &format!("stake remove --amount 1 {whose}"));
    assert!(removed["balance_rao"].as_u64() > before["balance_rao"].as_u64(), "{before} {removed}");
    prints(&chain, &format!("transfer --to {} --amount 2.5 --coldkey //Alice", dev_account("//Poor").coldkey()));
    let poor = document(&chain, "stake show --netuid 2 --key //Miner --coldkey //Poor");
    assert_eq!(poor["balance_rao"], 2_500_000_000_u64);

    let announced = "--netuid 2 --key //Miner";
    prints(&chain, &format!("axon set 127.0.0.2:8091 --tls-key 0x0102 --tls-algorithm 3 {announced}"));
    let axon = document(&chain, &format!("axon show {announced}"));
    assert_eq!((&axon["endpoint"], &axon["certificate"]["public_key"]), (&"127.0.0.2:8091".into(), &"0x0102".into()));
    fails(&chain, &format!("axon set 127.0.0.1:8091 {announced}"), 3, "InvalidIpAddress");
    prints(&chain, &format!("axon clear {announced}"));
    assert!(document(&chain, &format!("axon show {announced}"))["endpoint"].is_null());
    fails(&chain, "axon set 127.0.0.2:8091 --netuid 2 --key //Nobody", 1, "assay register --netuid 2");

    let digest = "ab".repeat(32);
    prints(&chain, &format!("commitment set --sha256 {digest} {announced}"));
    let published = document(&chain, &format!("commitment show {announced}"));
    assert_eq!(
        (&published["fields"][0]["kind"], &published["fields"][0]["value"]),
        (&"sha256".into(), &format!("0x{digest}").into())
    );
    fails(&chain, &format!("commitment set --sha256 abab {announced}"), 2, "32 bytes, not 2");
    prints(&chain, &format!("commitment set --text https://example.org {announced}"));
    assert!(prints(&chain, &format!("commitment show {announced}")).ends_with("text       https://example.org"));

    // It lives: epochs run, and the one with stake may set weights.
    for _ in 0..21 {
        chain.author_block().unwrap();
    }
    assert!(document(&chain, "subnet show --netuid 2")["epoch"]["index"].as_u64() > Some(0));
    let metagraph = document(&chain, "metagraph --netuid 2");
    let validator = metagraph["neurons"].as_array().unwrap().iter().find(|neuron| neuron["uid"] == 1).unwrap();
    assert_eq!(validator["validator_permit"], true, "{validator}");
}
