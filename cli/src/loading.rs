//! How far the loading of a model is: drawn on stderr where somebody looks, logged where nobody does.

use std::{
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use model::{LoadProgress, OnProgress};

/// Between two lines of the log. A model that loads faster writes none.
const LOG_EVERY: Duration = Duration::from_secs(5);

/// Say it in the way that fits stderr.
pub fn progress() -> OnProgress {
    if io::stderr().is_terminal() {
        return Box::new(bar());
    }
    let mut pace = Pace { last: Instant::now() };
    Box::new(move |progress| {
        if pace.is_due(Instant::now()) {
            let LoadProgress { step, done_bytes, total_bytes } = progress;
            tracing::info!(%step, done_bytes, total_bytes, "model loading");
        }
    })
}

/// Clears itself away when both steps are done, or when it is dropped on a failure.
fn bar() -> impl FnMut(LoadProgress) + Send {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{msg:16} {wide_bar} {bytes}/{total_bytes} {eta:>4}") {
        bar.set_style(style);
    }
    let mut step = None;
    move |progress| {
        if step != Some(progress.step) {
            step = Some(progress.step);
            bar.reset();
            bar.set_length(progress.total_bytes);
            bar.set_message(progress.step.to_string());
        }
        bar.set_position(progress.done_bytes);
        if progress.step == model::LoadStep::Place && progress.done_bytes == progress.total_bytes {
            bar.finish_and_clear();
        }
    }
}

/// When a line was last written.
struct Pace {
    last: Instant,
}

impl Pace {
    fn is_due(&mut self, now: Instant) -> bool {
        let due = now.duration_since(self.last) >= LOG_EVERY;
        if due {
            self.last = now;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_distance() {
        let start = Instant::now();
        let mut pace = Pace { last: start };
        let at = |seconds| start + Duration::from_secs(seconds);
        let due: Vec<bool> = [0, 4, 5, 6, 9, 10, 30, 31].map(|seconds| pace.is_due(at(seconds))).into();
        assert_eq!(due, [false, false, true, false, false, true, true, false]);
    }
}
