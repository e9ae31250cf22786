use assay_chain::{ChainError, CommitmentField, Invalidity, Precheck, Refusal, Value};
use localnet::dev_account;
use primitives::{Certificate, Endpoint, NetUid};

use crate::node::{NET, alice, miner, start, with_blocks};

const TAO: u64 = 1_000_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_neuron_registers_stakes_and_announces() {
    let (node, client) = start().await;
    let hotkey = dev_account("//Newcomer");
    let landed = with_blocks(&node, client.burned_register(&alice(), NET, hotkey.hotkey())).await.unwrap();
    assert!(landed.block.number > 0);
    with_blocks(&node, client.add_stake(&alice(), NET, hotkey.hotkey(), 3 * TAO)).await.unwrap();
    for text in ["127.0.0.2:8091", "[2001:db8::7]:443"] {
        let endpoint: Endpoint = text.parse().unwrap();
        with_blocks(&node, client.serve_axon(&hotkey, NET, endpoint, 1)).await.unwrap();
        let metagraph = client.metagraph(NET, None).await.unwrap();
        let neuron = metagraph.by_hotkey(&hotkey.hotkey()).unwrap();
        assert_eq!(neuron.endpoint, Some(endpoint));
        // A deep pool: its fee and its slippage take less than a thousandth.
        assert!(neuron.stake_rao >= 3 * TAO / 1_000 * 999);
        assert_eq!(neuron.coldkey, alice().coldkey());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_is_created() {
    let (node, client) = start().await;
    let owner = dev_account("//Bob");
    let hotkey = dev_account("//Bob//hotkey").hotkey();
    let (netuid, _) = with_blocks(&node, client.register_network(&owner, hotkey)).await.unwrap();
    assert_eq!(netuid, NetUid(4));
    let metagraph = client.metagraph(netuid, None).await.unwrap();
    assert_eq!(metagraph.neurons.len(), 1);
    assert_eq!((metagraph.neurons[0].hotkey, metagraph.neurons[0].coldkey), (hotkey, owner.coldkey()));
    // Not started yet.
    let error = with_blocks(&node, client.add_stake(&owner, netuid, hotkey, TAO)).await.unwrap_err();
    assert_eq!(error.refusal(), Some(&Refusal::SubtokenDisabled), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dispatch_refusals_are_typed() {
    let (node, client) = start().await;
    let (alice, bob) = (alice(), dev_account("//Bob"));
    let seated = miner().hotkey();
    let stranger = dev_account("//Stranger").hotkey();
    let refusals = [
        (client.burned_register(&alice, NET, seated).await_with(&node).await, Refusal::HotKeyAlreadyRegisteredInSubNet),
        (client.burned_register(&alice, NetUid(77), stranger).await_with(&node).await, Refusal::SubnetNotExists),
        (
            client.burned_register(&alice, NetUid(0), stranger).await_with(&node).await,
            Refusal::RegistrationNotPermittedOnRootSubnet,
        ),
        (client.add_stake(&alice, NET, seated, 1).await_with(&node).await, Refusal::AmountTooLow),
        (
            client.add_stake(&alice, NET, seated, 2_000_000 * TAO).await_with(&node).await,
            Refusal::NotEnoughBalanceToStake,
        ),
        (client.add_stake(&alice, NET, stranger, TAO).await_with(&node).await, Refusal::HotKeyAccountNotExists),
    ];
    for (result, expected) in refusals {
        let error = result.unwrap_err();
        assert!(matches!(&error, ChainError::Refused { refusal, .. } if *refusal == expected), "{expected}: {error:?}");
        assert!(error.is_refusal() && error.is_conclusive() && !error.is_retryable());
        assert!(error.to_string().contains(&expected.to_string()));
    }
    // Owned by another coldkey.
    with_blocks(&node, client.burned_register(&bob, NET, stranger)).await.unwrap();
    let error = client.burned_register(&alice, NetUid(2), stranger).await_with(&node).await.unwrap_err();
    assert_eq!(error.refusal(), Some(&Refusal::NonAssociatedColdKey));
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_before_dispatch_are_typed() {
    let (node, client) = start().await;
    let loopback: Endpoint = "127.0.0.1:8091".parse().unwrap();
    let portless: Endpoint = "127.0.0.2:0".parse().unwrap();
    let error = client.serve_axon(&miner(), NET, loopback, 1).await_with(&node).await.unwrap_err();
    assert!(matches!(error, ChainError::Invalid(Invalidity::Custom(Precheck::InvalidIpAddress))), "{error:?}");
    assert!(error.is_refusal() && !error.is_retryable());
    let error = client.serve_axon(&miner(), NET, portless, 1).await_with(&node).await.unwrap_err();
    assert!(matches!(error, ChainError::Invalid(Invalidity::Custom(Precheck::InvalidPort))), "{error:?}");
    // An account without a balance can't pay for a call that is not free.
    let poor = dev_account("//Poor");
    let error = client.burned_register(&poor, NET, poor.hotkey()).await_with(&node).await.unwrap_err();
    assert!(matches!(error, ChainError::Invalid(Invalidity::Payment)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_seat_is_told_before_anything_is_sent() {
    let (_node, client) = start().await;
    let stranger = dev_account("//Stranger");
    let endpoint: Endpoint = "127.0.0.2:8091".parse().unwrap();
    let error = client.serve_axon(&stranger, NET, endpoint, 1).await.unwrap_err();
    assert!(matches!(error, ChainError::NotRegistered { netuid: NET, hotkey } if hotkey == stranger.hotkey()));
    let error = client.serve_axon(&stranger, NetUid(77), endpoint, 1).await.unwrap_err();
    assert!(matches!(error, ChainError::UnknownNetUid(NetUid(77))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_costs_what_was_offered_at_most() {
    let (node, client) = start().await;
    let alice = alice();
    let price = client.registration_price(NET, None).await.unwrap();
    let before = client.balance(alice.coldkey(), None).await.unwrap();
    let first = dev_account("//First").hotkey();
    let seat = with_blocks(&node, client.register(&alice, NET, first, None)).await.unwrap();
    assert_eq!((seat.netuid, seat.price_rao), (NET, price));
    assert_eq!(client.uid(NET, first, Some(seat.landed.block.hash)).await.unwrap(), seat.uid);
    let after = client.balance(alice.coldkey(), None).await.unwrap();
    assert!(after < before && before - after <= price + TAO / 1_000, "{before} {after} {price}");

    // Too dear, too poor, nowhere: nothing is sent, so no block is needed.
    let second = dev_account("//Second").hotkey();
    let price = client.registration_price(NET, None).await.unwrap();
    let error = client.register(&alice, NET, second, Some(price - 1)).await.unwrap_err();
    assert!(matches!(error, ChainError::PriceAboveLimit { .. }) && error.is_refusal(), "{error:?}");
    let poor = dev_account("//Poor");
    let error = client.register(&poor, NET, second, None).await.unwrap_err();
    assert!(matches!(error, ChainError::Unaffordable { balance_rao: 0, .. }) && error.is_refusal(), "{error:?}");
    let error = client.register(&alice, NetUid(77), second, None).await.unwrap_err();
    assert!(matches!(error, ChainError::UnknownNetUid(NetUid(77))), "{error:?}");

    // A limit above the price is no obstacle.
    let seat = with_blocks(&node, client.register(&alice, NET, second, Some(price * 2))).await.unwrap();
    assert!(seat.price_rao <= price);
    // The chain itself keeps to the limit, too.
    let arguments = vec![
        ("netuid", Value::u128(NET.0.into())),
        ("hotkey", Value::from_bytes(dev_account("//Third").public())),
        ("limit_price", Value::u128(1)),
    ];
    let error = with_blocks(&node, client.call_with(&alice, "SubtensorModule", "register_limit", arguments)).await;
    assert_eq!(error.unwrap_err().refusal(), Some(&Refusal::RegistrationPriceLimitExceeded));
}

#[tokio::test(flavor = "multi_thread")]
async fn money_moves() {
    let (node, client) = start().await;
    let (alice, heir) = (alice(), dev_account("//Heir").coldkey());
    with_blocks(&node, client.transfer(&alice, heir, 7 * TAO)).await.unwrap();
    assert_eq!(client.balance(heir, None).await.unwrap(), 7 * TAO);
    // An account has to stay alive.
    let error =
        with_blocks(&node, client.transfer(&dev_account("//Heir"), alice.coldkey(), 7 * TAO)).await.unwrap_err();
    assert!(error.is_refusal(), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stake_goes_and_comes_back() {
    let (node, client) = start().await;
    let (alice, hotkey) = (alice(), miner().hotkey());
    assert_eq!(client.stake(alice.coldkey(), NET, hotkey, None).await.unwrap(), 0);
    with_blocks(&node, client.add_stake(&alice, NET, hotkey, 10 * TAO)).await.unwrap();
    let staked = client.stake(alice.coldkey(), NET, hotkey, None).await.unwrap();
    assert!(staked > 9 * TAO, "{staked}");
    assert_eq!(client.total_stake(NET, hotkey, None).await.unwrap(), staked);
    with_blocks(&node, client.remove_stake(&alice, NET, hotkey, staked / 2)).await.unwrap();
    let left = client.stake(alice.coldkey(), NET, hotkey, None).await.unwrap();
    assert!(left.abs_diff(staked / 2) <= 2, "{left} of {staked}");
    // At no price, and at any.
    let error = with_blocks(&node, client.add_stake_limit(&alice, NET, hotkey, TAO, 1, false)).await.unwrap_err();
    assert!(error.is_refusal(), "{error:?}");
    with_blocks(&node, client.add_stake_limit(&alice, NET, hotkey, TAO, 100 * TAO, true)).await.unwrap();
    assert!(client.stake(alice.coldkey(), NET, hotkey, None).await.unwrap() > left);
    // The chain takes more than there is for all there is.
    with_blocks(&node, client.remove_stake(&alice, NET, hotkey, 1_000 * TAO)).await.unwrap();
    assert_eq!(client.stake(alice.coldkey(), NET, hotkey, None).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_begins_once() {
    let (node, client) = start().await;
    let (bob, hotkey) = (dev_account("//Bob"), dev_account("//Bob//hotkey").hotkey());
    let price = client.network_price(None).await.unwrap();
    assert!(price > 0);
    let (netuid, _) = with_blocks(&node, client.register_network(&bob, hotkey)).await.unwrap();
    let error = with_blocks(&node, client.start_call(&alice(), netuid)).await.unwrap_err();
    assert_eq!(error.refusal(), Some(&Refusal::Runtime("BadOrigin".into())));
    with_blocks(&node, client.start_call(&bob, netuid)).await.unwrap();
    let error = with_blocks(&node, client.start_call(&bob, netuid)).await.unwrap_err();
    assert_eq!(error.refusal(), Some(&Refusal::FirstEmissionBlockNumberAlreadySet));
    with_blocks(&node, client.add_stake(&bob, netuid, hotkey, TAO)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_announced_and_an_axon_taken_back() {
    let (node, client) = start().await;
    let (miner, endpoint) = (miner(), "127.0.0.2:8091".parse::<Endpoint>().unwrap());
    with_blocks(&node, client.set_hyperparameter(&alice(), NET, "serving_rate_limit", "0", true)).await.unwrap();
    assert_eq!(client.certificate(NET, miner.hotkey(), None).await.unwrap(), None);
    for length in [0, 32, 64] {
        let certificate = Certificate { algorithm: 1, public_key: vec![7; length] };
        with_blocks(&node, client.serve_axon_tls(&miner, NET, endpoint, 1, &certificate)).await.unwrap();
        assert_eq!(client.certificate(NET, miner.hotkey(), None).await.unwrap(), Some(certificate));
    }
    let long = Certificate { algorithm: 1, public_key: vec![7; 65] };
    let error = client.serve_axon_tls(&miner, NET, endpoint, 1, &long).await.unwrap_err();
    assert!(error.to_string().contains("65 long, and 64 is the most"), "{error}");
    let announced = async |client: &assay_chain::Client| {
        client.metagraph(NET, None).await.unwrap().by_hotkey(&miner.hotkey()).unwrap().endpoint
    };
    assert_eq!(announced(&client).await, Some(endpoint));
    with_blocks(&node, client.unserve_axon(&miner, NET)).await.unwrap();
    assert_eq!(announced(&client).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commitment_is_read_back() {
    let (node, client) = start().await;
    let miner = miner();
    assert_eq!(client.commitment(NET, miner.hotkey(), None).await.unwrap(), None);
    let commitments = [
        vec![CommitmentField::Sha256([1; 32])],
        vec![CommitmentField::Blake2([2; 32]), CommitmentField::Raw(b"https://example.org".to_vec())],
        vec![CommitmentField::Raw(vec![])],
        vec![CommitmentField::Raw(vec![9])],
        vec![CommitmentField::Raw(vec![9; 128]), CommitmentField::Raw(vec![8; 129])],
        vec![CommitmentField::Raw(vec![7; 512])],
        vec![CommitmentField::Keccak([3; 32]), CommitmentField::Sha3([4; 32]), CommitmentField::Raw(vec![5; 32])],
        vec![],
    ];
    for fields in commitments {
        let landed = with_blocks(&node, client.set_commitment(&miner, NET, &fields)).await.unwrap();
        let kept = client.commitment(NET, miner.hotkey(), None).await.unwrap().unwrap();
        assert_eq!((kept.block, kept.fields), (landed.block.number, fields));
    }
    let error = client.set_commitment(&miner, NET, &[CommitmentField::Raw(vec![0; 513])]).await.unwrap_err();
    assert!(matches!(error, ChainError::TooLarge { size: 513, limit: 512, .. }), "{error:?}");
    let many = vec![CommitmentField::Sha256([0; 32]); 4];
    let error = client.set_commitment(&miner, NET, &many).await.unwrap_err();
    assert!(matches!(error, ChainError::TooLarge { size: 4, limit: 3, .. }), "{error:?}");
    let stranger = dev_account("//Stranger");
    let error = client.set_commitment(&stranger, NET, &many[..1]).await.unwrap_err();
    assert!(matches!(error, ChainError::NotRegistered { .. }), "{error:?}");

    // An epoch's space ends.
    let big = [CommitmentField::Raw(vec![1; 512])];
    let error = loop {
        match with_blocks(&node, client.set_commitment(&miner, NET, &big)).await {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.refusal(), Some(&Refusal::SpaceLimitExceeded), "{error:?}");
    assert!(error.to_string().contains("Commitments.SpaceLimitExceeded"));
}

/// `with_blocks`, behind the call.
trait AwaitWith: Future + Sized {
    async fn await_with(self, node: &localnet::Handle) -> Self::Output {
        with_blocks(node, self).await
    }
}

impl<F: Future> AwaitWith for F {}
