//! The miner's own page: what is counted is on it, and its health fails where a loop stands still.

use std::{net::SocketAddr, time::Instant};

use serde_json::Value;
use tempfile::tempdir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::*;

/// Status and body of what is served at an address.
async fn get(address: SocketAddr, path: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap())
}

fn shown(folder: &tempfile::TempDir, stale_after_seconds: u64) -> Config {
    let dashboard_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    Config { dashboard_listen, stale_after_seconds, queue: 4, ..Config::test(folder.path()) }
}

impl Scene {
    /// Wait for a document, while metagraphs go on coming.
    async fn until(&self, path: &str, wanted: impl Fn(u16, &Value) -> bool) -> Value {
        let address = self.miner.dashboard_addr().unwrap();
        let began = Instant::now();
        loop {
            self.subnet.send_modify(|_| {});
            let (status, body) = get(address, path).await;
            if wanted(status, &body) {
                return body;
            }
            assert!(began.elapsed() < PATIENCE, "{status} {body:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// How a loop is, by what `/healthz` says.
fn state<'a>(body: &'a Value, name: &str) -> &'a str {
    let loops = body["loops"].as_array().unwrap();
    loops.iter().find(|one| one["name"] == name).unwrap()["state"].as_str().unwrap()
}

#[tokio::test]
async fn what_is_counted_is_shown() {
    let folder = tempdir().unwrap();
    let mut scene = scene(shown(&folder, 300)).await;
    let asked = tokio::spawn(ask(scene.client.clone(), scene.binding.receiver, scene.sign(&prompt("x"))));
    let job = scene.job().await;
    let waits = scene.until("/api/miner.json", |_, body| body["load"]["waiting"] == 1).await;
    assert_eq!((&waits["subject"]["self_reported"], &waits["subject"]["model"]), (&true.into(), &"script".into()));
    assert_eq!((&waits["subject"]["places"], &waits["live"]["serving"]), (&4.into(), &false.into()));
    job.say(&[1, 2, 3], "abc").await;
    scene.until("/api/miner.json", |_, body| body["load"]["answering"] == 1).await;
    job.finish().await;
    within(asked).await.unwrap().unwrap();
    scene.miner.health().set(true).await;
    let done = scene.until("/api/miner.json", |_, body| body["outcomes"]["ANSWERED"] == 1).await;
    let asker = &done["askers"][0];
    assert_eq!((&asker["hotkey"], &asker["uid"]), (&alice().hotkey().to_string().into(), &1.into()));
    assert_eq!((&asker["requests"], &asker["tokens"]), (&1.into(), &3.into()));
    assert!(done["times"]["first_token_us"]["p50"].as_u64() > Some(0), "{done:#}");
    assert!(done["times"]["tokens_per_second_milli"]["p01"].is_number() && done["load"]["slots"].is_null());
    assert_eq!((&done["minutes"][0]["tokens"], &done["live"]["seat"]["uid"]), (&3.into(), &0.into()));
    // A stranger's request is one that was turned away.
    let stranger = Keypair::from_uri("//Stranger").unwrap();
    let (method, payload) = encode_request(&prompt("x")).unwrap();
    let nonce = envelope::fresh_nonce();
    let request = envelope::seal(&stranger, &scene.binding, method, payload, clock::now_ms(), 30_000, nonce);
    assert_eq!(scene.reason(request).await, Reason::Unregistered);
    scene.until("/api/miner.json", |_, body| body["outcomes"]["UNREGISTERED"] == 1).await;
    // Whatever the machine has, it is said.
    let gpus = scene.until("/api/miner.json", |_, body| body["gpus"]["state"] != "unasked").await;
    assert!(["ok", "no_driver", "failed"].contains(&gpus["gpus"]["state"].as_str().unwrap()), "{gpus:#}");
}

#[tokio::test]
async fn health_fails_where_a_loop_stands_still() {
    let folder = tempdir().unwrap();
    let mut scene = scene(shown(&folder, 3)).await;
    scene.until("/healthz", |status, _| status == 200).await;

    // A request is in the house, and the model says nothing.
    let request = scene.sign(&prompt("x"));
    let _events = within(scene.client.generate(request)).await.unwrap().into_inner();
    let job = scene.job().await;
    let stuck = scene.until("/healthz", |status, _| status == 503).await;
    assert_eq!((state(&stuck, "answers"), state(&stuck, "service")), ("stale", "ok"), "{stuck:#}");
    job.say(&[1], "a").await;
    scene.until("/healthz", |status, _| status == 200).await;
    job.finish().await;

    // The subnet is not heard of any more.
    let address = scene.miner.dashboard_addr().unwrap();
    let began = Instant::now();
    let silent = loop {
        let (status, body) = get(address, "/healthz").await;
        if status == 503 {
            break body;
        }
        assert!(began.elapsed() < PATIENCE, "{body:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!((state(&silent, "chain"), state(&silent, "connections")), ("stale", "ok"), "{silent:#}");

    // Its own seat is gone, which is another thing.
    scene.subnet.send_replace(Some(Arc::new(Roster::new(metagraph(&[alice().hotkey()])))));
    let gone = scene.until("/healthz", |_, body| state(body, "chain") == "failing").await;
    assert_eq!(gone["healthy"], false);
    let own = scene.binding.receiver;
    scene.subnet.send_replace(Some(Arc::new(Roster::new(metagraph(&[own, alice().hotkey()])))));
    scene.until("/healthz", |status, _| status == 200).await;

    // Nobody takes connections any more, and the process lives.
    scene.miner.stop_serving();
    let dead = scene.until("/healthz", |status, _| status == 503).await;
    assert_eq!(state(&dead, "chain"), "ok", "{dead:#}");
    let dead = scene.until("/healthz", |_, body| state(body, "connections") == "stale").await;
    assert_eq!(state(&dead, "service"), "stale", "{dead:#}");
}

#[tokio::test]
async fn a_model_that_is_away_is_no_health() {
    let folder = tempdir().unwrap();
    let (up, is_up) = watch::channel(false);
    let scene = scene_with(shown(&folder, 300), Some(is_up)).await;
    let away = scene.until("/healthz", |status, _| status == 503).await;
    assert_eq!(state(&away, "answers"), "failing", "{away:#}");
    up.send_replace(true);
    scene.until("/healthz", |status, _| status == 200).await;
}
