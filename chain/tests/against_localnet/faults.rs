use std::{net::SocketAddr, sync::Arc, time::Duration};

use assay_chain::{ChainError, Client, Deadlines};
use futures::{StreamExt, future};
use localnet::{Config, Genesis, Handle, spawn};
use primitives::{Uid, Weights};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
};

use crate::node::{NET, genesis, start, validator, with_blocks};

async fn spawn_at(listen: SocketAddr, genesis: Genesis) -> Handle {
    spawn(Config { listen, genesis, ..Config::test() }).await.unwrap()
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
    let weights = Weights::new([(Uid(2), 65535)]).unwrap();
    let signed = client.prepare_weights(&validator(), NET, &weights, 0).await.unwrap();
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
async fn a_socket_that_hangs_costs_one_call() {
    let node = spawn(Config { genesis: genesis(), ..Config::test() }).await.unwrap();
    let proxy = Proxy::to(node.addr()).await;
    let deadlines = Deadlines { call: Duration::from_millis(500), ..Deadlines::default() };
    let client = Client::connect_with(&proxy.url(), deadlines).await.unwrap();
    client.metagraph(NET, None).await.unwrap();
    proxy.set(Road::Hangs);
    let error = client.metagraph(NET, None).await.unwrap_err();
    assert!(matches!(error, ChainError::Deadline { .. }), "{error:?}");
    assert!(error.is_retryable());
    // What hung stays deaf: only a new connection helps.
    proxy.set(Road::Open);
    client.metagraph(NET, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_breaks_is_not_noticed() {
    let node = spawn(Config { genesis: genesis(), ..Config::test() }).await.unwrap();
    let proxy = Proxy::to(node.addr()).await;
    let client = Client::connect(&proxy.url()).await.unwrap();
    for _ in 0..3 {
        client.finalized().await.unwrap();
        proxy.set(Road::Cut);
        proxy.set(Road::Open);
    }
    client.finalized().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_that_was_cut_off_lands_once() {
    let node = spawn(Config { genesis: genesis(), ..Config::test() }).await.unwrap();
    let proxy = Proxy::to(node.addr()).await;
    let client = Client::connect(&proxy.url()).await.unwrap();
    let weights = Weights::new([(Uid(2), 65535)]).unwrap();
    let signed = client.prepare_weights(&validator(), NET, &weights, 0).await.unwrap();
    // The node has it, and the client never hears of it.
    let answered = proxy.next_answer();
    let submission = client.submit(&signed);
    let cut = async {
        answered.await;
        proxy.set(Road::Cut);
    };
    let (submitted, ()) = tokio::join!(submission, cut);
    let error = submitted.unwrap_err();
    assert!(matches!(error, ChainError::Lost { .. }) && error.is_retryable() && !error.is_conclusive(), "{error:?}");
    proxy.set(Road::Open);
    let landed = with_blocks(&node, client.submit(&signed)).await.unwrap();
    assert_eq!(client.last_update(NET, Uid(1), None).await.unwrap(), landed.block.number);
    let next = client.prepare_weights(&validator(), NET, &weights, 0).await.unwrap();
    assert_eq!(next.nonce, signed.nonce + 1);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Road {
    Open,
    /// Bytes that come in get lost.
    Hangs,
    /// Every connection is closed.
    Cut,
}

/// A road to the node that can be closed.
struct Proxy {
    addr: SocketAddr,
    road: watch::Sender<Road>,
    /// The answers passed on so far.
    answers: watch::Receiver<usize>,
}

impl Proxy {
    async fn to(node: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (road, closed) = watch::channel(Road::Open);
        let (count, answers) = watch::channel(0);
        let count = Arc::new(count);
        tokio::spawn(async move {
            while let Ok((inside, _)) = listener.accept().await {
                let outside = TcpStream::connect(node).await.unwrap();
                let ((in_read, in_write), (out_read, out_write)) = (inside.into_split(), outside.into_split());
                tokio::spawn(pass(in_read, out_write, closed.clone(), None));
                tokio::spawn(pass(out_read, in_write, closed.clone(), Some(count.clone())));
            }
        });
        Self { addr, road, answers }
    }

    fn url(&self) -> String {
        format!("ws://{}", self.addr)
    }

    fn set(&self, road: Road) {
        self.road.send_replace(road);
    }

    /// Wait until the node answers to what is sent after this call.
    fn next_answer(&self) -> impl Future<Output = ()> + use<> {
        let mut answers = self.answers.clone();
        let before = *answers.borrow_and_update();
        async move {
            answers.wait_for(|count| *count > before).await.unwrap();
        }
    }
}

/// Copy bytes one way, as long as the road that this connection was made on is open.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut road: watch::Receiver<Road>,
    count: Option<Arc<watch::Sender<usize>>>,
) {
    let mut buffer = vec![0; 64 << 10];
    let mut hung = false;
    road.mark_unchanged();
    loop {
        tokio::select! {
            biased;
            changed = road.changed() => {
                // A change to anything but a hang, and the connection is gone: so is a quick cut that is over already.
                hung = *road.borrow_and_update() == Road::Hangs;
                if changed.is_err() || !hung {
                    return;
                }
            }
            read = from.read(&mut buffer) => {
                let Ok(length @ 1..) = read else { return };
                if hung {
                    continue;
                }
                if to.write_all(&buffer[..length]).await.is_err() {
                    return;
                }
                if let Some(count) = &count {
                    count.send_modify(|count| *count += 1);
                }
            }
        }
    }
}
