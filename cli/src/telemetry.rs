//! What the program says about itself: to stderr, so that stdout is the result alone.

use std::io;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

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
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // What can't be written, where stderr is a file and the disk is full, is lost: to complain of it on stderr would panic.
    let builder = builder.log_internal_errors(false);
    // A second start, as in a test, changes nothing.
    let _ = match format {
        LogFormat::Text => builder.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}
