use assay_chain::{ChainError, Invalidity, Precheck, Refusal};
use localnet::dev_account;
use primitives::{Endpoint, NetUid};

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

/// `with_blocks`, behind the call.
trait AwaitWith: Future + Sized {
    async fn await_with(self, node: &localnet::Handle) -> Self::Output {
        with_blocks(node, self).await
    }
}

impl<F: Future> AwaitWith for F {}
