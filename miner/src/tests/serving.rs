//! Answers: streamed, signed, on time, and ended when nobody waits for them.

use primitives::{EmbedRequest, InferRequest, ProofKind};
use protos::{EMBED, INFER, decode_embeddings, decode_tensors, receipt, wire::DescribeRequest};
use tempfile::tempdir;
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use super::*;
use crate::SpawnError;

fn embed(text: &str) -> Request {
    Request::Embed(EmbedRequest { texts: vec![text.into(), "ab".into()] })
}

async fn health(scene: &Scene, service: &str) -> ServingStatus {
    let channel = Channel::from_shared(format!("http://{}", scene.miner.addr())).unwrap().connect().await.unwrap();
    let request = HealthCheckRequest { service: service.to_owned() };
    HealthClient::new(channel).check(request).await.unwrap().into_inner().status()
}

#[tokio::test]
async fn a_stream_arrives_as_it_is_made_and_verifies() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config::test(folder.path())).await;
    let request = scene.sign(&prompt("once"));
    let digest = envelope::digest(&request, protos::GENERATE).unwrap();
    let mut events = within(scene.client.generate(request)).await.unwrap().into_inner();
    let mut verifier = ReceiptVerifier::new(scene.binding.receiver, digest, 8);
    let job = scene.job().await;
    assert_eq!(job.asked.seed, scoring::noise::sampling_seed(&digest));
    assert_eq!(Request::Generate(job.asked.request.clone()), prompt("once"));

    job.say(&[1, 2], "upon").await;
    let first = within(events.message()).await.unwrap().unwrap();
    verifier.event(&first).unwrap();
    assert_eq!(verifier.tokens(), [1, 2]);
    job.say(&[3], " a").await;
    job.finish().await;
    while let Some(event) = within(events.message()).await.unwrap() {
        verifier.event(&event).unwrap();
    }
    let answer = verifier.finish().unwrap();
    assert_eq!((answer.generation.tokens, answer.generation.text.as_str()), (vec![1, 2, 3], "upon a"));
}

#[tokio::test]
async fn embeddings_are_signed() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config::test(folder.path())).await;
    let request = scene.sign(&embed("abc"));
    let digest = envelope::digest(&request, EMBED).unwrap();
    let response = within(scene.client.embed(request)).await.unwrap().into_inner();
    receipt::verify_response(&scene.binding.receiver, &digest, &response).unwrap();
    assert_eq!(decode_embeddings(&response.payload, 2).unwrap(), [[3.0, 1.0], [2.0, 1.0]]);
}

#[tokio::test]
async fn tensors_are_signed_and_limited() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config::test(folder.path())).await;
    let infer = |names: &[&str]| {
        let tensors = names.iter().enumerate().map(|(index, name)| tensor(name, index + 1)).collect();
        Request::Infer(InferRequest { tensors })
    };
    let request = scene.sign(&infer(&["a", "b"]));
    let digest = envelope::digest(&request, INFER).unwrap();
    let response = within(scene.client.infer(request)).await.unwrap().into_inner();
    receipt::verify_response(&scene.binding.receiver, &digest, &response).unwrap();
    assert_eq!(decode_tensors(&response.payload).unwrap(), [tensor("b", 2), tensor("a", 1)]);

    let expired = scene.sign_at(&infer(&["never"]), clock::now_ms(), 300);
    let another = scene.sign(&embed("a text"));
    for (request, reason, message) in [
        (scene.sign(&infer(&["bad"])), Reason::BadPayload, "the module failed: ValueError: bad"),
        (
            scene.sign(&infer(&["large"])),
            Reason::Oversized,
            "the answer's payload has 4259866, at most 4259840 is allowed",
        ),
        (expired, Reason::DeadlineExceeded, "the request expired"),
        // signed for another method
        (another, Reason::BadSignature, ""),
    ] {
        let status = within(scene.client.infer(request)).await.unwrap_err();
        let refusal = Refusal::from_status(&status).unwrap_or_else(|| panic!("no reason in {status:?}"));
        assert_eq!(refusal.reason, reason);
        assert!(message.is_empty() || status.message() == message, "{}", status.message());
    }
}

#[tokio::test]
async fn describes_itself() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config::test(folder.path())).await;
    let response = within(scene.client.describe(DescribeRequest {})).await.unwrap().into_inner();
    let description = receipt::verify_description(&response).unwrap();
    assert_eq!((description.hotkey, description.name.as_str()), (scene.binding.receiver, "script"));
    assert_eq!((description.genesis, description.max_context), (GENESIS, 1_000));
}

