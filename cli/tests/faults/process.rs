//! A process of the built program, and how one waits for it.

use std::{fs::File, path::Path, process::Stdio, time::Duration};

use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};

use super::program;

/// Nothing in a test may take longer: it hangs then.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// How often one looks.
const GLANCE: Duration = Duration::from_millis(20);

/// Wait until something is so.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(since.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        sleep(GLANCE).await;
    }
}

/// The program in a folder, killed when its handle is dropped. What it logs is in the file `log`, after what was there.
pub fn assay(folder: &Path) -> Command {
    let log = File::options().append(true).create(true).open(folder.join("log")).unwrap();
    let mut command = Command::from(program::command(folder));
    // Set already, so that it doesn't start over.
    command.env("OMP_WAIT_POLICY", "PASSIVE").stdout(Stdio::null()).stderr(log).kill_on_drop(true);
    command
}

pub fn signal(child: &Child, name: &str) {
    let pid = child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args([name, &pid]).status().unwrap().success());
}

/// SIGTERM; it has to end well.
pub async fn stop(child: &mut Child) {
    signal(child, "-TERM");
    let status = tokio::time::timeout(PATIENCE, child.wait()).await.expect("it stops").unwrap();
    assert_eq!(status.code(), Some(0));
}

/// The names of the files in a folder, in order.
pub fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
