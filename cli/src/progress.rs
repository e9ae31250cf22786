//! How far something is that takes a while: a bar on stderr, where somebody looks at it and no document was asked for.

use std::{
    io::{self, IsTerminal as _},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is done by then needs no bar.
const PATIENCE: Duration = Duration::from_millis(700);

/// How often what only waits moves.
const TICK: Duration = Duration::from_millis(120);

/// Like the level of the log: one for the process, from its start on.
static WANTED: AtomicBool = AtomicBool::new(true);

/// Draw nothing from now on: somebody wants it quiet, or reads a document.
pub fn hide() {
    WANTED.store(false, Ordering::Relaxed);
}

/// Whether bars are drawn.
pub fn is_drawn() -> bool {
    WANTED.load(Ordering::Relaxed) && io::stderr().is_terminal()
}

/// Where bars are drawn, if anywhere.
pub fn target() -> ProgressDrawTarget {
    if is_drawn() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
}

/// A bar that comes up when it turns out to be worth it, and clears itself away at its end, whatever that is.
pub struct Progress {
    bar: ProgressBar,
    /// Whether it is still to come up.
    waits: AtomicBool,
    due: Instant,
}

impl Progress {
    /// Over so many of something; without a number only those that are done are counted.
    pub fn of(what: &'static str, total: Option<u64>) -> Self {
        let template = match total {
            Some(_) => "{pos}/{len} {msg} {wide_bar} {eta:>4}",
            None => "{spinner} {pos} {msg}, {per_sec}",
        };
        Self::new(what.to_owned(), total, template)
    }

    /// Over bytes. What is done with them is said by [`Self::begin`].
    #[cfg(feature = "torch")]
    pub fn of_bytes() -> Self {
        Self::new(String::new(), Some(0), "{msg:16} {wide_bar} {bytes}/{total_bytes} {eta:>4}")
    }

    /// Over what tells nothing of itself until it is there.
    pub fn waiting(what: String) -> Self {
        let waiting = Self::new(what, None, "{spinner} {msg}, {elapsed}");
        waiting.waits.store(false, Ordering::Relaxed);
        waiting.bar.set_draw_target(target());
        waiting.bar.enable_steady_tick(TICK);
        waiting
    }

    fn new(what: String, total: Option<u64>, template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self { bar, waits: AtomicBool::new(is_drawn()), due: Instant::now() + PATIENCE }
    }

    /// Another piece of work, with a length of its own.
    #[cfg(feature = "torch")]
    pub fn begin(&self, what: String, total: u64) {
        self.bar.reset();
        self.bar.set_length(total);
        self.bar.set_message(what);
    }

    /// How much there is to do, where that is known late.
    pub fn set_total(&self, total: u64) {
        self.bar.set_length(total);
    }

    /// So much is done.
    pub fn set(&self, done: u64) {
        self.bar.set_position(done);
        if self.waits.load(Ordering::Relaxed) && Instant::now() >= self.due {
            self.waits.store(false, Ordering::Relaxed);
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// One more is done.
    pub fn step(&self) {
        self.set(self.bar.position() + 1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_comes_up_late_and_counts_before() {
        let mut progress = Progress::of("records", Some(3));
        // Whatever the tests' stderr is: as on a terminal.
        *progress.waits.get_mut() = true;
        progress.due = Instant::now() + Duration::from_secs(3_600);
        progress.step();
        assert!(*progress.waits.get_mut());
        progress.due = Instant::now();
        progress.step();
        assert!(!*progress.waits.get_mut());
        assert_eq!(progress.bar.position(), 2);
        progress.begin("others".to_owned(), 9);
        assert_eq!((progress.bar.position(), progress.bar.length()), (0, Some(9)));
    }
}
