use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use assay_chain::{ChainError, Client, Deadlines};
use futures::StreamExt;
use localnet::{Config, Limits, Rules, dev_account, spawn};
use primitives::{BlockHash, Certificate, Hyperparameters, MechId, Metagraph, NetUid, Uid, WeightCommit};
use subxt::dynamic::Value;

use crate::{
    full::full_subnet,
    node::{COMMITTED, NET, STAKE, STRICT, alice, genesis, miner, start, validator, with_blocks},
    stock::{call, sudo},
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
async fn a_new_subnet_has_the_default_rules() {
    let (node, client) = start().await;
    let (owner, hotkey) = (dev_account("//Bob"), dev_account("//Bob//hotkey").hotkey());
    let (netuid, _) = with_blocks(&node, client.register_network(&owner, hotkey)).await.unwrap();
    let read = client.hyperparameters(netuid, None).await.unwrap();
    let expected = Hyperparameters {
        subnet_owner: owner.coldkey(),
        subnet_owner_hotkey: hotkey,
        last_epoch_block: read.last_epoch_block,
        blocks_since_last_step: read.blocks_since_last_step,
        ..Hyperparameters::default()
    };
    assert_eq!(read, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_is_read() {
    let mut genesis = genesis();
    genesis.stake_threshold_rao = 12;
    genesis.subnets[0].rules = Rules {
        tempo: 360,
        activity_cutoff_factor_milli: 2_500,
        serving_rate_limit: 7,
        registration_allowed: false,
        burn: 800_000,
        min_burn: 600_000,
        max_burn: 900_000,
        kappa: 30_000,
        bonds_moving_average: 800_000,
        bonds_penalty: 40_000,
        yuma3_on: false,
        liquid_alpha_on: true,
        ..Rules::default()
    };
    let node = spawn(Config { genesis, ..Config::test() }).await.unwrap();
    let client = Client::connect(&node.url()).await.unwrap();
    let before = client.hyperparameters(NET, None).await.unwrap();
    let (net, number) = (("netuid", Value::u128(NET.0.into())), |value: u16| Value::u128(value.into()));
    let list = Value::unnamed_composite([number(20_000), number(45_535)]);
    let set = async |call, name, value| sudo(&node, "AdminUtils", call, vec![net.clone(), (name, value)]).await;
    set("sudo_set_max_allowed_uids", "max_allowed_uids", number(128)).await;
    set("sudo_set_mechanism_count", "mechanism_count", number(2)).await;
    set("sudo_set_mechanism_emission_split", "maybe_split", Value::unnamed_variant("Some", [list])).await;
    set("sudo_set_commit_reveal_weights_interval", "interval", number(3)).await;
    set("sudo_set_alpha_sigmoid_steepness", "steepness", Value::i128(-5)).await;
    let read = client.hyperparameters(NET, None).await.unwrap();
    let expected = Hyperparameters {
        subnet_owner: dev_account("//Owner").coldkey(),
        subnet_owner_hotkey: dev_account("//Owner//hotkey").hotkey(),
        activity_cutoff_factor_milli: 2_500,
        serving_rate_limit: 7,
        registration_allowed: false,
        burn: read.burn,
        min_burn: 600_000,
        max_burn: 900_000,
        kappa: 30_000,
        bonds_moving_average: 800_000,
        bonds_penalty: 40_000,
        yuma3_on: false,
        liquid_alpha_on: true,
        stake_threshold: 12,
        commit_reveal_weights_enabled: false,
        max_allowed_uids: 128,
        mechanism_count_current: 2,
        mechanism_emission_split: Some(vec![20_000, 45_535]),
        reveal_period_epochs: 3,
        alpha_sigmoid_steepness: -5,
        blocks_since_last_step: before.blocks_since_last_step + 5,
        ..Hyperparameters::default()
    };
    assert_eq!(before.burn, 800_000);
    assert_eq!(read, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_read() {
    let (node, client) = start().await;
    let number = |value: u64| Value::u128(value.into());
    let mut arguments: Vec<Value> = [NET.0.into(), 1, 0x0102_0304, 8091, 4, 4, 0, 0].map(number).to_vec();
    arguments.push(Value::from_bytes([1, 0xab, 0xcd]));
    call(&node, &miner(), "SubtensorModule", "serve_axon_tls", arguments).await;
    let metagraph = client.metagraph(NET, None).await.unwrap();
    let certificate = |uid| metagraph.neuron(Uid(uid)).unwrap().certificate.clone();
    assert_eq!(certificate(2), Some(Certificate { algorithm: 1, public_key: vec![0xab, 0xcd] }));
    assert_eq!(certificate(1), None);
    assert_eq!(metagraph.neuron(Uid(2)).unwrap().endpoint, Some("1.2.3.4:8091".parse().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mechanism_has_its_own_rows_and_results() {
    let mut genesis = genesis();
    genesis.subnets[0].rules.max_allowed_uids = 128;
    let node = spawn(Config { genesis, ..Config::test() }).await.unwrap();
    let client = Client::connect(&node.url()).await.unwrap();
    let second = MechId(1);
    let unknown = client.mechanism_metagraph(NET, second, None).await.unwrap_err();
    assert!(matches!(unknown, ChainError::UnknownMechanism { netuid: NET, mechanism: MechId(1) }), "{unknown:?}");
    assert_eq!(unknown.to_string(), "subnet 1 has no mechanism 1");
    let (netuid, count) = (Value::u128(NET.0.into()), Value::u128(2));
    sudo(&node, "AdminUtils", "sudo_set_mechanism_count", vec![("netuid", netuid.clone()), ("mechanism_count", count)])
        .await;
    // Not sorted: the chain stores what it is sent.
    let list = |values: [u16; 2]| Value::unnamed_composite(values.map(|value| Value::u128(value.into())));
    let arguments = vec![netuid, Value::u128(1), list([2, 0]), list([65_535, 10]), Value::u128(0)];
    let set = call(&node, &validator(), "SubtensorModule", "set_mechanism_weights", arguments).await;
    let epoch = client.hyperparameters(NET, None).await.unwrap().next_epoch_block(set.number).unwrap();
    node.author_blocks(u32::try_from(epoch - set.number).unwrap()).unwrap();

    let main = client.metagraph(NET, None).await.unwrap();
    let (other, rules) = client.subnet(NET, second, None).await.unwrap();
    assert_eq!((rules.mechanism_count_current, rules.last_mechansim_step_block), (2, epoch));
    assert_eq!((main.mechanism, other.mechanism, other.block), (MechId(0), second, main.block));
    let of = |metagraph: &Metagraph, uid| metagraph.neuron(Uid(uid)).cloned().unwrap();
    assert_eq!((of(&main, 1).last_update, of(&other, 1).last_update), (0, set.number));
    assert_eq!(of(&main, 2).incentive, 0);
    assert!(of(&other, 2).incentive > 65_000);
    // What the mechanisms found together.
    assert_eq!(of(&main, 2).consensus, of(&other, 2).consensus);
    assert!(of(&other, 2).consensus > 0);
    assert_eq!(of(&main, 1).stake_weight, of(&other, 1).stake_weight);
    assert!(of(&other, 1).stake_weight > 60_000);

    let rows = client.metagraph_rows(&other).await.unwrap();
    assert_eq!((rows.mechanism, rows.block, rows.rows.len()), (second, other.block, 3));
    assert_eq!(rows.rows[1].weights, [(Uid(2), 65_535), (Uid(0), 10)]);
    assert!(rows.rows[1].bonds.iter().any(|(uid, bond)| *uid == Uid(2) && *bond > 0));
    let rows = client.metagraph_rows(&main).await.unwrap();
    assert!(rows.rows.iter().all(|row| row.weights.is_empty() && row.commits.is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_commits_are_read() {
    let (node, client) = start().await;
    let netuid = || Value::u128(COMMITTED.0.into());
    let hash = [3; 32];
    let hashed =
        call(&node, &validator(), "SubtensorModule", "commit_weights", vec![netuid(), Value::from_bytes(hash)]).await;
    let arguments = vec![netuid(), Value::from_bytes([5; 300]), Value::u128(1 << 40), Value::u128(4)];
    let locked = call(&node, &validator(), "SubtensorModule", "commit_timelocked_weights", arguments).await;
    let metagraph = client.metagraph(COMMITTED, None).await.unwrap();
    assert_eq!(metagraph.neuron(Uid(1)).unwrap().last_update, locked.number);
    let rows = client.metagraph_rows(&metagraph).await.unwrap();
    let commits = [
        WeightCommit::Hashed { epoch: 0, block: hashed.number, hash },
        WeightCommit::Timelocked { epoch: 0, block: locked.number, round: 1 << 40 },
    ];
    assert_eq!(rows.rows[1].commits, commits);
    assert!(rows.rows[0].commits.is_empty() && rows.rows[2].commits.is_empty());
    // An epoch knows the earlier of the two.
    let state = client.epoch_state(COMMITTED, None).await.unwrap();
    assert_eq!(state.commit_blocks, Some(vec![u64::MAX, hashed.number, u64::MAX]));
    assert_eq!(client.epoch_state(NET, None).await.unwrap().commit_blocks, None);
    // In the epoch of its reveal the locked one still waits for its round.
    let epoch = client.hyperparameters(COMMITTED, None).await.unwrap().next_epoch_block(locked.number).unwrap();
    node.author_blocks(u32::try_from(epoch - locked.number + 1).unwrap()).unwrap();
    let metagraph = client.metagraph(COMMITTED, None).await.unwrap();
    assert_eq!(client.metagraph_rows(&metagraph).await.unwrap().rows[1].commits, commits);
    // When the next epoch runs both are too old.
    assert_eq!(client.epoch_state(COMMITTED, None).await.unwrap().commit_blocks, Some(vec![u64::MAX; 3]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_epoch_schedule_is_read() {
    let (node, client) = start().await;
    let due = client.hyperparameters(NET, None).await.unwrap().next_epoch_block(0).unwrap();
    let head = node.author_blocks(u32::try_from(due).unwrap()).unwrap();
    assert_eq!(head.number, due);
    let after = client.hyperparameters(NET, None).await.unwrap();
    assert_eq!((after.epoch_index, after.last_epoch_block), (1, due));
    assert_eq!(after.next_epoch_block(due), Some(due + u64::from(after.tempo)));
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
    assert!(matches!(
        client.read_weights(nowhere, MechId(0), Uid(0), None).await,
        Err(ChainError::UnknownNetUid(NetUid(77)))
    ));
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

#[tokio::test(flavor = "multi_thread")]
async fn a_full_metagraph_takes_few_requests() {
    let node = spawn(Config { genesis: full_subnet(256), ..Config::test() }).await.unwrap();
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
