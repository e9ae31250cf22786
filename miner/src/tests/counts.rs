//! What is counted: every request once, by how it ended, and nothing left in the house.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tempfile::tempdir;

use super::*;

/// The value of a metric, as Prometheus reads it.
fn value(handle: &PrometheusHandle, name: &str) -> Option<f64> {
    let page = handle.render();
    page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

async fn until(handle: &PrometheusHandle, name: &str, wanted: f64) {
    within(async {
        while value(handle, name) != Some(wanted) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn every_request_is_counted_once_by_how_it_ended() {
    let folder = tempdir().unwrap();
    // The test's one thread runs the miner, too.
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _guard = metrics::set_default_local_recorder(&recorder);
    crate::describe_metrics();
    let mut scene = scene(Config { queue: 2, ..Config::test(folder.path()) }).await;
    assert_eq!(value(&handle, "miner_model_up"), Some(1.0));
    let outcome = |name: &str| format!("miner_requests_total{{outcome=\"{name}\"}}");

    let asked = tokio::spawn(ask(scene.client.clone(), scene.binding.receiver, scene.sign(&prompt("x"))));
    let job = scene.job().await;
    assert_eq!(value(&handle, "miner_requests_waiting"), Some(1.0));
    job.say(&[1], "a").await;
    until(&handle, "miner_requests_live", 1.0).await;
    assert_eq!(value(&handle, "miner_requests_waiting"), Some(0.0));
    job.say(&[2, 3], "bc").await;
    job.finish().await;
    within(asked).await.unwrap().unwrap();
    until(&handle, &outcome("ANSWERED"), 1.0).await;
    assert_eq!(value(&handle, "miner_new_tokens_total"), Some(3.0));
    assert_eq!(value(&handle, "miner_first_token_seconds_count"), Some(1.0));
    assert_eq!(value(&handle, "miner_token_interval_seconds_count"), Some(2.0));

    // One that leaves, one that fails, and one that found no place.
    let mut inside = Vec::new();
    for _ in 0..2 {
        let request = scene.sign(&prompt("x"));
        let events = within(scene.client.generate(request)).await.unwrap().into_inner();
        inside.push((events, scene.job().await));
    }
    let request = scene.sign(&prompt("x"));
    assert_eq!(scene.reason(request).await, Reason::QueueFull);
    until(&handle, &outcome("QUEUE_FULL"), 1.0).await;
    let (events, _job) = inside.pop().unwrap();
    drop(events);
    until(&handle, &outcome("CLIENT_GONE"), 1.0).await;
    let (_events, job) = inside.pop().unwrap();
    job.chunks.send(Err(ModelError::Stopped)).await.unwrap();
    until(&handle, &outcome("MODEL_FAILED"), 1.0).await;

    assert_eq!(value(&handle, &outcome("ANSWERED")), Some(1.0));
    assert_eq!(value(&handle, "miner_requests_waiting"), Some(0.0));
    assert_eq!(value(&handle, "miner_requests_live"), Some(0.0));
    assert_eq!(value(&handle, "miner_request_seconds_count"), Some(3.0), "those that were inside");
}
