use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use assay_chain::{ChainError, Client, Deadlines};
use futures::StreamExt;
use localnet::{Config, Genesis, GenesisNeuron, Limits, dev_account, spawn};
use primitives::{BlockHash, Hotkey, MechId, Metagraph, NetUid, Uid};

use crate::{
    node::{COMMITTED, NET, STAKE, STRICT, alice, genesis, miner, start, validator, with_blocks},
    tap::Tap,
};

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

/// The owner and 255 others, of whom nobody holds the key.
fn full_subnet() -> Genesis {
    let mut genesis = Genesis::default();
    genesis.subnets[0].neurons = (1..256u16)
        .map(|uid| {
            let mut hotkey = [7; 32];
            hotkey[..2].copy_from_slice(&uid.to_le_bytes());
            GenesisNeuron {
                hotkey: Hotkey(hotkey),
                coldkey: alice().coldkey(),
                stake_rao: STAKE,
                validator_permit: uid < 64,
            }
        })
        .collect();
    genesis
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_metagraph_takes_few_requests() {
    let node = spawn(Config { genesis: full_subnet(), ..Config::test() }).await.unwrap();
    let tap = Tap::on(node.addr()).await;
    let client = Client::connect(&tap.url()).await.unwrap();
    let read = client.metagraph(NET, None).await.unwrap();
    assert_eq!(read.neurons.len(), 256);
    let first = tap.asked();
    assert!(first.len() <= 12, "with connecting and metadata: {first:?}");

    node.author_block().unwrap();
    let (read, _) = client.subnet(NET, MechId(0), None).await.unwrap();
    assert_eq!(read.neurons.len(), 256);
    let asked = tap.asked();
    assert!(asked.len() <= 6, "{asked:?}");
    client.metagraph_rows(&read).await.unwrap();
    let rows = tap.asked();
    assert!(rows.len() <= 4, "{rows:?}");
    // Any node has these.
    for method in [first, asked, rows].concat() {
        assert!(method.starts_with("state_") || method.starts_with("chain_"), "{method}");
    }
}

/// Make the metadata say that an item has another name.
fn without(item: &'static str) -> impl Fn(&mut [u8]) + Copy + Send + 'static {
    move |answer| {
        let name = hex::encode(item).into_bytes();
        // Where the name is a part of another one, a length stands elsewhere.
        let name = [hex::encode([u8::try_from(item.len()).unwrap() << 2]).into_bytes(), name].concat();
        let found: Vec<usize> =
            answer.windows(name.len()).enumerate().filter(|(_, at)| *at == name).map(|it| it.0).collect();
        for at in found {
            answer[at + name.len() - 2..at + name.len()].copy_from_slice(b"5f");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_runtime_does_not_store_is_named() {
    let (node, _) = start().await;
    let names = |error: ChainError, item: &str| {
        assert!(matches!(error, ChainError::Unsupported { .. }), "{error:?}");
        assert!(error.to_string().contains(&format!("SubtensorModule.{item},")), "{error}");
        assert!(!error.is_retryable());
    };
    for item in ["StakeWeight", "NeuronCertificates", "MechanismCountCurrent"] {
        let tap = Tap::rewriting(node.addr(), without(item)).await;
        let client = Client::connect(&tap.url()).await.unwrap();
        names(client.metagraph(NET, None).await.unwrap_err(), item);
    }
    for item in ["Yuma3On", "SubnetEpochIndex"] {
        let tap = Tap::rewriting(node.addr(), without(item)).await;
        let client = Client::connect(&tap.url()).await.unwrap();
        // What is there can be read.
        assert_eq!(client.metagraph(NET, None).await.unwrap().neurons.len(), 3);
        names(client.hyperparameters(NET, None).await.unwrap_err(), item);
        names(client.subnet(NET, MechId(0), None).await.unwrap_err(), item);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn activity_is_by_the_rule_of_the_blocks_runtime() {
    let (node, client) = start().await;
    // 13.889 tempos of 20 blocks; nobody has set weights.
    let cutoff = client.hyperparameters(NET, None).await.unwrap().activity_cutoff();
    assert_eq!(cutoff, 277);
    let head = node.author_blocks(u32::try_from(cutoff).unwrap()).unwrap();
    let active = |metagraph: Metagraph| metagraph.neurons.iter().map(|neuron| neuron.active).collect::<Vec<_>>();
    assert_eq!(active(client.metagraph(NET, None).await.unwrap()), [true; 3]);
    node.author_block().unwrap();
    assert_eq!(active(client.metagraph(NET, None).await.unwrap()), [false; 3]);
    assert_eq!(active(client.metagraph(NET, Some(head.hash)).await.unwrap()), [true; 3]);
    // Before tempos could change, the cutoff was a number of blocks: 5000 by default.
    let tap = Tap::rewriting(node.addr(), without("ActivityCutoffFactorMilli")).await;
    let older = Client::connect(&tap.url()).await.unwrap();
    assert_eq!(active(older.metagraph(NET, None).await.unwrap()), [true; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pruned_block_is_told_from_an_unknown_one() {
    let limits = Limits { kept_blocks: 4, ..Limits::default() };
    let node = spawn(Config { genesis: genesis(), limits, ..Config::test() }).await.unwrap();
    let client = Client::connect(&node.url()).await.unwrap();
    let old = node.author_block().unwrap();
    let read = client.metagraph(NET, Some(old.hash)).await.unwrap();
    node.author_blocks(8).unwrap();
    let error = client.metagraph(NET, Some(old.hash)).await.unwrap_err();
    assert!(matches!(error, ChainError::Pruned(block) if block == old), "{error:?}");
    assert_eq!(error.to_string(), format!("the node has pruned the state of block 1 {}", old.hash));
    assert!(matches!(client.metagraph_rows(&read).await, Err(ChainError::Pruned(block)) if block == old));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_is_read_by_its_own_runtime() {
    let (node, client) = start().await;
    let before = node.author_block().unwrap();
    let old = client.metagraph(NET, Some(before.hash)).await.unwrap();
    node.bump_spec_version().unwrap();
    let tap = Tap::on(node.addr()).await;
    let client = Client::connect(&tap.url()).await.unwrap();
    let metadata = |asked: Vec<String>| asked.iter().filter(|method| *method == "state_call").count();
    assert_ne!(client.metagraph(NET, None).await.unwrap().block, before);
    let newest = metadata(tap.asked());
    assert!(newest > 0);
    assert_eq!(client.metagraph(NET, Some(before.hash)).await.unwrap(), old);
    assert_eq!(metadata(tap.asked()), newest);
    client.metagraph(NET, None).await.unwrap();
    assert_eq!(metadata(tap.asked()), 0);
}
