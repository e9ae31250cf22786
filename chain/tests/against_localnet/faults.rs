//! What goes wrong between a client and one node.

use std::{net::SocketAddr, pin::pin, time::Duration};

use assay_chain::{ChainError, Client, Deadlines, Invalidity, Row};
use fault_proxy::{Fault, Garbage, Kind, Mood, Proxy, Weights as Chances};
use futures::{StreamExt, future};
use localnet::{Config, Genesis, Handle, spawn};
use primitives::{MechId, Uid, Weights};

use crate::node::{NET, genesis, start, validator, with_blocks};

/// Nothing takes as long on this machine, unless it hangs.
pub const IMPATIENT: Deadlines = Deadlines {
    connect: Duration::from_secs(4),
    call: Duration::from_secs(2),
    land: Duration::from_secs(60),
    silence: Duration::from_millis(500),
};

/// More than a client reads in one message.
const TOO_LONG: usize = (64 << 20) + 1;

const READ: &str = "state_queryStorageAt";
const SUBMIT: &str = "author_submitAndWatchExtrinsic";

async fn spawn_at(listen: SocketAddr, genesis: Genesis) -> Handle {
    spawn(Config { listen, genesis, ..Config::test() }).await.unwrap()
}

/// A chain, and a road to it.
pub async fn road() -> (Handle, Proxy) {
    let node = spawn(Config { genesis: genesis(), ..Config::test() }).await.unwrap();
    let proxy = Proxy::to(node.addr(), 1).await.unwrap();
    (node, proxy)
}

pub fn row() -> Weights {
    Weights::new([(Uid(2), 65535)]).unwrap()
}

/// How many signed transactions there are in all blocks.
pub fn transactions(node: &Handle) -> usize {
    let best = u32::try_from(node.best().number).unwrap();
    let signed = |number| {
        let extrinsics = node.block_log(number).unwrap().extrinsics;
        extrinsics.iter().filter(|extrinsic| extrinsic.signer.is_some()).count()
    };
    (1..=best).map(signed).sum()
}