#[tokio::test]
async fn the_work_stops_when_the_client_goes_away() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config { queue: 1, ..Config::test(folder.path()) }).await;
    let request = scene.sign(&prompt("x"));
    let mut events = within(scene.client.generate(request)).await.unwrap().into_inner();
    let job = scene.job().await;
    job.say(&[1], "a").await;
    within(events.message()).await.unwrap().unwrap();
    drop(events);
    within(job.chunks.closed()).await;

    // A client that leaves while it waits for an embedding frees its turn, too.
    let mut client = scene.client.clone();
    let never = scene.sign(&embed("never"));
    let left = tokio::spawn(async move { client.embed(never).await });
    let waiting = tokio::spawn(ask(scene.client.clone(), scene.binding.receiver, scene.sign(&prompt("y"))));
    left.abort();
    scene.job().await.finish().await;
    within(waiting).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_deadline_covers_the_whole_stream() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config::test(folder.path())).await;
    let request = scene.sign_at(&prompt("x"), clock::now_ms(), 2_000);
    let mut events = within(scene.client.generate(request)).await.unwrap().into_inner();
    let job = scene.job().await;
    job.say(&[1], "a").await;
    within(events.message()).await.unwrap().unwrap();
    let status = within(events.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(Refusal::from_status(&status).map(|refusal| refusal.reason), Some(Reason::DeadlineExceeded));
    within(job.chunks.closed()).await;

    let request = scene.sign_at(&embed("never"), clock::now_ms(), 300);
    let status = within(scene.client.embed(request)).await.unwrap_err();
    assert_eq!(Refusal::from_status(&status).map(|refusal| refusal.reason), Some(Reason::DeadlineExceeded));
}

#[tokio::test]
async fn a_failing_model_is_told_from_a_bad_request() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config::test(folder.path())).await;
    for chunk in [Some(Err(ModelError::Panicked { reason: "/secret/path".into() })), None] {
        let asked = tokio::spawn(ask(scene.client.clone(), scene.binding.receiver, scene.sign(&prompt("x"))));
        let job = scene.job().await;
        if let Some(chunk) = chunk {
            job.chunks.send(chunk).await.unwrap();
        }
        drop(job);
        let status = within(asked).await.unwrap().unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Internal, "the model failed"));
    }
}

#[tokio::test]
async fn draining_finishes_what_was_begun_and_takes_nothing_new() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config::test(folder.path())).await;
    let addr = scene.miner.addr();
    scene.miner.health().set(true).await;
    for service in ["", "assay.miner.v1.Miner"] {
        assert_eq!(health(&scene, service).await, ServingStatus::Serving);
    }
    let mut watched = {
        let channel = Channel::from_shared(format!("http://{addr}")).unwrap().connect().await.unwrap();
        let request = HealthCheckRequest { service: String::new() };
        HealthClient::new(channel).watch(request).await.unwrap().into_inner()
    };
    assert_eq!(within(watched.message()).await.unwrap().unwrap().status(), ServingStatus::Serving);

    let asked = tokio::spawn(ask(scene.client.clone(), scene.binding.receiver, scene.sign(&prompt("x"))));
    let job = scene.job().await;
    let late = scene.sign(&prompt("late"));
    let mut client = scene.client.clone();
    let shutdown = tokio::spawn(scene.miner.shutdown());
    assert_eq!(within(watched.message()).await.unwrap().unwrap().status(), ServingStatus::NotServing);
    drop(watched);
    // The connection may be going away already; whatever the client hears, it isn't an answer.
    assert!(within(client.generate(late)).await.is_err());
    job.say(&[1], "end").await;
    job.finish().await;
    assert_eq!(within(asked).await.unwrap().unwrap().generation.text, "end");
    within(shutdown).await.unwrap();
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn what_outlasts_the_drain_is_cut_off_and_told() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config { drain_seconds: 0, ..Config::test(folder.path()) }).await;
    let asked = tokio::spawn(ask(scene.client.clone(), scene.binding.receiver, scene.sign(&prompt("x"))));
    let job = scene.job().await;
    within(scene.miner.shutdown()).await;
    let status = within(asked).await.unwrap().unwrap_err();
    assert_eq!(Refusal::from_status(&status).map(|refusal| refusal.reason), Some(Reason::Draining));
    within(job.chunks.closed()).await;
}

#[tokio::test]
async fn dropping_the_handle_stops_everything() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config::test(folder.path())).await;
    let addr = scene.miner.addr();
    let asked = tokio::spawn(ask(scene.client.clone(), scene.binding.receiver, scene.sign(&prompt("x"))));
    let job = scene.job().await;
    drop(scene.miner);
    within(job.chunks.closed()).await;
    within(asked).await.unwrap().unwrap_err();
    // The address is free again.
    within(async {
        while tokio::net::TcpListener::bind(addr).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let folder = tempdir().unwrap();
    let first = scene(Config::test(folder.path())).await;
    let addr = first.miner.addr();
    let (_sender, subnet) = watch::channel(None);
    let (jobs, _) = mpsc::unbounded_channel();
    let manifest = Manifest {
        name: String::new(),
        architecture: String::new(),
        digest: Digest([0; 32]),
        files: Vec::new(),
        vocab_size: 0,
        max_context: 0,
        end_tokens: Vec::new(),
        proof: ProofKind::None,
        calibration: None,
    };
    let backend = Arc::new(Script { manifest, jobs, up: None });
    let refused = serve(
        &Config { listen: addr, ..Config::test(&folder.path().join("other")) },
        alice(),
        backend,
        GENESIS,
        subnet,
    )
    .await;
    let error = refused.unwrap_err();
    assert!(matches!(error, SpawnError::Bind { addr: taken, .. } if taken == addr));
    assert_eq!(error.to_string(), format!("can't listen on {addr}"));
}
