//! What the program says about itself: to stderr, so that stdout is the result alone, and to a collector of traces.

use std::{io, sync::OnceLock, time::Duration};

use anyhow::Context as _;
use clap::ValueEnum;
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracer, SdkTracerProvider},
};
use primitives::Hotkey;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    reload,
    util::SubscriberInitExt as _,
};

use crate::settings::TelemetrySettings;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Levels from quiet to loud.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];
/// A collector that takes longer gets nothing.
const COLLECTOR_DEADLINE: Duration = Duration::from_secs(5);

type Spans = Option<OpenTelemetryLayer<Registry, SdkTracer>>;

/// Where spans go: settings say so, and they are read when the program speaks already.
static SPANS: OnceLock<reload::Handle<Spans, Registry>> = OnceLock::new();

/// Start to log. `level` is an index into quiet .. loud: 1 warnings, 2 information; flags move it. `RUST_LOG` wins.
pub fn start(format: LogFormat, level: i16) {
    let level = LEVELS[usize::try_from(level).unwrap_or(0).min(LEVELS.len() - 1)];
    // Ours at the level that was asked for; what is below us speaks up from warnings on, unless we trace.
    let below = if level == "trace" {
        "debug"
    } else if level == "error" {
        "error"
    } else {
        "warn"
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(format!("{below},assay={level}")));
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    // What can't be written, where stderr is a file and the disk is full, is lost: to complain of it on stderr would panic.
    let lines = lines.log_internal_errors(false);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let (spans, handle) = reload::Layer::new(Spans::None);
    // However quiet the log is.
    let spans = spans.with_filter(Targets::new().with_target("assay", LevelFilter::INFO));
    // A second start, as in a test, changes nothing.
    if tracing_subscriber::registry().with(spans).with(lines.with_filter(filter)).try_init().is_ok() {
        let _ = SPANS.set(handle);
    }
}

/// Spans on their way to a collector; those that are under way are sent at the end.
pub struct Traces(SdkTracerProvider);

/// Send what `service` does in the name of a hotkey to the collector that settings name, if they name one. It need not be
/// there: what can't be sent is dropped.
pub fn send_traces(
    settings: &TelemetrySettings,
    service: &'static str,
    hotkey: Hotkey,
) -> anyhow::Result<Option<Traces>> {
    let (Some(url), Some(spans)) = (&settings.otlp_url, SPANS.get()) else { return Ok(None) };
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(url).with_timeout(COLLECTOR_DEADLINE).build();
    let exporter = exporter.with_context(|| format!("telemetry.otlp_url: {url} can't be a collector's"))?;
    let resource = Resource::builder_empty().with_attributes([
        KeyValue::new("service.name", service),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", hotkey.to_string()),
    ]);
    let provider = SdkTracerProvider::builder()
        .with_resource(resource.build())
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.otlp_share))))
        .with_batch_exporter(exporter)
        .build();
    spans.reload(OpenTelemetryLayer::new(provider.tracer(service))).context("starting to trace")?;
    Ok(Some(Traces(provider)))
}

impl Traces {
    /// Send what is left, and no more after it.
    pub async fn end(self) {
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(COLLECTOR_DEADLINE)).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}