/// Call until it works, making blocks. Whatever goes wrong is said to be worth another try.
async fn persist<T, Fut: Future<Output = Result<T, ChainError>>>(node: &Handle, call: impl Fn() -> Fut) -> T {
    let mut calls = pin!(async {
        loop {
            match call().await {
                Ok(done) => return done,
                Err(error) => assert!(error.is_retryable() && !error.is_conclusive(), "{error:?}"),
            }
        }
    });
    let mut clock = tokio::time::interval(Duration::from_millis(200));
    loop {
        tokio::select! {
            biased;
            done = &mut calls => return done,
            _ = clock.tick() => {
                node.author_block().unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_survives_the_chain() {
    let (node, client) = start().await;
    let mut heads = client.finalized_stream();
    heads.next().await.unwrap().unwrap();
    let addr = node.addr();
    node.shutdown().await;
    let error = client.metagraph(NET, None).await.unwrap_err();
    assert!(matches!(error, ChainError::Unreachable { .. }), "{error:?}");
    assert!(error.is_retryable());
    assert!(heads.next().await.unwrap().is_err());

    let node = spawn_at(addr, genesis()).await;
    let head = node.author_blocks(2).unwrap();
    assert_eq!(client.metagraph(NET, None).await.unwrap().block, head);
    // The stream comes back too, at the present head.
    let mut seen = heads.filter_map(|head| future::ready(head.ok()));
    let seen = tokio::time::timeout(Duration::from_secs(30), seen.next()).await.unwrap();
    assert_eq!(seen, Some(head));
    let signed = client.prepare_set(&validator(), &Row::new(NET, row(), 0)).await.unwrap();
    with_blocks(&node, client.submit(&signed)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_chain_at_the_same_address_is_refused() {
    let (node, client) = start().await;
    let (addr, first) = (node.addr(), node.genesis());
    node.shutdown().await;
    let other = spawn_at(addr, Genesis::default()).await;
    let error = client.finalized().await.unwrap_err();
    let (expected, found) = match &error {
        ChainError::WrongChain { expected, found, .. } => (*expected, *found),
        other => panic!("{other:?}"),
    };
    assert_eq!((expected, found), (first, other.genesis()));
    assert!(!error.is_retryable());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_starts_again_takes_no_stream_back() {
    let (node, client) = start().await;
    let mut heads = client.finalized_stream();
    let head = node.author_blocks(3).unwrap();
    while heads.next().await.unwrap().unwrap() != head {}
    let addr = node.addr();
    node.shutdown().await;
    let node = spawn_at(addr, genesis()).await;
    node.author_blocks(2).unwrap();
    let behind = loop {
        match heads.next().await.unwrap() {
            Err(error @ ChainError::Behind { .. }) => break error,
            Err(_) => {}
            Ok(head) => panic!("{head:?}"),
        }
    };
    assert!(behind.is_retryable() && behind.to_string().contains("block 2 is final there, and block 3 was before"));
    // Reads of one node go where it goes.
    assert_eq!(client.finalized().await.unwrap(), node.best());
    let head = node.author_blocks(2).unwrap();
    let seen = heads.filter_map(|head| future::ready(head.ok())).next().await;
    assert_eq!(seen, Some(head));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_hangs_costs_one_call() {
    let (_node, proxy) = road().await;
    let client = Client::connect_with(&proxy.url(), IMPATIENT).await.unwrap();
    client.metagraph(NET, None).await.unwrap();
    proxy.set(Mood::Hangs);
    let error = client.metagraph(NET, None).await.unwrap_err();
    assert!(matches!(error, ChainError::Deadline { .. }), "{error:?}");
    assert!(error.is_retryable());
    // What hung stays deaf: only a new connection helps.
    proxy.set(Mood::Open);
    client.metagraph(NET, None).await.unwrap();
    assert_eq!(proxy.connections(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_breaks_is_not_noticed() {
    let (_node, proxy) = road().await;
    let client = Client::connect(&proxy.url()).await.unwrap();
    for _ in 0..3 {
        proxy.cut();
        client.finalized().await.unwrap();
    }
    for kind in [Kind::request(READ), Kind::answer(READ)] {
        proxy.once(kind, Fault::Cut);
        client.metagraph(NET, None).await.unwrap();
    }
    proxy.set(Mood::Closed);
    let error = client.finalized().await.unwrap_err();
    assert!(matches!(error, ChainError::Unreachable { .. }) && error.is_retryable(), "{error:?}");
    proxy.set(Mood::Open);
    client.finalized().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_message_costs_its_call() {
    let (_node, proxy) = road().await;
    let client = Client::connect_with(&proxy.url(), IMPATIENT).await.unwrap();
    for kind in [Kind::request(READ), Kind::answer(READ)] {
        proxy.once(kind, Fault::Lose);
        let error = client.metagraph(NET, None).await.unwrap_err();
        assert!(matches!(error, ChainError::Deadline { what: READ, .. }) && error.is_retryable(), "{error:?}");
        client.metagraph(NET, None).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn late_answers_and_answers_out_of_order_find_their_calls() {
    let (node, proxy) = road().await;
    node.author_blocks(20).unwrap();
    let client = Client::connect(&proxy.url()).await.unwrap();
    proxy.always(Kind::answer("chain_getBlockHash"), Fault::Swap);
    proxy.once(Kind::answer("chain_getBlockHash"), Fault::Delay(Duration::from_millis(200)));
    let hashes = future::join_all((0..=20).map(|number| client.block_hash(number))).await;
    for (number, hash) in hashes.into_iter().enumerate() {
        let hash = hash.unwrap().unwrap();
        assert_eq!(client.block(hash).await.unwrap().number, number as u64);
    }
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_costs_a_connection_at_most() {
    let (_node, proxy) = road().await;
    let client = Client::connect_with(&proxy.url(), IMPATIENT).await.unwrap();
    let before = client.metagraph(NET, None).await.unwrap();
    for garbage in [Garbage::NotJson, Garbage::WrongId, Garbage::WrongType, Garbage::Oversize(TOO_LONG)] {
        // Once, and the call does not notice.
        proxy.once(Kind::answer(READ), Fault::Garble(garbage));
        assert_eq!(client.metagraph(NET, None).await.unwrap(), before, "{garbage:?}");
        // Every time, and the call fails.
        proxy.always(Kind::answer(READ), Fault::Garble(garbage));
        let error = client.metagraph(NET, None).await.unwrap_err();
        assert!(error.is_retryable(), "{garbage:?}: {error:?}");
        proxy.forget_rules();
        assert_eq!(client.metagraph(NET, None).await.unwrap(), before, "{garbage:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_come_through_garbage_losses_and_cuts() {
    let (node, proxy) = road().await;
    let client = Client::connect_with(&proxy.url(), IMPATIENT).await.unwrap();
    let mut heads = client.finalized_stream();
    let mut last = heads.next().await.unwrap().unwrap();
    let news = || Kind::news("chain_finalizedHead");
    for fault in [
        Fault::Garble(Garbage::NotJson),
        Fault::Garble(Garbage::WrongId),
        Fault::Garble(Garbage::WrongType),
        Fault::Garble(Garbage::Oversize(TOO_LONG)),
        Fault::Lose,
        Fault::Hang,
        Fault::Cut,
        Fault::Delay(Duration::from_millis(300)),
    ] {
        proxy.once(news(), fault);
        let head = node.author_block().unwrap();
        let seen = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                if let Ok(seen) = heads.next().await.unwrap() {
                    assert!(seen.number > last.number, "{fault:?}: {seen:?} after {last:?}");
                    last = seen;
                    if seen == head {
                        return;
                    }
                }
            }
        });
        seen.await.unwrap_or_else(|_| panic!("{fault:?}: no head"));
        proxy.forget_rules();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_that_goes_wrong_lands_once() {
    let (node, proxy) = road().await;
    let client = Client::connect_with(&proxy.url(), IMPATIENT).await.unwrap();
    let status = "author_extrinsicUpdate";
    let mut landed = 0;
    for (kind, fault) in [
        (Kind::request(SUBMIT), Fault::Cut),
        (Kind::answer(SUBMIT), Fault::Cut),
        (Kind::request(SUBMIT), Fault::Lose),
        (Kind::answer(SUBMIT), Fault::Lose),
        (Kind::answer(SUBMIT), Fault::Hang),
        (Kind::answer(SUBMIT), Fault::Garble(Garbage::NotJson)),
        (Kind::answer(SUBMIT), Fault::Garble(Garbage::WrongType)),
        (Kind::answer(SUBMIT), Fault::Garble(Garbage::WrongId)),
        (Kind::answer(SUBMIT), Fault::Delay(Duration::from_millis(300))),
        (Kind::news(status), Fault::Cut),
        (Kind::news(status), Fault::Lose),
        (Kind::news(status), Fault::Garble(Garbage::WrongType)),
        (Kind::answer("chain_getBlock"), Fault::Cut),
    ] {
        let signed = client.prepare_set(&validator(), &Row::new(NET, row(), 0)).await.unwrap();
        proxy.once(kind.clone(), fault);
        let block =
            with_blocks(&node, client.submit(&signed)).await.unwrap_or_else(|e| panic!("{kind:?} {fault:?}: {e}"));
        landed += 1;
        assert_eq!(
            client.last_update(NET, MechId(0), Uid(1), None).await.unwrap(),
            block.block.number,
            "{kind:?} {fault:?}"
        );
        assert_eq!(transactions(&node), landed, "{kind:?} {fault:?}");
        proxy.forget_rules();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_that_is_cut_off_for_good_can_be_repeated() {
    let (node, proxy) = road().await;
    let client = Client::connect_with(&proxy.url(), IMPATIENT).await.unwrap();
    let signed = client.prepare_set(&validator(), &Row::new(NET, row(), 0)).await.unwrap();
    // The node has it, and the client never hears of it.
    let answered = proxy.next(Kind::answer(SUBMIT));
    let cut = async {
        answered.await;
        proxy.set(Mood::Closed);
    };
    let (submitted, ()) = tokio::join!(client.submit(&signed), cut);
    let error = submitted.unwrap_err();
    assert!(matches!(error, ChainError::Lost { .. }) && error.is_retryable() && !error.is_conclusive(), "{error:?}");
    proxy.set(Mood::Open);
    let landed = with_blocks(&node, client.submit(&signed)).await.unwrap();
    assert_eq!(client.last_update(NET, MechId(0), Uid(1), None).await.unwrap(), landed.block.number);
    let next = client.prepare_set(&validator(), &Row::new(NET, row(), 0)).await.unwrap();
    assert_eq!((next.nonce, transactions(&node)), (signed.nonce + 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_during_a_submission_takes_nothing_away() {
    let node = spawn(Config { genesis: genesis(), finality_depth: 3, ..Config::test() }).await.unwrap();
    node.author_blocks(5).unwrap();
    let client =
        Client::connect_with(&node.url(), Deadlines { silence: Duration::from_secs(5), ..IMPATIENT }).await.unwrap();
    let signed = client.prepare_set(&validator(), &Row::new(NET, row(), 0)).await.unwrap();
    let forks = async {
        // Included, undone, included again, twice; then final.
        while node.pending() == 0 {
            tokio::task::yield_now().await;
        }
        for depth in [1, 2] {
            node.author_blocks(depth).unwrap();
            node.reorg(depth).unwrap();
        }
        // A copy is stale for the best chain; what is final decides.
        let other = Client::connect_with(&node.url(), IMPATIENT).await.unwrap();
        let copy = other.submit(&signed);
        let blocks = async {
            for _ in 0..4 {
                node.author_block().unwrap();
            }
        };
        tokio::join!(copy, blocks).0.unwrap()
    };
    let (landed, copy) = tokio::join!(client.submit(&signed), forks);
    let landed = landed.unwrap();
    assert_eq!(landed, copy);
    assert_eq!(client.block_hash(landed.block.number).await.unwrap(), Some(landed.block.hash));
    assert_eq!(client.last_update(NET, MechId(0), Uid(1), None).await.unwrap(), landed.block.number);
    assert_eq!(transactions(&node), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_that_a_fork_gives_back_proves_nothing() {
    let node = spawn(Config { genesis: genesis(), finality_depth: 3, ..Config::test() }).await.unwrap();
    node.author_blocks(5).unwrap();
    let client = Client::connect_with(&node.url(), IMPATIENT).await.unwrap();
    let signed = client.prepare_set(&validator(), &Row::new(NET, row(), 0)).await.unwrap();
    let other = Weights::new([(Uid(1), 65535)]).unwrap();
    let rival = client.prepare_set(&validator(), &Row::new(NET, other.clone(), 0)).await.unwrap();
    assert_eq!(signed.nonce, rival.nonce);
    // The best chain has the rival, and then it has not.
    let before = node.snapshot();
    node.submit(rival.bytes.clone()).unwrap();
    node.author_block().unwrap();
    let proxy = Proxy::to(node.addr(), 1).await.unwrap();
    let turned_away = Client::connect_with(&proxy.url(), IMPATIENT).await.unwrap();
    let searched = proxy.next(Kind::answer("chain_subscribeFinalizedHeads"));
    let fork = async {
        searched.await;
        assert!(node.revert(before).unwrap());
        node.author_blocks(6).unwrap();
    };
    let (submitted, ()) = tokio::join!(turned_away.submit(&signed), fork);
    let error = submitted.unwrap_err();
    assert!(matches!(error, ChainError::Dropped) && !error.is_conclusive(), "{error:?}");
    with_blocks(&node, client.submit(&signed)).await.unwrap();
    // Now the rival is the one that can't land any more, once that is final.
    let error = with_blocks(&node, client.submit(&rival)).await.unwrap_err();
    assert!(matches!(error, ChainError::Invalid(Invalidity::Stale)) && error.is_conclusive(), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_random_everything_still_lands_once() {
    let node = spawn(Config { genesis: genesis(), ..Config::test() }).await.unwrap();
    let key = validator();
    for seed in [1, 2, 3] {
        let proxies = [Proxy::to(node.addr(), seed).await.unwrap(), Proxy::to(node.addr(), seed + 100).await.unwrap()];
        let urls = proxies.each_ref().map(Proxy::url);
        let client = Client::connect_any(&urls[0], &urls[1..], IMPATIENT).await.unwrap();
        let (before, row) = (transactions(&node), row());
        let chances = Chances { longest_hang: Duration::from_secs(1), ..Chances::default() };
        proxies.iter().for_each(|proxy| proxy.set(Mood::Random(chances)));
        for round in 1..=8 {
            let row = Row::new(NET, row.clone(), 0);
            let signed = persist(&node, || client.prepare_set(&key, &row)).await;
            let landed = persist(&node, || client.submit(&signed)).await;
            let read = persist(&node, || client.last_update(NET, MechId(0), Uid(1), None)).await;
            assert_eq!(read, landed.block.number);
            assert_eq!(transactions(&node) - before, round, "seed {seed}");
        }
        let faults: u64 = proxies.iter().flat_map(|proxy| proxy.faults().into_values()).sum();
        assert!(faults > 20, "seed {seed}: {faults}");
    }
}
