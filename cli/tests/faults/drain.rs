//! SIGTERM: a miner says that it goes, finishes what it has begun, and goes.

use std::time::Duration;

use futures::future::join_all;
use protos::Reason;
use tokio::{sync::mpsc, time::timeout};

use super::{
    asker::{Unanswered, generate, now_ms},
    process::{PATIENCE, signal},
    stage::{Stage, model},
};

/// Answers that are under way at once.
const STREAMS: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_stop_it_says_so_first_and_cuts_nobody_off() {
    let stage = Stage::open(&[]).await;
    let asker = stage.asker();
    let mut child = stage.miner_process(&model()).spawn().unwrap();
    stage.miner_serves().await;
    let (begun, mut begins) = mpsc::unbounded_channel();
    let streams = (0..STREAMS).map(|_| {
        let (asker, begun) = (stage.asker(), begun.clone());
        tokio::spawn(async move {
            let request = asker.seal(&generate(450), now_ms());
            asker
                .send(&request, |seen| {
                    if seen == 1 {
                        begun.send(()).unwrap()
                    }
                })
                .await
        })
    });
    let streams: Vec<_> = streams.collect();
    for _ in 0..STREAMS {
        timeout(PATIENCE, begins.recv()).await.unwrap().unwrap();
    }
    signal(&child, "-TERM");
    // It answers that it doesn't serve for as long as it is there, and it is there for a while: hidden rows of what it
    // answered last may be asked for.
    let says = async {
        loop {
            match miner::is_serving(stage.listen, Duration::from_secs(5)).await {
                Ok(true) => tokio::task::yield_now().await,
                said => return said,
            }
        }
    };
    let said = timeout(PATIENCE, says).await.unwrap();
    assert!(matches!(said, Ok(false)), "{said:?}");
    let more = asker.ask().await;
    assert!(matches!(more, Err(Unanswered::Refused(Reason::Draining))), "{more:?}");
    for answer in join_all(streams).await {
        let answer = answer.unwrap().unwrap();
        assert!(!answer.generation.tokens.is_empty());
    }
    let status = timeout(PATIENCE, child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(0));
}
