//! More work than there is room or time for: overload, clients that hang up, deadlines, and readers that are slow.

use proptest::prelude::*;
use protos::{Event, MAX_EVENT_BYTES};
use tempfile::tempdir;
use tokio::task::JoinSet;
use tonic::Code;

use super::*;

/// A job that the model has taken and said nothing about: it waits in the model's own queue.
async fn begun(scene: &mut Scene, text: &str) -> (tonic::Streaming<protos::wire::SignedEvent>, Job) {
    let request = scene.sign(&prompt(text));
    let events = within(scene.client.generate(request)).await.unwrap().into_inner();
    (events, scene.job().await)
}

#[tokio::test]
async fn overload_is_refused_with_a_time_to_come_back() {
    let folder = tempdir().unwrap();
    const ROOM: usize = 3;
    let mut scene = scene(Config { queue: ROOM, ..Config::test(folder.path()) }).await;
    let mut inside = Vec::new();
    for _ in 0..ROOM {
        inside.push(begun(&mut scene, "inside").await);
    }
    let mut outside = JoinSet::new();
    for _ in 0..5 {
        outside.spawn(ask(scene.client.clone(), scene.binding.receiver, scene.sign(&prompt("outside"))));
    }
    while let Some(refused) = within(outside.join_next()).await {
        let status = refused.unwrap().unwrap_err();
        let refusal = Refusal::from_status(&status).unwrap();
        assert_eq!((status.code(), refusal.reason), (Code::ResourceExhausted, Reason::QueueFull));
        // Nothing was measured yet: a second for each inside.
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(ROOM as u64)));
    }
    assert!(scene.jobs.try_recv().is_err(), "a refused request reached the model");

    // Answers that follow each other quickly shorten the wait.
    let miner = scene.binding.receiver;
    let (mut events, job) = inside.pop().unwrap();
    job.finish().await;
    while within(events.message()).await.unwrap().is_some() {}
    for _ in 0..60 {
        let asked = tokio::spawn(ask(scene.client.clone(), miner, scene.sign(&prompt("quick"))));
        scene.job().await.finish().await;
        within(asked).await.unwrap().unwrap();
    }
    inside.push(begun(&mut scene, "inside").await);
    let request = scene.sign(&prompt("outside"));
    let wait = scene.refusal(request).await.retry_after.unwrap();
    assert!((Duration::from_millis(100)..Duration::from_secs(3)).contains(&wait), "{wait:?}");
}

