//! Everybody who is turned away, with the reason; and that the miner goes on.

use primitives::{Keypair, NetUid};
use protos::{
    Binding, EMBED, GENERATE, MAX_MESSAGE_BYTES, MAX_REQUEST_BYTES, encode_request, wire::EmbedRequest as WireEmbed,
};
use tempfile::tempdir;
use tonic::Code;

use super::*;

/// A good request is still served.
async fn serves(scene: &mut Scene) {
    let asked = tokio::spawn(ask(scene.client.clone(), scene.binding.receiver, scene.sign(&prompt("good"))));
    scene.job().await.finish().await;
    within(asked).await.unwrap().unwrap();
}

#[tokio::test]
async fn strangers_and_forgeries_are_turned_away() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config::test(folder.path())).await;
    let good = scene.sign(&prompt("x"));

    let unsigned = SignedRequest { signature: Vec::new(), ..good.clone() };
    assert_eq!(scene.reason(unsigned).await, Reason::Unsigned);
    assert_eq!(scene.reason(SignedRequest::default()).await, Reason::Unsigned);

    let mut forged = good.clone();
    forged.payload.push(0);
    let status = scene.ask(forged.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(scene.reason(forged).await, Reason::BadSignature);

    let mut cut = good.clone();
    cut.auth.as_mut().unwrap().nonce.pop();
    assert_eq!(scene.reason(cut).await, Reason::BadEnvelope);

    let (method, payload) = encode_request(&prompt("x")).unwrap();
    let seal = |key: &Keypair, binding: Binding, method, issued_ms, ttl_ms| {
        let nonce = envelope::fresh_nonce();
        envelope::seal(key, &binding, method, payload.clone(), issued_ms, ttl_ms, nonce)
    };
    let (own, now) = (scene.binding, clock::now_ms());
    let refused = [
        (seal(&alice(), Binding { receiver: alice().hotkey(), ..own }, method, now, 9_000), Reason::Misaddressed),
        (seal(&alice(), Binding { netuid: NetUid(2), ..own }, method, now, 9_000), Reason::WrongSubnet),
        (seal(&alice(), Binding { genesis: BlockHash([6; 32]), ..own }, method, now, 9_000), Reason::WrongChain),
        (seal(&alice(), own, EMBED, now, 9_000), Reason::BadSignature),
        (seal(&alice(), own, method, now - 6_000, 9_000), Reason::Stale),
        (seal(&alice(), own, method, now + 60_000, 9_000), Reason::FutureDated),
        (seal(&alice(), own, method, now - 1_000, 900), Reason::Expired),
        (seal(&alice(), own, method, now, 60_001), Reason::Lifetime),
        // Well signed, but not a request.
        (
            envelope::seal(&alice(), &own, GENERATE, vec![0xff; 9], now, 9_000, envelope::fresh_nonce()),
            Reason::BadPayload,
        ),
        (seal(&Keypair::from_uri("//Mallory").unwrap(), own, method, now, 9_000), Reason::Unregistered),
    ];
    for (request, reason) in refused {
        let status = within(scene.ask(request.clone())).await.unwrap_err();
        assert_eq!(Refusal::from_status(&status).map(|refusal| refusal.reason), Some(reason), "{status:?}");
        assert_eq!(status.code(), reason.code());
    }
    serves(&mut scene).await;
}

/// The door hears of who was served through tonic's answers.
#[tokio::test]
async fn where_somebody_with_a_seat_was_served_is_remembered() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config::test(folder.path())).await;
    let address = "127.0.0.1".parse().unwrap();
    let (method, payload) = encode_request(&prompt("x")).unwrap();
    let stranger = Keypair::from_uri("//Stranger").unwrap();
    let nonce = envelope::fresh_nonce();
    let request = envelope::seal(&stranger, &scene.binding, method, payload, clock::now_ms(), 30_000, nonce);
    assert_eq!(scene.reason(request).await, Reason::Unregistered);
    assert!(!scene.miner.throttle().is_regular(address));
    serves(&mut scene).await;
    assert!(scene.miner.throttle().is_regular(address));
}

