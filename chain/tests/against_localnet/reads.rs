use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use assay_chain::{ChainError, Client, Deadlines};
use futures::StreamExt;
use localnet::dev_account;
use primitives::{BlockHash, NetUid, Uid};

use crate::node::{COMMITTED, NET, STAKE, STRICT, alice, genesis, miner, start, validator, with_blocks};

#[tokio::test(flavor = "multi_thread")]
async fn the_head_follows_the_chain() {
    let (node, client) = start().await;
    assert_eq!(client.genesis(), node.genesis());
    assert_eq!(client.finalized().await.unwrap(), node.best());
    let third = node.author_blocks(3).unwrap();
    assert_eq!(client.finalized().await.unwrap(), third);
    assert_eq!(client.block(third.hash).await.unwrap(), third);
    assert_eq!(client.block_hash(3).await.unwrap(), Some(third.hash));
    assert_eq!(client.block_hash(4).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_stream() {
    let (node, client) = start().await;
    let mut heads = client.finalized_stream();
    assert_eq!(heads.next().await.unwrap().unwrap(), node.best());
    for _ in 0..3 {
        let made = node.author_block().unwrap();
        assert_eq!(heads.next().await.unwrap().unwrap(), made);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metagraph_is_of_one_block() {
    let (node, client) = start().await;
    let before = node.author_block().unwrap();
    let old = client.metagraph(NET, None).await.unwrap();
    assert_eq!((old.netuid, old.block, old.neurons.len()), (NET, before, 3));
    let neuron = old.neuron(Uid(1)).unwrap();
    assert_eq!((neuron.hotkey, neuron.coldkey), (validator().hotkey(), alice().coldkey()));
    assert_eq!((neuron.stake_rao, neuron.validator_permit, neuron.endpoint), (STAKE, true, None));
    assert!(!old.by_hotkey(&miner().hotkey()).unwrap().validator_permit);

    let newcomer = dev_account("//Newcomer").hotkey();
    let landed = with_blocks(&node, client.burned_register(&alice(), NET, newcomer)).await.unwrap();
    let new = client.metagraph(NET, None).await.unwrap();
    assert_eq!(new.neurons.len(), 4);
    assert_eq!(new.neuron(Uid(3)).unwrap().registration().hotkey, newcomer);
    assert_eq!(new.neuron(Uid(3)).unwrap().registered_at, landed.block.number);
    assert!(new.neurons.iter().enumerate().all(|(at, neuron)| usize::from(neuron.uid.0) == at));
    // The old block still reads as it was.
    assert_eq!(client.metagraph(NET, Some(before.hash)).await.unwrap(), old);
    assert_eq!(client.uid(NET, newcomer, None).await.unwrap(), Uid(3));
    let unborn = client.uid(NET, newcomer, Some(before.hash)).await;
    assert!(matches!(unborn, Err(ChainError::NotRegistered { netuid: NET, hotkey }) if hotkey == newcomer));
}

#[tokio::test(flavor = "multi_thread")]
async fn hyperparameters_are_the_subnets() {
    let (_node, client) = start().await;
    for (netuid, subnet) in [NET, COMMITTED, STRICT].into_iter().zip(genesis().subnets) {
        let (read, rules) = (client.hyperparameters(netuid, None).await.unwrap(), subnet.rules);
        assert_eq!(read.tempo, rules.tempo);
        assert_eq!(read.immunity_period, rules.immunity_period);
        assert_eq!(read.min_allowed_weights, rules.min_allowed_weights);
        assert_eq!(read.max_allowed_uids, rules.max_allowed_uids);
        assert_eq!(read.max_allowed_validators, rules.max_allowed_validators);
        assert_eq!(read.weights_rate_limit, rules.weights_set_rate_limit);
        assert_eq!(read.weights_version, rules.weights_version_key);
        assert_eq!(read.commit_reveal_weights_enabled, rules.commit_reveal_weights_enabled);
        assert_eq!(read.kappa, rules.kappa);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_epoch_schedule_is_read() {
    let (node, client) = start().await;
    let due = client.hyperparameters(NET, None).await.unwrap().next_epoch_block().unwrap();
    let head = node.author_blocks(u32::try_from(due).unwrap()).unwrap();
    assert_eq!(head.number, due);
    let after = client.hyperparameters(NET, None).await.unwrap();
    assert_eq!((after.epoch_index, after.last_epoch_block), (1, due));
    assert_eq!(after.next_epoch_block(), Some(due + u64::from(after.tempo)));
}

#[tokio::test(flavor = "multi_thread")]
async fn balances_are_read() {
    let (node, client) = start().await;
    let rich = client.balance(alice().coldkey(), None).await.unwrap();
    assert_eq!(rich, 1_000_000_000_000_000);
    assert_eq!(client.balance(dev_account("//Nobody").coldkey(), None).await.unwrap(), 0);
    let hotkey = dev_account("//Newcomer").hotkey();
    with_blocks(&node, client.burned_register(&alice(), NET, hotkey)).await.unwrap();
    assert!(client.balance(alice().coldkey(), None).await.unwrap() < rich);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tasks_share_a_client() {
    let (node, client) = start().await;
    let head = node.author_block().unwrap();
    let tasks = (0..8).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.metagraph(NET, None).await.map(|metagraph| metagraph.block) })
    });
    for block in futures::future::join_all(tasks).await {
        assert_eq!(block.unwrap().unwrap(), head);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_named() {
    let (_node, client) = start().await;
    let nowhere = NetUid(77);
    assert!(matches!(client.metagraph(nowhere, None).await, Err(ChainError::UnknownNetUid(NetUid(77)))));
    assert!(matches!(client.hyperparameters(nowhere, None).await, Err(ChainError::UnknownNetUid(NetUid(77)))));
    assert!(matches!(client.read_weights(nowhere, Uid(0), None).await, Err(ChainError::UnknownNetUid(NetUid(77)))));
    let seat = client.uid(nowhere, miner().hotkey(), None).await;
    assert!(matches!(seat, Err(ChainError::UnknownNetUid(NetUid(77)))));
    let unknown = BlockHash([7; 32]);
    let error = client.metagraph(NET, Some(unknown)).await.unwrap_err();
    assert!(matches!(error, ChainError::UnknownBlock(hash) if hash == unknown));
    assert!(!error.is_retryable());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_answer_is_unreachable_soon() {
    let quick = Deadlines { connect: Duration::from_millis(300), ..Deadlines::default() };
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // Accepts, and says nothing.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let urls = [
        format!("ws://{nobody}"),
        format!("ws://{}", mute.local_addr().unwrap()),
        "http://127.0.0.1:1".to_owned(),
        "not a url".to_owned(),
    ];
    for wanted in urls {
        let asked = Instant::now();
        let error = Client::connect_with(&wanted, quick).await.unwrap_err();
        assert!(matches!(&error, ChainError::Unreachable { url, .. } if *url == wanted), "{error:?}");
        assert!(error.is_retryable());
        assert!(error.to_string().contains(&wanted));
        assert!(asked.elapsed() < Duration::from_secs(5), "{wanted}: {:?}", asked.elapsed());
    }
}