#[tokio::test]
async fn a_busy_model_is_a_full_queue_and_one_that_is_away_is_unavailable() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config::test(folder.path())).await;
    let after = Duration::from_millis(2_500);
    for (error, code, reason) in [
        (ModelError::Busy { retry_after: after }, Code::ResourceExhausted, Reason::QueueFull),
        (
            ModelError::Unavailable { retry_after: after, source: "a secret address".into() },
            Code::Unavailable,
            Reason::ModelUnavailable,
        ),
    ] {
        let asked = tokio::spawn(ask(scene.client.clone(), scene.binding.receiver, scene.sign(&prompt("x"))));
        scene.job().await.chunks.send(Err(error)).await.unwrap();
        let status = within(asked).await.unwrap().unwrap_err();
        let refusal = Refusal::from_status(&status).unwrap();
        assert_eq!((status.code(), refusal.reason, refusal.retry_after), (code, reason, Some(after)));
        assert!(!refusal.detail.contains("secret"));
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_frees_its_place() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config { queue: 1, ..Config::test(folder.path()) }).await;
    // While the model hasn't begun, and in the middle of an answer.
    for spoken in [false, true] {
        let (mut events, job) = begun(&mut scene, "x").await;
        if spoken {
            job.say(&[1], "a").await;
            within(events.message()).await.unwrap().unwrap();
        }
        let request = scene.sign(&prompt("y"));
        assert_eq!(scene.reason(request).await, Reason::QueueFull);
        drop(events);
        within(job.chunks.closed()).await;
        // The model's end of the stream is closed before the place is given back: ask until it is.
        within(async {
            loop {
                let request = scene.sign(&prompt("y"));
                let mut client = scene.client.clone();
                let Ok(response) = client.generate(request).await else { continue };
                drop(response);
                break;
            }
        })
        .await;
        within(scene.job().await.chunks.closed()).await;
        // Wait for that one's place, too.
        within(async {
            while scene.miner.queue().is_full() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_deadline_ends_what_the_model_has_not_begun() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config { queue: 1, ..Config::test(folder.path()) }).await;
    let now_ms = clock::now_ms();
    let request = scene.sign_at(&prompt("x"), now_ms, 400);
    let asked = tokio::spawn(ask(scene.client.clone(), scene.binding.receiver, request));
    let job = scene.job().await;
    // The model is told when the answer is due.
    let left = job.asked.deadline.unwrap().saturating_duration_since(std::time::Instant::now());
    assert!(left <= Duration::from_millis(400), "{left:?}");
    assert!(!job.asked.is_expired(std::time::Instant::now() - Duration::from_secs(1)));
    let status = within(asked).await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    within(job.chunks.closed()).await;
    assert!(job.asked.is_expired(std::time::Instant::now()));
    let (_events, _job) = begun(&mut scene, "the place is free").await;
}

/// A client whose connection takes as little as HTTP/2 allows.
async fn narrow(scene: &Scene) -> MinerClient<Channel> {
    let endpoint = Channel::from_shared(format!("http://{}", scene.miner.addr())).unwrap();
    let channel = endpoint.initial_stream_window_size(65_535).initial_connection_window_size(65_535);
    MinerClient::new(channel.connect().await.unwrap())
}

fn long(max_new_tokens: u32) -> Request {
    let prompt = Prompt::Text("long".to_owned());
    Request::Generate(GenerateRequest::new(prompt, max_new_tokens, Sampling::GREEDY))
}

#[tokio::test]
async fn a_slow_reader_gets_larger_events_and_the_model_never_waits() {
    let folder = tempdir().unwrap();
    const CHUNKS: u32 = 1_000;
    let mut scene = scene(Config::test(folder.path())).await;
    let mut client = narrow(&scene).await;
    let request = scene.sign(&long(CHUNKS));
    let digest = envelope::digest(&request, protos::GENERATE).unwrap();
    let mut events = within(client.generate(request)).await.unwrap().into_inner();
    let job = scene.job().await;
    // Nobody reads, and the model says it all: its channel holds four chunks, the connection two thirds of them.
    let text = "é".repeat(50);
    for id in 0..CHUNKS {
        within(job.say(&[id % 10], &text)).await;
    }
    job.finish().await;
    let (mut verifier, mut count, mut largest) = (ReceiptVerifier::new(scene.binding.receiver, digest, CHUNKS), 0, 0);
    while let Some(event) = within(events.message()).await.unwrap() {
        assert!(event.payload.len() <= MAX_EVENT_BYTES);
        if let Event::Tokens { ids, .. } = verifier.event(&event).unwrap() {
            largest = largest.max(ids.len());
        }
        count += 1;
    }
    assert!(count < CHUNKS && largest > 1, "{count} events, the largest of {largest} tokens");
    let generation = verifier.finish().unwrap().generation;
    assert_eq!(generation.tokens, (0..CHUNKS).map(|id| id % 10).collect::<Vec<_>>());
    assert!(generation.text == text.repeat(CHUNKS as usize));
}

#[tokio::test]
async fn a_reader_that_stops_reading_is_ended_by_its_deadline() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config { queue: 1, ..Config::test(folder.path()) }).await;
    let mut client = narrow(&scene).await;
    let request = scene.sign_at(&long(1_000), clock::now_ms(), 2_000);
    let mut events = within(client.generate(request)).await.unwrap().into_inner();
    let job = scene.job().await;
    // More than the connection, the miner and its transport hold together.
    let text = "x".repeat(60_000);
    let saying = async {
        while job
            .chunks
            .send(Ok(Chunk::Tokens { ids: vec![1], text: text.clone(), logprobs: Vec::new() }))
            .await
            .is_ok()
        {}
    };
    within(saying).await;
    // Its place is free although it never read a thing.
    let (_events, _job) = begun(&mut scene, "next").await;
    // What was on its way arrives, then the reason.
    let status = loop {
        match within(events.message()).await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("ended without a reason"),
            Err(status) => break status,
        }
    };
    assert_eq!(Refusal::from_status(&status).map(|refusal| refusal.reason), Some(Reason::DeadlineExceeded));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever the pieces, and however the reader dawdles: each event's text is whole characters, and all of them
    /// together are what the model said.
    #[test]
    fn characters_are_never_cut(
        pieces in prop::collection::vec("[a-zß-ÿ가-힣🦀-🦗\u{301}]{0,40}", 1..60),
        pauses in prop::collection::vec(0u8..4, 1..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = tempdir().unwrap();
        runtime.block_on(async {
            let mut scene = scene(Config::test(folder.path())).await;
            let mut client = narrow(&scene).await;
            let request = scene.sign(&long(1_000));
            let digest = envelope::digest(&request, protos::GENERATE).unwrap();
            let mut events = within(client.generate(request)).await.unwrap().into_inner();
            let job = scene.job().await;
            let said = pieces.clone();
            tokio::spawn(async move {
                for piece in said {
                    // Large, so that the connection fills.
                    job.say(&[1], &piece.repeat(97)).await;
                }
                job.finish().await;
            });
            let mut verifier = ReceiptVerifier::new(scene.binding.receiver, digest, 1_000);
            let mut pauses = pauses.into_iter().cycle();
            let mut text = String::new();
            while let Some(event) = within(events.message()).await.unwrap() {
                // Decoding refuses what is no UTF-8.
                if let Event::Tokens { text: piece, .. } = verifier.event(&event).unwrap() {
                    text += &piece;
                }
                for _ in 0..pauses.next().unwrap_or(0) {
                    tokio::task::yield_now().await;
                }
            }
            assert!(text == pieces.iter().map(|piece| piece.repeat(97)).collect::<String>());
            assert_eq!(verifier.finish().unwrap().generation.tokens.len(), pieces.len());
        });
    }
}

#[tokio::test]
async fn health_follows_the_model() {
    let folder = tempdir().unwrap();
    let (up, seen) = watch::channel(true);
    let mut scene = scene_with(Config::test(folder.path()), Some(seen)).await;
    scene.miner.health().set(true).await;
    within(scene.miner.ready()).await;
    let mut ready = scene.miner.health().watch();
    up.send_replace(false);
    within(ready.wait_for(|ready| !ready)).await.unwrap();
    // What comes all the same is tried.
    let asked = tokio::spawn(ask(scene.client.clone(), scene.binding.receiver, scene.sign(&prompt("x"))));
    scene.job().await.finish().await;
    within(asked).await.unwrap().unwrap();
    up.send_replace(true);
    within(ready.wait_for(|ready| *ready)).await.unwrap();
    // The subnet has its say as well.
    scene.miner.health().set(false).await;
    up.send_replace(false);
    up.send_replace(true);
    assert!(!*scene.miner.health().watch().borrow());
    drop(up);
}
