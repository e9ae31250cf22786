//! What has no word of its own: any storage item, any method, any call without a signature.

use assay_chain::{ChainError, Invalidity, Value};

use crate::node::{NET, start, with_blocks};

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
