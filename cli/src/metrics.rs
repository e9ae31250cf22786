//! Where Prometheus reads what a validator counts.

use std::net::SocketAddr;

use anyhow::Context as _;
use metrics_exporter_prometheus::PrometheusBuilder;

/// Serve metrics to Prometheus at an address, until the process ends.
pub fn serve(listen: SocketAddr) -> anyhow::Result<()> {
    let exporter = PrometheusBuilder::new().with_http_listener(listen);
    exporter.install().with_context(|| format!("serving metrics on {listen} (--metrics-listen)"))?;
    tracing::info!(%listen, "metrics served");
    Ok(())
}