#[tokio::test]
async fn oversized_is_turned_away() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config::test(folder.path())).await;
    let (own, now) = (scene.binding, clock::now_ms());
    let seal = |payload| envelope::seal(&alice(), &own, GENERATE, payload, now, 30_000, envelope::fresh_nonce());
    // Above a payload's limit, and above what is decoded at all.
    let status = scene.ask(seal(vec![0; MAX_REQUEST_BYTES + 1])).await.unwrap_err();
    assert_eq!(Refusal::from_status(&status).map(|refusal| refusal.reason), Some(Reason::Oversized));
    let status = scene.ask(seal(vec![0; 2 * MAX_MESSAGE_BYTES])).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status:?}");
    // Within them, and above a field's.
    let texts = WireEmbed { texts: vec!["x".repeat(8_193)] };
    let payload = prost_bytes(&texts);
    let request = envelope::seal(&alice(), &own, EMBED, payload, now, 30_000, envelope::fresh_nonce());
    let status = scene.client.embed(request).await.unwrap_err();
    assert_eq!(Refusal::from_status(&status).map(|refusal| refusal.reason), Some(Reason::Oversized));
    // The model's own limit.
    let long = Request::Generate(GenerateRequest::new(Prompt::Text("x".into()), 1_001, Sampling::GREEDY));
    let request = scene.sign(&long);
    let refusal = scene.refusal(request).await;
    assert_eq!(refusal.reason, Reason::BadPayload);
    assert!(refusal.detail.contains("1001 tokens"), "{}", refusal.detail);
    serves(&mut scene).await;
}

fn prost_bytes(texts: &WireEmbed) -> Vec<u8> {
    // Field 1, length-delimited, by hand: the checked encoder refuses what this test needs.
    let mut bytes = Vec::new();
    for text in &texts.texts {
        bytes.push(0x0a);
        let mut length = text.len();
        while length > 0x7f {
            bytes.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

#[tokio::test]
async fn a_request_is_served_once() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config::test(folder.path())).await;
    let request = scene.sign(&prompt("x"));
    let first = tokio::spawn(ask(scene.client.clone(), scene.binding.receiver, request.clone()));
    let job = scene.job().await;
    assert_eq!(scene.reason(request.clone()).await, Reason::Replayed);
    job.finish().await;
    within(first).await.unwrap().unwrap();
    assert_eq!(scene.reason(request.clone()).await, Reason::Replayed);

    // Nor by the next process at this address.
    let addr = scene.miner.addr();
    scene.miner.shutdown().await;
    let mut next = super::scene(Config { listen: addr, ..Config::test(folder.path()) }).await;
    assert_eq!(next.reason(request).await, Reason::Stale);
    serves(&mut next).await;
}

#[tokio::test]
async fn a_request_dated_ahead_is_served_when_its_time_has_come() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config::test(folder.path())).await;
    let issued_ms = clock::now_ms() + 300;
    let request = scene.sign_at(&prompt("x"), issued_ms, 10_000);
    let asked = tokio::spawn(ask(scene.client.clone(), scene.binding.receiver, request));
    let job = scene.job().await;
    assert!(clock::now_ms() >= issued_ms);
    job.finish().await;
    within(asked).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_metagraph_decides_at_every_moment() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config::test(folder.path())).await;
    serves(&mut scene).await;
    scene.subnet.send_replace(Some(Arc::new(Roster::new(metagraph(&[])))));
    let request = scene.sign(&prompt("x"));
    assert_eq!(scene.reason(request).await, Reason::Unregistered);
    scene.subnet.send_replace(None);
    let request = scene.sign(&prompt("x"));
    let refusal = scene.refusal(request).await;
    assert_eq!(refusal.reason, Reason::Starting);
    assert!(refusal.retry_after.is_some());
}
