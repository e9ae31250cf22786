//! What has no word of its own: any storage item, any method, any call without a signature.

use assay_chain::{ChainError, Client, Invalidity, Value};
use fault_proxy::{Fault, Kind, Proxy};
use futures::StreamExt;
use primitives::Coldkey;

use crate::{
    node::{NET, alice, miner, start, validator, with_blocks},
    tap::Tap,
};

#[tokio::test]
async fn any_item_is_read_by_its_name() {
    let (_node, client) = start().await;
    let tempo = client.stored::<u64>("SubtensorModule", "Tempo", (NET.0,), None).await.unwrap();
    assert_eq!(tempo, Some(client.hyperparameters(NET, None).await.unwrap().tempo.into()));
    // A default of the metadata, and an item that has none.
    let unset = client.stored::<u64>("SubtensorModule", "WeightsVersionKey", (4_000u16,), None).await.unwrap();
    assert_eq!(unset, Some(0));
    let absent = client.stored::<u16>("SubtensorModule", "Uids", (NET.0, [9u8; 32]), None).await.unwrap();
    assert_eq!(absent, None);
    for (pallet, item) in [("SubtensorModule", "NoSuchItem"), ("NoSuchPallet", "Tempo")] {
        let error = client.stored::<u64>(pallet, item, (), None).await.unwrap_err();
        assert!(error.to_string().contains(&format!("storage {pallet}.{item}")), "{error}");
    }
}

#[tokio::test]
async fn any_method_is_asked_by_its_name() {
    let (node, client) = start().await;
    let before = node.best().number;
    client.request::<String>("dev_newBlock", &[2]).await.unwrap();
    assert_eq!(node.best().number, before + 2);
    let error = client.request::<String>("engine_createBlock", &[true, true]).await.unwrap_err();
    assert!(error.is_unknown_method(), "{error:?}");
    let error = client.request::<String>("dev_newBlock", &["many"]).await.unwrap_err();
    assert!(matches!(error, ChainError::Rpc { .. }) && !error.is_unknown_method(), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_a_signature_is_judged_by_what_it_holds() {
    let (node, client) = start().await;
    let payload = Value::named_composite([
        ("block_number", Value::u128(0)),
        ("pulses", Value::unnamed_composite(std::iter::empty::<Value>())),
        ("public", Value::unnamed_variant("Sr25519", [Value::from_bytes([0; 32])])),
    ]);
    let arguments = vec![("pulses_payload", payload), ("signature", Value::unnamed_variant("None", []))];
    let error = with_blocks(&node, client.call_bare("Drand", "write_pulse", arguments)).await.unwrap_err();
    assert!(matches!(error, ChainError::Invalid(Invalidity::BadSigner)), "{error:?}");
    let error = client.call_bare("Drand", "no_such_call", Vec::new()).await.unwrap_err();
    assert!(error.to_string().contains("call Drand.no_such_call"), "{error}");
}

/// What a node without it answers is that it has no such method; each has another way round it.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_may_lack_methods() {
    let (node, _) = start().await;
    let proxy = Proxy::to(node.addr(), 1).await.unwrap();
    let lacking = [
        "system_accountNextIndex",
        "state_queryStorageAt",
        "state_getStorage",
        "chain_subscribeFinalizedHeads",
        "author_submitAndWatchExtrinsic",
    ];
    for method in lacking {
        proxy.always(Kind::request(method), Fault::Unknown);
    }
    let client = Client::connect(&proxy.url()).await.unwrap();
    assert!(!client.metagraph(NET, None).await.unwrap().neurons.is_empty());
    let mut heads = client.finalized_stream();
    heads.next().await.unwrap().unwrap();
    let (alice, to) = (alice(), Coldkey([7; 32]));
    let landed = with_blocks(&node, client.transfer(&alice, to, 1_000_000_000)).await.unwrap();
    assert_eq!(client.balance(to, Some(landed.block.hash)).await.unwrap(), 1_000_000_000);
    let head = heads.next().await.unwrap().unwrap();
    assert!(head.number > 0 && head.number <= node.best().number);
    for method in lacking {
        assert!(proxy.seen(&Kind::request(method)) > 0, "{method}");
    }
    // What is refused is told as by any node.
    let beyond = client.transfer(&miner(), to, u64::MAX).await.unwrap_err();
    assert!(beyond.is_refusal(), "{beyond:?}");
}

/// Runtimes describe themselves in several formats, and not every one in all.
#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_may_describe_itself_in_an_old_format() {
    let (node, _) = start().await;
    for version in ["0e", "0f", "10"] {
        // Three formats are offered, of which all are this one now.
        let only = move |message: &mut [u8]| {
            let offered = b"0x0c0e0000000f00000010000000";
            let Some(at) = message.windows(offered.len()).position(|window| window == offered) else { return };
            for place in [4, 12, 20] {
                message[at + place..at + place + 2].copy_from_slice(version.as_bytes());
            }
        };
        let tap = Tap::rewriting(node.addr(), only).await;
        let client = Client::connect(&tap.url()).await.unwrap();
        assert!(!client.metagraph(NET, None).await.unwrap().neurons.is_empty());
        assert!(client.network_price(None).await.unwrap() > 0);
        // The oldest describes no runtime API.
        let stake = client.stake(Coldkey([8; 32]), NET, validator().hotkey(), None).await;
        assert_eq!(stake.is_err(), version == "0e", "{version}: {stake:?}");
        let to = Coldkey([8; 32]);
        let landed = with_blocks(&node, client.transfer(&alice(), to, 1_000_000_000)).await.unwrap();
        assert!(client.balance(to, Some(landed.block.hash)).await.unwrap() > 0, "{version}");
    }
}
