//! The live view on stderr: repainted in place on a terminal, plain lines elsewhere.

use std::io::{self, IsTerminal as _, Write as _};

/// Where the demo shows what happens.
pub struct Screen {
    live: bool,
    painted: usize,
}

impl Screen {
    /// Live if stderr is a terminal that can move its cursor.
    pub fn new() -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self { live: io::stderr().is_terminal() && !dumb, painted: 0 }
    }

    /// Whether frames are shown.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// A line that stays.
    pub fn say(&mut self, line: &str) {
        self.clear();
        eprintln!("{line}");
    }

    /// Replace the last frame. Does nothing where there is no terminal.
    pub fn paint(&mut self, frame: &str) {
        if !self.live {
            return;
        }
        self.clear();
        let mut out = io::stderr().lock();
        // A terminal that went away is no reason to stop the subnet.
        let _ = out.write_all(frame.as_bytes());
        let _ = out.flush();
        self.painted = frame.lines().count();
    }

    /// Remove the last frame.
    pub fn clear(&mut self) {
        if self.painted > 0 {
            eprint!("\x1b[{}F\x1b[J", self.painted);
            self.painted = 0;
        }
    }
}
