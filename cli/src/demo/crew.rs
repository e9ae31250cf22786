//! The demo's validators: processes of their own, so that one can be killed and seen to come back.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context as _;
use tokio::process::{Child, Command};

/// One validator process, started again when it dies.
pub struct Member {
    command: Box<dyn Fn() -> anyhow::Result<Command> + Send>,
    child: Child,
    /// How often it was started again.
    pub restarts: u32,
    /// Where it writes what it does.
    pub log: PathBuf,
    dashboard: PathBuf,
    /// The address of its dashboard that was said last.
    said: String,
}

/// A validator that dies this often has a fault that a restart won't mend.
const MOST_RESTARTS: u32 = 10;

/// How long a validator may take to end by itself.
const GRACE: Duration = Duration::from_secs(5);

impl Member {
    /// Start `assay validator` with `arguments`; its words go to `log`.
    /// It writes the address of its dashboard to `dashboard`.
    pub fn start(arguments: Vec<String>, log: &Path, dashboard: &Path) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("finding this program")?;
        let file = log.to_owned();
        let command = Box::new(move || {
            let sink = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(&file)
                .with_context(|| format!("opening {}", file.display()))?;
            let mut command = Command::new(&program);
            command
                .args(&arguments)
                // Held until this process ends, however it ends: a validator outlives no demo.
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(sink)
                // Ctrl-C goes to the whole group of processes: the demo decides when its validators end.
                .process_group(0)
                .kill_on_drop(true);
            Ok(command)
        });
        let child = command()?.spawn().context("starting a validator")?;
        let (log, dashboard) = (log.to_owned(), dashboard.to_owned());
        Ok(Self { command, child, restarts: 0, log, dashboard, said: String::new() })
    }

    /// The process, for those who want to kill it.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Where its dashboard is served, if that is news: it takes another port when it is started again.
    pub fn moved(&mut self) -> Option<&str> {
        let address = std::fs::read_to_string(&self.dashboard).ok()?;
        if address == self.said {
            return None;
        }
        self.said = address;
        Some(&self.said)
    }

    /// Start it again if it died. Says whether it did.
    pub fn tend(&mut self) -> anyhow::Result<bool> {
        let Some(status) = self.child.try_wait().context("watching a validator")? else { return Ok(false) };
        anyhow::ensure!(
            self.restarts < MOST_RESTARTS,
            "a validator ended {} times, last with {status}; it says why in {}",
            self.restarts + 1,
            self.log.display()
        );
        self.restarts += 1;
        self.child = (self.command)()?.spawn().context("starting a validator again")?;
        Ok(true)
    }

    /// Ask it to end; kill it if it doesn't.
    pub async fn stop(mut self) {
        if let Some(pid) = self.child.id() {
            // The standard library sends no other signal than kill; every Linux has kill(1).
            let _ = Command::new("kill").args(["-TERM", &pid.to_string()]).stderr(Stdio::null()).status().await;
        }
        if tokio::time::timeout(GRACE, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}
