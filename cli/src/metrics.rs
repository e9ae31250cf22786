//! Where Prometheus reads what a validator or a miner counts.

use std::net::SocketAddr;

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

/// Where the bars of times stand, in seconds: from one token of a small model to the longest that a request may live.
const SECONDS: [f64; 16] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0];

/// Serve metrics to Prometheus at an address, until the process ends.
pub fn serve(listen: SocketAddr) -> anyhow::Result<()> {
    let exporter = PrometheusBuilder::new().with_http_listener(listen);
    let exporter = exporter.set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?;
    exporter.install().with_context(|| format!("serving metrics on {listen} (--metrics-listen)"))?;
    tracing::info!(%listen, "metrics served");
    Ok(())
}
