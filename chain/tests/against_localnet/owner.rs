use assay_chain::{ChainError, Client, Invalidity, Refusal, Value};
use localnet::{Handle, dev_account};
use primitives::{Keypair, NetUid};

use crate::node::{self, NET, alice, with_blocks};

fn owner() -> Keypair {
    dev_account("//Owner")
}

/// A chain whose owner has something to pay fees with.
async fn start() -> (Handle, Client) {
    let (node, client) = node::start().await;
    with_blocks(&node, client.transfer(&alice(), owner().coldkey(), 1_000_000_000)).await.unwrap();
    (node, client)
}

/// Set by the subnet's owner, or by Alice who holds the sudo key.
async fn set(
    node: &Handle,
    client: &Client,
    (name, value): (&str, &str),
    via_sudo: bool,
) -> Result<Option<String>, ChainError> {
    let signer = if via_sudo { alice() } else { owner() };
    let set = with_blocks(node, client.set_hyperparameter(&signer, NET, name, value, via_sudo)).await?;
    Ok(set.value)
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_set_by_name_and_read_back() {
    let (node, client) = start().await;
    let settings = [
        // Rules are frozen before an epoch.
        ("admin_freeze_window", "0", true, "0"),
        ("tempo", "20", true, "20"),
        ("immunity_period", "77", true, "77"),
        ("commit_reveal_weights_enabled", "on", true, "true"),
        ("weights_rate_limit", "3", true, "3"),
        ("weights_version", "9", true, "9"),
        ("reveal_period_epochs", "2", true, "2"),
        ("liquid_alpha_enabled", "true", true, "true"),
        ("alpha_values", "50000, 58000", true, "50000,58000"),
        ("alpha_sigmoid_steepness", "-5", true, "-5"),
        ("burn_increase_mult", "1.5", true, "1.5"),
        ("max_allowed_uids", "64", true, "64"),
        ("mechanism_count", "2", true, "2"),
        ("mechanism_emission_split", "65000,535", true, "65000,535"),
        ("mechanism_emission_split", "none", true, "none"),
        ("recycle_or_burn", "recycle", true, "Recycle"),
        ("stake_threshold", "1000", true, "1000"),
        ("tao_flow_cutoff", "0.25", true, "0.25"),
        ("Yuma3On", "false", true, "false"),
        // The owner's own.
        ("rho", "11", false, "11"),
        ("serving_rate_limit", "0", false, "0"),
        ("activity_cutoff_factor", "20000", false, "20000"),
    ];
    for (name, value, via_sudo, kept) in settings {
        let set = set(&node, &client, (name, value), via_sudo).await;
        assert_eq!(set.unwrap_or_else(|error| panic!("{name}: {error:?}")).as_deref(), Some(kept), "{name}");
    }
    let values = client.hyperparameter_values(NET, None).await.unwrap();
    let value = |name: &str| values.iter().find(|rule| rule.name == name).map(|rule| rule.value.as_str());
    assert_eq!(value("tempo"), Some("20"));
    assert_eq!(value("alpha_values"), Some("50000,58000"));
    assert_eq!(value("burn_increase_mult"), Some("1.5"));
    assert_eq!(value("mechanism_emission_split"), Some("none"));
    assert_eq!(value("commit_reveal_weights_interval"), Some("2"));
    let hyperparameters = client.hyperparameters(NET, None).await.unwrap();
    assert_eq!((hyperparameters.tempo, hyperparameters.immunity_period), (20, 77));
    assert_eq!((hyperparameters.weights_rate_limit, hyperparameters.weights_version), (3, 9));
    assert!(hyperparameters.commit_reveal_weights_enabled);
    let unknown = client.hyperparameter_values(NetUid(77), None).await.unwrap_err();
    assert!(matches!(unknown, ChainError::UnknownNetUid(NetUid(77))), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_set_is_what_the_metadata_has() {
    let (_node, client) = start().await;
    let calls = client.hyperparameter_calls().await.unwrap();
    let of = |name: &str| calls.iter().filter(|call| call.name == name).collect::<Vec<_>>();
    let tempo = of("tempo");
    assert_eq!(tempo.iter().map(|call| call.pallet.as_str()).collect::<Vec<_>>(), ["AdminUtils", "SubtensorModule"]);
    assert!(tempo.iter().all(|call| call.takes == "u16" && call.of_subnet));
    assert_eq!(tempo[0].storage.as_deref(), Some("Tempo"));
    assert_eq!(of("trigger_epoch")[0].takes, "");
    assert_eq!(of("alpha_values")[0].takes, "u16,u16");
    assert_eq!(of("mechanism_emission_split")[0].takes, "none or u16,…");
    assert_eq!(of("burn_increase_mult")[0].takes, "a decimal number");
    assert_eq!(of("recycle_or_burn")[0].takes, "Burn or Recycle");
    assert_eq!(of("sn_owner_hotkey")[0].takes, "an address");
    assert!(!of("stake_threshold")[0].of_subnet);
    // What a subnet's owner may want to know is kept somewhere.
    let lost = calls.iter().filter(|call| call.of_subnet && call.storage.is_none() && !call.takes.is_empty());
    let lost: Vec<_> = lost.map(|call| call.name.as_str()).collect();
    assert_eq!(lost, ["root_claim_threshold"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_told_before_anything_is_sent() {
    // No block is made: what was sent would wait for one.
    let (_node, client) = start().await;
    let cases = [
        ("tempoo", "3", "no hyperparameter \"tempoo\" (near: tempo, "),
        ("tempo", "many", "tempo takes u16, not \"many\""),
        ("tempo", "65536", "tempo takes u16, not \"65536\""),
        ("tempo", "-1", "tempo takes u16"),
        ("alpha_values", "1", "alpha_values takes u16,u16, not \"1\""),
        ("alpha_values", "1,2,3", "alpha_values takes u16,u16"),
        ("liquid_alpha_enabled", "2", "liquid_alpha_enabled takes true or false"),
        ("mechanism_emission_split", "1,x", "mechanism_emission_split takes none or u16"),
        ("burn_increase_mult", "1e3", "burn_increase_mult takes a decimal number"),
        ("sn_owner_hotkey", "Alice", "sn_owner_hotkey takes an address"),
        ("trigger_epoch", "5", "trigger_epoch takes nothing"),
    ];
    for (name, value, said) in cases {
        let error = client.set_hyperparameter(&alice(), NET, name, value, true).await.unwrap_err();
        assert!(error.to_string().contains(said), "{name}={value}: {error}");
        assert!(!error.is_refusal() && !error.is_retryable());
    }
    let error = client.set_hyperparameter(&alice(), NetUid(77), "tempo", "5", true).await.unwrap_err();
    assert!(matches!(error, ChainError::UnknownNetUid(NetUid(77))), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_inside_sudo_is_a_refusal() {
    let (node, client) = start().await;
    // The transaction itself succeeds.
    let arguments = vec![("netuid", Value::u128(77)), ("immunity_period", Value::u128(5))];
    let unknown = with_blocks(&node, client.sudo(&alice(), "AdminUtils", "sudo_set_immunity_period", arguments)).await;
    let unknown = unknown.unwrap_err();
    assert!(
        matches!(unknown.refusal(), Some(Refusal::Other { pallet, error }) if pallet == "AdminUtils" && error == "SubnetDoesNotExist"),
        "{unknown:?}"
    );
    assert!(unknown.is_refusal() && unknown.is_conclusive());

    // The wrong key, with and without sudo.
    let bob = dev_account("//Bob");
    let refused = with_blocks(&node, client.set_hyperparameter(&bob, NET, "rho", "5", false)).await.unwrap_err();
    assert_eq!(refused.refusal(), Some(&Refusal::Runtime("BadOrigin".into())), "{refused:?}");
    let refused = with_blocks(&node, client.set_hyperparameter(&bob, NET, "rho", "5", true)).await.unwrap_err();
    assert!(refused.is_refusal(), "{refused:?}");
    assert!(
        matches!(&refused, ChainError::Invalid(Invalidity::BadSigner))
            || refused.refusal() == Some(&Refusal::RequireSudo),
        "{refused:?}"
    );
    // What is beyond the owner is root's.
    let refused = set(&node, &client, ("kappa", "5"), false).await.unwrap_err();
    assert_eq!(refused.refusal(), Some(&Refusal::Runtime("BadOrigin".into())), "{refused:?}");
    let refused = set(&node, &client, ("tempo", "5"), false).await.unwrap_err();
    assert_eq!(refused.refusal(), Some(&Refusal::TempoOutOfBounds), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_runtime_lacks_is_named() {
    let (_node, client) = start().await;
    let error = client.call_with(&alice(), "Balances", "print", vec![]).await.unwrap_err();
    assert!(error.to_string().contains("call Balances.print"), "{error}");
    let error = client.sudo(&alice(), "AdminTools", "sudo_set_tempo", vec![]).await.unwrap_err();
    assert!(error.to_string().contains("call AdminTools.sudo_set_tempo"), "{error}");
    let arguments = vec![("netuid", Value::u128(1)), ("speed", Value::u128(1))];
    let error = client.sudo(&alice(), "AdminUtils", "sudo_set_tempo", arguments).await.unwrap_err();
    assert!(matches!(error, ChainError::Unsupported { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_asks_for_an_epoch() {
    let (node, client) = start().await;
    set(&node, &client, ("tempo", "360"), true).await.unwrap();
    let before = client.hyperparameters(NET, None).await.unwrap().pending_epoch_at;
    assert_eq!(before, 0);
    let set = with_blocks(&node, client.set_hyperparameter(&owner(), NET, "trigger_epoch", "", false)).await.unwrap();
    assert_eq!((set.name.as_str(), set.value), ("trigger_epoch", None));
    let pending = client.hyperparameters(NET, Some(set.landed.block.hash)).await.unwrap().pending_epoch_at;
    assert!(pending >= set.landed.block.number, "{pending}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_rules_change_together_or_not_at_all() {
    let (node, client) = start().await;
    let together = [("rho", "5"), ("serving_rate_limit", "3"), ("rho", "6")];
    let set = with_blocks(&node, client.set_hyperparameters(&alice(), NET, &together, true)).await.unwrap();
    let kept: Vec<_> = set.iter().map(|set| (set.name.as_str(), set.value.as_deref())).collect();
    // What a later one of the list replaced isn't there to be read back.
    assert_eq!(kept, [("serving_rate_limit", Some("3")), ("rho", Some("6"))]);
    assert_eq!(set[0].landed, set[1].landed);
    let value = async |name: &str| {
        let values = client.hyperparameter_values(NET, None).await.unwrap();
        values.into_iter().find(|rule| rule.name == name).unwrap().value
    };
    // The second one is refused: by the owner's call, and inside of sudo.
    let tempo = value("tempo").await;
    let owners = [("min_allowed_weights", "7"), ("kappa", "3")];
    let error = with_blocks(&node, client.set_hyperparameters(&owner(), NET, &owners, false)).await.unwrap_err();
    assert_eq!(error.refusal(), Some(&Refusal::Runtime("BadOrigin".into())), "{error:?}");
    assert_ne!(value("min_allowed_weights").await, "7");
    let roots = [("admin_freeze_window", "0"), ("tempo", "77"), ("alpha_values", "46000,59000")];
    let error = with_blocks(&node, client.set_hyperparameters(&alice(), NET, &roots, true)).await.unwrap_err();
    assert!(error.to_string().contains("LiquidAlphaDisabled"), "{error:?}");
    assert_eq!(value("tempo").await, tempo);
}
