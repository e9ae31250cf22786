//! What goes wrong at one of two nodes. They are two roads to one chain: each can fail on its own.

use std::{pin::pin, time::Duration};

use assay_chain::{ChainError, Client, Deadlines, Row};
use fault_proxy::{Fault, Garbage, Kind, Mood, Proxy};
use futures::{StreamExt, stream::BoxStream};
use localnet::{Config, Genesis, Handle, spawn};
use primitives::{BlockRef, MechId, Uid};

use crate::{
    faults::{IMPATIENT, road, row, transactions},
    node::{NET, genesis, validator, with_blocks},
};

const SUBMIT: &str = "author_submitAndWatchExtrinsic";

/// A chain with five blocks, two roads to it, and a client of both.
async fn two_roads() -> (Handle, Proxy, Proxy, Client) {
    let (node, first) = road().await;
    let second = Proxy::to(node.addr(), 2).await.unwrap();
    node.author_blocks(5).unwrap();
    let client = Client::connect_any(&first.url(), &[second.url()], IMPATIENT).await.unwrap();
    (node, first, second, client)
}

/// The next head, whatever goes wrong before it.
async fn head(heads: &mut BoxStream<'static, Result<BlockRef, ChainError>>) -> BlockRef {
    let next = async {
        loop {
            if let Ok(head) = heads.next().await.unwrap() {
                return head;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), next).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_node_takes_over_and_keeps_it() {
    let (_node, first, second, client) = two_roads().await;
    client.metagraph(NET, None).await.unwrap();
    assert_eq!((first.connections(), second.connections(), client.url()), (1, 0, &*first.url()));
    // No call fails, whatever becomes of the first node.
    for mood in [Mood::Closed, Mood::Hangs] {
        first.set(Mood::Open);
        let client = Client::connect_any(&first.url(), &[second.url()], IMPATIENT).await.unwrap();
        let before = second.connections();
        first.set(mood);
        client.metagraph(NET, None).await.unwrap();
        assert_eq!(second.connections(), before + 1, "{mood:?}");
        // It is not left for nothing.
        first.set(Mood::Open);
        let connections = first.connections();
        client.metagraph(NET, None).await.unwrap();
        assert_eq!((first.connections(), second.connections()), (connections, before + 1), "{mood:?}");
        // And it can fail in its turn.
        second.set(Mood::Closed);
        client.metagraph(NET, None).await.unwrap();
        assert_eq!(first.connections(), connections + 1, "{mood:?}");
        second.set(Mood::Open);
    }
    first.set(Mood::Open);
    first.always(Kind::answer("state_queryStorageAt"), Fault::Garble(Garbage::WrongType));
    let client = Client::connect_any(&first.url(), &[second.url()], IMPATIENT).await.unwrap();
    client.metagraph(NET, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_node_that_is_down_is_tried_again_later() {
    let (_node, first, second, client) = two_roads().await;
    drop(client);
    first.set(Mood::Closed);
    let client = Client::connect_any(&first.url(), &[second.url(), second.url()], IMPATIENT).await.unwrap();
    client.finalized().await.unwrap();
    second.set(Mood::Closed);
    let error = client.finalized().await.unwrap_err();
    assert!(matches!(error, ChainError::Unreachable { .. }) && error.is_retryable(), "{error:?}");
    first.set(Mood::Open);
    client.finalized().await.unwrap();
    // None at all.
    first.set(Mood::Closed);
    let error = Client::connect_any(&first.url(), &[second.url()], IMPATIENT).await.unwrap_err();
    assert!(matches!(&error, ChainError::Unreachable { url, .. } if *url == first.url()), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_chain_at_the_second_address_is_passed_over() {
    let (node, first) = road().await;
    let other = spawn(Config { genesis: Genesis::default(), ..Config::test() }).await.unwrap();
    assert_ne!(other.genesis(), node.genesis());
    other.author_blocks(9).unwrap();
    let client = Client::connect_any(&first.url(), &[other.url()], IMPATIENT).await.unwrap();
    first.set(Mood::Closed);
    let error = client.finalized().await.unwrap_err();
    assert!(matches!(&error, ChainError::Unreachable { url, .. } if *url == first.url()), "{error:?}");
    // Another one that is right comes next.
    let third = Proxy::to(node.addr(), 3).await.unwrap();
    first.set(Mood::Open);
    let client = Client::connect_any(&first.url(), &[other.url(), third.url()], IMPATIENT).await.unwrap();
    first.set(Mood::Closed);
    assert_eq!((client.finalized().await.unwrap(), client.genesis()), (node.best(), node.genesis()));
    // Nor does a chain that stands still make it ask there.
    third.set(Mood::Stale);
    let silent = tokio::time::Instant::now() + IMPATIENT.silence * 3;
    while tokio::time::Instant::now() < silent {
        assert_eq!(client.finalized().await.unwrap(), node.best());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stands_still_is_left_for_one_that_does_not() {
    let (node, first, second, client) = two_roads().await;
    let mut heads = client.finalized_stream();
    let mut last = head(&mut heads).await;
    assert_eq!((last, client.finalized().await.unwrap()), (node.best(), node.best()));
    // Nobody is ahead: nothing changes.
    let mut compared = pin!(second.next(Kind::answer("chain_getHeader")));
    loop {
        tokio::select! {
            () = &mut compared => break,
            finalized = client.finalized() => assert_eq!(finalized.unwrap(), last),
        }
    }
    assert_eq!(first.connections(), 1);
    for (from, to) in [(&first, &second), (&second, &first)] {
        to.set(Mood::Open);
        from.set(Mood::Stale);
        let next = node.author_blocks(3).unwrap();
        // The stream moves on, and with it all calls. Until then they see the last head again.
        let seen = async {
            loop {
                let seen = client.finalized().await.unwrap();
                if seen == next {
                    return;
                }
                assert_eq!(seen, last);
            }
        };
        let (streamed, seen) = tokio::join!(head(&mut heads), tokio::time::timeout(Duration::from_secs(20), seen));
        seen.unwrap();
        assert_eq!(streamed, next);
        last = streamed;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_alone_find_out_that_a_node_stands_still() {
    let (node, first, second, client) = two_roads().await;
    let before = client.finalized().await.unwrap();
    first.set(Mood::Stale);
    let after = node.author_blocks(3).unwrap();
    let seen = async {
        let mut seen = before;
        while seen != after {
            assert_eq!(seen, before);
            seen = client.metagraph(NET, None).await.unwrap().block;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), seen).await.unwrap();
    assert!(second.connections() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_that_stands_still_is_kept() {
    let (node, proxy) = road().await;
    let client = Client::connect_with(&proxy.url(), IMPATIENT).await.unwrap();
    let before = client.finalized().await.unwrap();
    proxy.set(Mood::Stale);
    node.author_blocks(3).unwrap();
    let until = tokio::time::Instant::now() + IMPATIENT.silence * 3;
    while tokio::time::Instant::now() < until {
        assert_eq!(client.finalized().await.unwrap(), before);
    }
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_behind_takes_nobody_back() {
    let (node, first, second, client) = two_roads().await;
    // The second node stops at block 5.
    let behind = Client::connect(&second.url()).await.unwrap();
    behind.finalized().await.unwrap();
    second.set(Mood::Stale);
    let mut heads = client.finalized_stream();
    let known = node.author_blocks(3).unwrap();
    while head(&mut heads).await != known {}
    first.set(Mood::Closed);
    let error = client.finalized().await.unwrap_err();
    assert!(matches!(error, ChainError::Behind { head: 5, known: 8, .. }) && error.is_retryable(), "{error:?}");
    assert!(matches!(client.metagraph(NET, None).await.unwrap_err(), ChainError::Behind { .. }));
    assert!(heads.next().await.unwrap().is_err());
    // It catches up while it is waited for.
    let (caught_up, ()) = tokio::join!(client.finalized(), async {
        second.next(Kind::answer("chain_subscribeFinalizedHeads")).await;
        second.set(Mood::Open);
        node.author_block().unwrap();
    });
    assert_eq!(caught_up.unwrap(), node.best());
    assert_eq!(head(&mut heads).await, node.best());
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_go_on_across_nodes() {
    let (node, first, second, client) = two_roads().await;
    let mut heads = client.finalized_stream();
    let mut last = head(&mut heads).await;
    for (fails, mood) in
        [(&first, Mood::Closed), (&second, Mood::Hangs), (&first, Mood::Hangs), (&second, Mood::Closed)]
    {
        first.set(Mood::Open);
        second.set(Mood::Open);
        fails.set(mood);
        let next = node.author_blocks(2).unwrap();
        while last != next {
            let seen = head(&mut heads).await;
            assert!(seen.number > last.number, "{seen:?} after {last:?}");
            last = seen;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_goes_on_at_the_other_node_and_lands_once() {
    let status = Kind::news("author_extrinsicUpdate");
    for (kind, mood) in [
        (Kind::request(SUBMIT), Mood::Closed),
        (Kind::answer(SUBMIT), Mood::Closed),
        (Kind::answer(SUBMIT), Mood::Hangs),
        (Kind::answer(SUBMIT), Mood::Stale),
        (status, Mood::Closed),
    ] {
        let (node, first, _second, client) = two_roads().await;
        let signed = client.prepare_set(&validator(), &Row::new(NET, row(), 0)).await.unwrap();
        let reached = first.next(kind.clone());
        let fails = async {
            reached.await;
            first.set(mood);
        };
        let (landed, ()) = tokio::join!(with_blocks(&node, client.submit(&signed)), fails);
        let landed = landed.unwrap_or_else(|error| panic!("{kind:?} {mood:?}: {error}"));
        let updated = client.last_update(NET, MechId(0), Uid(1), Some(landed.block.hash)).await.unwrap();
        assert_eq!(updated, landed.block.number, "{kind:?} {mood:?}");
        assert_eq!(transactions(&node), 1, "{kind:?} {mood:?}");
    }
}

/// Two chains of one genesis: the second one is a node that sees nothing of what happens at the first.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_the_blocks_proves_nothing() {
    let (node, first) = road().await;
    let apart = spawn(Config { genesis: genesis(), ..Config::test() }).await.unwrap();
    assert_eq!(apart.genesis(), node.genesis());
    let client = Client::connect_any(&first.url(), &[apart.url()], IMPATIENT).await.unwrap();
    let signed = client.prepare_set(&validator(), &Row::new(NET, row(), 0)).await.unwrap();
    let landed = with_blocks(&node, client.submit(&signed)).await.unwrap();
    // Far past its death at the first node; the second one has nothing.
    node.author_blocks(u32::try_from(signed.period).unwrap() + 10).unwrap();
    client.finalized().await.unwrap();
    first.set(Mood::Closed);
    for _ in 0..2 {
        // First it is lost on the way, then there is none.
        let error = client.submit(&signed).await.unwrap_err();
        let on_the_way = matches!(error, ChainError::Lost { .. } | ChainError::Behind { .. });
        assert!(on_the_way && !error.is_conclusive(), "{error:?}");
    }
    // A client of that node alone waits for its blocks.
    let deadlines = Deadlines { land: Duration::from_secs(2), ..IMPATIENT };
    let alone = Client::connect_with(&apart.url(), deadlines).await.unwrap();
    let error = alone.submit(&signed).await.unwrap_err();
    assert!(!error.is_conclusive(), "{error:?}");
    first.set(Mood::Open);
    assert_eq!(client.submit(&signed).await.unwrap(), landed);
}
